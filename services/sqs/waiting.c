#include "services/sqs/waiting.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/sqs/group.h"

enum { BUCKETS = 1024 };

/* A queue with waiters. Lives while it has some, or while it waits to be looked at. */
struct line {
    int64_t queue;
    char name[QUEUE_NAME_MAX + 1];
    struct call_list calls;
    int64_t count;
    struct timer timer; /* when the next message becomes visible */
    bool is_noticed;
    struct line *next;         /* in its bucket */
    struct line *next_noticed;
};

/* Of a receive that has parked at least once; call->context. */
struct waiter {
    struct call *call;
    struct call_list *list; /* that it stands in; NULL: in none */
    int64_t queue;
    uint64_t arrival;
    int64_t due;
    enum outcome (*run)(struct call *);
    bool is_woken; /* and has not run yet */
    unsigned generation;
};

static struct line *buckets[BUCKETS];
static struct line *noticed;
static uint64_t arrivals;
static unsigned generation; /* of the store: what waited before a reset is nobody's any more */

static void look(struct task *task);
static struct task looking = {.run = look};

/* --- lines --------------------------------------------------------------------------------------------------------------------- */

static struct line **place_of(int64_t queue)
{
    struct line **place = &buckets[(uint64_t)queue % BUCKETS];

    while (*place != NULL && (*place)->queue != queue)
        place = &(*place)->next;
    return place;
}

static void notice(struct line *line)
{
    if (line->is_noticed)
        return;
    line->is_noticed = true;
    line->next_noticed = noticed;
    noticed = line;
    loop_soon(&looking);
}

static void timer_fired(struct timer *timer)
{
    notice((struct line *)(void *)((char *)timer - offsetof(struct line, timer)));
}

static struct line *line_make(const struct queue *queue)
{
    struct line **place = place_of(queue->id);

    if (*place == NULL) {
        struct line *line = calloc(1, sizeof *line);

        check(line != NULL && strlen(queue->name) <= QUEUE_NAME_MAX);
        line->queue = queue->id;
        memcpy(line->name, queue->name, strlen(queue->name) + 1);
        TAILQ_INIT(&line->calls);
        *place = line;
    }
    return *place;
}

static void line_drop_if_empty(struct line *line)
{
    if (line->count > 0 || line->is_noticed)
        return;
    timer_cancel(&line->timer);
    *place_of(line->queue) = line->next;
    free(line);
}

void waiting_notice(int64_t queue)
{
    struct line *line = *place_of(queue);

    if (line != NULL)
        notice(line);
}

/* --- waiters ------------------------------------------------------------------------------------------------------------------- */

static struct call_list continued = TAILQ_HEAD_INITIALIZER(continued); /* put off by again() */

static void leave(struct waiter *waiter)
{
    if (waiter->list == NULL || waiter->generation != generation)
        return;
    TAILQ_REMOVE(waiter->list, waiter->call, waiting);
    if (waiter->list != &continued) {
        struct line *line = *place_of(waiter->queue);

        check(line != NULL);
        line->count--;
        line_drop_if_empty(line);
    }
    waiter->list = NULL;
}

static void gone(struct call *call)
{
    leave(call->context);
}

static enum outcome run_woken(struct call *call)
{
    struct waiter *waiter = call->context;

    waiter->is_woken = false;
    return waiter->run(call);
}

static enum outcome time_is_over(struct call *call)
{
    struct waiter *waiter = call->context;

    leave(waiter);
    return waiter->run(call);
}

/* A woken receive that never ran (its client hung up in between) has taken nothing: the message it was woken for is for the next one. */
static void waiter_released(void *object)
{
    struct waiter *waiter = object;

    leave(waiter);
    if (waiter->is_woken && waiter->generation == generation)
        waiting_notice(waiter->queue);
}

static struct waiter *waiter_of(struct call *call)
{
    if (call->context == NULL) {
        struct waiter *waiter = arena_alloc(call->arena, sizeof *waiter);

        waiter->call = call;
        waiter->arrival = ++arrivals;
        waiter->generation = generation;
        arena_defer(call->arena, waiter_released, waiter);
        call->context = waiter;
    }
    return call->context;
}

static void wake(struct call *call)
{
    struct waiter *waiter = call->context;

    leave(waiter);
    waiter->is_woken = true;
    call_wake(call, run_woken);
}

enum outcome waiting_park(struct call *call, const struct queue *queue, int64_t due, enum outcome (*run)(struct call *))
{
    struct line *line = line_make(queue);
    struct waiter *waiter = waiter_of(call);
    struct call *before;

