#include "services/logs/sweep.h"

#include <stddef.h>

#include "emulator/loop/loop.h"
#include "emulator/store/store.h"

enum { SLICE = 1000 };

static struct query add = QUERY("INSERT INTO log_orphan(kind, owner) VALUES (?, ?)");
static struct query next = QUERY("SELECT kind, owner FROM log_orphan LIMIT 1");
static struct query done = QUERY("DELETE FROM log_orphan WHERE kind = ? AND owner = ?");
static struct query erase[] = {
    [ORPHANS_OF_GROUP] = QUERY("DELETE FROM log_event WHERE id IN (SELECT id FROM log_event WHERE log_group = ? LIMIT ?)"),
    [ORPHANS_OF_STREAM] = QUERY("DELETE FROM log_event WHERE id IN (SELECT id FROM log_event WHERE stream = ? LIMIT ?)"),
};

static void run(struct task *task);
static struct task slice = {.run = run};

static void run(struct task *task)
{
    query_start(&next, "");
    bool found = query_step(&next);
    int64_t kind = found ? query_integer(&next, 0) : 0, owner = found ? query_integer(&next, 1) : 0;
    query_end(&next);
    if (!found)
        return;
    store_begin();
    if (query_run(&erase[kind], "ii", owner, (int64_t)SLICE) < SLICE)
        (void)query_run(&done, "ii", kind, owner);
    if (store_commit() == 0) /* else the next start goes on */
        loop_slice(task);
}

static void wake(void *context)
{
    loop_slice(context);
}

void sweep_add(enum orphan_kind kind, int64_t owner)
{
    (void)query_run(&add, "ii", (int64_t)kind, owner);
    store_after_commit(wake, &slice);
}

void sweep_start(void)
{
    loop_slice(&slice);
}

void sweep_stop(void)
{
    loop_slice_cancel(&slice);
}
