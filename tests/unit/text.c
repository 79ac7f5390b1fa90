/* Text, numbers in text, UTF-8 and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "emulator/base/text.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void comparing(void **state)
{
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "A"));
    assert_true(text_equal_fold("Content-Type", "content-TYPE"));
    assert_false(text_equal_fold("Content-Type", "content-TYP"));
    assert_false(text_equal_fold("a", NULL));
    assert_true(text_equal_fold(NULL, NULL));
    assert_false(text_equal_fold("[", "{")); /* 0x5B and 0x7B: no letters */
    assert_true(text_starts("x-amz-date", "x-amz-"));
    assert_false(text_starts("x-am", "x-amz-"));
    assert_false(text_starts(NULL, ""));
    assert_true(text_starts_fold("X-AMZ-Meta-a", "x-amz-meta-"));
    assert_false(text_starts_fold("X-AMZ", "x-amz-meta-"));
    assert_true(text_ends("orders.fifo", ".fifo"));
    assert_false(text_ends("fifo", ".fifo"));
    assert_true(text_ends("a", ""));
    assert_true(bytes_equal(bytes_of(NULL), bytes_of("")));
    assert_false(bytes_equal(bytes_of("a"), bytes_of("b")));
    assert_int_equal(bytes_of("abc").size, 3);
}

static void integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t number;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"007", true, 7},
        {"-12", true, -12},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t number = 42;
        assert_int_equal(text_integer(cases[i].text, &number), cases[i].valid);
        assert_int_equal(number, cases[i].valid ? cases[i].number : 42);
    }
}

static void doubles(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        double number;
    } cases[] = {
        {"0", true, 0},    {"1.5", true, 1.5}, {"-2e3", true, -2000}, {"1E+2", true, 100}, {"12.5e-1", true, 1.25},
        {"", false, 0},    {"-", false, 0},    {".5", false, 0},      {"1.", false, 0},    {"1e", false, 0},
        {"1e+", false, 0}, {"inf", false, 0},  {"nan", false, 0},     {"0x1p3", false, 0}, {" 1", false, 0},
        {"1 ", false, 0},  {"1,5", false, 0},  {"1e999", false, 0},   {"+1", false, 0},    {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double number = 42;
        assert_int_equal(text_double(cases[i].text, &number), cases[i].valid);
        assert_true(memcmp(&number, cases[i].valid ? &cases[i].number : &(double){42}, sizeof number) == 0);
    }
}

/* Well-formed and ill-formed sequences of The Unicode Standard, table 3-7 and section 3.9. */
static void utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {"", true},
        {"plain ASCII that is longer than eight bytes", true},
        {"\x7F", true},
        {"\xC2\x80", true},
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xEE\x80\x80", true},
        {"\xEF\xBF\xBF", true},
        {"\xF0\x90\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\x80", false},
        {"\xBF", false},
        {"\xC0\x80", false},
        {"\xC1\xBF", false},
        {"\xC2", false},
        {"\xC2\x7F", false},
        {"\xE0\x9F\xBF", false},
        {"\xE1\x80", false},
        {"\xED\xA0\x80", false},
        {"\xED\xBF\xBF", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
        {"\xF0\x9F\x98", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[80];
        assert_int_equal(utf8_is_valid(bytes_of(cases[i].text)), cases[i].valid);
        /* At every place relative to the words that are looked at as a whole. */
        for (int before = 0; before < 17; before++) {
            snprintf(text, sizeof text, "%.*s%s", before, "xxxxxxxxxxxxxxxxx", cases[i].text);
            assert_int_equal(utf8_is_valid(bytes_of(text)), cases[i].valid);
            strncat(text, "yyyyyyyyy", sizeof text - strlen(text) - 1);
            assert_int_equal(utf8_is_valid(bytes_of(text)), cases[i].valid);
        }
    }
    assert_true(utf8_is_valid((struct bytes){"a\0b", 3}));
}

static void code_points(void **state)
{
    (void)state;
    static const uint32_t expected[] = {0x24, 0xA2, 0x20AC, 0x10348, 0x10FFFF, 0x41};
    struct bytes text = bytes_of("$\xC2\xA2\xE2\x82\xAC\xF0\x90\x8D\x88\xF4\x8F\xBF\xBF"
                                 "A");
    size_t offset = 0;
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_int_equal(utf8_next(text, &offset), expected[i]);
    assert_int_equal(offset, text.size);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        int64_t ms;
    } cases[] = {
        {"0s", true, 0},
        {"250ms", true, 250},
        {"90s", true, 90000},
        {"5m", true, 300000},
        {"2h", true, 7200000},
        {"14d", true, 1209600000},
        {"9223372036854775807ms", true, INT64_MAX},
        {"9223372036854775807s", false, 0},
        {"9223372036854775808ms", false, 0},
        {"90", false, 0},
        {"s", false, 0},
        {"-1s", false, 0},
        {"1.5s", false, 0},
        {"1 s", false, 0},
        {"1S", false, 0},
        {"1sm", false, 0},
        {"1m30s", false, 0},
        {"", false, 0},
        {NULL, false, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = 42;
        assert_int_equal(duration_parse(cases[i].text, &ms), cases[i].valid);
        assert_int_equal(ms, cases[i].valid ? cases[i].ms : 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing), cmocka_unit_test(integers),    cmocka_unit_test(doubles),
        cmocka_unit_test(utf8),      cmocka_unit_test(code_points), cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