    waiter->queue = queue->id;
    waiter->run = run;
    waiter->due = due;
    /* Who was woken in vain gets its old place back, which is near the front; who is new goes to the end. */
    struct call *last = TAILQ_LAST(&line->calls, call_list);
    if (last == NULL || ((struct waiter *)last->context)->arrival < waiter->arrival) {
        TAILQ_INSERT_TAIL(&line->calls, call, waiting);
    } else {
        TAILQ_FOREACH (before, &line->calls, waiting)
            if (((struct waiter *)before->context)->arrival > waiter->arrival)
                break;
        TAILQ_INSERT_BEFORE(before, call, waiting);
    }
    line->count++;
    waiter->list = &line->calls;
    if (!timer_is_set(&line->timer))
        notice(line);
    return park(call, due, time_is_over, gone);
}

/* --- waking -------------------------------------------------------------------------------------------------------------------- */

static struct query queue_query = QUERY("SELECT epoch, is_fifo, delay FROM queue WHERE id = ?");
static struct query visible_query =
    QUERY("SELECT count(*) FROM (SELECT 1 FROM message WHERE epoch = ? AND visible_at <= ? LIMIT ?)");
static struct query next_query = QUERY("SELECT min(visible_at) FROM message WHERE epoch = ? AND visible_at > ?");

static void look_at(struct line *line)
{
    int64_t now = clock_now(), epoch = 0, delay = 0;
    bool is_fifo = false;

    query_start(&queue_query, "i", line->queue);
    if (query_step(&queue_query)) {
        epoch = query_integer(&queue_query, 0);
        is_fifo = query_integer(&queue_query, 1) != 0;
        delay = query_integer(&queue_query, 2);
    }
    query_end(&queue_query);
    int64_t wanted = epoch == 0 ? line->count /* the queue is gone: all get their error */
                     : is_fifo  ? groups_count(epoch, delay, line->count)
                                : query_one(&visible_query, 0, "iii", epoch, now, line->count);

    while (wanted-- > 0 && line->count > 0)
        wake(TAILQ_FIRST(&line->calls));
    if (line->count == 0)
        return;
    int64_t next = is_fifo ? groups_next(epoch, delay) : query_one(&next_query, -1, "ii", epoch, now);
    if (next < 0)
        timer_cancel(&line->timer);
    else
        timer_set(&line->timer, CLOCK_EMULATED, next, timer_fired);
}

/* Outside of any call: everything that was noticed has been committed or rolled back. */
static void look(struct task *task)
{
    (void)task;
    loop_doing("sqs: waking receives");
    while (noticed != NULL) {
        struct line *line = noticed;

        if (line->count > 0)
            look_at(line);
        noticed = line->next_noticed;
        line->is_noticed = false; /* only now: a noticed line stays, also when its last waiter leaves */
        line_drop_if_empty(line);
    }
}

int64_t waiting_due(const struct call *call)
{
    return call->context == NULL ? WAITING_UNKNOWN : ((const struct waiter *)call->context)->due;
}

/* --- long work ------------------------------------------------------------------------------------------------------------------ */

/* One a turn, so that many of them do not make one turn long. */
static void continue_one(struct task *task)
{
    struct call *call = TAILQ_FIRST(&continued);

    if (call == NULL)
        return;
    leave(call->context);
    call_wake(call, run_woken);
    if (!TAILQ_EMPTY(&continued))
        loop_slice(task);
}

static struct task continuing = {.run = continue_one};

enum outcome again(struct call *call, int64_t due, enum outcome (*run)(struct call *))
{
    struct waiter *waiter = waiter_of(call);

    waiter->run = run;
    waiter->due = due;
    waiter->list = &continued;
    TAILQ_INSERT_TAIL(&continued, call, waiting);
    loop_slice(&continuing);
    return park(call, -1, NULL, gone);
}

/* --- hooks ---------------------------------------------------------------------------------------------------------------------- */

/* The calls themselves have been answered and are no longer ours to look at. */
void waiting_reset(void)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (buckets[i] != NULL) {
            struct line *line = buckets[i];

            buckets[i] = line->next;
            timer_cancel(&line->timer);
            free(line);
        }
    noticed = NULL;
    loop_soon_cancel(&looking);
    loop_slice_cancel(&continuing);
    TAILQ_INIT(&continued);
    generation++;
}

void waiting_pending(struct pending *pending)
{
    if (pending->mode != PENDING_SCHEDULED)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (const struct line *line = buckets[i]; line != NULL; line = line->next)
            if (timer_is_set(&line->timer))
                pending_add(pending, "sqs", line->timer.due, "a message becomes visible in queue %s, where %lld receive(s) wait", line->name,
                            (long long)line->count);
}
