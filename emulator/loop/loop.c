#include "emulator/loop/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "emulator/base/log.h"
#include "emulator/base/text.h"
#include "emulator/loop/clock.h"

enum { EVENTS = 256, HOOKS = 8, LIMITS = 4 };

struct queue {
    struct task *first, *last;
};

static int epoll_fd = -1;
static bool is_stopping;
static uint64_t turn;
static struct queue soon, slices;
static struct epoll_event ready[EVENTS];
static int ready_count;
static const char *doing = "the loop";
static int64_t strict_turn_ms; /* 0: no limit that ends the program */

static struct {
    void (*run)(void *context);
    void *context;
} hooks[HOOKS];
static int hook_count;
static struct {
    int (*wait)(void *context);
    void *context;
} limits[LIMITS];
static int limit_count;

void loop_start(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    check(epoll_fd >= 0);
    const char *strict = getenv("LOWCLOUD_STRICT_TURNS");

    strict_turn_ms = 0;
    if (strict != NULL && (!text_integer(strict, &strict_turn_ms) || strict_turn_ms < LOOP_TURN_LIMIT_MS))
        strict_turn_ms = LOOP_TURN_LIMIT_MS;
    clock_read();
}

int loop_watch(struct watch *watch, int fd, uint32_t events, void (*on_ready)(struct watch *, uint32_t))
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return -errno;
    watch->fd = fd;
    watch->ready = on_ready;
    return 0;
}

int loop_change(struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    return epoll_ctl(epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) == 0 ? 0 : -errno;
}

/* Events of this turn that are not yet handed out may name the watch: they are forgotten, so that its owner may free it. */
void loop_unwatch(struct watch *watch)
{
    if (watch == NULL || watch->ready == NULL)
        return;
    (void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < ready_count; i++)
        if (ready[i].data.ptr == watch)
            ready[i].data.ptr = NULL;
    watch->fd = -1;
    watch->ready = NULL;
}

static void put(struct queue *queue, struct task *task)
{
    if (task->is_queued)
        return;
    task->is_queued = true;
    task->next = NULL;
    if (queue->last != NULL)
        queue->last->next = task;
    else
        queue->first = task;
    queue->last = task;
}

static struct task *take(struct queue *queue)
{
    struct task *task = queue->first;

    if (task == NULL)
        return NULL;
    queue->first = task->next;
    if (queue->first == NULL)
        queue->last = NULL;
    task->is_queued = false;
    task->next = NULL;
    return task;
}

static void drop(struct queue *queue, struct task *task)
{
    struct task *before = NULL;

    if (!task->is_queued)
        return;
    for (struct task *at = queue->first; at != NULL; before = at, at = at->next) {
        if (at != task)
            continue;
        if (before != NULL)
            before->next = at->next;
        else
            queue->first = at->next;
        if (queue->last == at)
            queue->last = before;
        at->is_queued = false;
        at->next = NULL;
        return;
    }
}

void loop_soon(struct task *task)
{
    put(&soon, task);
}

void loop_soon_cancel(struct task *task)
{
    drop(&soon, task);
}

bool loop_has_soon(void)
{
    return soon.first != NULL;
}

void loop_slice(struct task *slice)
{
    put(&slices, slice);
}

void loop_slice_cancel(struct task *slice)
{
    drop(&slices, slice);
}

bool loop_has_slice(void)
{
    return slices.first != NULL;
}

void loop_hook(void (*run)(void *context), void *context)
{
    check(hook_count < HOOKS);
    hooks[hook_count].run = run;
    hooks[hook_count++].context = context;
}

void loop_limit(int (*wait)(void *context), void *context)
{
    check(limit_count < LIMITS);
    limits[limit_count].wait = wait;
    limits[limit_count++].context = context;
}

void loop_stop(void)
{
    is_stopping = true;
}

uint64_t loop_turn(void)
{
    return turn;
}

void loop_doing(const char *what)
{
    doing = what;
}

static int shorter(int a, int b)
{
    if (a < 0)
        return b;
    return b >= 0 && b < a ? b : a;
}

static int longest_wait(void)
{
    int wait = soon.first != NULL || slices.first != NULL ? 0 : clock_wait_ms();

    for (int i = 0; i < limit_count && wait != 0; i++)
        wait = shorter(wait, limits[i].wait(limits[i].context));
    return wait;
}

/* The queue may grow while it runs, and a task may queue itself again; whoever does so without end is caught by the watchdog. */
static void run_soon(void)
{
    for (struct task *task = take(&soon); task != NULL; task = take(&soon))
        task->run(task);
}

static void watch_turn(int64_t began_ns)
{
#if !defined(__SANITIZE_ADDRESS__)
    int64_t spent_ms = (clock_thread_ns() - began_ns) / 1000000;

    if (spent_ms <= LOOP_TURN_LIMIT_MS)
        return;
    log_warn("a turn of the loop took %lld ms of CPU time, last in %s", (long long)spent_ms, doing);
    if (strict_turn_ms > 0 && spent_ms > strict_turn_ms)
        log_broken(__FILE__, __LINE__, "a turn stays within its limit");
#else
    (void)began_ns;
    (void)strict_turn_ms;
    (void)doing;
#endif
}

static void run_turn(void)
{
    int wait = longest_wait();

    ready_count = epoll_wait(epoll_fd, ready, EVENTS, wait);
    if (ready_count < 0)
        ready_count = 0; /* EINTR */
    int64_t began_ns = clock_thread_ns();
    turn++;
    clock_read();
    for (int i = 0; i < ready_count; i++) {
        struct watch *watch = ready[i].data.ptr;

        if (watch != NULL)
            watch->ready(watch, ready[i].events);
    }
    ready_count = 0;
    run_soon();
    clock_fire();
    run_soon();
    struct task *slice = take(&slices);
    if (slice != NULL) {
        slice->run(slice);
        run_soon();
    }
    for (int i = 0; i < hook_count; i++) {
        hooks[i].run(hooks[i].context);
        run_soon();
    }
    watch_turn(began_ns);
}

void loop_run(void)
{
    is_stopping = false;
    while (!is_stopping)
        run_turn();
}
