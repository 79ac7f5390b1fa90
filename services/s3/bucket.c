#include "services/s3/bucket.h"

#include <string.h>

#include "emulator/base/digest.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/s3/configuration.h"
#include "services/s3/cors.h"
#include "services/s3/errors.h"
#include "services/s3/integrity.h"
#include "services/s3/metadata.h"
#include "services/s3/notification.h"
#include "services/s3/operations.h"
#include "services/s3/presign.h"
#include "services/s3/s3_model.h"
#include "services/s3/upload.h"
#include "services/s3/version.h"

#define COLUMNS "id, name, account, region, location, created_at, versioning"

static struct query find = QUERY("SELECT " COLUMNS " FROM bucket WHERE name = ?");
static struct query insert = QUERY("INSERT INTO bucket(name, account, region, location, created_at) VALUES(?, ?, ?, ?, ?)");
static struct query delete = QUERY("DELETE FROM bucket WHERE id = ?");
static struct query list = QUERY("SELECT " COLUMNS " FROM bucket WHERE account = ? AND name > ? AND name >= ? ORDER BY name");

static void read_bucket(struct query *query, struct arena *arena, struct bucket *bucket)
{
    *bucket = (struct bucket){
        .id = query_integer(query, 0),
        .name = query_text(query, arena, 1),
        .account = query_text(query, arena, 2),
        .region = query_text(query, arena, 3),
        .location = query_text(query, arena, 4),
        .created_at = query_integer(query, 5),
        .versioning = (enum versioning)query_integer(query, 6),
    };
}

bool bucket_find(struct arena *arena, const char *name, struct bucket *bucket)
{
    query_start(&find, "t", name);
    bool found = query_step(&find);
    if (found)
        read_bucket(&find, arena, bucket);
    query_end(&find);
    return found;
}

/* Owners. */

const char *owner_id(struct arena *arena, const char *account)
{
    return digest_hex(arena, DIGEST_SHA256, bytes_of(arena_print(arena, "canonical user of %s", account)));
}

struct value owner_struct(struct call *call, const char *account)
{
    struct value owner = call_struct(call, SHAPE_Owner);
    set(&owner, Owner_ID, value_text(owner_id(call->arena, account)));
    return owner;
}

/* The door. */

static enum outcome check_owner(struct call *call, const struct bucket *bucket, const char *expected)
{
    if (expected != NULL && (strlen(expected) != 12 || strspn(expected, "0123456789") != 12))
        return fail(call, &s3_invalid_owner, "The value of the expected bucket owner parameter must be an AWS Account ID... [%s]",
                    expected);
    if (!text_equal(bucket->account, call->account) || (expected != NULL && !text_equal(expected, bucket->account)))
        return fail(call, &s3_access_denied, "Access Denied");
    return ANSWERED;
}

enum outcome bucket_of_name(struct call *call, const char *name, const char *expected_owner, struct bucket *bucket)
{
    if (bucket_find(call->arena, name, bucket))
        return check_owner(call, bucket, expected_owner);
    fail_field(call, "BucketName", name);
    return fail(call, &s3_no_such_bucket, "The specified bucket does not exist");
}

enum outcome bucket_enter(struct call *call, uint16_t bucket_member, uint16_t owner_member, struct bucket *bucket)
{
    const char *name = input_text(call, bucket_member);

    *bucket = (struct bucket){.id = 0};
    if (presign_check(call) == FAILED)
        return FAILED;
    call->arn = arena_print(call->arena, "arn:aws:s3:::%s", name);
    enum outcome outcome = bucket_of_name(call, name, input_text(call, owner_member), bucket);
    if (bucket->id != 0)
        bucket_cors_headers(call, bucket);
    return outcome;
}

enum outcome object_enter(struct call *call, uint16_t bucket_member, uint16_t owner_member, uint16_t key_member,
                          struct bucket *bucket, const char **key)
{
    *key = input_text(call, key_member);
    size_t size = strlen(*key);
    if (size > KEY_LIMIT) {
        fail_field(call, "Size", arena_print(call->arena, "%zu", size));
        fail_field(call, "MaxSizeAllowed", arena_print(call->arena, "%d", KEY_LIMIT));
        return fail(call, &s3_key_too_long, "Your key is too long");
    }
    enum outcome outcome = bucket_enter(call, bucket_member, owner_member, bucket);
    call->arn = arena_print(call->arena, "arn:aws:s3:::%s/%s", input_text(call, bucket_member), *key);
    return outcome;
}

/* Creation. */

static bool is_alphanumeric(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

static bool is_address(const char *name)
{
    int dots = 0;
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '.')
            dots++;
        else if (*at < '0' || *at > '9')
            return false;
    }
    return dots == 3;
}

