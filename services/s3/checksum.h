/* The checksums that clients send and S3 keeps beside an object (facts/services.md 2.4). Values are base64 text on the wire and in rows. */
#pragma once
#include "emulator/aws/call.h"
#include "emulator/base/digest.h"

/* Numbers are stored in rows: add at the end only. */
enum checksum_kind { CHECKSUM_NONE, CHECKSUM_CRC32, CHECKSUM_CRC32C, CHECKSUM_CRC64NVME, CHECKSUM_SHA1, CHECKSUM_SHA256, CHECKSUM_KINDS };
enum checksum_type { CHECKSUM_FULL_OBJECT, CHECKSUM_COMPOSITE };

struct checksum {
    enum checksum_kind kind;
    enum checksum_type type;
    const char *value; /* base64; COMPOSITE has -N behind it */
};

/* The members of a shape that carry the values, by kind. */
struct checksum_members {
    uint16_t at[CHECKSUM_KINDS];
};
#define CHECKSUM_MEMBERS(shape)                                                                                                   \
    {                                                                                                                             \
        {                                                                                                                         \
            [CHECKSUM_CRC32] = shape##_ChecksumCRC32, [CHECKSUM_CRC32C] = shape##_ChecksumCRC32C,                                 \
            [CHECKSUM_CRC64NVME] = shape##_ChecksumCRC64NVME, [CHECKSUM_SHA1] = shape##_ChecksumSHA1,                             \
            [CHECKSUM_SHA256] = shape##_ChecksumSHA256                                                                            \
        }                                                                                                                         \
    }

const char *checksum_name(enum checksum_kind kind);         /* "CRC32" */
const char *checksum_lower_name(enum checksum_kind kind);   /* "crc32" */
const char *checksum_type_name(enum checksum_type type);    /* "FULL_OBJECT" */
enum checksum_kind checksum_find(const char *name);         /* any case; CHECKSUM_NONE when unknown */
enum digest_kind checksum_digest(enum checksum_kind kind);
bool checksum_is_crc(enum checksum_kind kind);
bool checksum_decode(struct arena *arena, enum checksum_kind kind, const char *value, struct bytes *raw); /* false: malformed */

/* The one value among the input's headers: kind CHECKSUM_NONE when there is none; fails when there are two. Its form is the caller's question. */
enum outcome checksum_input(struct call *call, const struct checksum_members *members, struct checksum *given);

/* Sets the member that belongs to the kind; nothing for CHECKSUM_NONE. */
void checksum_set(struct value *structure, const struct checksum_members *members, const struct checksum *checksum);
