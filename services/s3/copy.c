/* CopyObject and UploadPartCopy: blobs are shared, no byte is moved. Where a digest is owed that nothing gives (the MD5 of a
 * multipart object or of a range, a checksum of another kind), the bytes are read in slices first, with the call parked; then the
 * copy begins again, and what was read counts if the source is still the same version. */
#include <string.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "services/s3/body.h"
#include "services/s3/body_digest.h"
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/event.h"
#include "services/s3/metadata.h"
#include "services/s3/operations.h"
#include "services/s3/range.h"
#include "services/s3/s3_model.h"
#include "services/s3/upload.h"
#include "services/s3/upload_body.h"

static const struct metadata_members copy_metadata = METADATA_MEMBERS(CopyObjectRequest);
static const struct checksum_members copy_result = CHECKSUM_MEMBERS(CopyObjectResult);
static const struct checksum_members part_result = CHECKSUM_MEMBERS(CopyPartResult);

/* The source. */

struct source {
    struct bucket bucket;
    const char *key;
    struct version version;
    bool is_named; /* by a version id */
};

static enum outcome fail_source(struct call *call)
{
    return fail_argument(call, "x-amz-copy-source", "x-amz-copy-source", "Invalid copy source object key");
}

/* "/bucket/key?versionId=id", percent-encoded; a plus is a blank. */
static enum outcome parse_source(struct call *call, const char *text, const char **bucket, const char **key,
                                 const char **version_id)
{
    const char *query = strstr(text, "?versionId=");
    size_t size = query != NULL ? (size_t)(query - text) : strlen(text);
    struct bytes path;

    *version_id = query != NULL ? query + strlen("?versionId=") : NULL;
    if (!percent_decode(call->arena, (struct bytes){text, size}, true, &path) || !utf8_is_valid(path) ||
        memchr(path.at, '\0', path.size) != NULL)
        return fail_source(call);
    const char *start = arena_copy(call->arena, path.at, path.size);
    if (*start == '/')
        start++;
    const char *slash = strchr(start, '/');
    if (slash == NULL || slash == start || slash[1] == '\0')
        return fail_source(call);
    *bucket = arena_copy(call->arena, start, (size_t)(slash - start));
    *key = slash + 1;
    return ANSWERED;
}

static enum outcome find_source(struct call *call, const char *text, const char *expected_owner,
                                const struct condition_members *conditions, struct source *source)
{
    const char *bucket = NULL, *version_id = NULL;
    struct version marker;

    if (parse_source(call, text, &bucket, &source->key, &version_id) == FAILED ||
        bucket_of_name(call, bucket, expected_owner, &source->bucket) == FAILED)
        return FAILED;
    source->is_named = version_id != NULL;
    if (version_id != NULL &&
        version_find_named(call->arena, source->bucket.id, bytes_of(source->key), version_id, &marker) && marker.is_marker)
        return fail(call, &s3_invalid_request, "The source of a copy request may not specifically refer to a delete marker by version id.");
    if (version_input(call, &source->bucket, source->key, version_id, &source->version) == FAILED)
        return FAILED;
    if (storage_class_is_archive(source->version.storage_class)) {
        fail_field(call, "StorageClass", source->version.storage_class);
        return fail(call, &s3_invalid_object_state, "The operation is not valid for the object's storage class");
    }
    return conditions_copy(call, conditions, &source->version);
}

/* The digests read while the call was parked, if they are of this version. */
static struct body_digest *digest_of(struct call *call, const struct version *version)
{
    struct body_digest *digest = call->context;
    if (digest == NULL || digest->of != version->id) {
        digest = arena_alloc(call->arena, sizeof *digest);
        digest->of = version->id;
    }
    return digest;
}

static enum outcome fail_reading(struct call *call)
{
    return fail(call, &error_internal, "The source of the copy could not be read.");
}

/* CopyObject. */

static const struct condition_members copy_conditions = {
    CopyObjectRequest_CopySourceIfMatch, CopyObjectRequest_CopySourceIfNoneMatch, CopyObjectRequest_CopySourceIfModifiedSince,
    CopyObjectRequest_CopySourceIfUnmodifiedSince};

static enum outcome is_replacing(struct call *call, uint16_t member, const char *header, bool *replaces)
{
    const char *directive = input_text(call, member);
    *replaces = text_equal(directive, "REPLACE");
    if (directive == NULL || *replaces || text_equal(directive, "COPY"))
        return ANSWERED;
    const char *what = text_starts(header, "x-amz-tagging") ? "tagging" : "metadata";
    return fail_argument(call, header, directive, arena_print(call->arena, "Unknown %s directive.", what));
}

/* What the new object is made of, but for body and digests. */
static enum outcome describe_copy(struct call *call, const struct source *source, const struct bucket *bucket, const char *key,
                                  struct version *version)
{
    bool replaces_metadata, replaces_tags;

