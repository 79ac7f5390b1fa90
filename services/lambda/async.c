#include "services/lambda/async.h"

#include <stdlib.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/lambda/concurrency.h"
#include "services/lambda/destination.h"
#include "services/lambda/event_config.h"
#include "services/lambda/invoke.h"

enum { BATCH = 32, FIRST_RETRY_MS = 60000, LATER_RETRY_MS = 120000, THROTTLE_MS = 1000, THROTTLE_MOST_MS = 300000 };

const char execution_schema[] =
    "CREATE TABLE async_event(id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT "
    "NULL,"
    " version TEXT NOT NULL, invoked_arn TEXT NOT NULL, request_id TEXT NOT NULL, trace_header TEXT, actor TEXT NOT NULL,"
    " cause INTEGER NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
    " throttles INTEGER NOT NULL DEFAULT 0, is_running INTEGER NOT NULL DEFAULT 0, payload BLOB NOT NULL);"
    "CREATE INDEX async_event_due ON async_event(is_running, due, id);"
    "CREATE TABLE event_config(account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, qualifier TEXT NOT NULL,"
    " age INTEGER, retries INTEGER, on_success TEXT, on_failure TEXT, modified INTEGER NOT NULL,"
    " PRIMARY KEY(account, region, name, qualifier)) WITHOUT ROWID";

