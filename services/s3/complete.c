/* CompleteMultipartUpload: the parts become one object, and no byte is moved.
 *
 * Its ETag is made of the parts' MD5s, its checksum of the parts' checksums: composite (the digest of the digests) or, for CRCs,
 * that of the whole object, joined from the parts (facts/services.md 2.4). */
#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/store/store.h"
#include "services/s3/body.h"
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/event.h"
#include "services/s3/host.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/upload.h"
#include "services/s3/upload_body.h"

static const struct checksum_members input_checksums = CHECKSUM_MEMBERS(CompleteMultipartUploadRequest);
static const struct checksum_members part_checksums = CHECKSUM_MEMBERS(CompletedPart);
static const struct checksum_members output_checksums = CHECKSUM_MEMBERS(CompleteMultipartUploadOutput);

/* The list of parts. */

static enum outcome fail_part(struct call *call, const struct upload *upload, int64_t number, const char *etag)
{
    fail_field(call, "UploadId", upload->name);
    fail_field(call, "PartNumber", arena_print(call->arena, "%lld", (long long)number));
    if (etag != NULL)
        fail_field(call, "ETag", etag);
    return fail(call, &s3_invalid_part,
                "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified "
                "entity tag may not match the part's entity tag.");
}

/* Clients send it with quotes, without, and with quotes written as entities twice over. */
static const char *bare_etag(struct arena *arena, const char *etag)
{
    if (etag == NULL)
        return NULL;
    char *bare = arena_text(arena, etag);
    size_t size = 0;
    for (const char *at = etag; *at != '\0';) {
        if (*at == '"')
            at++;
        else if (text_starts(at, "&quot;"))
            at += 6;
        else if (text_starts(at, "&#34;"))
            at += 5;
        else
            bare[size++] = *at++;
    }
    bare[size] = '\0';
    return bare;
}

static enum outcome check_part_checksums(struct call *call, const struct upload *upload, const struct value *wanted,
                                         const struct upload_part *part)
{
    enum checksum_kind own = upload->checksum.kind;

    for (enum checksum_kind kind = CHECKSUM_CRC32; kind < CHECKSUM_KINDS; kind++) {
        const char *given = at_text(wanted, part_checksums.at[kind]);
        if (given == NULL) {
            if (kind == own && upload->checksum.type == CHECKSUM_COMPOSITE)
                return fail(call, &s3_invalid_request,
                            "The upload was created using a %s checksum. The complete request must include the checksum for "
                            "each part. It was missing for part %lld in the request.",
                            checksum_lower_name(own), (long long)part->number);
            continue;
        }
        if (own != CHECKSUM_NONE && kind != own)
            return fail(call, &s3_bad_digest, "The %s you specified for part %lld did not match what we received.",
                        checksum_lower_name(kind), (long long)part->number);
        if (part->checksum.kind != kind || !text_equal(part->checksum.value, given))
            return fail_part(call, upload, part->number, part->md5);
    }
    return ANSWERED;
}

static enum outcome read_parts(struct call *call, const struct upload *upload, const struct value *list, struct upload_part *parts)
{
    for (uint32_t i = 0; i < list->size; i++) {
        int64_t number = at_integer(&list->items[i], CompletedPart_PartNumber, 0);
        if (part_number_check(call, number) == FAILED)
            return FAILED;
        if (i > 0 && number <= parts[i - 1].number) {
            fail_field(call, "UploadId", upload->name);
            return fail(call, &s3_invalid_part_order,
                        "The list of parts was not in ascending order. Parts must be ordered by part number.");
        }
        parts[i].number = number;
    }
    size_t count, next = 0;
    const struct upload_part *all = upload_list_parts(call->arena, upload->id, 0, PART_NUMBERS, &count);
    for (uint32_t i = 0; i < list->size; i++) {
        const char *etag = bare_etag(call->arena, at_text(&list->items[i], CompletedPart_ETag));
        while (next < count && all[next].number < parts[i].number)
            next++;
        if (next == count || all[next].number != parts[i].number || !text_equal(all[next].md5, etag))
            return fail_part(call, upload, parts[i].number, etag);
        parts[i] = all[next];
        if (check_part_checksums(call, upload, &list->items[i], &parts[i]) == FAILED)
            return FAILED;
    }
    for (uint32_t i = 0; i + 1 < list->size; i++)
        if (parts[i].size < SMALLEST_PART) {
            fail_field(call, "ETag", parts[i].md5);
            fail_field(call, "MinSizeAllowed", arena_print(call->arena, "%d", SMALLEST_PART));
            fail_field(call, "PartNumber", arena_print(call->arena, "%lld", (long long)parts[i].number));
            fail_field(call, "ProposedSize", arena_print(call->arena, "%lld", (long long)parts[i].size));
            return fail(call, &s3_entity_too_small, "Your proposed upload is smaller than the minimum allowed size");
        }
    return ANSWERED;
}

/* Digests of the whole. */