    if (is_replacing(call, CopyObjectRequest_MetadataDirective, "x-amz-metadata-directive", &replaces_metadata) == FAILED ||
        is_replacing(call, CopyObjectRequest_TaggingDirective, "x-amz-tagging-directive", &replaces_tags) == FAILED ||
        storage_class_read(call, CopyObjectRequest_StorageClass, &version->storage_class) == FAILED ||
        acl_read(call, bucket->id, CopyObjectRequest_ACL) == FAILED || encryption_read(call, CopyObjectRequest_ServerSideEncryption) == FAILED)
        return FAILED;
    bool is_same = source->bucket.id == bucket->id && text_equal(source->key, key);
    if (is_same && !source->is_named && !replaces_metadata && !input_has(call, CopyObjectRequest_StorageClass) &&
        !input_has(call, CopyObjectRequest_WebsiteRedirectLocation) && !input_has(call, CopyObjectRequest_ServerSideEncryption))
        return fail(
            call, &s3_invalid_request,
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's "
            "metadata, storage class, website redirect location or encryption attributes.");
    version->bucket = bucket->id;
    version->key = bytes_of(key);
    version->size = source->version.size;
    version->metadata =
        metadata_copy(call->arena, source->version.metadata, input_text(call, CopyObjectRequest_WebsiteRedirectLocation));
    version->tags = source->version.tags;
    if (replaces_metadata && metadata_read(call, &copy_metadata, &version->metadata) == FAILED)
        return FAILED;
    return replaces_tags ? tags_read_header(call, input_text(call, CopyObjectRequest_Tagging), &version->tags) : ANSWERED;
}

/* A copy keeps the source's kind of checksum unless another is asked for, and it is always that of the whole object. */
static enum outcome copy_checksum(struct call *call, const struct version *source, struct checksum *checksum)
{
    const char *algorithm = input_text(call, CopyObjectRequest_ChecksumAlgorithm);

    *checksum = (struct checksum){.kind = source->checksum.kind != CHECKSUM_NONE ? source->checksum.kind : CHECKSUM_CRC64NVME};
    if (algorithm != NULL)
        checksum->kind = checksum_find(algorithm);
    if (checksum->kind == CHECKSUM_NONE)
        return fail(call, &s3_invalid_request,
                    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, "
                    "CRC64NVME, SHA1, SHA256]");
    if (checksum->kind == source->checksum.kind && source->checksum.type == CHECKSUM_FULL_OBJECT)
        checksum->value = source->checksum.value;
    return ANSWERED;
}

static enum outcome answer_copy(struct call *call, const struct bucket *bucket, const struct source *source, const struct version *version)
{
    struct value result = call_struct(call, SHAPE_CopyObjectResult);

    set(&result, CopyObjectResult_ETag, value_text(etag_quoted(call->arena, version->etag)));
    set(&result, CopyObjectResult_LastModified, value_time(version->modified));
    checksum_set(&result, &copy_result, &version->checksum);
    set(&result, CopyObjectResult_ChecksumType, value_text(checksum_type_name(version->checksum.type)));
    output_set(call, CopyObjectOutput_CopyObjectResult, result);
    output_text(call, CopyObjectOutput_VersionId, version_made(bucket, version));
    output_text(call, CopyObjectOutput_CopySourceVersionId, version_shown(&source->bucket, &source->version));
    output_text(call, CopyObjectOutput_ServerSideEncryption, "AES256");
    return answer(call);
}

enum outcome copy_object(struct call *call)
{
    struct bucket bucket;
    struct source source;
    struct version version = {.id = 0};
    const char *key;

    if (OBJECT_ENTER(call, CopyObject, &bucket, &key) == FAILED ||
        conditions_write_form(call, CopyObjectRequest_IfMatch, CopyObjectRequest_IfNoneMatch) == FAILED ||
        find_source(call, input_text(call, CopyObjectRequest_CopySource),
                    input_text(call, CopyObjectRequest_ExpectedSourceBucketOwner), &copy_conditions, &source) == FAILED ||
        describe_copy(call, &source, &bucket, key, &version) == FAILED ||
        copy_checksum(call, &source.version, &version.checksum) == FAILED)
        return FAILED;
    if (version.size > OBJECT_PUT_LIMIT)
        return fail(call, &s3_invalid_request,
                    "The specified copy source is larger than the maximum allowable size for a copy source: %lld",
                    (long long)OBJECT_PUT_LIMIT);

