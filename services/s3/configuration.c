#include "services/s3/configuration.h"

#include <assert.h>
#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/store/store.h"
#include "services/s3/configuration_defaults.h"
#include "services/s3/errors.h"
#include "services/s3/integrity.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"

enum { CONFIGURATIONS = 1000, CONFIGURATIONS_PAGE = 100, CONFIGURATION_ID = 64 };

static struct query find = QUERY("SELECT document FROM bucket_configuration WHERE bucket = ? AND kind = ? AND id = ?");
static struct query list = QUERY("SELECT id, document FROM bucket_configuration WHERE bucket = ? AND kind = ? AND id > ? ORDER BY id");
static struct query replace = QUERY("INSERT OR REPLACE INTO bucket_configuration(bucket, kind, id, document) VALUES(?, ?, ?, ?)");
static struct query delete_all = QUERY("DELETE FROM bucket_configuration WHERE bucket = ?");
static struct query delete_one = QUERY("DELETE FROM bucket_configuration WHERE bucket = ? AND kind = ? AND id = ?");
static struct query count_of = QUERY("SELECT count(*) FROM bucket_configuration WHERE bucket = ? AND kind = ?");

#define SINGLE(noun) .put = OP_Put##noun, .get = OP_Get##noun, .list = NO_OPERATION
#define MANY(noun)                                                                                                                 \
    .put = OP_PutBucket##noun##Configuration, .get = OP_GetBucket##noun##Configuration,                                            \
    .remove = OP_DeleteBucket##noun##Configuration, .list = OP_ListBucket##noun##Configurations,                                   \
    .list_member = ListBucket##noun##ConfigurationsOutput_##noun##ConfigurationList,                                               \
    .more_member = ListBucket##noun##ConfigurationsOutput_IsTruncated,                                                             \
    .token_member = ListBucket##noun##ConfigurationsOutput_ContinuationToken,                                                      \
    .next_member = ListBucket##noun##ConfigurationsOutput_NextContinuationToken, .unset = no_configuration

static const struct configuration_kind kinds[] = {
    {"tagging", SINGLE(BucketTagging), .remove = OP_DeleteBucketTagging, .check = bucket_tags_check, .unset = no_tags},
    {"cors", SINGLE(BucketCors), .remove = OP_DeleteBucketCors, .check = bucket_cors_check, .unset = no_cors},
    {"policy", SINGLE(BucketPolicy), .remove = OP_DeleteBucketPolicy, .check = policy_check, .unset = no_policy},
    {"publicAccessBlock", SINGLE(PublicAccessBlock), .remove = OP_DeletePublicAccessBlock, .check = public_access_check,
     .unset = default_public_access},
    {"ownershipControls", SINGLE(BucketOwnershipControls), .remove = OP_DeleteBucketOwnershipControls, .check = ownership_check,
     .unset = default_ownership},
    {"encryption", SINGLE(BucketEncryption), .remove = OP_DeleteBucketEncryption, .check = encryption_check,
     .unset = default_encryption},
    {"logging", SINGLE(BucketLogging), .remove = NO_OPERATION, .check = logging_check, .unset = default_nothing},
    {"accelerate", SINGLE(BucketAccelerateConfiguration), .remove = NO_OPERATION, .check = accelerate_check,
     .unset = default_nothing},
    {"requestPayment", SINGLE(BucketRequestPayment), .remove = NO_OPERATION, .unset = default_payer},
    {"lifecycle", SINGLE(BucketLifecycleConfiguration), .remove = OP_DeleteBucketLifecycle, .check = lifecycle_check,
     .unset = no_lifecycle},
    {"website", SINGLE(BucketWebsite), .remove = OP_DeleteBucketWebsite, .check = website_check, .unset = no_website},
    {"replication", SINGLE(BucketReplication), .remove = OP_DeleteBucketReplication, .check = replication_check,
     .unset = no_replication},
    {"inventory", MANY(Inventory), .check = inventory_check},
    {"analytics", MANY(Analytics), .check = analytics_check},
    {"metrics", MANY(Metrics), .check = metrics_check},
    {"intelligent-tiering", MANY(IntelligentTiering), .check = tiering_check},
};

static const struct configuration_kind *kind_of(const struct call *call)
{
    const struct configuration_kind *kind = kinds;
    while (kind->put != call->operation && kind->get != call->operation && kind->remove != call->operation &&
           kind->list != call->operation)
        kind++;
    return kind;
}

