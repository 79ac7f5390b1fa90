/* Receipt handles: what is printed is read back, and nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "services/sqs/receipt.h"

static void test_round_trip(void **state)
{
    static const struct receipt receipts[] = {
        {1, 1, 0, 1},
        {7, 123456789012, INT64_C(0x7fffffffffffffff), 1000},
        {(INT64_C(1) << 47) - 1, INT64_MAX, -1, UINT32_MAX},
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof receipts / sizeof *receipts; i++) {
        struct receipt read;
        const char *text = receipt_print(arena, &receipts[i]);

        assert_true(receipt_parse(arena, text, &read));
        assert_int_equal(read.queue, receipts[i].queue);
        assert_int_equal(read.message, receipts[i].message);
        assert_int_equal(read.token, receipts[i].token);
        assert_int_equal(read.receive, receipts[i].receive);
    }
    arena_free(arena);
}

static void test_others_are_refused(void **state)
{
    static const char *const texts[] = {"", "x", "garbage", "AQEB", "AQEBAAAAAAABAAAAAAAAAAHmX/rGWxgNyAAAAAEAAACKKc/=", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2"};
    struct arena *arena = arena_new();
    struct receipt read;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(receipt_parse(arena, texts[i], &read));
    arena_free(arena);
}

/* Any one changed character. */
static void test_changes_are_noticed(void **state)
{
    struct arena *arena = arena_new();
    char *text = receipt_print(arena, &(struct receipt){3, 77, 1234567, 2});
    struct receipt read;

    (void)state;
    for (size_t i = 0; i < strlen(text); i++) {
        char kept = text[i];

        text[i] = kept == 'A' ? 'B' : 'A';
        assert_false(receipt_parse(arena, text, &read));
        text[i] = kept;
    }
    assert_true(receipt_parse(arena, text, &read));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_others_are_refused),
        cmocka_unit_test(test_changes_are_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