static const char *etag_of(struct arena *arena, const struct upload_part *parts, uint32_t count)
{
    unsigned char out[DIGEST_MAX];
    struct digest *digest = digest_new(DIGEST_MD5);

    for (uint32_t i = 0; i < count; i++) {
        struct bytes raw;
        if (hex_decode(arena, bytes_of(parts[i].md5), &raw))
            digest_add(digest, raw.at, raw.size);
    }
    size_t size = digest_end(digest, out);
    digest_free(digest);
    return arena_print(arena, "%s-%u", hex_encode(arena, (struct bytes){(const char *)out, size}), count);
}

static const char *composite_of(struct arena *arena, enum checksum_kind kind, const struct upload_part *parts, uint32_t count)
{
    unsigned char out[DIGEST_MAX];
    struct digest *digest = digest_new(checksum_digest(kind));

    for (uint32_t i = 0; i < count; i++) {
        struct bytes raw;
        if (checksum_decode(arena, kind, parts[i].checksum.value, &raw))
            digest_add(digest, raw.at, raw.size);
    }
    size_t size = digest_end(digest, out);
    digest_free(digest);
    return arena_print(arena, "%s-%u", base64_encode(arena, (struct bytes){(const char *)out, size}), count);
}

static const char *joined_of(struct arena *arena, enum checksum_kind kind, bool from_crc64, const struct upload_part *parts,
                             uint32_t count)
{
    unsigned char all[DIGEST_MAX];
    enum digest_kind digest = checksum_digest(kind);
    size_t size = digest_once(digest, (struct bytes){"", 0}, all);

    for (uint32_t i = 0; i < count; i++) {
        struct bytes raw;
        unsigned char joined[DIGEST_MAX];
        if (!checksum_decode(arena, kind, from_crc64 ? parts[i].crc64 : parts[i].checksum.value, &raw))
            continue;
        crc_combine(digest, all, (const unsigned char *)raw.at, parts[i].size, joined);
        memcpy(all, joined, size);
    }
    return base64_encode(arena, (struct bytes){(const char *)all, size});
}

static struct checksum checksum_of(struct arena *arena, const struct upload *upload, const struct upload_part *parts,
                                   uint32_t count)
{
    struct checksum checksum = upload->checksum;

    if (checksum.kind == CHECKSUM_NONE) {
        checksum = (struct checksum){.kind = CHECKSUM_CRC64NVME, .type = CHECKSUM_FULL_OBJECT};
        checksum.value = joined_of(arena, checksum.kind, true, parts, count);
    } else if (checksum.type == CHECKSUM_COMPOSITE) {
        checksum.value = composite_of(arena, checksum.kind, parts, count);
    } else {
        checksum.value = joined_of(arena, checksum.kind, false, parts, count);
    }
    return checksum;
}

static enum outcome check_mode(struct call *call, const struct upload *upload)
{
    const char *type = input_text(call, CompleteMultipartUploadRequest_ChecksumType);
    const char *mode = upload->checksum.kind != CHECKSUM_NONE ? checksum_type_name(upload->checksum.type) : "null";

    if (type == NULL || text_equal(type, mode))
        return ANSWERED;
    return fail(call, &s3_invalid_request,
                "The upload was created using the %s checksum mode. The complete request must use the same checksum mode.", mode);
}

static enum outcome check_whole(struct call *call, const struct checksum *checksum, int64_t size)
{
    int64_t said = input_integer(call, CompleteMultipartUploadRequest_MpuObjectSize, size);
    struct checksum given;

    if (said != size)
        return fail(call, &s3_invalid_request,
                    "The provided 'x-amz-mp-object-size' header value %lld does not match what was computed: %lld", (long long)said,
                    (long long)size);
    if (checksum_input(call, &input_checksums, &given) == FAILED)
        return FAILED;
    if (given.kind != CHECKSUM_NONE && given.kind != checksum->kind)
        return fail(call, &s3_invalid_request,
                    "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
                    checksum_lower_name(checksum->kind), checksum_lower_name(given.kind));
    if (given.kind != CHECKSUM_NONE && !text_equal(given.value, checksum->value))
        return fail(call, &s3_bad_digest, "The %s you specified did not match the calculated checksum.",
                    checksum_lower_name(given.kind));
    return ANSWERED;
}

/* From parts to object. */

/* In whole statements: ten thousand parts must not hold up the others. The holds on blobs go with the segments: none is taken, none given
 * back. */
static struct query keep_parts =
    QUERY("INSERT INTO object_part(version, number, first, size, checksum)"
          " SELECT ?1, number, sum(size) OVER (ORDER BY number) - size, size, iif(checksum_kind = ?3, checksum, NULL)"
          " FROM upload_part WHERE upload = ?2");
static struct query move_segments =
    QUERY("INSERT INTO body_segment(body, position, length, blob, start, bytes)"
          " SELECT ?1, o.first + s.position, s.length, s.blob, s.start, s.bytes FROM upload_part u"
          " JOIN object_part o ON o.version = ?2 AND o.number = u.number JOIN body_segment s ON s.body = u.body WHERE u.upload = ?3");
