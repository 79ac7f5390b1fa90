/* The tags of an object. */
#include "services/s3/event.h"
#include "services/s3/integrity.h"
#include "services/s3/metadata.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"

enum outcome put_object_tagging(struct call *call)
{
    const struct value *tagging = input_at(call, PutObjectTaggingRequest_Tagging);
    struct bucket bucket;
    struct version version;
    struct bytes tags;
    const char *key;

    if (OBJECT_ENTER(call, PutObjectTagging, &bucket, &key) == FAILED || integrity_check(call) == FAILED ||
        version_input(call, &bucket, key, input_text(call, PutObjectTaggingRequest_VersionId), &version) == FAILED ||
        tags_read_list(call, at(tagging, Tagging_TagSet), &tags) == FAILED)
        return FAILED;
    version_set_tags(&version, tags);
    event_add(call, &bucket, "ObjectTagging:Put", key, &version);
    output_text(call, PutObjectTaggingOutput_VersionId, version_shown(&bucket, &version));
    return answer(call);
}

enum outcome get_object_tagging(struct call *call)
{
    struct bucket bucket;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, GetObjectTagging, &bucket, &key) == FAILED ||
        version_input(call, &bucket, key, input_text(call, GetObjectTaggingRequest_VersionId), &version) == FAILED)
        return FAILED;
    output_set(call, GetObjectTaggingOutput_TagSet, tags_list(call, version.tags));
    output_text(call, GetObjectTaggingOutput_VersionId, version_shown(&bucket, &version));
    return answer(call);
}

enum outcome delete_object_tagging(struct call *call)
{
    struct bucket bucket;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, DeleteObjectTagging, &bucket, &key) == FAILED ||
        version_input(call, &bucket, key, input_text(call, DeleteObjectTaggingRequest_VersionId), &version) == FAILED)
        return FAILED;
    version_set_tags(&version, (struct bytes){NULL, 0});
    event_add(call, &bucket, "ObjectTagging:Delete", key, &version);
    output_text(call, DeleteObjectTaggingOutput_VersionId, version_shown(&bucket, &version));
    return answer(call);
}
