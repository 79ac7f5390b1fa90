#include "emulator/aws/delivery.h"

#include <stdlib.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/service.h"
#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"

/* Rows with due 0 are to run now, in order of id; `started` is the last that was. A row for later gets a new id when its time has come, so
 * that one number is enough to know what has been started. */
enum { BATCH = 64, FIRST_PAUSE_MS = 1000 };

const char *const delivery_schema[] = {
    "CREATE TABLE delivery(id INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL, attempt INTEGER NOT NULL, cause INTEGER NOT NULL,"
    " service TEXT NOT NULL, operation TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, actor TEXT NOT NULL, arn TEXT,"
    " trace_header TEXT, input BLOB NOT NULL);"
    "CREATE INDEX delivery_due ON delivery(due)",
};
const int delivery_schema_count = 1;

static int64_t started;
static struct task run_task, slice;
static struct timer due_timer;

/* --- inputs as JSON, with bytes marked ------------------------------------------------------------------------------------------ */

static struct value mark_bytes(struct arena *arena, const struct value *value)
{
    struct value copy = *value;
    uint32_t count = value->kind == VALUE_LIST ? value->size : value->kind == VALUE_MAP ? value->size * 2 : 0;

    if (value->kind == VALUE_BYTES) {
        copy = value_map();
        value_put(arena, &copy, "$bytes", value_text(base64_encode(arena, value_as_bytes(value))));
    } else if (count > 0) {
        copy.items = arena_alloc(arena, count * sizeof *copy.items);
        for (uint32_t i = 0; i < count; i++)
            copy.items[i] = mark_bytes(arena, &value->items[i]);
    }
    return copy;
}

