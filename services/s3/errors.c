#include "services/s3/errors.h"

const struct aws_error s3_access_denied = {.code = "AccessDenied", .status = 403};
const struct aws_error s3_access_forbidden = {.code = "AccessForbidden", .status = 403};
const struct aws_error s3_acl_not_supported = {.code = "AccessControlListNotSupported", .status = 400};
const struct aws_error s3_auth_query_parameters = {.code = "AuthorizationQueryParametersError", .status = 400};
const struct aws_error s3_bad_digest = {.code = "BadDigest", .status = 400};
const struct aws_error s3_bad_request = {.code = "BadRequest", .status = 400};
const struct aws_error s3_bucket_already_exists = {.code = "BucketAlreadyExists", .status = 409};
const struct aws_error s3_bucket_already_owned = {.code = "BucketAlreadyOwnedByYou", .status = 409};
const struct aws_error s3_bucket_not_empty = {.code = "BucketNotEmpty", .status = 409};
const struct aws_error s3_conditional_conflict = {.code = "ConditionalRequestConflict", .status = 409};
const struct aws_error s3_content_sha256_mismatch = {.code = "XAmzContentSHA256Mismatch", .status = 400};
const struct aws_error s3_cross_location_logging = {.code = "CrossLocationLoggingProhibitted", .status = 403};
const struct aws_error s3_entity_too_large = {.code = "EntityTooLarge", .status = 400};
const struct aws_error s3_entity_too_small = {.code = "EntityTooSmall", .status = 400};
const struct aws_error s3_id_mismatch = {.code = "IdMismatch", .status = 400};
const struct aws_error s3_illegal_location = {.code = "IllegalLocationConstraintException", .status = 400};
const struct aws_error s3_illegal_versioning = {.code = "IllegalVersioningConfigurationException", .status = 400};
const struct aws_error s3_incomplete_body = {.code = "IncompleteBody", .status = 400};
const struct aws_error s3_invalid_argument = {.code = "InvalidArgument", .status = 400};
const struct aws_error s3_invalid_bucket_name = {.code = "InvalidBucketName", .status = 400};
const struct aws_error s3_invalid_destination_bucket = {.code = "InvalidS3DestinationBucket", .status = 400};
const struct aws_error s3_invalid_digest = {.code = "InvalidDigest", .status = 400};
const struct aws_error s3_invalid_location = {.code = "InvalidLocationConstraint", .status = 400};
const struct aws_error s3_invalid_logging_target = {.code = "InvalidTargetBucketForLogging", .status = 400};
const struct aws_error s3_invalid_object_state = {.code = "InvalidObjectState", .status = 403};
const struct aws_error s3_invalid_owner = {.code = "InvalidBucketOwnerAWSAccountID", .status = 400};
const struct aws_error s3_invalid_part = {.code = "InvalidPart", .status = 400};
const struct aws_error s3_invalid_part_number = {.code = "InvalidPartNumber", .status = 416};
const struct aws_error s3_invalid_part_order = {.code = "InvalidPartOrder", .status = 400};
const struct aws_error s3_invalid_range = {.code = "InvalidRange", .status = 416};
const struct aws_error s3_invalid_request = {.code = "InvalidRequest", .status = 400};
const struct aws_error s3_invalid_storage_class = {.code = "InvalidStorageClass", .status = 400};
const struct aws_error s3_invalid_tag = {.code = "InvalidTag", .status = 400};
const struct aws_error s3_key_too_long = {.code = "KeyTooLongError", .status = 400};
const struct aws_error s3_malformed_policy = {.code = "MalformedPolicy", .status = 400};
const struct aws_error s3_malformed_trailer = {.code = "MalformedTrailerError", .status = 400};
const struct aws_error s3_malformed_xml = {.code = "MalformedXML", .status = 400};
const struct aws_error s3_metadata_too_large = {.code = "MetadataTooLarge", .status = 400};
const struct aws_error s3_method_not_allowed = {.code = "MethodNotAllowed", .status = 405};
const struct aws_error s3_no_such_bucket = {.code = "NoSuchBucket", .status = 404};
const struct aws_error s3_no_such_configuration = {.code = "NoSuchConfiguration", .status = 404};
const struct aws_error s3_no_such_cors = {.code = "NoSuchCORSConfiguration", .status = 404};
const struct aws_error s3_no_such_key = {.code = "NoSuchKey", .status = 404};
const struct aws_error s3_no_such_lifecycle = {.code = "NoSuchLifecycleConfiguration", .status = 404};
const struct aws_error s3_no_such_object_lock = {.code = "ObjectLockConfigurationNotFoundError", .status = 404};
const struct aws_error s3_no_such_ownership = {.code = "OwnershipControlsNotFoundError", .status = 404};
const struct aws_error s3_no_such_policy = {.code = "NoSuchBucketPolicy", .status = 404};
const struct aws_error s3_no_such_public_access = {.code = "NoSuchPublicAccessBlockConfiguration", .status = 404};
const struct aws_error s3_no_such_replication = {.code = "ReplicationConfigurationNotFoundError", .status = 404};
const struct aws_error s3_no_such_tags = {.code = "NoSuchTagSet", .status = 404};
const struct aws_error s3_no_such_upload = {.code = "NoSuchUpload", .status = 404};
const struct aws_error s3_no_such_version = {.code = "NoSuchVersion", .status = 404};
const struct aws_error s3_no_such_website = {.code = "NoSuchWebsiteConfiguration", .status = 404};
const struct aws_error s3_not_implemented = {.code = "NotImplemented", .status = 501, .is_receiver = true};
const struct aws_error s3_policy_too_large = {.code = "PolicyTooLarge", .status = 400};
const struct aws_error s3_precondition_failed = {.code = "PreconditionFailed", .status = 412};
const struct aws_error s3_too_many_configurations = {.code = "TooManyConfigurations", .status = 400};

enum outcome fail_no_such_key(struct call *call, const char *key)
{
    fail_field(call, "Key", key);
    return fail(call, &s3_no_such_key, "The specified key does not exist.");
}

enum outcome fail_argument(struct call *call, const char *name, const char *value, const char *message)
{
    fail_field(call, "ArgumentName", name);
    if (value != NULL)
        fail_field(call, "ArgumentValue", value);
    return fail(call, &s3_invalid_argument, "%s", message);
}

enum outcome fail_precondition(struct call *call, const char *condition)
{
    fail_field(call, "Condition", condition);
    return fail(call, &s3_precondition_failed, "At least one of the pre-conditions you specified did not hold");
}

enum outcome fail_not_implemented(struct call *call, const char *header, const char *more)
{
    fail_field(call, "Header", header);
    if (more != NULL)
        fail_field(call, "additionalMessage", more);
    return fail(call, &s3_not_implemented, "A header you provided implies functionality that is not implemented");
}

enum outcome fail_malformed_xml(struct call *call)
{
    return fail(call, &s3_malformed_xml,
                "The XML you provided was not well-formed or did not validate against our published schema");
}