static uint16_t input_shape(uint16_t operation)
{
    return s3_model.operations[operation].input;
}

static uint16_t member_of(const struct call *call, const char *name)
{
    int member = model_find_member(&s3_model, input_shape(call->operation), name);
    return member < 0 ? NO_MEMBER : (uint16_t)member;
}

static enum outcome enter(struct call *call, struct bucket *bucket)
{
    return bucket_enter(call, member_of(call, "Bucket"), member_of(call, "ExpectedBucketOwner"), bucket);
}

/* "" where a bucket has one of the kind. */
static const char *id_of(const struct call *call)
{
    uint16_t member = member_of(call, "Id");
    return member == NO_MEMBER ? "" : input_text(call, member);
}

/* A row as the map that it was made of: {payload's name: document}. NULL: a default that was taken away. */
static bool read_row(struct arena *arena, int64_t bucket, const char *kind, const char *id, struct value *map)
{
    query_start(&find, "itt", bucket, kind, id);
    bool found = query_step(&find);
    *map = (struct value){.kind = VALUE_NULL};
    if (found && !query_is_null(&find, 0))
        (void)json_parse(arena, bytes_of(query_text(&find, arena, 0)), map, NULL);
    query_end(&find);
    return found;
}

/* The only entry's value: of the document itself. */
static const struct value *inner(const struct value *map)
{
    return &map->items[1];
}

bool configuration_find(struct call *call, int64_t bucket, const char *name, uint16_t shape, struct value *document)
{
    struct value map;
    return read_row(call->arena, bucket, name, "", &map) && map.kind == VALUE_MAP &&
           model_from_map(&s3_model, call->arena, shape, inner(&map), document, NULL) == 0;
}

bool configuration_text(struct call *call, int64_t bucket, const char *name, struct value *text)
{
    struct value map;
    if (!read_row(call->arena, bucket, name, "", &map) || map.kind != VALUE_MAP)
        return false;
    *text = *inner(&map);
    return text->kind == VALUE_TEXT;
}

void configuration_put_tags(struct call *call, int64_t bucket, const struct value *tags)
{
    if (!value_is(tags, VALUE_LIST) || tags->size == 0)
        return;
    struct value tagging = call_struct(call, SHAPE_Tagging), request = call_struct(call, SHAPE_PutBucketTaggingRequest);
    set(&tagging, Tagging_TagSet, *tags);
    set(&request, PutBucketTaggingRequest_Tagging, tagging);
    struct value map = model_to_map(&s3_model, call->arena, SHAPE_PutBucketTaggingRequest, &request);
    query_run(&replace, "ittt", bucket, "tagging", "", json_print(call->arena, &map).at);
}

bool configuration_allows_acls(struct call *call, int64_t bucket)
{
    struct value map, controls;
    if (!read_row(call->arena, bucket, "ownershipControls", "", &map))
        return false;
    return map.kind != VALUE_MAP || /* none: ObjectWriter */
           model_from_map(&s3_model, call->arena, SHAPE_OwnershipControls, inner(&map), &controls, NULL) != 0 ||
           !text_equal(at_text(&at(&controls, OwnershipControls_Rules)->items[0], OwnershipControlsRule_ObjectOwnership),
                       "BucketOwnerEnforced");
}

void configuration_drop_all(int64_t bucket)
{
    query_run(&delete_all, "i", bucket);
}

/* The operations. */

/* The lifecycle's only setting outside its document. */
static const char *minimum_size(const struct call *call)
{
    const char *size = input_text(call, PutBucketLifecycleConfigurationRequest_TransitionDefaultMinimumObjectSize);
    return size != NULL ? size : "all_storage_classes_128K";
}

enum outcome put_configuration(struct call *call)
{
    const struct configuration_kind *kind = kind_of(call);
    uint16_t shape = input_shape(call->operation), payload = s3_model.shapes[shape].payload;
    struct bucket bucket;

