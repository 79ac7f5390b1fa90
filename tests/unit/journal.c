/* The journal's ring: numbers, chains of causes, its two bounds, what is read of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/loop/clock.h"

#include <cmocka.h>

static int set_up(void **state)
{
    (void)state;
    clock_configure(CLOCK_MODE_FROZEN, INT64_C(1767323045000), 1);
    journal_reset(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    journal_reset(1);
    return 0;
}

static uint64_t open_one(uint64_t cause, const char *operation)
{
    return journal_open(&(struct journal_record){.kind = JOURNAL_CALL, .cause = cause, .actor = "client", .operation = operation});
}

static const struct value *record(const struct value *list, uint32_t at)
{
    assert_true(at < list->size);
    return &list->items[at];
}

static int64_t integer(const struct value *map, const char *name)
{
    const struct value *found = value_find(map, name);

    assert_true(value_is(found, VALUE_INTEGER));
    return found->integer;
}

static void test_open_and_close(void **state)
{
    struct arena *arena = arena_new();
    struct value list, extra = value_map();

    (void)state;
    assert_int_equal(journal_last(), 0);
    uint64_t first = open_one(0, "A"), second = open_one(first, "B");
    assert_int_equal(first, 1);
    assert_int_equal(second, 2);
    assert_int_equal(journal_read(arena, 0, 10, &list), 0);
    assert_int_equal(list.size, 2);
    assert_non_null(value_find(record(&list, 0), "running"));
    assert_null(value_find(record(&list, 0), "status"));
    assert_true(value_is(value_find(record(&list, 0), "cause"), VALUE_NULL));
    assert_int_equal(integer(record(&list, 1), "cause"), 1);
    assert_int_equal(integer(record(&list, 1), "root"), 1);
    assert_string_equal(value_find_text(record(&list, 1), "time"), "2026-01-02T03:04:05.000Z");
    value_put(arena, &extra, "messages", value_integer(3));
    journal_close(second, &(struct journal_end){.status = 404, .error = "Gone", .arn = "arn", .duration_us = 7, .cold = true, .extra = &extra});
    journal_close(second, &(struct journal_end){.status = 200}); /* too late */
    journal_close(99, &(struct journal_end){.status = 200});
    assert_int_equal(journal_read(arena, 1, 10, &list), 0);
    assert_int_equal(list.size, 1);
    assert_int_equal(integer(record(&list, 0), "status"), 404);
    assert_int_equal(integer(record(&list, 0), "duration_us"), 7);
    assert_int_equal(integer(record(&list, 0), "messages"), 3);
    assert_string_equal(value_find_text(record(&list, 0), "error"), "Gone");
    assert_string_equal(value_find_text(record(&list, 0), "arn"), "arn");
    assert_null(value_find(record(&list, 0), "running"));
    assert_null(value_find(record(&list, 0), "account"));
    assert_int_equal(journal_read(arena, 0, 1, &list), 0);
    assert_int_equal(list.size, 1);
    assert_int_equal(journal_read(arena, 2, 10, &list), 0);
    assert_int_equal(list.size, 0);
    assert_int_equal(journal_read(arena, 1000, 10, &list), 0);
    assert_int_equal(list.size, 0);
    arena_free(arena);
}

static void test_discarded(void **state)
{
    struct arena *arena = arena_new();
    struct value list;

    (void)state;
    uint64_t poll = open_one(0, "ReceiveMessage"), next = open_one(0, "B");
    journal_discard(poll);
    journal_discard(poll);
    journal_discard(77);
    assert_int_equal(journal_read(arena, 0, 10, &list), 0);
    assert_int_equal(list.size, 1);
    assert_int_equal(integer(record(&list, 0), "seq"), (int64_t)next);
    arena_free(arena);
}

static void test_chains(void **state)
{
    uint64_t seq = 0, first = 0;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        seq = open_one(seq, "A");
        if (first == 0)
            first = seq;
    }
    assert_int_equal(journal_root(seq), first);
    assert_int_equal(journal_depth(seq), 1000); /* bounded */
    assert_int_equal(journal_depth(first), 1);
    assert_int_equal(journal_depth(0), 0);
    assert_int_equal(journal_root(123456), 123456);
}

static void test_bound_in_records(void **state)
{
    struct arena *arena = arena_new();
    struct value list;

    (void)state;
    uint64_t early = open_one(0, "early");
    for (int i = 0; i < JOURNAL_RECORDS + 10; i++)
        journal_close(open_one(early, "A"), &(struct journal_end){.status = 200, .duration_us = -1});
    journal_close(early, &(struct journal_end){.status = 200}); /* has left the ring */
    assert_int_equal(journal_last(), JOURNAL_RECORDS + 11);
    assert_true(journal_tail() > 1);
    assert_int_equal(journal_first(), 1);
    assert_int_equal(journal_read(arena, 0, 10, &list), -ERANGE);
    assert_int_equal(journal_read(arena, journal_tail() - 2, 10, &list), -ERANGE);
    assert_int_equal(journal_read(arena, journal_tail() - 1, 10, &list), 0);
    assert_int_equal(integer(record(&list, 0), "seq"), (int64_t)journal_tail());
    assert_int_equal(integer(record(&list, 0), "cause"), (int64_t)early);
    assert_int_equal(journal_depth(journal_last()), 1);
    arena_free(arena);
}

static void test_bound_in_bytes(void **state)
{
    static char text[100001];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 2000; i++) { /* 400 MB go through */
        uint64_t seq = open_one(0, text);

        journal_close(seq, &(struct journal_end){.error = text, .duration_us = -1});
    }
    assert_in_range(journal_last() - journal_tail() + 1, 100, JOURNAL_BYTES / 200000 + 1);
}

static void test_numbers_go_on(void **state)
{
    struct arena *arena = arena_new();
    struct value list;

    (void)state;
    (void)open_one(0, "A");
    journal_reset(1000001);
    assert_int_equal(journal_last(), 1000000);
    assert_int_equal(journal_read(arena, 1, 10, &list), -ERANGE);
    uint64_t seq = open_one(5, "B"); /* its cause is of an earlier life */
    assert_int_equal(seq, 1000001);
    assert_int_equal(journal_root(seq), 5);
    assert_int_equal(journal_depth(seq), 1);
    assert_int_equal(journal_first(), 1000001);
    assert_int_equal(journal_read(arena, journal_first() - 1, 10, &list), 0);
    assert_int_equal(list.size, 1);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open_and_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_discarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound_in_records, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bound_in_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_numbers_go_on, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
