#include "emulator/base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "emulator/base/crc.h"
#include "emulator/base/encoding.h"
#include "emulator/base/log.h"

enum { KINDS = DIGEST_CRC64NVME + 1, KEPT = 8, SHA256_BLOCK = 64 };

struct digest {
    enum digest_kind kind;
    EVP_MD_CTX *context; /* NULL for the CRCs */
    uint64_t crc;
    struct digest *next; /* while it waits to be used again */
};

static const struct {
    size_t size;
    const char *name; /* libcrypto's; NULL for the CRCs */
    uint64_t polynomial;
} kinds[KINDS] = {
    [DIGEST_MD5] = {16, "MD5", 0},
    [DIGEST_SHA1] = {20, "SHA1", 0},
    [DIGEST_SHA256] = {32, "SHA256", 0},
    [DIGEST_SHA512] = {64, "SHA512", 0},
    [DIGEST_CRC32] = {4, NULL, CRC32_POLYNOMIAL},
    [DIGEST_CRC32C] = {4, NULL, CRC32C_POLYNOMIAL},
    [DIGEST_CRC64NVME] = {8, NULL, CRC64NVME_POLYNOMIAL},
};

/* Fetching an algorithm and making a context cost more than digesting a request: both are kept. */
static struct {
    EVP_MD *algorithm;
    struct digest *free;
    unsigned free_count;
} kept[KINDS];

struct digest *digest_new(enum digest_kind kind)
{
    struct digest *digest = kept[kind].free;
    if (digest != NULL) {
        kept[kind].free = digest->next;
        kept[kind].free_count--;
    } else {
        digest = calloc(1, sizeof *digest);
        check(digest != NULL);
        digest->kind = kind;
        if (kinds[kind].name != NULL) {
            if (kept[kind].algorithm == NULL)
                kept[kind].algorithm = EVP_MD_fetch(NULL, kinds[kind].name, NULL);
            check(kept[kind].algorithm != NULL);
            digest->context = EVP_MD_CTX_new();
            check(digest->context != NULL);
        }
    }
    digest->crc = 0;
    if (digest->context != NULL)
        check(EVP_DigestInit_ex2(digest->context, kept[kind].algorithm, NULL) == 1);
    return digest;
}

void digest_add(struct digest *digest, const void *at, size_t size)
{
    if (size == 0)
        return;
    switch (digest->kind) {
    case DIGEST_CRC32:
        digest->crc = crc32_z(digest->crc, at, size);
        break;
    case DIGEST_CRC32C:
        digest->crc = crc32c((uint32_t)digest->crc, at, size);
        break;
    case DIGEST_CRC64NVME:
        digest->crc = crc64nvme(digest->crc, at, size);
        break;
    case DIGEST_MD5:
    case DIGEST_SHA1:
    case DIGEST_SHA256:
    case DIGEST_SHA512:
        check(EVP_DigestUpdate(digest->context, at, size) == 1);
        break;
    }
}

static void write_big_endian(uint64_t number, size_t size, unsigned char *out)
{
    for (size_t i = size; i > 0; i--, number >>= 8)
        out[i - 1] = (unsigned char)(number & 0xFF);
}

static uint64_t read_big_endian(const unsigned char *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

size_t digest_end(struct digest *digest, unsigned char out[DIGEST_MAX])
{
    size_t size = kinds[digest->kind].size;
    if (digest->context != NULL)
        check(EVP_DigestFinal_ex(digest->context, out, NULL) == 1);
    else
        write_big_endian(digest->crc, size, out);
    return size;
}

void digest_free(struct digest *digest)
{
    if (digest == NULL)
        return;
    if (kept[digest->kind].free_count < KEPT) {
        digest->next = kept[digest->kind].free;
        kept[digest->kind].free = digest;
        kept[digest->kind].free_count++;
        return;
    }
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

size_t digest_size(enum digest_kind kind)
{
    return kinds[kind].size;
}

/* The digest of two pieces, one after the other. */
static size_t digest_two(enum digest_kind kind, struct bytes first, struct bytes second, unsigned char out[DIGEST_MAX])
{
    struct digest *digest = digest_new(kind);
    digest_add(digest, first.at, first.size);
    digest_add(digest, second.at, second.size);
    size_t size = digest_end(digest, out);
    digest_free(digest);
    return size;
}

size_t digest_once(enum digest_kind kind, struct bytes bytes, unsigned char out[DIGEST_MAX])
{
    return digest_two(kind, bytes, (struct bytes){NULL, 0}, out);
}

char *digest_hex(struct arena *arena, enum digest_kind kind, struct bytes bytes)
{
    unsigned char out[DIGEST_MAX];
    size_t size = digest_once(kind, bytes, out);
    return hex_encode(arena, (struct bytes){(const char *)out, size});
}

char *digest_base64(struct arena *arena, enum digest_kind kind, struct bytes bytes)
{
    unsigned char out[DIGEST_MAX];
    size_t size = digest_once(kind, bytes, out);
    return base64_encode(arena, (struct bytes){(const char *)out, size});
}

/* RFC 2104. libcrypto's own HMAC makes and fetches objects for each use, and a signature takes five of them. */
void hmac_sha256(struct bytes key, struct bytes bytes, unsigned char out[32])
{
    unsigned char block[SHA256_BLOCK] = {0}, inner[SHA256_BLOCK], outer[SHA256_BLOCK], sum[DIGEST_MAX];
    if (key.size > sizeof block) {
        digest_once(DIGEST_SHA256, key, sum);
        memcpy(block, sum, 32);
    } else if (key.size > 0) {
        memcpy(block, key.at, key.size);
    }
    for (size_t i = 0; i < sizeof block; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5C;
    }
    digest_two(DIGEST_SHA256, (struct bytes){(const char *)inner, sizeof inner}, bytes, sum);
    digest_two(DIGEST_SHA256, (struct bytes){(const char *)outer, sizeof outer}, (struct bytes){(const char *)sum, 32}, sum);
    memcpy(out, sum, 32);
}

void crc_combine(enum digest_kind kind, const unsigned char *a, const unsigned char *b, int64_t size_of_b, unsigned char *out)
{
    size_t size = kinds[kind].size;
    check(kinds[kind].name == NULL && size_of_b >= 0);
    uint64_t joined =
        crc_join((int)size * 8, kinds[kind].polynomial, read_big_endian(a, size), read_big_endian(b, size), (uint64_t)size_of_b);
    write_big_endian(joined, size, out);
}