    if (enter(call, &bucket) == FAILED || integrity_check(call) == FAILED)
        return FAILED;
    const char *id = id_of(call);
    if (strlen(id) > CONFIGURATION_ID)
        return fail_argument(call, "id", id, "The id is longer than 64 characters");
    if (kind->check != NULL && kind->check(call, &bucket, &call->input.items[payload]) == FAILED)
        return FAILED;
    struct value kept = model_struct(&s3_model, call->arena, shape);
    kept.items[payload] = call->input.items[payload];
    struct value map = model_to_map(&s3_model, call->arena, shape, &kept);
    if (call->operation == OP_PutBucketLifecycleConfiguration) {
        value_put(call->arena, &map.items[1], "TransitionDefaultMinimumObjectSize", value_text(minimum_size(call)));
        output_text(call, PutBucketLifecycleConfigurationOutput_TransitionDefaultMinimumObjectSize, minimum_size(call));
    }
    if (kind->list != NO_OPERATION && query_one(&count_of, 0, "it", bucket.id, kind->name) >= CONFIGURATIONS)
        return fail(call, &s3_too_many_configurations, "You are attempting to create a new configuration but have already "
                                                       "reached the 1,000-configuration limit.");
    query_run(&replace, "ittt", bucket.id, kind->name, id, json_print(call->arena, &map).at);
    if (call->operation == OP_PutBucketPolicy)
        call_status(call, 204);
    return answer(call);
}

enum outcome get_configuration(struct call *call)
{
    const struct configuration_kind *kind = kind_of(call);
    uint16_t shape = s3_model.operations[call->operation].output;
    struct bucket bucket;
    struct value map;

    if (enter(call, &bucket) == FAILED)
        return FAILED;
    bool found = read_row(call->arena, bucket.id, kind->name, id_of(call), &map);
    if (map.kind != VALUE_MAP)
        return kind->unset(call, &bucket, found) == FAILED ? FAILED : answer(call);
    bool is_whole = (s3_model.shapes[shape].flags & SHAPE_PAYLOAD) != 0;
    int result = model_from_map(&s3_model, call->arena, shape, is_whole ? &map : inner(&map), &call->output, NULL);
    assert(result == 0);
    return answer(call);
}

enum outcome delete_configuration(struct call *call)
{
    const struct configuration_kind *kind = kind_of(call);
    struct bucket bucket;
    struct value map;

    if (enter(call, &bucket) == FAILED)
        return FAILED;
    const char *id = id_of(call);
    if (kind->list != NO_OPERATION && !read_row(call->arena, bucket.id, kind->name, id, &map))
        return kind->unset(call, &bucket, false);
    if (kind->unset == default_public_access || kind->unset == default_ownership)
        query_run(&replace, "ittn", bucket.id, kind->name, id);
    else
        query_run(&delete_one, "itt", bucket.id, kind->name, id);
    return answer(call);
}

enum outcome list_configurations(struct call *call)
{
    const struct configuration_kind *kind = kind_of(call);
    const char *token = input_text(call, member_of(call, "ContinuationToken")), *after = "";
    uint16_t element = s3_model.members[s3_model.shapes[input_shape(kind->put)].first_member + s3_model.shapes[input_shape(kind->put)].payload].shape;
    struct value items = value_list();
    bool is_truncated = false;
    struct bucket bucket;
    struct bytes raw;

    if (enter(call, &bucket) == FAILED)
        return FAILED;
    if (token != NULL) {
        if (!base64url_decode(call->arena, bytes_of(token), &raw) || raw.size == 0)
            return fail_argument(call, "continuation-token", NULL, "The continuation token provided is incorrect");
        after = arena_copy(call->arena, raw.at, raw.size);
    }
    query_start(&list, "itt", bucket.id, kind->name, after);
    while (query_step(&list) && !is_truncated) {
        struct value map, item;
        if (items.size == CONFIGURATIONS_PAGE) {
            is_truncated = true;
            break;
        }
        after = query_text(&list, call->arena, 0);
        if (json_parse(call->arena, bytes_of(query_text(&list, call->arena, 1)), &map, NULL) == 0 &&
            model_from_map(&s3_model, call->arena, element, inner(&map), &item, NULL) == 0)
            value_push(call->arena, &items, item);
    }
    query_end(&list);
    if (items.size > 0)
        output_set(call, kind->list_member, items);
    output_bool(call, kind->more_member, is_truncated);
    output_text(call, kind->token_member, token);
    if (is_truncated)
        output_text(call, kind->next_member, base64url_encode(call->arena, bytes_of(after)));
    return answer(call);
}
