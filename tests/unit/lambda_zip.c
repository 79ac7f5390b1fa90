/* The look at a zip before it is taken (APPNOTE.TXT 4.3). The archive is built here, entry by entry, and then spoilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "emulator/base/buffer.h"
#include "services/lambda/zip.h"

enum { LIMIT = 1000 };

static void put(struct buffer *out, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        buffer_char(out, i < 8 ? (char)(number >> (8 * i) & 0xff) : (char)0);
}

struct entry {
    const char *name;
    uint32_t size;
    uint16_t flags;
};

/* Stored entries whose contents are empty, whatever the directory says about their size. */
static struct buffer archive(const struct entry *entries, size_t count, const char *before, const char *comment)
{
    struct buffer out;
    size_t at[8], start;

    buffer_init(&out, 100000);
    buffer_text(&out, before);
    for (size_t i = 0; i < count; i++) {
        at[i] = out.size - strlen(before);
        put(&out, 0x04034b50, 4);
        put(&out, 0, 22);
        put(&out, strlen(entries[i].name), 2);
        put(&out, 0, 2);
        buffer_text(&out, entries[i].name);
    }
    start = out.size - strlen(before);
    for (size_t i = 0; i < count; i++) {
        put(&out, 0x02014b50, 4);
        put(&out, 20, 2);
        put(&out, 20, 2);
        put(&out, entries[i].flags, 2);
        put(&out, 0, 14);
        put(&out, entries[i].size, 4);
        put(&out, strlen(entries[i].name), 2);
        put(&out, 0, 12);
        put(&out, at[i], 4);
        buffer_text(&out, entries[i].name);
    }
    put(&out, 0x06054b50, 4);
    put(&out, 0, 4);
    put(&out, count, 2);
    put(&out, count, 2);
    put(&out, out.size - strlen(before) - start - 12, 4);
    put(&out, start, 4);
    put(&out, strlen(comment), 2);
    buffer_text(&out, comment);
    return out;
}

static int checked(const char *name, uint32_t size, uint16_t flags)
{
    const struct entry entry = {name, size, flags};
    struct buffer zip = archive(&entry, 1, "", "");
    int result = zip_check(buffer_bytes(&zip), LIMIT);

    buffer_free(&zip);
    return result;
}

static void test_entries(void **state)
{
    (void)state;
    assert_int_equal(checked("index.py", 10, 0), 0);
    assert_int_equal(checked("a/b/..c/d", 10, 0), 0);
    assert_int_equal(checked("big", LIMIT, 0), 0);
    assert_int_equal(checked("big", LIMIT + 1, 0), -E2BIG);
    assert_int_equal(checked("secret", 10, 1), -EINVAL);
    assert_int_equal(checked("../up", 10, 0), -EINVAL);
    assert_int_equal(checked("a/../../up", 10, 0), -EINVAL);
    assert_int_equal(checked("a\\..\\up", 10, 0), -EINVAL);
    assert_int_equal(checked("a/..", 10, 0), -EINVAL);
    assert_int_equal(checked("/etc/passwd", 10, 0), -EINVAL);
}

static void test_whole(void **state)
{
    const struct entry entries[] = {{"one", 1, 0}, {"two", 999, 0}, {"three", 1, 0}};
    struct buffer zip = archive(entries, 3, "", "");

    (void)state;
    assert_int_equal(zip_check(buffer_bytes(&zip), LIMIT), -E2BIG);
    assert_int_equal(zip_check(buffer_bytes(&zip), LIMIT + 1), 0);
    /* Cut anywhere, it is no zip; spoilt anywhere, it is judged without reading past its end. */
    for (size_t size = 0; size < zip.size; size++)
        assert_int_equal(zip_check((struct bytes){zip.text, size}, LIMIT), -EINVAL);
    for (size_t i = 0; i < zip.size; i++) {
        zip.text[i] = (char)~zip.text[i];
        (void)zip_check(buffer_bytes(&zip), LIMIT);
        zip.text[i] = (char)~zip.text[i];
    }
    buffer_free(&zip);
    zip = archive(entries, 0, "", "");
    assert_int_equal(zip_check(buffer_bytes(&zip), LIMIT), -ENODATA);
    buffer_free(&zip);
    zip = archive(entries, 2, "#!/bin/sh stub\n", "made by hand");
    assert_int_equal(zip_check(buffer_bytes(&zip), LIMIT), 0);
    buffer_free(&zip);
    assert_int_equal(zip_check(bytes_of("no zip at all, but longer than the smallest one"), LIMIT), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_entries), cmocka_unit_test(test_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
