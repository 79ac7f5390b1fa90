#include "services/s3/acl.h"

#include "services/s3/configuration.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/version.h"

enum outcome acl_fail(struct call *call, int64_t bucket, const char *header)
{
    if (bucket != 0 && configuration_allows_acls(call, bucket))
        return fail_not_implemented(call, header, "lowcloud does not emulate ACLs; see 'lowcloud support s3'");
    return fail(call, &s3_acl_not_supported, "The bucket does not allow ACLs");
}

enum outcome put_bucket_acl(struct call *call)
{
    struct bucket bucket;
    return BUCKET_ENTER(call, PutBucketAcl, &bucket) == FAILED ? FAILED : acl_fail(call, bucket.id, "x-amz-acl");
}

enum outcome put_object_acl(struct call *call)
{
    struct bucket bucket;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, PutObjectAcl, &bucket, &key) == FAILED ||
        version_input(call, &bucket, key, input_text(call, PutObjectAclRequest_VersionId), &version) == FAILED)
        return FAILED;
    return acl_fail(call, bucket.id, "x-amz-acl");
}