    version.etag = source.version.parts == 0 ? source.version.etag : NULL;
    if (version.etag == NULL || version.checksum.value == NULL) {
        struct body_digest *digest = digest_of(call, &source.version);
        if (digest->failed)
            return fail_reading(call);
        if (digest->md5 == NULL)
            return body_digest_wait(call, digest, source.version.body, 0, version.size, version.checksum.kind, copy_object);
        version.etag = digest->md5;
        version.checksum.value = digest->checksum;
    }
    if (conditions_write(call, CopyObjectRequest_IfMatch, CopyObjectRequest_IfNoneMatch, &bucket, key, NULL) == FAILED)
        return FAILED;
    version.body = body_copy(source.version.body);
    version_put(call->arena, &bucket, &version);
    event_add(call, &bucket, "ObjectCreated:Copy", key, &version);
    return answer_copy(call, &bucket, &source, &version);
}

/* UploadPartCopy. */

static const struct condition_members part_conditions = {
    UploadPartCopyRequest_CopySourceIfMatch, UploadPartCopyRequest_CopySourceIfNoneMatch,
    UploadPartCopyRequest_CopySourceIfModifiedSince, UploadPartCopyRequest_CopySourceIfUnmodifiedSince};

static enum outcome read_range(struct call *call, int64_t size, int64_t *first, int64_t *length)
{
    const char *range = input_text(call, UploadPartCopyRequest_CopySourceRange);
    int64_t last;

    *first = 0;
    *length = size;
    if (range == NULL)
        return ANSWERED;
    if (!range_parse_copy(range, first, &last))
        return fail_argument(
            call, "x-amz-copy-source-range", range,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based "
            "offsets of the first and last bytes to copy");
    if (*first >= size)
        return fail(call, &s3_invalid_request, "The specified copy range is invalid for the source object size");
    if (last >= size)
        return fail_argument(
            call, "x-amz-copy-source-range", range,
            arena_print(call->arena, "Range specified is not valid for source object of size: %lld", (long long)size));
    *length = last - *first + 1;
    return ANSWERED;
}

/* What is known without reading: of the whole of an object that has it. */
static void known_digests(const struct version *source, bool is_whole, struct checksum *checksum, const char **md5)
{
    *md5 = is_whole && source->parts == 0 ? source->etag : NULL;
    if (is_whole && source->checksum.kind == checksum->kind && source->checksum.type == CHECKSUM_FULL_OBJECT)
        checksum->value = source->checksum.value;
}

static enum outcome answer_part(struct call *call, const struct upload *upload, const struct upload_part *part)
{
    struct value result = call_struct(call, SHAPE_CopyPartResult);

    set(&result, CopyPartResult_ETag, value_text(etag_quoted(call->arena, part->md5)));
    set(&result, CopyPartResult_LastModified, value_time(part->modified));
    if (upload->checksum.kind != CHECKSUM_NONE)
        checksum_set(&result, &part_result, &part->checksum);
    output_set(call, UploadPartCopyOutput_CopyPartResult, result);
    output_text(call, UploadPartCopyOutput_ServerSideEncryption, "AES256");
    return answer(call);
}

enum outcome upload_part_copy(struct call *call)
{
    struct bucket bucket;
    struct upload upload;
    struct source source;
    const char *key;
    int64_t number = input_integer(call, UploadPartCopyRequest_PartNumber, 0), first, length;

    if (OBJECT_ENTER(call, UploadPartCopy, &bucket, &key) == FAILED || part_number_check(call, number) == FAILED ||
        upload_input(call, &bucket, key, input_text(call, UploadPartCopyRequest_UploadId), &upload) == FAILED ||
        find_source(call, input_text(call, UploadPartCopyRequest_CopySource),
                    input_text(call, UploadPartCopyRequest_ExpectedSourceBucketOwner), &part_conditions, &source) == FAILED ||
        read_range(call, source.version.size, &first, &length) == FAILED)
        return FAILED;
    if (length > OBJECT_PUT_LIMIT)
        return fail(call, &s3_invalid_request,
                    "The specified copy source is larger than the maximum allowable size for a copy source: %lld",
                    (long long)OBJECT_PUT_LIMIT);

    struct checksum checksum = {.kind = upload.checksum.kind != CHECKSUM_NONE ? upload.checksum.kind : CHECKSUM_CRC64NVME};
    struct upload_part part = {.number = number, .size = length, .modified = clock_now()};
    known_digests(&source.version, length == source.version.size, &checksum, &part.md5);
    if (part.md5 == NULL || checksum.value == NULL) {
        struct body_digest *digest = digest_of(call, &source.version);
        if (digest->failed)
            return fail_reading(call);
        if (digest->md5 == NULL)
            return body_digest_wait(call, digest, source.version.body, first, length, checksum.kind, upload_part_copy);
        part.md5 = digest->md5;
        checksum.value = digest->checksum;
    }
    if (upload.checksum.kind == CHECKSUM_NONE)
        part.crc64 = checksum.value;
    else
        part.checksum = checksum;
    part.body = body_empty();
    body_append(part.body, source.version.body, first, length);
    upload_put_part(upload.id, &part);
    output_text(call, UploadPartCopyOutput_CopySourceVersionId, version_shown(&source.bucket, &source.version));
    return answer_part(call, &upload, &part);
}
