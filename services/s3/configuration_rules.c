/* The checks of the configurations that need few words: what the model does not say about them (facts/services.md 2.9, appendix B). */
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/id.h"
#include "services/s3/configuration.h"
#include "services/s3/errors.h"
#include "services/s3/metadata.h"
#include "services/s3/s3_model.h"

enum { BUCKET_TAGS = 50, REPLICATION_ID = 48 };

enum outcome bucket_tags_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    struct bytes tags;
    (void)bucket;
    return tags_read_most(call, at(document, Tagging_TagSet), BUCKET_TAGS, &tags);
}

enum outcome configuration_check_tags(struct call *call, const struct value *tags)
{
    struct bytes read;

    for (uint32_t i = 0; value_is(tags, VALUE_LIST) && i < tags->size; i++)
        if (text_starts(at_text(&tags->items[i], Tag_Key), "aws:"))
            return fail(call, &s3_invalid_tag,
                        "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \"aws:\" "
                        "from your tag keys and try again.");
    return tags_read_most(call, tags, BUCKET_TAGS, &read);
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (text_equal(text, *words))
            return true;
    return false;
}

/* The only element of a list that must have one. */
static struct value *only_of(const struct value *list)
{
    return value_is(list, VALUE_LIST) && list->size == 1 ? &list->items[0] : NULL;
}

enum outcome ownership_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    static const char *const words[] = {"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter", NULL};
    const struct value *rule = only_of(at(document, OwnershipControls_Rules));
    (void)bucket;
    if (rule == NULL || !is_one_of(at_text(rule, OwnershipControlsRule_ObjectOwnership), words))
        return fail_malformed_xml(call);
    return ANSWERED;
}

enum outcome encryption_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    static const char *const words[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
    struct value *rule = only_of(at(document, ServerSideEncryptionConfiguration_Rules));
    const struct value *apply = rule != NULL ? at(rule, ServerSideEncryptionRule_ApplyServerSideEncryptionByDefault) : NULL;
    (void)bucket;
    if (apply == NULL || !is_one_of(at_text(apply, ServerSideEncryptionByDefault_SSEAlgorithm), words))
        return fail_malformed_xml(call);
    if (at_text(apply, ServerSideEncryptionByDefault_KMSMasterKeyID) != NULL &&
        text_equal(at_text(apply, ServerSideEncryptionByDefault_SSEAlgorithm), "AES256"))
        return fail_argument(call, "ApplyServerSideEncryptionByDefault", NULL,
                             "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse");
    if (at(rule, ServerSideEncryptionRule_BucketKeyEnabled) == NULL)
        set(rule, ServerSideEncryptionRule_BucketKeyEnabled, value_bool(false));
    return ANSWERED;
}

enum outcome public_access_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    (void)call;
    (void)bucket;
    for (uint32_t i = 0; i < document->size; i++)
        if (!value_present(&document->items[i]))
            document->items[i] = value_bool(false);
    return ANSWERED;
}

enum outcome accelerate_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    if (strchr(bucket->name, '.') != NULL)
        return fail(call, &s3_invalid_request,
                    "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names");
    return at_text(document, AccelerateConfiguration_Status) != NULL ? ANSWERED : fail_malformed_xml(call);
}

enum outcome logging_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    const struct value *enabled = at(document, BucketLoggingStatus_LoggingEnabled);
    struct bucket target;

    if (enabled == NULL)
        return ANSWERED;
    const char *name = at_text(enabled, LoggingEnabled_TargetBucket);
    if (!bucket_find(call->arena, name, &target) || !text_equal(target.account, bucket->account)) {
        fail_field(call, "TargetBucket", name);
        return fail(call, &s3_invalid_logging_target, "The target bucket for logging does not exist");
    }
    if (text_equal(target.region, bucket->region))
        return ANSWERED;
    if (!text_equal(bucket->region, "us-east-1"))
        fail_field(call, "SourceBucketLocation", bucket->region);
    fail_field(call, "TargetBucketLocation", target.region);
    return fail(call, &s3_cross_location_logging, "Cross S3 location logging not allowed. ");
}

enum outcome replication_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    const struct value *rules = at(document, ReplicationConfiguration_Rules);

    if (bucket->versioning != VERSIONING_ENABLED)
        return fail(call, &s3_invalid_request,
                    "Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    if (!value_is(rules, VALUE_LIST) || rules->size == 0)
        return fail_malformed_xml(call);
    for (uint32_t i = 0; i < rules->size; i++) {
        struct value *rule = &rules->items[i];
        const char *arn = at_text(at(rule, ReplicationRule_Destination), Destination_Bucket);
        struct bucket target;
        if (!text_starts(arn, "arn:aws:s3:::") || !bucket_find(call->arena, arn + strlen("arn:aws:s3:::"), &target))
            return fail(call, &s3_invalid_request, "Destination bucket must exist.");
        if (target.versioning != VERSIONING_ENABLED)
            return fail(call, &s3_invalid_request, "Destination bucket must have versioning enabled.");
        const char *id = at_text(rule, ReplicationRule_ID);
        if (id == NULL || *id == '\0')
            set(rule, ReplicationRule_ID, value_text(id_from(call->arena, id_alnum, REPLICATION_ID)));
    }
    return ANSWERED;
}

static enum outcome check_id(struct call *call, uint16_t input, const struct value *document, uint16_t member)
{
    if (text_equal(input_text(call, input), at_text(document, member)))
        return ANSWERED;
    return fail(call, &s3_id_mismatch, "Document ID does not match the specified configuration ID.");
}

enum outcome inventory_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    const struct value *destination =
        at(at(document, InventoryConfiguration_Destination), InventoryDestination_S3BucketDestination);
    const char *arn = at_text(destination, InventoryS3BucketDestination_Bucket);
    (void)bucket;

    if (check_id(call, PutBucketInventoryConfigurationRequest_Id, document, InventoryConfiguration_Id) == FAILED)
        return FAILED;
    if (!text_starts(arn, "arn:aws:s3:::") || arn[strlen("arn:aws:s3:::")] == '\0')
        return fail(call, &s3_invalid_destination_bucket, "Invalid bucket ARN.");
    return ANSWERED;
}

enum outcome analytics_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    (void)bucket;
    return check_id(call, PutBucketAnalyticsConfigurationRequest_Id, document, AnalyticsConfiguration_Id);
}

enum outcome metrics_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    (void)bucket;
    return check_id(call, PutBucketMetricsConfigurationRequest_Id, document, MetricsConfiguration_Id);
}

enum outcome tiering_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    (void)bucket;
    return check_id(call, PutBucketIntelligentTieringConfigurationRequest_Id, document, IntelligentTieringConfiguration_Id);
}
