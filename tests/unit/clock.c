/* Timers and the three ways of emulated time. Time itself is not waited for: real time is only read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>

#include "emulator/loop/clock.h"

#include <cmocka.h>

enum { TIMERS = 2000 };
static const int64_t start = INT64_C(1767323045000); /* 2026-01-02T03:04:05Z */

static struct timer timers[TIMERS];
static size_t fired[TIMERS * 2];
static size_t fired_count;
static int64_t fired_at[TIMERS * 2];

static void note(struct timer *timer)
{
    fired_at[fired_count] = clock_now();
    fired[fired_count++] = (size_t)(timer - timers);
}

static int set_up(void **state)
{
    (void)state;
    clock_configure(CLOCK_MODE_FROZEN, start, 1);
    fired_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < TIMERS; i++)
        timer_cancel(&timers[i]);
    clock_hold(false);
    return 0;
}

static void test_order_is_due_then_setting(void **state)
{
    (void)state;
    /* Deterministic disorder with many equal times. */
    for (size_t i = 0; i < TIMERS; i++)
        timer_set(&timers[i], CLOCK_EMULATED, start + (int64_t)(i * 7919 % 101), note);
    for (size_t i = 0; i < TIMERS; i += 3)
        timer_cancel(&timers[i]);
    for (size_t i = 1; i < TIMERS; i += 3) /* moved: to the end of its new time */
        timer_set(&timers[i], CLOCK_EMULATED, start + 50, note);
    size_t wanted = 0;
    while (clock_fire_one(start + 200))
        continue;
    for (size_t i = 0; i < TIMERS; i++)
        wanted += i % 3 != 0;
    assert_int_equal(fired_count, wanted);
    for (size_t i = 1; i < fired_count; i++) {
        const struct timer *before = &timers[fired[i - 1]], *timer = &timers[fired[i]];

        assert_true(before->due < timer->due || (before->due == timer->due && before->order < timer->order));
        assert_int_equal(fired_at[i], timer->due);
    }
    assert_int_equal(clock_next_due(), -1);
}

static void test_set_cancel_and_state(void **state)
{
    (void)state;
    assert_false(timer_is_set(&timers[0]));
    timer_cancel(&timers[0]);
    timer_set(&timers[0], CLOCK_EMULATED, start + 5, note);
    timer_set(&timers[1], CLOCK_EMULATED, start + 3, note);
    assert_true(timer_is_set(&timers[0]));
    assert_int_equal(clock_next_due(), start + 3);
    timer_cancel(&timers[1]);
    timer_cancel(&timers[1]);
    assert_int_equal(clock_next_due(), start + 5);
    assert_false(clock_fire_one(start + 4));
    assert_int_equal(clock_now(), start);
    assert_true(clock_fire_one(start + 5));
    assert_false(timer_is_set(&timers[0]));
    assert_int_equal(clock_now(), start + 5);
}

static void cancel_next(struct timer *timer)
{
    note(timer);
    timer_cancel(timer + 1);
    timer_set(timer + 2, CLOCK_EMULATED, clock_now(), note); /* moved behind what was set before */
}

static void again(struct timer *timer)
{
    note(timer);
    timer_set(timer, CLOCK_EMULATED, clock_now(), again);
}

static void test_changes_in_a_callback(void **state)
{
    (void)state;
    timer_set(&timers[0], CLOCK_EMULATED, start + 1, cancel_next);
    for (size_t i = 1; i < 4; i++)
        timer_set(&timers[i], CLOCK_EMULATED, start + 1, note);
    while (clock_fire_one(start + 1))
        continue;
    assert_int_equal(fired_count, 3);
    assert_int_equal(fired[1], 3);
    assert_int_equal(fired[2], 2);
}

/* One that sets itself again for now does not keep the turn. */
static void test_again_and_again_is_once_a_turn(void **state)
{
    (void)state;
    timer_set(&timers[0], CLOCK_EMULATED, start, again);
    clock_fire();
    assert_int_equal(fired_count, 1);
    clock_fire();
    assert_int_equal(fired_count, 2);
    assert_int_equal(clock_wait_ms(), 0);
}

static void test_waits(void **state)
{
    (void)state;
    assert_int_equal(clock_wait_ms(), -1);
    timer_set(&timers[0], CLOCK_EMULATED, start + 60000, note);
    assert_int_equal(clock_wait_ms(), -1); /* frozen: no real time brings it nearer */
    timer_set(&timers[1], CLOCK_REAL, clock_real_ms() + 500, note);
    assert_in_range(clock_wait_ms(), 499, 500);
    clock_set_scale(600);
    assert_in_range(clock_wait_ms(), 1, 100); /* 60 s in 100 ms */
    clock_set_scale(0.001);
    assert_in_range(clock_wait_ms(), 400, 500);
    clock_hold(true);
    clock_set_scale(1e6);
    assert_in_range(clock_wait_ms(), 400, 500); /* held: only the real one counts */
    clock_hold(false);
    timer_cancel(&timers[1]);
    clock_freeze();
    timer_set(&timers[0], CLOCK_EMULATED, INT64_MAX, note);
    assert_int_equal(clock_wait_ms(), -1);
    clock_set_scale(1);
    assert_true(clock_wait_ms() > 1000000);
    timer_set(&timers[0], CLOCK_EMULATED, clock_now() - 1000, note);
    assert_int_equal(clock_wait_ms(), 0);
}

