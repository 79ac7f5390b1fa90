/* Versioning of a bucket, and questions about it that have one answer as long as the operations that would change it are not done. */
#include "emulator/store/store.h"
#include "services/s3/bucket.h"
#include "services/s3/errors.h"
#include "services/s3/integrity.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/version.h"

static struct query set_versioning = QUERY("UPDATE bucket SET versioning = ? WHERE id = ?");

enum outcome get_bucket_location(struct call *call)
{
    struct bucket bucket;

    if (BUCKET_ENTER(call, GetBucketLocation, &bucket) == FAILED)
        return FAILED;
    output_text(call, GetBucketLocationOutput_LocationConstraint, bucket.location);
    return answer(call);
}

enum outcome get_bucket_versioning(struct call *call)
{
    static const char *const words[] = {[VERSIONING_ENABLED] = "Enabled", [VERSIONING_SUSPENDED] = "Suspended"};
    struct bucket bucket;

    if (BUCKET_ENTER(call, GetBucketVersioning, &bucket) == FAILED)
        return FAILED;
    output_text(call, GetBucketVersioningOutput_Status, words[bucket.versioning]);
    return answer(call);
}

enum outcome put_bucket_versioning(struct call *call)
{
    const char *status = at_text(input_at(call, PutBucketVersioningRequest_VersioningConfiguration), VersioningConfiguration_Status);
    struct bucket bucket;

    if (BUCKET_ENTER(call, PutBucketVersioning, &bucket) == FAILED || integrity_check(call) == FAILED)
        return FAILED;
    if (status == NULL)
        return fail(call, &s3_illegal_versioning, "The Versioning element must be specified");
    query_run(&set_versioning, "ii", (int64_t)(text_equal(status, "Enabled") ? VERSIONING_ENABLED : VERSIONING_SUSPENDED), bucket.id);
    return answer(call);
}

enum outcome get_object_lock_configuration(struct call *call)
{
    struct bucket bucket;

    if (BUCKET_ENTER(call, GetObjectLockConfiguration, &bucket) == FAILED)
        return FAILED;
    fail_field(call, "BucketName", bucket.name);
    return fail(call, &s3_no_such_object_lock, "Object Lock configuration does not exist for this bucket");
}

/* The owner alone, with full control: ACLs are disabled on new buckets. */
static struct value owner_grants(struct call *call, const char *account)
{
    struct value grantee = call_struct(call, SHAPE_Grantee);
    set(&grantee, Grantee_ID, value_text(owner_id(call->arena, account)));
    set(&grantee, Grantee_Type, value_text("CanonicalUser"));
    struct value grant = call_struct(call, SHAPE_Grant);
    set(&grant, Grant_Grantee, grantee);
    set(&grant, Grant_Permission, value_text("FULL_CONTROL"));
    struct value grants = value_list();
    value_push(call->arena, &grants, grant);
    return grants;
}

enum outcome get_bucket_acl(struct call *call)
{
    struct bucket bucket;

    if (BUCKET_ENTER(call, GetBucketAcl, &bucket) == FAILED)
        return FAILED;
    output_set(call, GetBucketAclOutput_Owner, owner_struct(call, bucket.account));
    output_set(call, GetBucketAclOutput_Grants, owner_grants(call, bucket.account));
    return answer(call);
}

enum outcome get_object_acl(struct call *call)
{
    struct bucket bucket;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, GetObjectAcl, &bucket, &key) == FAILED ||
        version_input(call, &bucket, key, input_text(call, GetObjectAclRequest_VersionId), &version) == FAILED)
        return FAILED;
    output_set(call, GetObjectAclOutput_Owner, owner_struct(call, bucket.account));
    output_set(call, GetObjectAclOutput_Grants, owner_grants(call, bucket.account));
    return answer(call);
}