/* Beginnings and ends that S3 keeps for itself. */
static bool is_kept_name(const char *name)
{
    static const char *const starts[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    static const char *const ends[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (text_starts(name, starts[i]))
            return true;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (text_ends(name, ends[i]))
            return true;
    return false;
}

/* "General purpose bucket naming rules" in the S3 user guide. */
static bool is_bucket_name(const char *name)
{
    size_t size = strlen(name);
    if (size < 3 || size > 63 || !is_alphanumeric(name[0]) || !is_alphanumeric(name[size - 1]) || is_address(name) || is_kept_name(name))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_alphanumeric(name[i]) && name[i] != '.' && name[i] != '-')
            return false;
        if (name[i] == '.' && name[i + 1] == '.')
            return false;
    }
    return true;
}

/* What LocationConstraint may say: regions but the first, and the old name of eu-west-1. */
static const char *const locations[] = {
    "af-south-1",     "ap-east-1",      "ap-east-2",      "ap-northeast-1", "ap-northeast-2",
    "ap-northeast-3", "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
    "ca-central-1",   "ca-west-1",      "cn-north-1",     "cn-northwest-1", "EU",
    "eu-central-1",   "eu-central-2",   "eu-north-1",     "eu-south-1",     "eu-south-2",
    "eu-west-1",      "eu-west-2",      "eu-west-3",      "il-central-1",   "me-central-1",
    "me-south-1",     "mx-central-1",   "sa-east-1",      "us-east-2",      "us-gov-east-1",
    "us-gov-west-1",  "us-west-1",      "us-west-2",
};

static bool is_location(const char *location)
{
    for (size_t i = 0; i < sizeof locations / sizeof locations[0]; i++)
        if (text_equal(location, locations[i]))
            return true;
    return false;
}

/* Where the new bucket will be. Only the endpoint of us-east-1 makes buckets elsewhere than in its own region. */
static enum outcome read_location(struct call *call, const char **location, const char **region)
{
    const struct value *configuration = input_at(call, CreateBucketRequest_CreateBucketConfiguration);

    *location = at_text(configuration, CreateBucketConfiguration_LocationConstraint);
    *region = call->region;
    if (*location != NULL && **location == '\0')
        *location = NULL;
    bool is_default = text_equal(call->region, "us-east-1");
    if (*location == NULL && is_default)
        return ANSWERED;
    if (!is_default && !text_equal(*location, call->region))
        return fail(call, &s3_illegal_location,
                    "The %s location constraint is incompatible for the region specific endpoint this request was sent to.",
                    *location != NULL ? *location : "unspecified");
    if (text_equal(*location, "us-east-1") || (is_default && !is_location(*location))) {
        fail_field(call, "LocationConstraint", *location);
        return fail(call, &s3_invalid_location, "The specified location-constraint is not valid");
    }
    *region = text_equal(*location, "EU") ? "eu-west-1" : *location;
    return ANSWERED;
}

enum outcome create_bucket(struct call *call)
{
    const char *name = input_text(call, CreateBucketRequest_Bucket), *location, *region;
    const char *ownership = input_text(call, CreateBucketRequest_ObjectOwnership);
    struct bucket old;

    call->arn = arena_print(call->arena, "arn:aws:s3:::%s", name);
    if (presign_check(call) == FAILED)
        return FAILED;
    if (integrity_check(call) == FAILED)
        return FAILED;
    if (!is_bucket_name(name)) {
        fail_field(call, "BucketName", name);
        return fail(call, &s3_invalid_bucket_name, "The specified bucket is not valid.");
    }
    const struct value *tags = at(input_at(call, CreateBucketRequest_CreateBucketConfiguration), CreateBucketConfiguration_Tags);
    if (read_location(call, &location, &region) == FAILED || configuration_check_tags(call, tags) == FAILED ||
        acl_read(call, 0, CreateBucketRequest_ACL) == FAILED)
        return FAILED;
    if (input_bool(call, CreateBucketRequest_ObjectLockEnabledForBucket, false))
        return fail_not_implemented(call, "x-amz-bucket-object-lock-enabled", NULL);
    if (text_equal(ownership, "BucketOwnerPreferred") || text_equal(ownership, "ObjectWriter"))
        return fail_not_implemented(call, "x-amz-object-ownership", NULL);
    if (ownership != NULL && !text_equal(ownership, "BucketOwnerEnforced"))
        return fail_argument(call, "x-amz-object-ownership", NULL,
                             arena_print(call->arena, "Invalid x-amz-object-ownership header: %s", ownership));

