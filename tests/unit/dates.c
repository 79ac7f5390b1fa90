/* Dates, written and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "emulator/base/dates.h"
#include "emulator/base/text.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Expected values: the header's own example, RFC 9110 section 5.6.7 (784111777), RFC 3339 section 5.8 and date(1). */
static const struct {
    int64_t ms;
    const char *iso8601, *rfc1123, *amz, *clf, *path;
} dates[] = {
    {1767323045678, "2026-01-02T03:04:05.678Z", "Fri, 02 Jan 2026 03:04:05 GMT", "20260102T030405Z", "02/Jan/2026:03:04:05 +0000",
     "2026/01/02"},
    {784111777000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT", "19941106T084937Z", "06/Nov/1994:08:49:37 +0000",
     "1994/11/06"},
    {0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "19700101T000000Z", "01/Jan/1970:00:00:00 +0000",
     "1970/01/01"},
    {-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT", "19691231T235959Z", "31/Dec/1969:23:59:59 +0000",
     "1969/12/31"},
    {951782400000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT", "20000229T000000Z", "29/Feb/2000:00:00:00 +0000",
     "2000/02/29"},
    {253402300799999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT", "99991231T235959Z", "31/Dec/9999:23:59:59 +0000",
     "9999/12/31"},
};

static void written_and_read_back(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT(dates); i++) {
        int64_t ms = dates[i].ms, whole = ms - ((ms % 1000) + 1000) % 1000, read;
        assert_string_equal(date_iso8601(arena, ms), dates[i].iso8601);
        assert_string_equal(date_rfc1123(arena, ms), dates[i].rfc1123);
        assert_string_equal(date_amz(arena, ms), dates[i].amz);
        assert_string_equal(date_clf(arena, ms), dates[i].clf);
        assert_string_equal(date_path(arena, ms), dates[i].path);
        assert_true(date_parse_iso8601(dates[i].iso8601, &read));
        assert_int_equal(read, ms);
        assert_true(date_parse_iso8601(date_iso8601_s(arena, ms), &read));
        assert_int_equal(read, whole);
        assert_true(date_parse_iso8601(date_iso8601_offset(arena, ms), &read));
        assert_int_equal(read, ms);
        assert_true(date_parse_rfc1123(dates[i].rfc1123, &read));
        assert_int_equal(read, whole);
        assert_true(date_parse_amz(dates[i].amz, &read));
        assert_int_equal(read, whole);
    }
    assert_string_equal(date_iso8601_s(arena, 1767323045678), "2026-01-02T03:04:05Z");
    assert_string_equal(date_iso8601_offset(arena, 1767323045678), "2026-01-02T03:04:05.678+0000");
    arena_free(arena);
}

/* Against the C library, whose calendar is not ours, over some 800 years. */
static void agrees_with_the_c_library(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    for (int64_t s = -12345678901; s < 13000000000; s += 86400 * 11 + 12347) {
        struct tm tm;
        char expected[40];
        int64_t read;
        time_t when = (time_t)s;
        assert_non_null(gmtime_r(&when, &tm));
        assert_true(strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
        const char *written = date_rfc1123(arena, s * 1000);
        assert_string_equal(written, expected);
        assert_true(date_parse_rfc1123(written, &read));
        assert_int_equal(read, s * 1000);
    }
    /* The ends of the range neither overflow nor crash. */
    date_iso8601(arena, INT64_MAX);
    date_iso8601(arena, INT64_MIN);
    arena_free(arena);
}

static void iso8601_variants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t ms;
    } cases[] = {
        {"1985-04-12T23:20:50.52Z", true, 482196050520},        /* RFC 3339, 5.8 */
        {"1996-12-19T16:39:57-08:00", true, 851042397000},      /* RFC 3339, 5.8 */
        {"1937-01-01T12:00:27.87+00:20", true, -1041337172130}, /* RFC 3339, 5.8 */
        {"2026-01-02T03:04:05.678912345Z", true, 1767323045678},
        {"2026-01-02T03:04:05.6+0000", true, 1767323045600},
        {"2026-01-02T05:04:05+0200", true, 1767323045000},
        {"1990-12-31T23:59:60Z", false, 0},
        {"2026-02-29T00:00:00Z", false, 0},
        {"2024-02-29T00:00:00Z", true, 1709164800000},
        {"1900-02-29T00:00:00Z", false, 0},
        {"2026-00-01T00:00:00Z", false, 0},
        {"2026-13-01T00:00:00Z", false, 0},
        {"2026-04-31T00:00:00Z", false, 0},
        {"2026-01-00T00:00:00Z", false, 0},
        {"2026-01-01T24:00:00Z", false, 0},
        {"2026-01-01T00:60:00Z", false, 0},
        {"2026-01-01T00:00:00", false, 0},
        {"2026-01-01T00:00:00.Z", false, 0},
        {"2026-01-01T00:00:00Zx", false, 0},
        {"2026-01-01T00:00:00+24:00", false, 0},
        {"2026-01-01T00:00:00+1", false, 0},
        {"2026-01-01 00:00:00Z", false, 0},
        {"2026-01-01", false, 0},
        {"26-01-01T00:00:00Z", false, 0},
        {" 2026-01-01T00:00:00Z", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 42;
        assert_int_equal(date_parse_iso8601(cases[i].text, &ms), cases[i].valid);
        assert_int_equal(ms, cases[i].valid ? cases[i].ms : 42);
    }
}

static void http_variants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t ms;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777000}, /* RFC 9110, 5.6.7: all three */
        {"Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777000},
        {"Sun Nov  6 08:49:37 1994", true, 784111777000},
        {"Tue, 27 Mar 2007 19:36:42 +0000", true, 1175024202000}, /* Signing and authenticating REST requests (S3) */
        {"Sun, 6 Nov 1994 08:49:37 UTC", true, 784111777000},
        {"Sun, 06 Nov 1994 10:49:37 +0200", true, 784111777000},
        {"Saturday, 02-Jan-26 00:00:00 GMT", true, 1767312000000},
        {"Sun Nov 16 08:49:37 1994", true, 784975777000},
        {"Sun, 06 Nov 1994 08:49:37", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 ", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMTx", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 PST", false, 0},
        {"Sun, 31 Nov 1994 08:49:37 GMT", false, 0},
        {"Sun, 06 Foo 1994 08:49:37 GMT", false, 0},
        {"Foo, 06 Nov 1994 08:49:37 GMT", false, 0},
        {"06 Nov 1994 08:49:37 GMT", false, 0},
        {"Sun Nov  6 08:49:37 94", false, 0},
        {"Sun", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 42;
        assert_int_equal(date_parse_rfc1123(cases[i].text, &ms), cases[i].valid);
        assert_int_equal(ms, cases[i].valid ? cases[i].ms : 42);
    }
    static const char *const wrong_amz[] = {
        "20260102T030405", "20260102T030405ZZ", "2026-01-02T03:04:05Z", "20261302T030405Z", "", NULL};
    for (size_t i = 0; i < COUNT(wrong_amz); i++) {
        int64_t ms;
        assert_false(date_parse_amz(wrong_amz[i], &ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read_back),
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(iso8601_variants),
        cmocka_unit_test(http_variants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
