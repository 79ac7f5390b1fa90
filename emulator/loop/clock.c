#include "emulator/loop/clock.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "emulator/base/log.h"

/* Timers in a binary heap ordered by (due, order), so that equal times fire in the order in which they were set. */
struct heap {
    struct timer **at; /* from 1 */
    uint32_t count, room;
};

/* The history of ties lets a time that a client took from its own real clock be read as the emulated time of that moment. */
enum { TIES = 1024 };

static struct heap heaps[2];
static uint64_t next_order = 1;
static int64_t real_now, monotonic_ns, emulated_now;
static struct clock_tie ties[TIES]; /* newest last */
static int tie_count;
static bool is_held;
static enum clock_mode mode_now = CLOCK_MODE_REAL;
static enum clock_mode mode_start = CLOCK_MODE_REAL;
static int64_t start_at = -1;
static double scale_start = 1;

static int64_t read_ns(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_real_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_thread_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_now(void)
{
    return emulated_now;
}

int64_t clock_real_now(void)
{
    return real_now;
}

int64_t clock_real_ms(void)
{
    return monotonic_ns / 1000000;
}

static const struct clock_tie *tie(void)
{
    return &ties[tie_count - 1];
}

/* From here on emulated time goes on from what it is now, at another pace. */
static void tie_again(double scale)
{
    if (tie_count == TIES) {
        for (int i = 1; i < TIES; i++)
            ties[i - 1] = ties[i];
        tie_count--;
    }
    ties[tie_count++] = (struct clock_tie){real_now, emulated_now, scale};
}

static int64_t emulated_of(const struct clock_tie *at, int64_t real)
{
    return at->emulated_at + (int64_t)((double)(real - at->real_at) * at->scale);
}

void clock_read(void)
{
    real_now = read_ns(CLOCK_REALTIME) / 1000000;
    monotonic_ns = read_ns(CLOCK_MONOTONIC);
    if (tie_count == 0) {
        emulated_now = real_now;
        tie_again(1);
    }
    int64_t now = emulated_of(tie(), real_now);
    if (now > emulated_now)
        emulated_now = now;
}

static void begin(int64_t start)
{
    real_now = read_ns(CLOCK_REALTIME) / 1000000;
    monotonic_ns = read_ns(CLOCK_MONOTONIC);
    emulated_now = start >= 0 ? start : real_now;
    tie_count = 0;
    mode_now = mode_start;
    tie_again(mode_now == CLOCK_MODE_FROZEN ? 0 : mode_now == CLOCK_MODE_SCALED ? scale_start : 1);
}

void clock_configure(enum clock_mode mode, int64_t start_ms, double scale)
{
    mode_start = mode;
    scale_start = scale;
    begin(start_ms);
    start_at = emulated_now;
}

/* A real clock is real again; the others begin again where they began. */
void clock_restore(void)
{
    begin(mode_start == CLOCK_MODE_REAL ? -1 : start_at);
}

struct clock_tie clock_tie(void)
{
    return *tie();
}

int64_t clock_tied(const struct clock_tie *at, int64_t real_ms)
{
    return real_ms <= at->real_at ? at->emulated_at : emulated_of(at, real_ms);
}

enum clock_mode clock_mode(void)
{
    return mode_now;
}

double clock_scale(void)
{
    return tie()->scale;
}

void clock_freeze(void)
{
    mode_now = CLOCK_MODE_FROZEN;
    tie_again(0);
}

void clock_resume(void)
{
    mode_now = CLOCK_MODE_REAL;
    tie_again(1);
}

void clock_set_scale(double scale)
{
    mode_now = CLOCK_MODE_SCALED;
    tie_again(scale);
}

void clock_advance_to(int64_t ms)
{
    if (ms <= emulated_now)
        return;
    emulated_now = ms;
    tie_again(tie()->scale);
}

/* --- timers ------------------------------------------------------------------------------------------------------------- */

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->due < b->due || (a->due == b->due && a->order < b->order);
}

static void settle(struct heap *heap, uint32_t place, struct timer *timer)
{
    heap->at[place] = timer;
    timer->place = place;
}

