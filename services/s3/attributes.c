/* GetObjectAttributes. */
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"
#include "services/s3/version.h"

#include <string.h>

enum { PARTS_PAGE = 1000 };

static const struct checksum_members checksum_members = CHECKSUM_MEMBERS(Checksum);
static const struct checksum_members part_members = CHECKSUM_MEMBERS(ObjectPart);

static bool wants(const struct value *attributes, const char *name)
{
    for (uint32_t i = 0; value_is(attributes, VALUE_LIST) && i < attributes->size; i++)
        if (text_equal(attributes->items[i].text, name))
            return true;
    return false;
}

/* Here a composite checksum stands without its -N. */
static struct value checksum_of(struct call *call, const struct version *version)
{
    struct checksum checksum = version->checksum;
    struct value structure = call_struct(call, SHAPE_Checksum);
    const char *end = checksum.type == CHECKSUM_COMPOSITE && checksum.value != NULL ? strrchr(checksum.value, '-') : NULL;

    if (end != NULL)
        checksum.value = arena_copy(call->arena, checksum.value, (size_t)(end - checksum.value));
    checksum_set(&structure, &checksum_members, &checksum);
    set(&structure, Checksum_ChecksumType, value_text(checksum_type_name(checksum.type)));
    return structure;
}

/* FULL_OBJECT uploads tell only how many parts there were. */
static struct value parts_of(struct call *call, const struct version *version)
{
    struct value structure = call_struct(call, SHAPE_GetObjectAttributesParts), list = value_list();
    int64_t marker = input_integer(call, GetObjectAttributesRequest_PartNumberMarker, 0);
    int64_t most = input_integer(call, GetObjectAttributesRequest_MaxParts, PARTS_PAGE), next = 0;
    size_t count;

    set(&structure, GetObjectAttributesParts_TotalPartsCount, value_integer(version->parts));
    if (version->checksum.type != CHECKSUM_COMPOSITE)
        return structure;
    if (most < 0 || most > PARTS_PAGE)
        most = PARTS_PAGE;
    const struct part *parts = version_list_parts(call->arena, version->id, marker, most + 1, &count);
    for (size_t i = 0; i < count && (int64_t)i < most; i++) {
        struct value item = call_struct(call, SHAPE_ObjectPart);
        struct checksum checksum = {.kind = parts[i].checksum != NULL ? version->checksum.kind : CHECKSUM_NONE,
                                    .value = parts[i].checksum};
        set(&item, ObjectPart_PartNumber, value_integer(parts[i].number));
        set(&item, ObjectPart_Size, value_integer(parts[i].size));
        checksum_set(&item, &part_members, &checksum);
        value_push(call->arena, &list, item);
        next = parts[i].number;
    }
    set(&structure, GetObjectAttributesParts_Parts, list);
    set(&structure, GetObjectAttributesParts_IsTruncated, value_bool((int64_t)count > most));
    set(&structure, GetObjectAttributesParts_MaxParts, value_integer(most));
    set(&structure, GetObjectAttributesParts_PartNumberMarker, value_integer(marker));
    set(&structure, GetObjectAttributesParts_NextPartNumberMarker, value_integer(next));
    return structure;
}

enum outcome get_object_attributes(struct call *call)
{
    const struct value *attributes = input_at(call, GetObjectAttributesRequest_ObjectAttributes);
    struct bucket bucket;
    struct version version;
    const char *key;

    if (OBJECT_ENTER(call, GetObjectAttributes, &bucket, &key) == FAILED ||
        version_input(call, &bucket, key, input_text(call, GetObjectAttributesRequest_VersionId), &version) == FAILED)
        return FAILED;
    output_text(call, GetObjectAttributesOutput_VersionId, version_shown(&bucket, &version));
    output_time(call, GetObjectAttributesOutput_LastModified, version.modified);
    if (wants(attributes, "ETag"))
        output_text(call, GetObjectAttributesOutput_ETag, version.etag);
    if (wants(attributes, "Checksum") && version.checksum.kind != CHECKSUM_NONE)
        output_set(call, GetObjectAttributesOutput_Checksum, checksum_of(call, &version));
    if (wants(attributes, "ObjectParts") && version.parts > 0)
        output_set(call, GetObjectAttributesOutput_ObjectParts, parts_of(call, &version));
    if (wants(attributes, "StorageClass"))
        output_text(call, GetObjectAttributesOutput_StorageClass,
                    version.storage_class != NULL ? version.storage_class : "STANDARD");
    if (wants(attributes, "ObjectSize"))
        output_integer(call, GetObjectAttributesOutput_ObjectSize, version.size);
    return answer(call);
}
