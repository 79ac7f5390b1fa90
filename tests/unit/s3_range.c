/* Ranges of reads and of copies (facts/services.md 2.6, 2.10 and appendix B, test_get_object_range, test_upload_part_copy_range). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "services/s3/range.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *header;
    int64_t size;
    enum range_result result;
    int64_t first, length;
} ranges[] = {
    {NULL, 10, RANGE_IGNORED, 0, 0},
    {"bytes=0-8", 10, RANGE_PART, 0, 9},
    {"bytes=1-1", 10, RANGE_PART, 1, 1},
    {"bytes=1-", 10, RANGE_PART, 1, 9},
    {"bytes=-1", 10, RANGE_PART, 9, 1},
    {"bytes=-100", 10, RANGE_PART, 0, 10},
    {"bytes=0-100", 10, RANGE_PART, 0, 10},
    {"bytes=9-99999999999999999999999", 10, RANGE_PART, 9, 1},
    {"bytes=-0", 10, RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=10-", 10, RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=100-200", 10, RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-0", 0, RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=-5", 0, RANGE_UNSATISFIABLE, 0, 0},
    {"bytes=1-0", 10, RANGE_IGNORED, 0, 0},
    {"bytes=0-1,3-4", 10, RANGE_IGNORED, 0, 0},
    {"bytes=-", 10, RANGE_IGNORED, 0, 0},
    {"bytes=", 10, RANGE_IGNORED, 0, 0},
    {"bytes=a-b", 10, RANGE_IGNORED, 0, 0},
    {"bytes=0--1", 10, RANGE_IGNORED, 0, 0},
    {"bytes=-1-", 10, RANGE_IGNORED, 0, 0},
    {"items=0-8", 10, RANGE_IGNORED, 0, 0},
    {"0-8", 10, RANGE_IGNORED, 0, 0},
};

static void test_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        int64_t first = 0, length = 0;
        assert_int_equal(range_parse(ranges[i].header, ranges[i].size, &first, &length), ranges[i].result);
        if (ranges[i].result == RANGE_PART) {
            assert_int_equal(first, ranges[i].first);
            assert_int_equal(length, ranges[i].length);
        }
    }
}

static const struct {
    const char *header;
    bool is_good;
    int64_t first, last;
} copies[] = {
    {"bytes=0-8", true, 0, 8}, {"bytes=0-0", true, 0, 0},      {"bytes=0-100", true, 0, 100}, {"0-8", false, 0, 0},
    {"bytes=1-0", false, 0, 0}, {"bytes=1-", false, 0, 0},     {"bytes=-2", false, 0, 0},     {"bytes=-", false, 0, 0},
    {"bytes=-0", false, 0, 0},  {"bytes=-1-", false, 0, 0},    {"bytes=0--1", false, 0, 0},   {"bytes=0-1,3-4,7-9", false, 0, 0},
    {"bytes=-15", false, 0, 0},
};

static void test_copies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(copies); i++) {
        int64_t first = 0, last = 0;
        assert_int_equal(range_parse_copy(copies[i].header, &first, &last), copies[i].is_good);
        if (copies[i].is_good) {
            assert_int_equal(first, copies[i].first);
            assert_int_equal(last, copies[i].last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges), cmocka_unit_test(test_copies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