static void unmark_bytes(struct arena *arena, struct value *value)
{
    const char *text = value_find_text(value, "$bytes");
    struct bytes bytes;

    if (text != NULL && value->size == 1 && base64_decode(arena, bytes_of(text), &bytes)) {
        *value = value_bytes(bytes);
        return;
    }
    uint32_t count = value->kind == VALUE_LIST ? value->size : value->kind == VALUE_MAP ? value->size * 2 : 0;
    for (uint32_t i = 0; i < count; i++)
        unmark_bytes(arena, &value->items[i]);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------ */

static struct query insert = QUERY("INSERT INTO delivery(due, attempt, cause, service, operation, account, region, actor, arn, trace_header, input)"
                                   " VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query next_due = QUERY("SELECT MIN(due) FROM delivery WHERE due > 0");

static void set_timer(void)
{
    int64_t due = query_one(&next_due, 0, "");

    if (due > 0)
        timer_set(&due_timer, CLOCK_EMULATED, due, due_timer.fire);
    else
        timer_cancel(&due_timer);
}

static void committed(void *context)
{
    if (context != NULL)
        set_timer();
    loop_soon(&run_task);
}

void delivery_add(const struct delivery *delivery)
{
    struct arena *arena = arena_new();
    struct value marked = mark_bytes(arena, &delivery->input);

    check(store_in_transaction());
    (void)query_run(&insert, "iittttttt"
                             "b",
                    delivery->due, (int64_t)delivery->cause, delivery->service, delivery->operation, delivery->account, delivery->region,
                    delivery->actor, delivery->arn, delivery->trace_header, json_print(arena, &marked));
    arena_free(arena);
    store_after_commit(committed, delivery->due > 0 ? &due_timer : NULL);
}

/* --- running -------------------------------------------------------------------------------------------------------------------------- */

static struct query take = QUERY("SELECT id, service, operation, account, region, actor, trace_header, cause, input FROM delivery"
                                 " WHERE due = 0 AND id > ? ORDER BY id LIMIT 1");
static struct query attempt_of = QUERY("SELECT attempt, arn FROM delivery WHERE id = ?");
static struct query postpone = QUERY("UPDATE delivery SET due = ?, attempt = attempt + 1 WHERE id = ?");
static struct query erase = QUERY("DELETE FROM delivery WHERE id = ?");

/* Success removed the row with the effect; here only failures are left to deal with. */
static void ended(struct call *call, void *context)
{
    int64_t id = (int64_t)(intptr_t)context;

    if (call->error == NULL)
        return;
    query_start(&attempt_of, "i", id);
    bool exists = query_step(&attempt_of);
    int64_t attempt = exists ? query_integer(&attempt_of, 0) : 0;
    const char *arn = exists ? query_text(&attempt_of, call->arena, 1) : NULL;
    query_end(&attempt_of);
    if (!exists)
        return;
    bool again = (call->error->status == 429 || call->error->status >= 500) && call->error->status != 501 && attempt < DELIVERY_ATTEMPTS;
    int64_t due = clock_now() + ((int64_t)FIRST_PAUSE_MS << (attempt - 1));

    store_begin();
    (void)(again ? query_run(&postpone, "ii", due, id) : query_run(&erase, "i", id));
    if (store_commit() != 0)
        log_error("a delivery's result could not be written; it runs again after the next start");
    set_timer();
    journal_note(&(struct journal_record){.kind = again ? JOURNAL_RETRY : JOURNAL_DELIVERY,
                                          .cause = call->seq,
                                          .actor = call->actor,
                                          .account = call->account,
                                          .region = call->region,
                                          .service = call->service->name,
                                          .operation = operation_name(call->service->model, call->operation),
                                          .arn = arn,
                                          .attempt = (int)attempt},
                 &(struct journal_end){.status = call->error->status, .error = call->error->code});
    if (!again)
        log_warn("%s to %s was dropped: %s: %s", operation_name(call->service->model, call->operation), arn == NULL ? "its target" : arn,
                 call->error->code, call->error_message);
}

static bool run_one(void)
{
    struct arena *arena;
    struct call_request request;

    query_start(&take, "i", started);
    if (!query_step(&take)) {
        query_end(&take);
        return false;
    }
    arena = arena_new();
    started = query_integer(&take, 0);
    request = (struct call_request){.service = query_text(&take, arena, 1),
                                    .operation = query_text(&take, arena, 2),
                                    .account = query_text(&take, arena, 3),
                                    .region = query_text(&take, arena, 4),
                                    .actor = query_text(&take, arena, 5),
                                    .trace_header = query_text(&take, arena, 6),
                                    .cause = (uint64_t)query_integer(&take, 7),
                                    .done = ended,
                                    .context = (void *)(intptr_t)started,
                                    .delivery = started};
    check(json_parse(arena, query_bytes(&take, arena, 8), &request.input, NULL) == 0);
    query_end(&take);
    unmark_bytes(arena, &request.input);
    call_queue(&request);
    arena_free(arena);
    return true;
}

static void run_some(struct task *task)
{
    (void)task;
    for (int i = 0; i < BATCH; i++)
        if (!run_one())
            return;
    loop_slice(&slice);
}

static struct query due_now = QUERY("INSERT INTO delivery(due, attempt, cause, service, operation, account, region, actor, arn, trace_header, input)"
                                    " SELECT 0, attempt, cause, service, operation, account, region, actor, arn, trace_header, input FROM delivery"
                                    " WHERE due > 0 AND due <= ? ORDER BY due, id");
static struct query due_old = QUERY("DELETE FROM delivery WHERE due > 0 AND due <= ?");

static void fire(struct timer *timer)
{
    (void)timer;
    store_begin();
    (void)query_run(&due_now, "i", clock_now());
    (void)query_run(&due_old, "i", clock_now());
    (void)store_commit();
    set_timer();
    loop_soon(&run_task);
}

void delivery_start(void)
{
    started = 0;
    run_task.run = run_some;
    slice.run = run_some;
    due_timer.fire = fire;
    set_timer();
    loop_soon(&run_task);
}

void delivery_stop(void)
{
    timer_cancel(&due_timer);
    loop_soon_cancel(&run_task);
    loop_slice_cancel(&slice);
}

static struct query list = QUERY("SELECT due, service, operation, arn FROM delivery WHERE due = 0 OR due > ? ORDER BY due LIMIT 100");

void delivery_pending(struct pending *pending)
{
    bool later = pending->mode == PENDING_SCHEDULED;
    struct arena *arena = arena_new();

    query_start(&list, "i", (int64_t)0);
    while (query_step(&list)) {
        int64_t due = query_integer(&list, 0);

        if ((due > 0) != later)
            continue;
        pending_add(pending, query_text(&list, arena, 1), due > 0 ? due : -1, "delivery: %s to %s", query_text(&list, arena, 2),
                    query_is_null(&list, 3) ? "its target" : query_text(&list, arena, 3));
    }
    query_end(&list);
    arena_free(arena);
}
