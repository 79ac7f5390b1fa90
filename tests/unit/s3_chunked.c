/* aws-chunked bodies, cut at every byte (facts/services.md 2.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "services/s3/chunked.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define SIGNATURE "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"

static char data[256], trailers[256];

static int take_data(void *context, const char *at, size_t size)
{
    (void)context;
    size_t held = strlen(data);
    assert_true(held + size < sizeof data);
    memcpy(data + held, at, size);
    data[held + size] = '\0';
    return 0;
}

static int take_trailer(void *context, const char *name, const char *value)
{
    (void)context;
    size_t held = strlen(trailers);
    (void)snprintf(trailers + held, sizeof trailers - held, "[%s=%s]", name, value);
    return strcmp(name, "refused") == 0 ? -EBADMSG : 0;
}

/* The first piece has `cut` bytes, the others `step`. */
static int decode(const char *body, size_t cut, size_t step)
{
    struct chunked chunked = {.data = take_data, .trailer = take_trailer};
    size_t size = strlen(body), piece;

    data[0] = trailers[0] = '\0';
    for (size_t at = 0; at < size; at += piece) {
        piece = at > 0 || cut == 0 ? step : cut;
        if (piece > size - at)
            piece = size - at;
        int error = chunked_take(&chunked, body + at, piece);
        if (error != 0)
            return error;
    }
    return chunked_end(&chunked);
}

static const struct {
    const char *body, *data, *trailers;
} good[] = {
    {"0\r\n\r\n", "", ""},
    {"5\r\nhello\r\n0\r\n\r\n", "hello", ""},
    {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""},
    {"00000A\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""},
    {"a\r\n\r\n0\r\n\r\nxyz\r\n0\r\n\r\n", "\r\n0\r\n\r\nxyz", ""},
    {"5;chunk-signature=" SIGNATURE "\r\nhello\r\n0;chunk-signature=" SIGNATURE "\r\n\r\n", "hello", ""},
    {"0;chunk-signature=" SIGNATURE "\r\n\r\n", "", ""}, /* an empty object */
    {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "hello", "[x-amz-checksum-crc32=NhCmhg==]"},
    {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\nx-amz-trailer-signature:ab\r\n\r\n", "hello",
     "[x-amz-checksum-crc32=NhCmhg==][x-amz-trailer-signature=ab]"},
    /* What clients get wrong and AWS takes. */
    {"5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32 :  NhCmhg== \r\n\r\n", "hello", "[x-amz-checksum-crc32=NhCmhg==]"},
    {"5\r\nhello\r\n0\nx-amz-checksum-crc32:NhCmhg==\n\n", "hello", "[x-amz-checksum-crc32=NhCmhg==]"},
    {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n", "hello", "[x-amz-checksum-crc32=NhCmhg==]"},
    {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==", "hello", "[x-amz-checksum-crc32=NhCmhg==]"},
    {"5\r\nhello\r\n0\r\n", "hello", ""},
    {"5\r\nhello\r\n0", "hello", ""},
    {"5\nhello\n0\n\n", "hello", ""},
    {"5 \r\nhello\r\n0\r\n\r\n\r\n", "hello", ""},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        for (size_t cut = 0; cut <= strlen(good[i].body); cut++)
            for (size_t step = 1; step <= 7; step += 3) {
                assert_int_equal(decode(good[i].body, cut, step), 0);
                assert_string_equal(data, good[i].data);
                assert_string_equal(trailers, good[i].trailers);
            }
}

static const struct {
    const char *body;
    int error;
} bad[] = {
    {"", -EINVAL},
    {"5\r\nhell", -EINVAL},                                    /* cut in the data */
    {"5\r\nhello", -EINVAL},                                   /* no last chunk */
    {"5\r\nhello\r\n", -EINVAL},
    {"5\r\nhelloX\r\n0\r\n\r\n", -EINVAL},                     /* longer than it says */
    {"5\r\nhello\r\nZ\r\n", -EINVAL},
    {"-5\r\nhello\r\n0\r\n\r\n", -EINVAL},
    {"\r\n5\r\nhello\r\n0\r\n\r\n", -EINVAL},
    {"ffffffffffffffff\r\nx", -EINVAL},                        /* past int64_t */
    {"5 x\r\nhello\r\n0\r\n\r\n", -EINVAL},
    {"0\r\nno colon\r\n\r\n", -EINVAL},
    {"0\r\n:no name\r\n\r\n", -EINVAL},
    {"0\r\n\r\nmore", -EINVAL},
    {"0\r\nrefused:x\r\n\r\n", -EBADMSG},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        for (size_t cut = 0; cut <= strlen(bad[i].body); cut++)
            assert_int_equal(decode(bad[i].body, cut, 1), bad[i].error);
}

static void test_long_lines(void **state)
{
    (void)state;
    struct chunked chunked = {.data = take_data, .trailer = take_trailer};
    char line[CHUNKED_LINE + 16];

    memset(line, 'a', sizeof line);
    line[0] = '5';
    line[1] = ';';
    assert_int_equal(chunked_take(&chunked, line, sizeof line), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_long_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
