/* Digests, checksums, HMAC and the joining of CRCs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "emulator/base/digest.h"
#include "emulator/base/encoding.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* MD5: RFC 1321, A.5. SHA: FIPS 180-4 examples, RFC 6234. CRC of "123456789": the catalogue of parametrised CRC algorithms. */
static const struct {
    enum digest_kind kind;
    const char *text, *hex;
} vectors[] = {
    {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {DIGEST_MD5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
    {DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {DIGEST_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {DIGEST_SHA512, "abc",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca"
     "49f"},
    {DIGEST_CRC32, "", "00000000"},
    {DIGEST_CRC32, "123456789", "cbf43926"},
    {DIGEST_CRC32C, "", "00000000"},
    {DIGEST_CRC32C, "123456789", "e3069283"},
    {DIGEST_CRC64NVME, "", "0000000000000000"},
    {DIGEST_CRC64NVME, "123456789", "ae8b14860a799888"},
};

static void published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct bytes text = bytes_of(vectors[i].text), raw;
        assert_string_equal(digest_hex(arena, vectors[i].kind, text), vectors[i].hex);
        assert_int_equal(digest_size(vectors[i].kind) * 2, strlen(vectors[i].hex));
        assert_true(hex_decode(arena, bytes_of(vectors[i].hex), &raw));
        assert_string_equal(digest_base64(arena, vectors[i].kind, text), base64_encode(arena, raw));
    }
}

/* CRC-32C: RFC 3720, B.4. CRC-64: NVM Express, NVM Command Set Specification, 64b CRC test cases. */
static void checksums_of_patterns(void **state)
{
    (void)state;
    char zeros[4096] = {0}, ones[4096], up[4096], down[4096];
    for (size_t i = 0; i < sizeof up; i++) {
        ones[i] = (char)0xFF;
        up[i] = (char)(i & 0xFF);
        down[i] = (char)(0xFF - (i & 0xFF));
    }
    const struct {
        enum digest_kind kind;
        struct bytes bytes;
        const char *hex;
    } cases[] = {
        {DIGEST_CRC32C, {zeros, 32}, "8a9136aa"},
        {DIGEST_CRC32C, {ones, 32}, "62a8ab43"},
        {DIGEST_CRC32C, {up, 32}, "46dd794e"},
        {DIGEST_CRC32C, {down + 0xE0, 32}, "113fdb5c"},
        {DIGEST_CRC64NVME, {zeros, 4096}, "6482d367eb22b64e"},
        {DIGEST_CRC64NVME, {ones, 4096}, "c0ddba7302eca3ac"},
        {DIGEST_CRC64NVME, {up, 4096}, "3e729f5f6750449c"},
        {DIGEST_CRC64NVME, {down, 4096}, "9a2df64b8e9e517e"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(digest_hex(arena, cases[i].kind, cases[i].bytes), cases[i].hex);
}

static void pieces_make_the_whole(void **state)
{
    (void)state;
    char text[300];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * i);
    for (enum digest_kind kind = DIGEST_MD5; kind <= DIGEST_CRC64NVME; kind++) {
        unsigned char whole[DIGEST_MAX], sum[DIGEST_MAX];
        size_t size = digest_once(kind, (struct bytes){text, sizeof text}, whole);
        for (size_t piece = 1; piece < 70; piece++) {
            struct digest *digest = digest_new(kind), *other = digest_new(kind);
            digest_add(digest, NULL, 0);
            for (size_t at = 0; at < sizeof text; at += piece) {
                digest_add(digest, text + at, at + piece > sizeof text ? sizeof text - at : piece);
                digest_add(other, "x", 1); /* contexts are not shared */
            }
            assert_int_equal(digest_end(digest, sum), size);
            assert_memory_equal(sum, whole, size);
            digest_free(digest);
            digest_free(other); /* thrown away half-way, then used again */
        }
    }
    digest_free(NULL);
}

static void many_digests_at_once(void **state)
{
    (void)state;
    struct digest *digests[40];
    unsigned char sum[DIGEST_MAX];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(digests); i++)
            digests[i] = digest_new(DIGEST_SHA256);
        for (size_t i = 0; i < COUNT(digests); i++) {
            digest_add(digests[i], "abc", 3);
            assert_int_equal(digest_end(digests[i], sum), 32);
            assert_string_equal(hex_encode(arena, (struct bytes){(char *)sum, 32}), vectors[8].hex);
            digest_free(digests[i]);
        }
    }
}

/* RFC 4231, test cases 1, 2, 3, 6 and 7. */
static void hmac(void **state)
{
    (void)state;
    char ones[131], fifty_dd[50];
    memset(ones, 0xAA, sizeof ones);
    memset(fifty_dd, 0xDD, sizeof fifty_dd);
    const struct {
        struct bytes key, text;
        const char *hex;
    } cases[] = {
        {{"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20},
         {"Hi There", 8},
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {{"Jefe", 4}, {"what do ya want for nothing?", 28}, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{ones, 20}, {fifty_dd, 50}, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{ones, 131},
         {"Test Using Larger Than Block-Size Key - Hash Key First", 54},
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{ones, 131},
         {"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before "
          "being used by the HMAC algorithm.",
          152},
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {{NULL, 0}, {NULL, 0}, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char out[32];
        hmac_sha256(cases[i].key, cases[i].text, out);
        assert_string_equal(hex_encode(arena, (struct bytes){(char *)out, 32}), cases[i].hex);
    }
}

/* "Deriving the signing key" in AWS's documentation of Signature Version 4. */
static void signing_key(void **state)
{
    (void)state;
    static const char *const steps[] = {"20150830", "us-east-1", "iam", "aws4_request"};
    unsigned char key[32];
    struct bytes with = bytes_of("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    for (size_t i = 0; i < COUNT(steps); i++) {
        hmac_sha256(with, bytes_of(steps[i]), key); /* key and result may be one */
        with = (struct bytes){(char *)key, 32};
    }
    assert_string_equal(hex_encode(arena, with), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

static void joined_crcs(void **state)
{
    (void)state;
    static const enum digest_kind kinds[] = {DIGEST_CRC32, DIGEST_CRC32C, DIGEST_CRC64NVME};
    static char text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 >> 3);
    static const size_t sizes[][2] = {{0, 0}, {0, 9}, {9, 0}, {1, 1}, {4, 5}, {100, 4900}, {4999, 1}, {1024, 3976}, {2500, 2500}};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            unsigned char a[DIGEST_MAX], b[DIGEST_MAX], both[DIGEST_MAX], joined[DIGEST_MAX];
            digest_once(kinds[k], (struct bytes){text, sizes[i][0]}, a);
            digest_once(kinds[k], (struct bytes){text + sizes[i][0], sizes[i][1]}, b);
            size_t size = digest_once(kinds[k], (struct bytes){text, sizes[i][0] + sizes[i][1]}, both);
            crc_combine(kinds[k], a, b, (int64_t)sizes[i][1], joined);
            assert_memory_equal(joined, both, size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(checksums_of_patterns),
        cmocka_unit_test(pieces_make_the_whole),
        cmocka_unit_test(many_digests_at_once),
        cmocka_unit_test(hmac),
        cmocka_unit_test(signing_key),
        cmocka_unit_test(joined_crcs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
