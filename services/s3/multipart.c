/* CreateMultipartUpload, UploadPart, AbortMultipartUpload. */
#include "emulator/base/encoding.h"
#include "emulator/base/id.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/s3/errors.h"
#include "services/s3/metadata.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/upload.h"
#include "services/s3/upload_body.h"
#include "services/s3/version.h"

enum { UPLOAD_ID = 64 };

static const struct metadata_members create_metadata = METADATA_MEMBERS(CreateMultipartUploadRequest);
static const struct checksum_members part_input = CHECKSUM_MEMBERS(UploadPartRequest);
static const struct checksum_members part_output = CHECKSUM_MEMBERS(UploadPartOutput);

static struct query insert = QUERY("INSERT INTO upload(name, bucket, key, initiated, initiator, checksum_kind, checksum_type, "
                                   "metadata, tags, storage_class, key_existed, last_version) VALUES(?, ?, ?, ?, ?, ?, ?, ?, "
                                   "?, ?, ?, ?)");

/* Which checksum the object will have; facts/services.md 2.4. */
static enum outcome read_checksum(struct call *call, struct checksum *checksum)
{
    const char *algorithm = input_text(call, CreateMultipartUploadRequest_ChecksumAlgorithm);
    const char *type = input_text(call, CreateMultipartUploadRequest_ChecksumType);

    *checksum = (struct checksum){.kind = CHECKSUM_NONE};
    if (algorithm == NULL)
        return type == NULL ? ANSWERED
                            : fail(call, &s3_invalid_request,
                                   "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
    checksum->kind = checksum_find(algorithm);
    if (checksum->kind == CHECKSUM_NONE)
        return fail(call, &s3_invalid_request,
                    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, "
                    "CRC64NVME, SHA1, SHA256]");
    checksum->type = checksum->kind == CHECKSUM_CRC64NVME ? CHECKSUM_FULL_OBJECT : CHECKSUM_COMPOSITE;
    if (type == NULL)
        return ANSWERED;
    if (!text_equal(type, "COMPOSITE") && !text_equal(type, "FULL_OBJECT"))
        return fail(call, &s3_invalid_request, "Value for x-amz-checksum-type header is invalid.");
    checksum->type = text_equal(type, "COMPOSITE") ? CHECKSUM_COMPOSITE : CHECKSUM_FULL_OBJECT;
    if (checksum->type == CHECKSUM_COMPOSITE ? checksum->kind == CHECKSUM_CRC64NVME : !checksum_is_crc(checksum->kind))
        return fail(call, &s3_invalid_request, "The %s checksum type cannot be used with the %s checksum algorithm.", type,
                    checksum_lower_name(checksum->kind));
    return ANSWERED;
}

enum outcome create_multipart_upload(struct call *call)
{
    const char *key, *storage_class, *name;
    struct bucket bucket;
    struct version old;
    struct bytes metadata, tags;
    struct checksum checksum;

    if (OBJECT_ENTER(call, CreateMultipartUpload, &bucket, &key) == FAILED || read_checksum(call, &checksum) == FAILED ||
        acl_read(call, bucket.id, CreateMultipartUploadRequest_ACL) == FAILED ||
        encryption_read(call, CreateMultipartUploadRequest_ServerSideEncryption) == FAILED ||
        storage_class_read(call, CreateMultipartUploadRequest_StorageClass, &storage_class) == FAILED ||
        metadata_read(call, &create_metadata, &metadata) == FAILED ||
        tags_read_header(call, input_text(call, CreateMultipartUploadRequest_Tagging), &tags) == FAILED)
        return FAILED;
    name = id_from(call->arena, id_alnum, UPLOAD_ID);
    query_run(&insert, "tibitiibbtii", name, bucket.id, bytes_of(key), clock_now(), call->principal, (int64_t)checksum.kind,
              (int64_t)checksum.type, metadata, tags, storage_class,
              (int64_t)version_find(call->arena, bucket.id, bytes_of(key), &old), version_last());

    output_text(call, CreateMultipartUploadOutput_Bucket, bucket.name);
    output_text(call, CreateMultipartUploadOutput_Key, key);
    output_text(call, CreateMultipartUploadOutput_UploadId, name);
    output_text(call, CreateMultipartUploadOutput_ServerSideEncryption, "AES256");
    if (checksum.kind != CHECKSUM_NONE) {
        output_text(call, CreateMultipartUploadOutput_ChecksumAlgorithm, checksum_name(checksum.kind));
        output_text(call, CreateMultipartUploadOutput_ChecksumType, checksum_type_name(checksum.type));
    }
    return answer(call);
}

static enum outcome enter_part(struct call *call, struct upload *upload)
{
    struct bucket bucket;
    const char *key;

    if (OBJECT_ENTER(call, UploadPart, &bucket, &key) == FAILED ||
        part_number_check(call, input_integer(call, UploadPartRequest_PartNumber, 0)) == FAILED)
        return FAILED;
    return upload_input(call, &bucket, key, input_text(call, UploadPartRequest_UploadId), upload);
}

enum outcome upload_part_begin(struct call *call)
{
    struct upload_wish wish = {.members = &part_input, .content_md5 = UploadPartRequest_ContentMD5};
    struct upload upload;

    if (enter_part(call, &upload) == FAILED)
        return FAILED;
    /* Without a kind of its own, the finished object gets a CRC64NVME, made from those of its parts. */
    wish.wanted = upload.checksum.kind;
    wish.also = upload.checksum.kind == CHECKSUM_NONE ? CHECKSUM_CRC64NVME : CHECKSUM_NONE;
    if (upload_body_start(call, &wish) == FAILED)
        return FAILED;
    enum checksum_kind given = upload_body_given(call);
    if (upload.checksum.kind != CHECKSUM_NONE && given != CHECKSUM_NONE && given != upload.checksum.kind)
        return fail(call, &s3_invalid_request,
                    "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
                    checksum_lower_name(upload.checksum.kind), checksum_lower_name(given));
    return ANSWERED;
}

enum outcome upload_part(struct call *call)
{
    struct upload upload;

    if (enter_part(call, &upload) == FAILED || upload_body_end(call) == FAILED)
        return FAILED;
    struct upload_part part = {
        .number = input_integer(call, UploadPartRequest_PartNumber, 0),
        .size = upload_body_size(call),
        .modified = clock_now(),
        .md5 = hex_encode(call->arena, (struct bytes){(const char *)upload_body_md5(call), 16}),
        .crc64 = upload_body_also(call),
    };
    if (upload.checksum.kind != CHECKSUM_NONE || upload_body_given(call) != CHECKSUM_NONE)
        part.checksum = upload_body_checksum(call);
    part.body = upload_body_store(call);
    if (part.body < 0)
        return FAILED;
    upload_put_part(upload.id, &part);

    output_text(call, UploadPartOutput_ETag, etag_quoted(call->arena, part.md5));
    output_text(call, UploadPartOutput_ServerSideEncryption, "AES256");
    checksum_set(&call->output, &part_output, &part.checksum);
    return answer(call);
}

enum outcome abort_multipart_upload(struct call *call)
{
    struct bucket bucket;
    struct upload upload;
    const char *key;

    if (OBJECT_ENTER(call, AbortMultipartUpload, &bucket, &key) == FAILED ||
        upload_input(call, &bucket, key, input_text(call, AbortMultipartUploadRequest_UploadId), &upload) == FAILED)
        return FAILED;
    upload_drop(upload.id);
    return answer(call);
}
