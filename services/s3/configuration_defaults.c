#include "services/s3/configuration_defaults.h"

#include "services/s3/errors.h"
#include "services/s3/s3_model.h"

static enum outcome missing(struct call *call, const struct bucket *bucket, const struct aws_error *error, const char *message)
{
    fail_field(call, "BucketName", bucket->name);
    return fail(call, error, "%s", message);
}

#define MISSING(name, error, message)                                                                                              \
    enum outcome name(struct call *call, const struct bucket *bucket, bool is_removed)                                             \
    {                                                                                                                              \
        (void)is_removed;                                                                                                          \
        return missing(call, bucket, &error, message);                                                                             \
    }

MISSING(no_tags, s3_no_such_tags, "The TagSet does not exist")
MISSING(no_cors, s3_no_such_cors, "The CORS configuration does not exist")
MISSING(no_policy, s3_no_such_policy, "The bucket policy does not exist")
MISSING(no_lifecycle, s3_no_such_lifecycle, "The lifecycle configuration does not exist")
MISSING(no_website, s3_no_such_website, "The specified bucket does not have a website configuration")
MISSING(no_replication, s3_no_such_replication, "The replication configuration was not found")

enum outcome no_configuration(struct call *call, const struct bucket *bucket, bool is_removed)
{
    (void)bucket;
    (void)is_removed;
    return fail(call, &s3_no_such_configuration, "The specified configuration does not exist.");
}

/* All closed, since April 2023. */
enum outcome default_public_access(struct call *call, const struct bucket *bucket, bool is_removed)
{
    static const uint16_t members[] = {
        PublicAccessBlockConfiguration_BlockPublicAcls, PublicAccessBlockConfiguration_IgnorePublicAcls,
        PublicAccessBlockConfiguration_BlockPublicPolicy, PublicAccessBlockConfiguration_RestrictPublicBuckets};

    if (is_removed)
        return missing(call, bucket, &s3_no_such_public_access, "The public access block configuration was not found");
    struct value block = call_struct(call, SHAPE_PublicAccessBlockConfiguration);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        set(&block, members[i], value_bool(true));
    output_set(call, GetPublicAccessBlockOutput_PublicAccessBlockConfiguration, block);
    return ANSWERED;
}

/* ACLs are off, since April 2023. */
enum outcome default_ownership(struct call *call, const struct bucket *bucket, bool is_removed)
{
    if (is_removed)
        return missing(call, bucket, &s3_no_such_ownership, "The bucket ownership controls were not found");
    struct value rule = call_struct(call, SHAPE_OwnershipControlsRule);
    set(&rule, OwnershipControlsRule_ObjectOwnership, value_text("BucketOwnerEnforced"));
    struct value rules = value_list();
    value_push(call->arena, &rules, rule);
    struct value controls = call_struct(call, SHAPE_OwnershipControls);
    set(&controls, OwnershipControls_Rules, rules);
    output_set(call, GetBucketOwnershipControlsOutput_OwnershipControls, controls);
    return ANSWERED;
}

/* Every new bucket has had this since January 2023, and gets it back when its own is deleted. */
enum outcome default_encryption(struct call *call, const struct bucket *bucket, bool is_removed)
{
    (void)bucket;
    (void)is_removed;
    struct value apply = call_struct(call, SHAPE_ServerSideEncryptionByDefault);
    set(&apply, ServerSideEncryptionByDefault_SSEAlgorithm, value_text("AES256"));
    struct value rule = call_struct(call, SHAPE_ServerSideEncryptionRule);
    set(&rule, ServerSideEncryptionRule_ApplyServerSideEncryptionByDefault, apply);
    set(&rule, ServerSideEncryptionRule_BucketKeyEnabled, value_bool(false));
    struct value rules = value_list();
    value_push(call->arena, &rules, rule);
    struct value configuration = call_struct(call, SHAPE_ServerSideEncryptionConfiguration);
    set(&configuration, ServerSideEncryptionConfiguration_Rules, rules);
    output_set(call, GetBucketEncryptionOutput_ServerSideEncryptionConfiguration, configuration);
    return ANSWERED;
}

enum outcome default_payer(struct call *call, const struct bucket *bucket, bool is_removed)
{
    (void)bucket;
    (void)is_removed;
    output_text(call, GetBucketRequestPaymentOutput_Payer, "BucketOwner");
    return ANSWERED;
}

/* An empty element. */
enum outcome default_nothing(struct call *call, const struct bucket *bucket, bool is_removed)
{
    (void)call;
    (void)bucket;
    (void)is_removed;
    return ANSWERED;
}
