/* The loop: order within a turn, changes in callbacks, slices, hooks, and the watchdog (in a child, which it aborts). */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"

#include <cmocka.h>

static char said[200];

static void say(char what)
{
    size_t size = strlen(said);

    assert_true(size + 1 < sizeof said);
    said[size] = what;
}

static void said_is(const char *wanted)
{
    assert_string_equal(said, wanted);
    memset(said, 0, sizeof said);
}

/* --- tasks ----------------------------------------------------------------------------------------------------------------------- */

static struct task a, b, c, slice, end;

static void run_a(struct task *task)
{
    (void)task;
    say('a');
    loop_soon(&c);
}

static void run_b(struct task *task)
{
    (void)task;
    say('b');
}

static void run_c(struct task *task)
{
    (void)task;
    say('c');
}

static void run_end(struct task *task)
{
    (void)task;
    loop_stop();
}

static void test_soon_in_order_and_once(void **state)
{
    (void)state;
    a.run = run_a;
    b.run = run_b;
    c.run = run_c;
    end.run = run_end;
    loop_soon(&a);
    loop_soon(&b);
    loop_soon(&a);
    assert_true(loop_has_soon());
    loop_soon(&end);
    loop_run();
    said_is("abc"); /* what a queued ran in the same turn */
    assert_false(loop_has_soon());
    loop_soon(&a);
    loop_soon(&b);
    loop_soon(&c);
    loop_soon_cancel(&b);
    loop_soon_cancel(&b);
    loop_soon_cancel(&c);
    loop_soon(&b);
    loop_soon(&end);
    loop_run();
    said_is("abc");
}

static int left;

static void run_slice(struct task *task)
{
    say('s');
    loop_soon(&b);
    if (--left > 0)
        loop_slice(task);
    else
        loop_soon(&end);
}

static void test_a_slice_a_turn(void **state)
{
    uint64_t turn = loop_turn();

    (void)state;
    slice.run = run_slice;
    left = 5;
    loop_slice(&slice);
    loop_slice(&slice);
    assert_true(loop_has_slice());
    loop_run();
    said_is("sbsbsbsbsb");
    assert_false(loop_has_slice());
    assert_int_equal(loop_turn() - turn, 5);
    loop_slice(&slice);
    loop_slice_cancel(&slice);
    assert_false(loop_has_slice());
}

/* --- descriptors ------------------------------------------------------------------------------------------------------------------- */

static struct watch one, two;
static int first[2], second[2];

static void ready(struct watch *watch, uint32_t events)
{
    assert_true((events & EPOLLIN) != 0);
    say(watch == &one ? '1' : '2');
    /* Both are ready in this turn; whoever comes first takes the other one away. */
    loop_unwatch(watch == &one ? &two : &one);
    memset(watch == &one ? &two : &one, 0x5a, sizeof one); /* its owner may do as it likes */
    loop_unwatch(watch);
    assert_int_equal(watch->fd, -1);
    loop_soon(&end);
}

static void test_unwatch_in_a_callback(void **state)
{
    (void)state;
    assert_int_equal(pipe2(first, O_CLOEXEC), 0);
    assert_int_equal(pipe2(second, O_CLOEXEC), 0);
    assert_int_equal(loop_watch(&one, first[0], EPOLLIN, ready), 0);
    assert_int_equal(loop_watch(&two, second[0], EPOLLIN, ready), 0);
    assert_int_equal(write(first[1], "x", 1), 1);
    assert_int_equal(write(second[1], "x", 1), 1);
    loop_run();
    assert_int_equal(strlen(said), 1);
    memset(said, 0, sizeof said);
    memset(&one, 0, sizeof one);
    loop_unwatch(&one); /* never watched */
    loop_unwatch(NULL);
    assert_true(loop_watch(&one, 100000, EPOLLIN, ready) < 0);
    for (int i = 0; i < 2; i++) {
        (void)close(first[i]);
        (void)close(second[i]);
    }
}

/* --- timers in a turn ---------------------------------------------------------------------------------------------------------------- */

static struct timer timer, other;

static void fire(struct timer *at)
{
    say(at == &timer ? 't' : 'u');
    timer_cancel(&other);
    loop_soon(&b);
    loop_soon(&end);
}

static void test_timers_wake_the_loop(void **state)
{
    (void)state;
    timer_set(&timer, CLOCK_REAL, clock_real_ms() + 5, fire);
    timer_set(&other, CLOCK_REAL, clock_real_ms() + 5, fire);
    loop_run();
    said_is("tb");
    clock_configure(CLOCK_MODE_SCALED, -1, 100000);
    timer_set(&timer, CLOCK_EMULATED, clock_now() + 500000, fire); /* 5 ms */
    loop_run();
    said_is("tb");
    clock_configure(CLOCK_MODE_REAL, -1, 1);
}

/* --- hooks ------------------------------------------------------------------------------------------------------------------------------ */

static void hook(void *context)
{
    if (*(bool *)context)
        say('h');
    if (*(bool *)context)
        loop_soon(&end);
    *(bool *)context = false;
}

static int limit(void *context)
{
    return *(bool *)context ? 0 : -1;
}

static void test_hooks_and_limits(void **state)
{
    static bool wanted;

    (void)state;
    loop_hook(hook, &wanted);
    loop_limit(limit, &wanted);
    wanted = true;
    loop_run(); /* returns at all: the limit allows no wait */
    said_is("h");
}

/* --- the watchdog ------------------------------------------------------------------------------------------------------------------------- */

static volatile uint64_t sink;

static void run_long(struct task *task)
{
    int64_t began = clock_thread_ns();

    (void)task;
    loop_doing("CountToInfinity");
    while (clock_thread_ns() - began < (LOOP_TURN_LIMIT_MS + 30) * INT64_C(1000000))
        sink++;
    loop_soon(&end);
}

static void run_waiting(struct task *task)
{
    (void)task;
    (void)poll(NULL, 0, LOOP_TURN_LIMIT_MS * 2); /* time, but no CPU time */
    loop_soon(&end);
}

/* Runs a turn in a child; its wait status, and what it said. */
static int in_child(void (*run)(struct task *), bool strict, char *text, size_t size)
{
    int ends[2], status;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct task task = {.run = run};

        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        if (strict)
            (void)setenv("LOWCLOUD_STRICT_TURNS", "1", 1);
        else
            (void)unsetenv("LOWCLOUD_STRICT_TURNS");
        loop_start();
        loop_soon(&task);
        loop_run();
        _exit(0);
    }
    (void)close(ends[1]);
    size_t have = 0;
    ssize_t done;
    while (have + 1 < size && (done = read(ends[0], text + have, size - 1 - have)) > 0)
        have += (size_t)done;
    text[have] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void test_watchdog(void **state)
{
    char text[1000];

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* it is off there: the sanitizers take the time */
#endif
    int status = in_child(run_long, false, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_non_null(strstr(text, "CountToInfinity"));
    status = in_child(run_long, true, text, sizeof text);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "CountToInfinity"));
    status = in_child(run_waiting, true, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_soon_in_order_and_once), cmocka_unit_test(test_a_slice_a_turn),   cmocka_unit_test(test_unwatch_in_a_callback),
        cmocka_unit_test(test_timers_wake_the_loop),   cmocka_unit_test(test_hooks_and_limits), cmocka_unit_test(test_watchdog),
    };
    loop_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
