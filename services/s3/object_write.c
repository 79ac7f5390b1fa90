/* PutObject. */
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/event.h"
#include "services/s3/metadata.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/upload_body.h"

#include "emulator/base/encoding.h"

static const struct checksum_members input_checksums = CHECKSUM_MEMBERS(PutObjectRequest);
static const struct checksum_members output_checksums = CHECKSUM_MEMBERS(PutObjectOutput);
static const struct metadata_members input_metadata = METADATA_MEMBERS(PutObjectRequest);

/* Everything that can be said before the body is here, so that a client that waits for "100 Continue" sends it only when it is
 * wanted. */
static enum outcome read_headers(struct call *call, int64_t bucket, struct version *version)
{
    if (conditions_write_form(call, PutObjectRequest_IfMatch, PutObjectRequest_IfNoneMatch) == FAILED ||
        acl_read(call, bucket, PutObjectRequest_ACL) == FAILED || encryption_read(call, PutObjectRequest_ServerSideEncryption) == FAILED ||
        storage_class_read(call, PutObjectRequest_StorageClass, &version->storage_class) == FAILED ||
        metadata_read(call, &input_metadata, &version->metadata) == FAILED ||
        tags_read_header(call, input_text(call, PutObjectRequest_Tagging), &version->tags) == FAILED)
        return FAILED;
    return ANSWERED;
}

enum outcome put_object_begin(struct call *call)
{
    static const struct upload_wish wish = {.members = &input_checksums, .content_md5 = PutObjectRequest_ContentMD5};
    struct bucket bucket;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, PutObject, &bucket, &key) == FAILED || read_headers(call, bucket.id, &version) == FAILED)
        return FAILED;
    return upload_body_start(call, &wish);
}

enum outcome put_object(struct call *call)
{
    struct bucket bucket;
    struct version version = {.id = 0};
    const char *key;

    if (OBJECT_ENTER(call, PutObject, &bucket, &key) == FAILED || read_headers(call, bucket.id, &version) == FAILED ||
        upload_body_end(call) == FAILED ||
        conditions_write(call, PutObjectRequest_IfMatch, PutObjectRequest_IfNoneMatch, &bucket, key, NULL) == FAILED)
        return FAILED;
    version.bucket = bucket.id;
    version.key = bytes_of(key);
    version.size = upload_body_size(call);
    version.etag = hex_encode(call->arena, (struct bytes){(const char *)upload_body_md5(call), 16});
    version.checksum = upload_body_checksum(call);
    version.body = upload_body_store(call);
    if (version.body < 0)
        return FAILED;
    version_put(call->arena, &bucket, &version);
    event_add(call, &bucket, "ObjectCreated:Put", key, &version);

    output_text(call, PutObjectOutput_VersionId, version_made(&bucket, &version));
    output_text(call, PutObjectOutput_ETag, etag_quoted(call->arena, version.etag));
    output_text(call, PutObjectOutput_ServerSideEncryption, "AES256");
    output_text(call, PutObjectOutput_ChecksumType, checksum_type_name(version.checksum.type));
    checksum_set(&call->output, &output_checksums, &version.checksum);
    return answer(call);
}
