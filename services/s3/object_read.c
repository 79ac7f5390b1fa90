/* GetObject and HeadObject: the same answer, with and without the bytes. */
#include "services/s3/body.h"
#include "services/s3/conditions.h"
#include "services/s3/errors.h"
#include "services/s3/metadata.h"
#include "services/s3/operations.h"
#include "services/s3/range.h"
#include "services/s3/s3_model.h"

/* The members of the two operations, by what they mean. */
struct read_members {
    uint16_t bucket, owner, key, version_id, range, part_number, checksum_mode;
    struct condition_members conditions;
    uint16_t overrides[METADATA_HEADERS]; /* response-content-type and so on */
    struct metadata_members metadata;
    struct checksum_members checksums;
    uint16_t accept_ranges, content_length, content_range, etag, last_modified, parts_count, encryption, storage_class, tag_count, checksum_type,
        version;
};
#define READ_MEMBERS(operation)                                                                                                   \
    {                                                                                                                             \
        .bucket = operation##Request_Bucket, .owner = operation##Request_ExpectedBucketOwner, .key = operation##Request_Key,      \
        .version_id = operation##Request_VersionId, .range = operation##Request_Range,                                            \
        .part_number = operation##Request_PartNumber, .checksum_mode = operation##Request_ChecksumMode,                           \
        .conditions = {operation##Request_IfMatch, operation##Request_IfNoneMatch, operation##Request_IfModifiedSince,            \
                       operation##Request_IfUnmodifiedSince},                                                                     \
        .overrides = {[METADATA_CACHE_CONTROL] = operation##Request_ResponseCacheControl,                                         \
                      [METADATA_DISPOSITION] = operation##Request_ResponseContentDisposition,                                     \
                      [METADATA_ENCODING] = operation##Request_ResponseContentEncoding,                                           \
                      [METADATA_LANGUAGE] = operation##Request_ResponseContentLanguage,                                           \
                      [METADATA_TYPE] = operation##Request_ResponseContentType,                                                   \
                      [METADATA_EXPIRES] = operation##Request_ResponseExpires,                                                    \
                      [METADATA_REDIRECT] = NO_MEMBER},                                                                           \
        .metadata = METADATA_MEMBERS(operation##Output), .checksums = CHECKSUM_MEMBERS(operation##Output),                        \
        .accept_ranges = operation##Output_AcceptRanges, .content_length = operation##Output_ContentLength,                       \
        .content_range = operation##Output_ContentRange, .etag = operation##Output_ETag,                                          \
        .last_modified = operation##Output_LastModified, .parts_count = operation##Output_PartsCount,                             \
        .encryption = operation##Output_ServerSideEncryption, .storage_class = operation##Output_StorageClass,                    \
        .tag_count = operation##Output_TagCount, .checksum_type = operation##Output_ChecksumType,                                 \
        .version = operation##Output_VersionId                                                                                    \
    }

static const struct read_members get_members = READ_MEMBERS(GetObject);
static const struct read_members head_members = READ_MEMBERS(HeadObject);

/* Which bytes are wanted. */
struct selection {
    int64_t first, length;
    bool is_part;         /* answered with 206 */
    bool is_range;        /* by Range: no checksum goes with it */
    const char *checksum; /* of the part asked for, when it has its own; else NULL */
    bool has_part_number;
};

static const char *number(struct call *call, int64_t integer)
{
    return arena_print(call->arena, "%lld", (long long)integer);
}

static enum outcome select_part(struct call *call, const struct version *version, int64_t wanted, struct selection *selection)
{
    struct part part;
    int64_t count = version->parts > 0 ? version->parts : 1;

    if (wanted < 1 || wanted > 10000)
        return fail_argument(call, "partNumber", number(call, wanted), "Part number must be an integer between 1 and 10000, inclusive");
    selection->has_part_number = true;
    selection->is_part = true;
    if (version->parts == 0 && wanted == 1)
        return ANSWERED;
    if (version->parts == 0 || !version_find_part(call->arena, version->id, wanted, &part)) {
        fail_field(call, "PartNumberRequested", number(call, wanted));
        fail_field(call, "ActualPartCount", number(call, count));
        return fail(call, &s3_invalid_part_number, "The requested partnumber is not satisfiable");
    }
    selection->first = part.first;
    selection->length = part.size;
    if (version->checksum.type == CHECKSUM_COMPOSITE)
        selection->checksum = part.checksum;
    return ANSWERED;
}

static enum outcome select_bytes(struct call *call, const struct read_members *members, const struct version *version,
                                 struct selection *selection)
{
    const char *range = input_text(call, members->range);

    *selection = (struct selection){.length = version->size};
    if (input_has(call, members->part_number)) {
        if (range != NULL)
            return fail(call, &s3_invalid_request, "Cannot specify both Range header and partNumber query parameter");
        return select_part(call, version, input_integer(call, members->part_number, 0), selection);
    }
    switch (range_parse(range, version->size, &selection->first, &selection->length)) {
    case RANGE_IGNORED:
        break;
    case RANGE_PART:
        selection->is_part = true;
        selection->is_range = true;
        break;
    case RANGE_UNSATISFIABLE:
        fail_field(call, "RangeRequested", range);
        fail_field(call, "ActualObjectSize", number(call, version->size));
        return fail(call, &s3_invalid_range, "The requested range is not satisfiable");
    }
    return ANSWERED;
}

static bool has_override(struct call *call, const struct read_members *members)
{
    for (int i = 0; i < METADATA_HEADERS; i++)
        if (members->overrides[i] != NO_MEMBER && input_has(call, members->overrides[i]))
            return true;
    return false;
}

static enum outcome describe(struct call *call, const struct read_members *members, const struct bucket *bucket,
                             const struct version *version, const struct selection *selection)
{
    metadata_output(call, &members->metadata, version->metadata);
    if (has_override(call, members) && *call->access_key == '\0' && call->exchange != NULL)
        return fail(call, &s3_invalid_request, "Request specific response headers cannot be used for anonymous GET requests.");
    for (int i = 0; i < METADATA_HEADERS; i++)
        if (members->overrides[i] != NO_MEMBER && input_has(call, members->overrides[i]))
            output_set(call, members->metadata.headers[i], *input_at(call, members->overrides[i]));

    output_text(call, members->version, version_shown(bucket, version));
    output_text(call, members->accept_ranges, "bytes");
    output_integer(call, members->content_length, selection->length);
    output_text(call, members->etag, etag_quoted(call->arena, version->etag));
    output_time(call, members->last_modified, version->modified);
    output_text(call, members->encryption, "AES256");
    output_text(call, members->storage_class, version->storage_class);
    if (version->tags.size > 0)
        output_integer(call, members->tag_count, tags_count(version->tags));
    if (selection->has_part_number && version->parts > 0)
        output_integer(call, members->parts_count, version->parts);
    if (selection->is_part && selection->length > 0)
        output_text(call, members->content_range,
                    arena_print(call->arena, "bytes %lld-%lld/%lld", (long long)selection->first,
                                (long long)(selection->first + selection->length - 1), (long long)version->size));
    if (selection->is_part)
        call_status(call, 206);
    /* Clients check what they are given against what they have read: never with a range, and with a part only its own. */
    if (text_equal(input_text(call, members->checksum_mode), "ENABLED") && !selection->is_range) {
        struct checksum checksum = version->checksum;
        if (selection->has_part_number && version->parts > 0)
            checksum.value = selection->checksum;
        if (checksum.value != NULL) {
            checksum_set(&call->output, &members->checksums, &checksum);
            output_text(call, members->checksum_type, checksum_type_name(checksum.type));
        }
    }
    return ANSWERED;
}

static enum outcome answer_not_modified(struct call *call, const struct read_members *members, const struct bucket *bucket,
                                        const struct version *version)
{
    output_text(call, members->version, version_shown(bucket, version));
    output_text(call, members->etag, etag_quoted(call->arena, version->etag));
    output_time(call, members->last_modified, version->modified);
    call_status(call, 304);
    return answer(call);
}

static void give_bytes(struct call *call, int64_t body, const struct selection *selection)
{
    struct body_reader *reader = body_open(call->arena, body, selection->first, selection->length);

    call->payload = (struct payload){.size = selection->length};
    if (body_in_memory(reader, &call->payload.bytes))
        return;
    call->payload.read = body_read;
    call->payload.context = reader;
}

static enum outcome read_object(struct call *call, const struct read_members *members)
{
    struct bucket bucket;
    struct version version;
    struct selection selection;
    const char *key;
    bool not_modified;

    if (object_enter(call, members->bucket, members->owner, members->key, &bucket, &key) == FAILED ||
        version_input(call, &bucket, key, input_text(call, members->version_id), &version) == FAILED ||
        conditions_read(call, &members->conditions, &version, &not_modified) == FAILED)
        return FAILED;
    if (not_modified)
        return answer_not_modified(call, members, &bucket, &version);
    if (storage_class_is_archive(version.storage_class) && call->operation == OP_GetObject) {
        fail_field(call, "StorageClass", version.storage_class);
        return fail(call, &s3_invalid_object_state, "The operation is not valid for the object's storage class");
    }
    if (select_bytes(call, members, &version, &selection) == FAILED || describe(call, members, &bucket, &version, &selection) == FAILED)
        return FAILED;

    if (call->operation == OP_GetObject)
        give_bytes(call, version.body, &selection);
    return answer(call);
}

enum outcome get_object(struct call *call)
{
    return read_object(call, &get_members);
}

enum outcome head_object(struct call *call)
{
    return read_object(call, &head_members);
}