static void test_held_fires_nothing_emulated(void **state)
{
    (void)state;
    clock_hold(true);
    timer_set(&timers[0], CLOCK_EMULATED, start - 1, note);
    timer_set(&timers[1], CLOCK_REAL, clock_real_ms() - 1, note);
    clock_fire();
    assert_int_equal(fired_count, 1);
    assert_int_equal(fired[0], 1);
    assert_true(clock_fire_one(start));
    assert_int_equal(clock_now(), start); /* due in the past: time stays */
}

static void test_modes_go_on_from_where_they_are(void **state)
{
    int64_t last = start;

    (void)state;
    assert_int_equal(clock_now(), start);
    clock_advance_to(start + 3600000);
    clock_advance_to(start); /* never back */
    assert_int_equal(clock_now(), start + 3600000);
    clock_read();
    assert_int_equal(clock_now(), start + 3600000);
    for (int i = 0; i < 3000; i++) { /* more often than the history is long */
        if (i % 3 == 0)
            clock_resume();
        else if (i % 3 == 1)
            clock_set_scale(1000);
        else
            clock_freeze();
        clock_read();
        assert_true(clock_now() >= last);
        last = clock_now();
    }
    assert_int_equal(clock_mode(), CLOCK_MODE_FROZEN);
    clock_restore();
    assert_int_equal(clock_now(), start);
    assert_int_equal(clock_mode(), CLOCK_MODE_FROZEN);
}

static void test_restore(void **state)
{
    (void)state;
    clock_configure(CLOCK_MODE_FROZEN, -1, 1);
    int64_t began = clock_now();
    assert_int_equal(began, clock_real_now());
    clock_advance_to(began + 86400000);
    clock_restore();
    assert_int_equal(clock_now(), began);
    clock_configure(CLOCK_MODE_SCALED, start, 60);
    assert_true(clock_scale() > 59 && clock_scale() < 61);
    clock_freeze();
    clock_restore();
    assert_int_equal(clock_mode(), CLOCK_MODE_SCALED);
    assert_int_equal(clock_now(), start);
    clock_configure(CLOCK_MODE_REAL, -1, 1);
    clock_advance_to(clock_now() + 86400000);
    clock_restore();
    assert_int_equal(clock_now(), clock_real_now());
}

static void test_ties(void **state)
{
    struct clock_tie tie = {1000, 5000, 0};

    (void)state;
    assert_int_equal(clock_tied(&tie, 999999), 5000);
    tie.scale = 60;
    assert_int_equal(clock_tied(&tie, 2000), 65000);
    assert_int_equal(clock_tied(&tie, 10), 5000); /* the real clock was set back */
    tie = clock_tie();
    assert_int_equal(tie.emulated_at, start);
    clock_advance_to(start + 7);
    tie = clock_tie();
    assert_int_equal(clock_tied(&tie, clock_real_now() + 1000), start + 7);
}

/* A time made by a client's own, real clock is read through the history; one near the emulated time is meant so. */
static void test_clients_times(void **state)
{
    int64_t real;

    (void)state;
    clock_read();
    real = clock_real_now();
    assert_int_equal(clock_from_client(start), start);
    assert_int_equal(clock_from_client(start - 60000), start - 60000);
    assert_int_equal(clock_from_client(real), start); /* frozen: then it was this time, and still is */
    clock_advance_to(start + 3600000);
    assert_int_equal(clock_from_client(real + 1), start + 3600000);
    assert_int_equal(clock_from_client(real - 10000), start - 10000); /* before lowcloud: as far before the start */
    assert_true(clock_accepts(real - 300000, 900000));
    assert_true(clock_accepts(start + 3600000, 0));
    assert_true(clock_accepts(start + 3600000 - 900000, 900000));
    assert_false(clock_accepts(start + 3600000 - 900001, 900000));
}

/* A running clock that was moved: what a client made before the move is as old as the move is long. */
static void test_clients_times_on_a_running_clock(void **state)
{
    (void)state;
    clock_configure(CLOCK_MODE_REAL, -1, 1);
    clock_read();
    int64_t born = clock_real_now() - 5000;
    assert_int_equal(clock_from_client(born), born);
    int64_t moved = clock_now() + 7200000;
    clock_advance_to(moved);
    assert_true(clock_from_client(born) <= moved - 7200000);
    assert_true(clock_from_client(clock_real_now()) <= clock_now());
    assert_true(clock_from_client(clock_real_now()) >= moved);
    /* Nothing is younger than now, whatever a fast client's clock says. */
    assert_true(clock_from_client(clock_real_now() + 60000) <= clock_now());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_is_due_then_setting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_set_cancel_and_state, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes_in_a_callback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_again_and_again_is_once_a_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_held_fires_nothing_emulated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes_go_on_from_where_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_restore, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clients_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clients_times_on_a_running_clock, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