    if (bucket_find(call->arena, name, &old)) {
        fail_field(call, "BucketName", name);
        if (!text_equal(old.account, call->account))
            return fail(call, &s3_bucket_already_exists,
                        "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                        "system. Please select a different name and try again.");
        if (!text_equal(call->region, "us-east-1") || !text_equal(old.region, "us-east-1"))
            return fail(call, &s3_bucket_already_owned,
                        "Your previous request to create the named bucket succeeded and you already own it.");
    } else {
        query_run(&insert, "tttti", name, call->account, region, location, clock_now());
        configuration_put_tags(call, store_last_id(), tags);
    }
    output_text(call, CreateBucketOutput_Location, arena_print(call->arena, "/%s", name));
    output_text(call, CreateBucketOutput_BucketArn, call->arn);
    return answer(call);
}

enum outcome head_bucket(struct call *call)
{
    struct bucket bucket = {.region = NULL};
    enum outcome outcome = BUCKET_ENTER(call, HeadBucket, &bucket);

    if (outcome == FAILED) {
        if (bucket.region != NULL) /* SDKs find a bucket's region by this, also when access is denied */
            call_header(call, "x-amz-bucket-region", bucket.region);
        return FAILED;
    }
    output_text(call, HeadBucketOutput_BucketRegion, bucket.region);
    output_text(call, HeadBucketOutput_BucketArn, call->arn);
    output_bool(call, HeadBucketOutput_AccessPointAlias, false);
    return answer(call);
}

enum outcome delete_bucket(struct call *call)
{
    struct bucket bucket;

    if (BUCKET_ENTER(call, DeleteBucket, &bucket) == FAILED)
        return FAILED;
    if (version_exists_in(bucket.id)) {
        fail_field(call, "BucketName", bucket.name);
        return fail(call, &s3_bucket_not_empty, "The bucket you tried to delete is not empty%s",
                    bucket.versioning != VERSIONING_NEVER ? ". You must delete all versions in the bucket." : "");
    }
    upload_drop_all(bucket.id);
    notification_drop_all(bucket.id);
    configuration_drop_all(bucket.id);
    query_run(&delete, "i", bucket.id);
    return answer(call);
}

/* The list. */

static struct value describe(struct call *call, const struct bucket *bucket)
{
    struct value item = call_struct(call, SHAPE_Bucket);
    set(&item, Bucket_Name, value_text(bucket->name));
    set(&item, Bucket_CreationDate, value_time(bucket->created_at));
    set(&item, Bucket_BucketRegion, value_text(bucket->region));
    set(&item, Bucket_BucketArn, value_text(arena_print(call->arena, "arn:aws:s3:::%s", bucket->name)));
    return item;
}

enum outcome list_buckets(struct call *call)
{
    const char *prefix = input_text(call, ListBucketsRequest_Prefix), *region = input_text(call, ListBucketsRequest_BucketRegion);
    const char *token = input_text(call, ListBucketsRequest_ContinuationToken), *after = "", *last = NULL;
    int64_t most = input_integer(call, ListBucketsRequest_MaxBuckets, BUCKETS_PAGE);
    struct value buckets = value_list();
    bool is_truncated = false;
    struct bytes raw;

    if (presign_check(call) == FAILED)
        return FAILED;
    if (most < 1 || most > BUCKETS_PAGE)
        return fail_argument(call, "max-buckets", arena_print(call->arena, "%lld", (long long)most),
                             "Argument max-buckets must be an integer between 1 and 10000");
    if (region != NULL && !is_location(region) && !text_equal(region, "us-east-1"))
        return fail_argument(call, "bucket-region", NULL,
                             arena_print(call->arena, "Argument value %s is not a valid AWS Region", region));
    if (token != NULL) {
        if (!base64url_decode(call->arena, bytes_of(token), &raw) || raw.size == 0)
            return fail_argument(call, "continuation-token", NULL, "The continuation token provided is incorrect");
        after = arena_copy(call->arena, raw.at, raw.size);
    }
    query_start(&list, "ttt", call->account, after, prefix != NULL ? prefix : "");
    while (query_step(&list)) {
        struct bucket bucket;
        read_bucket(&list, call->arena, &bucket);
        if (prefix != NULL && !text_starts(bucket.name, prefix))
            break;
        if (region != NULL && !text_equal(bucket.region, region))
            continue;
        if (buckets.size == most) {
            is_truncated = true;
            break;
        }
        value_push(call->arena, &buckets, describe(call, &bucket));
        last = bucket.name;
    }
    query_end(&list);
    output_set(call, ListBucketsOutput_Buckets, buckets);
    output_set(call, ListBucketsOutput_Owner, owner_struct(call, call->account));
    output_text(call, ListBucketsOutput_Prefix, prefix);
    if (is_truncated)
        output_text(call, ListBucketsOutput_ContinuationToken, base64url_encode(call->arena, bytes_of(last)));
    return answer(call);
}