static void sift(struct heap *heap, uint32_t place, struct timer *timer)
{
    while (place > 1 && is_before(timer, heap->at[place / 2])) {
        settle(heap, place, heap->at[place / 2]);
        place /= 2;
    }
    for (;;) {
        uint32_t child = place * 2;

        if (child > heap->count)
            break;
        if (child < heap->count && is_before(heap->at[child + 1], heap->at[child]))
            child++;
        if (!is_before(heap->at[child], timer))
            break;
        settle(heap, place, heap->at[child]);
        place = child;
    }
    settle(heap, place, timer);
}

void timer_cancel(struct timer *timer)
{
    if (timer->place == 0)
        return;
    struct heap *heap = &heaps[timer->kind];
    uint32_t place = timer->place;
    struct timer *last = heap->at[heap->count--];

    timer->place = 0;
    if (last != timer)
        sift(heap, place, last);
}

void timer_set(struct timer *timer, enum clock_kind kind, int64_t due, void (*fire)(struct timer *))
{
    struct heap *heap = &heaps[kind];

    timer_cancel(timer);
    if (heap->count + 1 >= heap->room) {
        heap->room = heap->room == 0 ? 64 : heap->room * 2;
        heap->at = realloc(heap->at, heap->room * sizeof *heap->at);
        check(heap->at != NULL);
    }
    timer->due = due;
    timer->order = next_order++;
    timer->fire = fire;
    timer->kind = (uint8_t)kind;
    sift(heap, ++heap->count, timer);
}

bool timer_is_set(const struct timer *timer)
{
    return timer->place != 0;
}

static struct timer *first(enum clock_kind kind)
{
    return heaps[kind].count > 0 ? heaps[kind].at[1] : NULL;
}

static int wait_for(double ms)
{
    if (ms <= 0)
        return 0;
    return ms >= INT_MAX / 2 ? INT_MAX / 2 : (int)ceil(ms);
}

int clock_wait_ms(void)
{
    const struct timer *emulated = is_held ? NULL : first(CLOCK_EMULATED), *real = first(CLOCK_REAL);
    int wait = -1;

    if (real != NULL)
        wait = wait_for((double)(real->due - clock_real_ms()));
    if (emulated != NULL && tie()->scale > 0) {
        int until = wait_for((double)(emulated->due - emulated_now) / tie()->scale);

        wait = wait < 0 || until < wait ? until : wait;
    }
    if (emulated != NULL && emulated->due <= emulated_now)
        wait = 0;
    return wait;
}

static void fire(struct timer *timer)
{
    timer_cancel(timer);
    timer->fire(timer);
}

/* Only timers that were set before this round fire in it: one that sets itself again for now waits for the next turn. */
void clock_fire(void)
{
    uint64_t until = next_order;

    for (int kind = 0; kind < 2; kind++) {
        int64_t now = kind == CLOCK_EMULATED ? emulated_now : clock_real_ms();

        if (kind == CLOCK_EMULATED && is_held)
            continue;
        for (struct timer *timer = first(kind); timer != NULL && timer->due <= now && timer->order < until; timer = first(kind))
            fire(timer);
    }
}

void clock_hold(bool held)
{
    is_held = held;
}

int64_t clock_next_due(void)
{
    const struct timer *timer = first(CLOCK_EMULATED);

    return timer == NULL ? -1 : timer->due;
}

bool clock_fire_one(int64_t until)
{
    struct timer *timer = first(CLOCK_EMULATED);

    if (timer == NULL || timer->due > until)
        return false;
    clock_advance_to(timer->due);
    fire(timer);
    return true;
}

/* --- clients' clocks ---------------------------------------------------------------------------------------------------- */

static bool is_near(int64_t a, int64_t b, int64_t slack)
{
    return a - b <= slack && b - a <= slack;
}

bool clock_accepts(int64_t client_ms, int64_t slack_ms)
{
    return is_near(client_ms, real_now, slack_ms) || is_near(client_ms, emulated_now, slack_ms);
}

/* A client whose clock is nearer to ours than to the emulated one has made its time from real time. */
int64_t clock_from_client(int64_t client_ms)
{
    int64_t from_emulated = llabs((long long)(client_ms - emulated_now)), from_real = llabs((long long)(client_ms - real_now));

    if (from_emulated <= from_real)
        return client_ms;
    for (int i = tie_count - 1; i >= 0; i--)
        if (client_ms >= ties[i].real_at)
            return emulated_of(&ties[i], client_ms) > emulated_now ? emulated_now : emulated_of(&ties[i], client_ms);
    return ties[0].emulated_at - (ties[0].real_at - client_ms);
}