static struct query insert =
    QUERY("INSERT INTO async_event(account, region, name, version, invoked_arn, request_id, trace_header, actor, cause, created,"
          " due, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query next_due = QUERY("SELECT MIN(due) FROM async_event WHERE is_running = 0");
static struct query first_due = QUERY("SELECT id FROM async_event WHERE is_running = 0 AND due <= ? ORDER BY due, id LIMIT 1");
static struct query find =
    QUERY("SELECT account, region, name, version, invoked_arn, request_id, trace_header, actor, cause, created, attempts,"
          " throttles, payload FROM async_event WHERE id = ?");
static struct query mark = QUERY("UPDATE async_event SET is_running = 1 WHERE id = ?");
static struct query postpone =
    QUERY("UPDATE async_event SET is_running = 0, due = ?, attempts = ?, throttles = ?, cause = ? WHERE id = ?");
static struct query erase = QUERY("DELETE FROM async_event WHERE id = ?");
static struct query unmark = QUERY("UPDATE async_event SET is_running = 0 WHERE is_running = 1");
static struct query list = QUERY("SELECT due, name, attempts FROM async_event WHERE is_running = 0 ORDER BY due LIMIT 200");

/* A row in C, while it is being decided about. */
struct event {
    struct arena *arena;
    int64_t id, created, attempts, throttles;
    const char *account, *region, *name, *version, *invoked_arn, *request_id, *trace_header, *actor;
    uint64_t cause;
    struct bytes payload;
    struct event_config config;
    struct function function;
    struct function_waiter waiter; /* for its code */
    TAILQ_ENTRY(event) others;
};
TAILQ_HEAD(event_list, event);

static struct event_list running = TAILQ_HEAD_INITIALIZER(running);
static int64_t running_count;

static void run_some(struct task *task);
static void due_passed(struct timer *timer);
static struct task run_task = {.run = run_some}, slice = {.run = run_some};
static struct timer due_timer;

/* --- rows --- */

static void wake(void *context)
{
    (void)context;
    loop_soon(&run_task);
}

void async_add(struct call *call, const struct function *function, struct bytes payload)
{
    if (payload.size == 0)
        payload = bytes_of("{}");
    (void)query_run(&insert, "ttttttttiiib", function->account, function->region, function->name, function->version,
                    function->invoked_arn, call->request_id, invocation_trace(call->arena, call->trace_header), call->actor,
                    (int64_t)call->seq, clock_now(), clock_now(), payload);
    store_after_commit(wake, NULL);
}

static struct event *load(int64_t id)
{
    struct arena *arena = arena_new();
    struct event *event = arena_alloc(arena, sizeof *event);

    event->arena = arena;
    event->id = id;
    query_start(&find, "i", id);
    check(query_step(&find));
    event->account = query_text(&find, arena, 0);
    event->region = query_text(&find, arena, 1);
    event->name = query_text(&find, arena, 2);
    event->version = query_text(&find, arena, 3);
    event->invoked_arn = query_text(&find, arena, 4);
    event->request_id = query_text(&find, arena, 5);
    event->trace_header = query_text(&find, arena, 6);
    event->actor = query_text(&find, arena, 7);
    event->cause = (uint64_t)query_integer(&find, 8);
    event->created = query_integer(&find, 9);
    event->attempts = query_integer(&find, 10);
    event->throttles = query_integer(&find, 11);
    event->payload = query_bytes(&find, arena, 12);
    query_end(&find);
    event_config_find(arena, event->account, event->region, event->name, event->version, &event->config);
    return event;
}

static void set_timer(void)
{
    int64_t due = query_one(&next_due, 0, "");

    if (due > clock_now())
        timer_set(&due_timer, CLOCK_EMULATED, due, due_passed);
    else
        timer_cancel(&due_timer);
}

static void commit(const struct event *event)
{
    if (store_commit() != 0)
        log_error("the result of the asynchronous event %s could not be written; it runs again after the next start",
                  event->request_id);
}

/* --- what becomes of it --- */

static struct fate fate_of(const struct event *event, const char *condition, const struct result *result, uint64_t cause)
{
    return (struct fate){.function = &event->function,
                         .request_id = event->request_id,
                         .trace_header = event->trace_header,
                         .event = event->payload,
                         .condition = condition,
                         .attempts = (int)event->attempts,
                         .result = result,
                         .cause = cause};
}

/* Inside a transaction. */
static void bury(struct event *event, const char *condition, const struct result *result, uint64_t cause)
{
    struct fate fate = fate_of(event, condition, result, cause);

    (void)query_run(&erase, "i", event->id);
    if (event->function.dead_letter_arn != NULL)
        destination_add_dead_letter(event->function.dead_letter_arn, &fate);
    if (event->config.on_failure != NULL)
        destination_add(event->config.on_failure, &fate);
    log_info("%s: asynchronous event %s is given up after %lld attempts: %s", event->name, event->request_id,
             (long long)event->attempts, condition);
}

static bool is_too_old(const struct event *event, int64_t due)
{
    return due - event->created > event->config.age_s * 1000;
}

/* Inside a transaction. A retry that would come too late is not waited for. */
static void again_or_bury(struct event *event, const struct result *result, uint64_t cause)
{
    int64_t due = clock_now() + (event->attempts == 1 ? FIRST_RETRY_MS : LATER_RETRY_MS);

    if (event->attempts > event->config.retries) {
        bury(event, "RetriesExhausted", result, cause);
    } else if (is_too_old(event, due)) {
        bury(event, "EventAgeExceeded", result, cause);
    } else {
        uint64_t seq = journal_note(&(struct journal_record){.kind = JOURNAL_RETRY,
                                                             .cause = cause,
                                                             .actor = "lambda-async",
                                                             .account = event->account,
                                                             .region = event->region,
                                                             .service = "lambda",
                                                             .arn = event->function.qualified_arn,
                                                             .request_id = event->request_id,
                                                             .attempt = (int)event->attempts + 1},
                                    &(struct journal_end){.error = result->error_type});
        (void)query_run(&postpone, "iiiii", due, event->attempts, event->throttles, (int64_t)seq, event->id);
    }
}

static void free_event(struct event *event)
{
    function_wait_cancel(&event->waiter);
    arena_free(event->arena);
}

static void leave(struct event *event)
{
    TAILQ_REMOVE(&running, event, others);
    running_count--;
    free_event(event);
    loop_soon(&run_task);
}

/* Runs in the middle of an environment's turn, never inside a call: a transaction of its own. */
static void is_answered(struct invocation *invocation, const struct result *result)
{
    struct event *event = invocation->context;

    event->attempts++;
    store_begin();
    if (result->is_error) {
        again_or_bury(event, result, invocation->seq != 0 ? invocation->seq : event->cause);
    } else {
        struct fate fate = fate_of(event, "Success", result, invocation->seq);

        (void)query_run(&erase, "i", event->id);
        if (event->config.on_success != NULL)
            destination_add(event->config.on_success, &fate);
    }
    commit(event);
    leave(event);
}

/* --- running --- */

static void submit(struct event *event)
{
    struct invocation *invocation = invocation_new();
    struct arena *arena = invocation->arena;

    if (!function_find(arena, event->account, event->region, event->name, event->version, &invocation->function) ||
        invocation->function.package == NULL) {
        /* Deleted, or its code is no good, since we looked. */
        store_begin();
        bury(event, "RetriesExhausted", NULL, event->cause);
        commit(event);
        invocation_free(invocation);
        leave(event);
        return;
    }
    invocation->function.invoked_arn = arena_text(arena, event->invoked_arn);
    invocation->payload = (struct bytes){arena_copy(arena, event->payload.at, event->payload.size), event->payload.size};
    invocation->request_id = arena_text(arena, event->request_id);
    invocation->trace_header = invocation_trace(arena, arena_text(arena, event->trace_header));
    invocation->actor = "lambda-async";
    invocation->cause = event->cause;
    invocation->attempt = (int)event->attempts + 1;
    invocation->answered = is_answered;
    invocation->context = event;
    concurrency_submit(invocation);
}

static void code_is_ready(struct function_waiter *waiter)
{
    submit((struct event *)(void *)((char *)waiter - offsetof(struct event, waiter)));
}

/* Inside a transaction, with a row that is due. False: it does not run now. */
static bool may_run(struct event *event)
{
    if (!function_find(event->arena, event->account, event->region, event->name, event->version, &event->function)) {
        log_warn("%s: asynchronous event %s is dropped: the function is no more", event->name, event->request_id);
        (void)query_run(&erase, "i", event->id);
        return false;
    }
    if (event->function.reserved_concurrency == 0) {
        bury(event, "ZeroReservedConcurrency", NULL, event->cause);
        return false;
    }
    if (is_too_old(event, clock_now())) {
        bury(event, "EventAgeExceeded", NULL, event->cause);
        return false;
    }
    if (concurrency_refuses(&event->function) != NULL) {
        int64_t pause = event->throttles < 9 ? (int64_t)THROTTLE_MS << event->throttles : THROTTLE_MOST_MS;
        int64_t due = clock_now() + (pause < THROTTLE_MOST_MS ? pause : THROTTLE_MOST_MS);

        if (is_too_old(event, due))
            bury(event, "EventAgeExceeded", NULL, event->cause);
        else
            (void)query_run(&postpone, "iiiii", due, event->attempts, event->throttles + 1, (int64_t)event->cause, event->id);
        return false;
    }
    (void)query_run(&mark, "i", event->id);
    return true;
}

static bool run_one(void)
{
    int64_t id = query_one(&first_due, 0, "i", clock_now());

    if (id == 0)
        return false;
    struct event *event = load(id);
    store_begin();
    bool runs = may_run(event);
    commit(event);
    if (!runs) {
        free_event(event);
        return true;
    }
    TAILQ_INSERT_TAIL(&running, event, others);
    running_count++;
    if (event->function.package == NULL && !text_equal(event->function.state, "Failed")) {
        event->waiter.ready = code_is_ready;
        function_wait(&event->waiter, event->function.id);
    } else {
        submit(event);
    }
    return true;
}

static void run_some(struct task *task)
{
    (void)task;
    for (int i = 0; i < BATCH; i++)
        if (running_count >= 2 * execution_options.max_environments || !run_one()) {
            set_timer();
            return;
        }
    set_timer();
    loop_slice(&slice);
}

static void due_passed(struct timer *timer)
{
    (void)timer;
    loop_soon(&run_task);
}

void async_start(void)
{
    store_begin();
    (void)query_run(&unmark, "");
    if (store_commit() != 0)
        log_error("asynchronous events cannot be taken up again");
    loop_soon(&run_task);
}

void async_reset(void)
{
    struct event *event;

    while ((event = TAILQ_FIRST(&running)) != NULL) {
        TAILQ_REMOVE(&running, event, others);
        free_event(event);
    }
    running_count = 0;
    timer_cancel(&due_timer);
    loop_soon_cancel(&run_task);
    loop_slice_cancel(&slice);
}

void async_pending(struct pending *pending)
{
    bool wants_later = pending->mode == PENDING_SCHEDULED;
    struct arena *arena = arena_new();

    query_start(&list, "");
    while (query_step(&list)) {
        int64_t due = query_integer(&list, 0);
        const char *name = query_text(&list, arena, 1);

        if ((due > clock_now()) != wants_later)
            continue;
        /* Its timer is due at this very moment and fires next: an advance must not wait for what it is to fire itself. */
        if (pending->mode == PENDING_SETTLED && timer_is_set(&due_timer))
            continue;
        if (wants_later)
            pending_add(pending, "lambda", due, "attempt %lld of an asynchronous event for %s",
                        (long long)query_integer(&list, 2) + 1, name);
        else
            pending_add(pending, "lambda", -1, "an asynchronous event for %s is about to run", name);
    }
    query_end(&list);
    arena_free(arena);
    const struct event *event;
    if (!wants_later)
        TAILQ_FOREACH(event, &running, others)
            if (event->waiter.is_waiting)
                pending_add(pending, "lambda", -1, "an asynchronous event for %s waits for its code", event->name);
}