static struct query move_inline =
    QUERY("INSERT INTO body_segment(body, position, length, blob, start, bytes)"
          " SELECT ?1, o.first, b.size, NULL, 0, b.bytes FROM upload_part u"
          " JOIN object_part o ON o.version = ?2 AND o.number = u.number JOIN body b ON b.id = u.body"
          " WHERE u.upload = ?3 AND b.bytes IS NOT NULL AND b.size > 0");
static struct query set_size = QUERY("UPDATE body SET size = ? WHERE id = ?");

/* Parts that were uploaded and are not wanted. */
static void drop_others(struct call *call, const struct upload *upload, const struct upload_part *parts, uint32_t count)
{
    size_t all_count, next = 0;
    const struct upload_part *all = upload_list_parts(call->arena, upload->id, 0, PART_NUMBERS, &all_count);

    for (size_t i = 0; all_count > count && i < all_count; i++) {
        while (next < count && parts[next].number < all[i].number)
            next++;
        if (next == count || parts[next].number != all[i].number)
            upload_drop_part(upload->id, &all[i]);
    }
}

static void join(struct call *call, const struct bucket *bucket, const struct upload *upload, struct version *version)
{
    version->body = body_empty();
    version_put(call->arena, bucket, version);
    query_run(&keep_parts, "iii", version->id, upload->id, (int64_t)version->checksum.kind);
    query_run(&move_segments, "iii", version->body, version->id, upload->id);
    query_run(&move_inline, "iii", version->body, version->id, upload->id);
    query_run(&set_size, "ii", version->size, version->body);
    upload_forget(upload->id);
}

/* The operation. */

static enum outcome answer_complete(struct call *call, const struct bucket *bucket, const char *key, const struct version *version)
{
    output_text(call, CompleteMultipartUploadOutput_Location, host_location(call, bucket->name, key));
    output_text(call, CompleteMultipartUploadOutput_Bucket, bucket->name);
    output_text(call, CompleteMultipartUploadOutput_Key, key);
    output_text(call, CompleteMultipartUploadOutput_ETag, etag_quoted(call->arena, version->etag));
    output_text(call, CompleteMultipartUploadOutput_VersionId, version_made(bucket, version));
    output_text(call, CompleteMultipartUploadOutput_ServerSideEncryption, "AES256");
    output_text(call, CompleteMultipartUploadOutput_ChecksumType, checksum_type_name(version->checksum.type));
    checksum_set(&call->output, &output_checksums, &version->checksum);
    return answer(call);
}

/* A client that did not get the answer asks again: as long as the object is there, it gets the same. */
static bool was_completed(struct call *call, const struct bucket *bucket, const char *key, struct version *version)
{
    const char *name = input_text(call, CompleteMultipartUploadRequest_UploadId);
    return version_find(call->arena, bucket->id, bytes_of(key), version) && text_equal(version->upload, name);
}

enum outcome complete_multipart_upload(struct call *call)
{
    const struct value *list = at(input_at(call, CompleteMultipartUploadRequest_MultipartUpload), CompletedMultipartUpload_Parts);
    struct bucket bucket;
    struct upload upload;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, CompleteMultipartUpload, &bucket, &key) == FAILED ||
        conditions_write_form(call, CompleteMultipartUploadRequest_IfMatch, CompleteMultipartUploadRequest_IfNoneMatch) == FAILED)
        return FAILED;
    if (was_completed(call, &bucket, key, &version))
        return answer_complete(call, &bucket, key, &version);
    if (upload_input(call, &bucket, key, input_text(call, CompleteMultipartUploadRequest_UploadId), &upload) == FAILED ||
        check_mode(call, &upload) == FAILED)
        return FAILED;
    if (!value_is(list, VALUE_LIST) || list->size == 0)
        return fail(call, &s3_invalid_request, "You must specify at least one part");
    if (list->size > PART_NUMBERS)
        return fail_malformed_xml(call);

    struct upload_part *parts = arena_alloc(call->arena, sizeof *parts * list->size);
    if (read_parts(call, &upload, list, parts) == FAILED)
        return FAILED;
    version = (struct version){.bucket = bucket.id,
                               .key = bytes_of(key),
                               .parts = list->size,
                               .metadata = upload.metadata,
                               .tags = upload.tags,
                               .storage_class = upload.storage_class,
                               .etag = etag_of(call->arena, parts, list->size),
                               .checksum = checksum_of(call->arena, &upload, parts, list->size),
                               .upload = upload.name};
    for (uint32_t i = 0; i < list->size; i++)
        version.size += parts[i].size;
    if (check_whole(call, &version.checksum, version.size) == FAILED ||
        conditions_write(call, CompleteMultipartUploadRequest_IfMatch, CompleteMultipartUploadRequest_IfNoneMatch, &bucket, key,
                         &upload) == FAILED)
        return FAILED;

    drop_others(call, &upload, parts, list->size);
    join(call, &bucket, &upload, &version);
    event_add(call, &bucket, "ObjectCreated:CompleteMultipartUpload", key, &version);
    return answer_complete(call, &bucket, key, &version);
}
