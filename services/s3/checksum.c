#include "services/s3/checksum.h"

#include "emulator/base/encoding.h"
#include "emulator/base/log.h"
#include "services/s3/errors.h"

static const struct {
    const char *name, *lower;
    enum digest_kind digest;
} kinds[CHECKSUM_KINDS] = {
    [CHECKSUM_NONE] = {"", "", DIGEST_MD5},
    [CHECKSUM_CRC32] = {"CRC32", "crc32", DIGEST_CRC32},
    [CHECKSUM_CRC32C] = {"CRC32C", "crc32c", DIGEST_CRC32C},
    [CHECKSUM_CRC64NVME] = {"CRC64NVME", "crc64nvme", DIGEST_CRC64NVME},
    [CHECKSUM_SHA1] = {"SHA1", "sha1", DIGEST_SHA1},
    [CHECKSUM_SHA256] = {"SHA256", "sha256", DIGEST_SHA256},
};

const char *checksum_name(enum checksum_kind kind)
{
    return kinds[kind].name;
}

const char *checksum_lower_name(enum checksum_kind kind)
{
    return kinds[kind].lower;
}

const char *checksum_type_name(enum checksum_type type)
{
    return type == CHECKSUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT";
}

enum checksum_kind checksum_find(const char *name)
{
    for (enum checksum_kind kind = CHECKSUM_CRC32; kind < CHECKSUM_KINDS; kind++)
        if (text_equal_fold(name, kinds[kind].name))
            return kind;
    return CHECKSUM_NONE;
}

enum digest_kind checksum_digest(enum checksum_kind kind)
{
    check(kind != CHECKSUM_NONE);
    return kinds[kind].digest;
}

bool checksum_is_crc(enum checksum_kind kind)
{
    return kind == CHECKSUM_CRC32 || kind == CHECKSUM_CRC32C || kind == CHECKSUM_CRC64NVME;
}

bool checksum_decode(struct arena *arena, enum checksum_kind kind, const char *value, struct bytes *raw)
{
    return value != NULL && base64_decode(arena, bytes_of(value), raw) && raw->size == digest_size(checksum_digest(kind));
}

enum outcome checksum_input(struct call *call, const struct checksum_members *members, struct checksum *given)
{
    *given = (struct checksum){.kind = CHECKSUM_NONE};
    for (enum checksum_kind kind = CHECKSUM_CRC32; kind < CHECKSUM_KINDS; kind++) {
        const char *value = input_text(call, members->at[kind]);
        if (value == NULL)
            continue;
        if (given->kind != CHECKSUM_NONE)
            return fail(call, &s3_invalid_request,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
        *given = (struct checksum){.kind = kind, .value = value};
    }
    return ANSWERED;
}

void checksum_set(struct value *structure, const struct checksum_members *members, const struct checksum *checksum)
{
    if (checksum->kind != CHECKSUM_NONE)
        set(structure, members->at[checksum->kind], value_text(checksum->value));
}
