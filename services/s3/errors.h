/* Every error of S3 that a customer can get, each once: code and status as recorded from AWS (facts/services.md appendix B). */
#pragma once
#include "emulator/aws/call.h"

extern const struct aws_error s3_access_denied, s3_access_forbidden, s3_acl_not_supported, s3_auth_query_parameters, s3_bad_digest,
    s3_bad_request, s3_bucket_already_exists, s3_bucket_already_owned, s3_bucket_not_empty, s3_conditional_conflict,
    s3_content_sha256_mismatch, s3_cross_location_logging, s3_entity_too_large, s3_entity_too_small, s3_id_mismatch, s3_illegal_location,
    s3_illegal_versioning, s3_incomplete_body, s3_invalid_argument, s3_invalid_bucket_name, s3_invalid_destination_bucket,
    s3_invalid_digest, s3_invalid_location, s3_invalid_logging_target, s3_invalid_object_state, s3_invalid_owner, s3_invalid_part,
    s3_invalid_part_number, s3_invalid_part_order, s3_invalid_range, s3_invalid_request, s3_invalid_storage_class, s3_invalid_tag,
    s3_key_too_long, s3_malformed_policy, s3_malformed_trailer, s3_malformed_xml, s3_metadata_too_large, s3_method_not_allowed,
    s3_no_such_bucket, s3_no_such_configuration, s3_no_such_cors, s3_no_such_key, s3_no_such_lifecycle, s3_no_such_object_lock,
    s3_no_such_ownership, s3_no_such_policy, s3_no_such_public_access, s3_no_such_replication, s3_no_such_tags, s3_no_such_upload,
    s3_no_such_version, s3_no_such_website, s3_not_implemented, s3_policy_too_large, s3_precondition_failed, s3_too_many_configurations;

/* The errors that several operations give, with their fields. */
enum outcome fail_no_such_key(struct call *call, const char *key);
enum outcome fail_argument(struct call *call, const char *name, const char *value, const char *message); /* value NULL: left out */
enum outcome fail_precondition(struct call *call, const char *condition);
enum outcome fail_not_implemented(struct call *call, const char *header, const char *more); /* `more` may be NULL */
enum outcome fail_malformed_xml(struct call *call);
