/* DeleteObject and DeleteObjects. */
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/event.h"
#include "services/s3/integrity.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"

enum { DELETE_MOST = 1000 };

/* What became of a key. */
struct deletion {
    bool is_marker;       /* a delete marker was put, or was what has been deleted */
    const char *version;  /* the id of the marker that was put, or of the version that went; NULL: none to tell */
};

static void delete_key(struct call *call, const struct bucket *bucket, const char *key, struct deletion *deletion)
{
    struct version marker;

    *deletion = (struct deletion){.version = NULL};
    if (!version_delete(call->arena, bucket, bytes_of(key), &marker))
        return;
    if (bucket->versioning == VERSIONING_NEVER) {
        event_add(call, bucket, "ObjectRemoved:Delete", key, NULL);
        return;
    }
    *deletion = (struct deletion){.is_marker = true, .version = marker.name};
    event_add(call, bucket, "ObjectRemoved:DeleteMarkerCreated", key, &marker);
}

/* False: there is no such version. */
static bool delete_version(struct call *call, const struct bucket *bucket, const char *key, const char *name, struct deletion *deletion)
{
    struct version version;

    *deletion = (struct deletion){.version = bucket->versioning != VERSIONING_NEVER ? name : NULL};
    if (!version_find_named(call->arena, bucket->id, bytes_of(key), name, &version))
        return false;
    deletion->is_marker = version.is_marker;
    version_delete_one(call->arena, &version);
    event_add(call, bucket, "ObjectRemoved:Delete", key, &version);
    return true;
}

static bool is_version_id(struct call *call, const struct bucket *bucket, const char *name)
{
    int64_t id;
    return text_equal(name, NULL_VERSION) || (bucket->versioning != VERSIONING_NEVER && version_id_read(call->arena, name, &id));
}

enum outcome delete_object(struct call *call)
{
    const char *version_id = input_text(call, DeleteObjectRequest_VersionId),
               *match = input_text(call, DeleteObjectRequest_IfMatch), *key;
    struct bucket bucket;
    struct version version;
    struct deletion deletion;

    if (OBJECT_ENTER(call, DeleteObject, &bucket, &key) == FAILED)
        return FAILED;
    if (input_has(call, DeleteObjectRequest_IfMatchSize))
        return fail_not_implemented(call, "x-amz-if-match-size", NULL);
    if (input_has(call, DeleteObjectRequest_IfMatchLastModifiedTime))
        return fail_not_implemented(call, "x-amz-if-match-last-modified-time", NULL);
    if (input_has(call, DeleteObjectRequest_BypassGovernanceRetention))
        return fail_argument(call, "x-amz-bypass-governance-retention", NULL,
                             "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.");
    if (version_id != NULL && !is_version_id(call, &bucket, version_id))
        return fail_argument(call, "versionId", version_id, "Invalid version id specified");
    if (match != NULL) {
        if (!version_find(call->arena, bucket.id, bytes_of(key), &version))
            return fail_no_such_key(call, key);
        if (!etag_matches(match, version.etag))
            return fail_precondition(call, "If-Match");
    }
    if (version_id != NULL)
        (void)delete_version(call, &bucket, key, version_id, &deletion);
    else
        delete_key(call, &bucket, key, &deletion);
    if (deletion.is_marker)
        output_bool(call, DeleteObjectOutput_DeleteMarker, true);
    output_text(call, DeleteObjectOutput_VersionId, deletion.version);
    return answer(call);
}

/* One of many: what is wrong with it becomes an entry of the answer, not a failure of the call. */
static const char *refuse(struct call *call, const struct bucket *bucket, const struct value *object, const char **message)
{
    const char *version_id = at_text(object, ObjectIdentifier_VersionId), *etag = at_text(object, ObjectIdentifier_ETag);
    struct version version;

    if (version_id != NULL && !is_version_id(call, bucket, version_id)) {
        *message = "The specified version does not exist.";
        return "NoSuchVersion";
    }
    if (etag != NULL && version_find(call->arena, bucket->id, bytes_of(at_text(object, ObjectIdentifier_Key)), &version) &&
        !etag_matches(etag, version.etag)) {
        *message = "At least one of the pre-conditions you specified did not hold";
        return "PreconditionFailed";
    }
    return NULL;
}

enum outcome delete_objects(struct call *call)
{
    const struct value *delete = input_at(call, DeleteObjectsRequest_Delete), *objects = at(delete, Delete_Objects);
    bool is_quiet = at_bool(delete, Delete_Quiet, false);
    struct value deleted = value_list(), errors = value_list();
    struct bucket bucket;

    if (BUCKET_ENTER(call, DeleteObjects, &bucket) == FAILED || integrity_check(call) == FAILED)
        return FAILED;
    if (!value_is(objects, VALUE_LIST) || objects->size == 0 || objects->size > DELETE_MOST)
        return fail_malformed_xml(call);
    for (uint32_t i = 0; i < objects->size; i++) {
        const struct value *object = &objects->items[i];
        const char *key = at_text(object, ObjectIdentifier_Key), *version_id = at_text(object, ObjectIdentifier_VersionId),
                   *message = NULL;
        if (key == NULL || *key == '\0')
            return fail_malformed_xml(call);
        struct deletion deletion = {.version = NULL};
        const char *code = refuse(call, &bucket, object, &message);
        if (code == NULL && version_id == NULL)
            delete_key(call, &bucket, key, &deletion);
        else if (code == NULL && !delete_version(call, &bucket, key, version_id, &deletion) && bucket.versioning != VERSIONING_NEVER) {
            code = "NoSuchVersion";
            message = "The specified version does not exist.";
        }
        if (code != NULL) {
            struct value error = call_struct(call, SHAPE_Error);
            set(&error, Error_Key, value_text(key));
            set(&error, Error_VersionId, value_text(version_id));
            set(&error, Error_Code, value_text(code));
            set(&error, Error_Message, value_text(message));
            value_push(call->arena, &errors, error);
            continue;
        }
        if (is_quiet)
            continue;
        struct value entry = call_struct(call, SHAPE_DeletedObject);
        set(&entry, DeletedObject_Key, value_text(key));
        set(&entry, DeletedObject_VersionId, value_text(version_id));
        if (deletion.is_marker) {
            set(&entry, DeletedObject_DeleteMarker, value_bool(true));
            set(&entry, DeletedObject_DeleteMarkerVersionId, value_text(deletion.version));
        }
        value_push(call->arena, &deleted, entry);
    }
    if (deleted.size > 0)
        output_set(call, DeleteObjectsOutput_Deleted, deleted);
    if (errors.size > 0)
        output_set(call, DeleteObjectsOutput_Errors, errors);
    return answer(call);
}
