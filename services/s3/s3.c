/* S3 as a service: its operations, its rows, its hosts. What is not listed here is refused by name (docs/s3.md has the list). */
#include "emulator/aws/service.h"
#include "services/s3/body_digest.h"
#include "services/s3/errors.h"
#include "services/s3/host.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/schema.h"
#include "services/s3/upload_body.h"
#include "services/s3/version.h"

extern const struct service s3_service;

static const struct operation_row operations[] = {
    {.operation = OP_AbortMultipartUpload, .run = abort_multipart_upload},
    {.operation = OP_CompleteMultipartUpload, .run = complete_multipart_upload},
    {.operation = OP_CopyObject, .run = copy_object},
    {.operation = OP_CreateBucket, .run = create_bucket},
    {.operation = OP_CreateMultipartUpload, .run = create_multipart_upload},
    {.operation = OP_DeleteBucket, .run = delete_bucket},
    {.operation = OP_DeleteBucketAnalyticsConfiguration, .run = delete_configuration},
    {.operation = OP_DeleteBucketCors, .run = delete_configuration},
    {.operation = OP_DeleteBucketEncryption, .run = delete_configuration},
    {.operation = OP_DeleteBucketIntelligentTieringConfiguration, .run = delete_configuration},
    {.operation = OP_DeleteBucketInventoryConfiguration, .run = delete_configuration},
    {.operation = OP_DeleteBucketLifecycle, .run = delete_configuration},
    {.operation = OP_DeleteBucketMetricsConfiguration, .run = delete_configuration},
    {.operation = OP_DeleteBucketOwnershipControls, .run = delete_configuration},
    {.operation = OP_DeleteBucketPolicy, .run = delete_configuration},
    {.operation = OP_DeleteBucketReplication, .run = delete_configuration},
    {.operation = OP_DeleteBucketTagging, .run = delete_configuration},
    {.operation = OP_DeleteBucketWebsite, .run = delete_configuration},
    {.operation = OP_DeleteObject, .run = delete_object},
    {.operation = OP_DeleteObjectTagging, .run = delete_object_tagging},
    {.operation = OP_DeleteObjects, .run = delete_objects},
    {.operation = OP_DeletePublicAccessBlock, .run = delete_configuration},
    {.operation = OP_GetBucketAccelerateConfiguration, .run = get_configuration},
    {.operation = OP_GetBucketAcl, .run = get_bucket_acl},
    {.operation = OP_GetBucketAnalyticsConfiguration, .run = get_configuration},
    {.operation = OP_GetBucketCors, .run = get_configuration},
    {.operation = OP_GetBucketEncryption, .run = get_configuration},
    {.operation = OP_GetBucketIntelligentTieringConfiguration, .run = get_configuration},
    {.operation = OP_GetBucketInventoryConfiguration, .run = get_configuration},
    {.operation = OP_GetBucketLifecycleConfiguration, .run = get_configuration},
    {.operation = OP_GetBucketLocation, .run = get_bucket_location},
    {.operation = OP_GetBucketLogging, .run = get_configuration},
    {.operation = OP_GetBucketMetricsConfiguration, .run = get_configuration},
    {.operation = OP_GetBucketNotificationConfiguration, .run = get_bucket_notification_configuration},
    {.operation = OP_GetBucketOwnershipControls, .run = get_configuration},
    {.operation = OP_GetBucketPolicy, .run = get_configuration},
    {.operation = OP_GetBucketPolicyStatus, .run = get_bucket_policy_status},
    {.operation = OP_GetBucketReplication, .run = get_configuration},
    {.operation = OP_GetBucketRequestPayment, .run = get_configuration},
    {.operation = OP_GetBucketTagging, .run = get_configuration},
    {.operation = OP_GetBucketVersioning, .run = get_bucket_versioning},
    {.operation = OP_GetBucketWebsite, .run = get_configuration},
    {.operation = OP_GetObject, .run = get_object},
    {.operation = OP_GetObjectAcl, .run = get_object_acl},
    {.operation = OP_GetObjectAttributes, .run = get_object_attributes},
    {.operation = OP_GetObjectLockConfiguration, .run = get_object_lock_configuration},
    {.operation = OP_GetObjectTagging, .run = get_object_tagging},
    {.operation = OP_GetPublicAccessBlock, .run = get_configuration},
    {.operation = OP_HeadBucket, .run = head_bucket},
    {.operation = OP_HeadObject, .run = head_object},
    {.operation = OP_ListBucketAnalyticsConfigurations, .run = list_configurations},
    {.operation = OP_ListBucketIntelligentTieringConfigurations, .run = list_configurations},
    {.operation = OP_ListBucketInventoryConfigurations, .run = list_configurations},
    {.operation = OP_ListBucketMetricsConfigurations, .run = list_configurations},
    {.operation = OP_ListBuckets, .run = list_buckets},
    {.operation = OP_ListMultipartUploads, .run = list_multipart_uploads},
    {.operation = OP_ListObjectVersions, .run = list_object_versions},
    {.operation = OP_ListObjects, .run = list_objects},
    {.operation = OP_ListObjectsV2, .run = list_objects_v2},
    {.operation = OP_ListParts, .run = list_parts},
    {.operation = OP_Preflight, .run = preflight},
    {.operation = OP_PreflightBucket, .run = preflight},
    {.operation = OP_PutBucketAccelerateConfiguration, .run = put_configuration},
    {.operation = OP_PutBucketAcl, .run = put_bucket_acl},
    {.operation = OP_PutBucketAnalyticsConfiguration, .run = put_configuration},
    {.operation = OP_PutBucketCors, .run = put_configuration},
    {.operation = OP_PutBucketEncryption, .run = put_configuration},
    {.operation = OP_PutBucketIntelligentTieringConfiguration, .run = put_configuration},
    {.operation = OP_PutBucketInventoryConfiguration, .run = put_configuration},
    {.operation = OP_PutBucketLifecycleConfiguration, .run = put_configuration},
    {.operation = OP_PutBucketLogging, .run = put_configuration},
    {.operation = OP_PutBucketMetricsConfiguration, .run = put_configuration},
    {.operation = OP_PutBucketNotificationConfiguration, .run = put_bucket_notification_configuration},
    {.operation = OP_PutBucketOwnershipControls, .run = put_configuration},
    {.operation = OP_PutBucketPolicy, .run = put_configuration},
    {.operation = OP_PutBucketReplication, .run = put_configuration},
    {.operation = OP_PutBucketRequestPayment, .run = put_configuration},
    {.operation = OP_PutBucketTagging, .run = put_configuration},
    {.operation = OP_PutBucketVersioning, .run = put_bucket_versioning},
    {.operation = OP_PutBucketWebsite, .run = put_configuration},
    {.operation = OP_PutObject, .run = put_object, .begin = put_object_begin, .take = upload_body_take},
    {.operation = OP_PutObjectAcl, .run = put_object_acl},
    {.operation = OP_PutObjectTagging, .run = put_object_tagging},
    {.operation = OP_PutPublicAccessBlock, .run = put_configuration},
    {.operation = OP_UploadPart, .run = upload_part, .begin = upload_part_begin, .take = upload_body_take},
    {.operation = OP_UploadPartCopy, .run = upload_part_copy},
    {.run = NULL},
};

static const struct aws_error unknown_operation = {.code = "MethodNotAllowed", .status = 405};

static void start(void)
{
    version_start();
}

static void reset(void)
{
    body_digest_reset();
}

const struct service s3_service = {
    .name = "s3",
    .model = &s3_model,
    .operations = operations,
    .unknown_operation = &unknown_operation,
    .not_implemented = &s3_not_implemented,
    .schema = s3_schema,
    .schema_count = S3_MIGRATIONS,
    .start = start,
    .reset = reset,
    .claim = host_claim_website,
    .claim_host = host_claim,
};
