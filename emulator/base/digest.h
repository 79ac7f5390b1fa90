/* Digests and checksums, computed as the bytes arrive. MD5 and SHA from libcrypto, CRC-32 from zlib, the others our own.
 *
 * Life cycle: digest_new(), digest_add() as often as wanted, digest_end() once, digest_free(). */
#pragma once
#include "emulator/base/arena.h"
#include "emulator/base/text.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512, DIGEST_CRC32, DIGEST_CRC32C, DIGEST_CRC64NVME };
enum { DIGEST_MAX = 64 };

struct digest;

struct digest *digest_new(enum digest_kind kind);
void digest_add(struct digest *digest, const void *at, size_t size);
size_t digest_end(struct digest *digest, unsigned char out[DIGEST_MAX]); /* CRCs are big-endian; returns the size */
void digest_free(struct digest *digest);

size_t digest_size(enum digest_kind kind);
size_t digest_once(enum digest_kind kind, struct bytes bytes, unsigned char out[DIGEST_MAX]);
char *digest_hex(struct arena *arena, enum digest_kind kind, struct bytes bytes);
char *digest_base64(struct arena *arena, enum digest_kind kind, struct bytes bytes);
void hmac_sha256(struct bytes key, struct bytes bytes, unsigned char out[32]);

/* The CRC of A followed by B, from the CRCs of both and the length of B (CRC kinds only; big-endian bytes). */
void crc_combine(enum digest_kind kind, const unsigned char *a, const unsigned char *b, int64_t size_of_b, unsigned char *out);
