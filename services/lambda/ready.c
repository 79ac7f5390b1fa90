/* Who waits for a package to be unpacked. */
#include "services/lambda/ready.h"

#include <stdlib.h>

#include "emulator/base/log.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/lambda/function.h"

/* A call is parked here with its own note, since its context is its operation's. */
struct parked {
    struct call *call;
    enum outcome (*run)(struct call *call);
    int64_t id;
    TAILQ_ENTRY(parked) others;
};

static TAILQ_HEAD(, parked) parked = TAILQ_HEAD_INITIALIZER(parked);
static TAILQ_HEAD(, function_waiter) waiters = TAILQ_HEAD_INITIALIZER(waiters);
static struct task wake;

static struct query unready = QUERY("SELECT 1 FROM function_version WHERE id = ? AND is_unpacked = 0 AND state <> 'Failed'");

static bool is_ready(int64_t id)
{
    return query_one(&unready, 0, "i", id) == 0;
}

/* The first whose package is there; NULL: none. */
static struct function_waiter *first_ready(void)
{
    struct function_waiter *waiter;

    TAILQ_FOREACH(waiter, &waiters, others)
    if (is_ready(waiter->id))
        return waiter;
    return NULL;
}

static void run_wake(struct task *task)
{
    struct function_waiter *waiter;
    size_t most = 0;

    (void)task;
    for (struct parked *note = TAILQ_FIRST(&parked), *next; note != NULL; note = next) {
        next = TAILQ_NEXT(note, others);
        if (!is_ready(note->id))
            continue;
        TAILQ_REMOVE(&parked, note, others);
        call_wake(note->call, note->run);
        free(note);
    }
    TAILQ_FOREACH(waiter, &waiters, others)
    most++;
    /* Who is told may cancel another or wait again, so that the list is looked at afresh each time; each has one turn at most. */
    while (most-- > 0 && (waiter = first_ready()) != NULL) {
        TAILQ_REMOVE(&waiters, waiter, others);
        waiter->is_waiting = false;
        waiter->ready(waiter);
    }
}

void ready_wake(void)
{
    wake.run = run_wake;
    loop_soon(&wake);
}

static void on_gone(struct call *call)
{
    struct parked *note;

    TAILQ_FOREACH(note, &parked, others)
    if (note->call == call) {
        TAILQ_REMOVE(&parked, note, others);
        free(note);
        return;
    }
}

void function_when_ready(int64_t id, struct call *call, enum outcome (*run)(struct call *call))
{
    struct parked *note = malloc(sizeof *note);

    check(note != NULL);
    *note = (struct parked){.call = call, .run = run, .id = id};
    TAILQ_INSERT_TAIL(&parked, note, others);
    (void)park(call, -1, NULL, on_gone);
    if (is_ready(id))
        ready_wake();
}

void function_wait(struct function_waiter *waiter, int64_t id)
{
    function_wait_cancel(waiter);
    waiter->id = id;
    waiter->is_waiting = true;
    TAILQ_INSERT_TAIL(&waiters, waiter, others);
    if (is_ready(id))
        ready_wake();
}

void function_wait_cancel(struct function_waiter *waiter)
{
    if (!waiter->is_waiting)
        return;
    TAILQ_REMOVE(&waiters, waiter, others);
    waiter->is_waiting = false;
}

void ready_reset(void)
{
    struct parked *note;
    struct function_waiter *waiter;

    while ((note = TAILQ_FIRST(&parked)) != NULL) {
        TAILQ_REMOVE(&parked, note, others);
        free(note);
    }
    while ((waiter = TAILQ_FIRST(&waiters)) != NULL)
        function_wait_cancel(waiter);
    loop_soon_cancel(&wake);
}
