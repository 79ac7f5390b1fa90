#include "emulator/aws/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emulator/aws/call_state.h"
#include "emulator/aws/delivery.h"
#include "emulator/aws/identity.h"
#include "emulator/aws/journal.h"
#include "emulator/aws/protocol.h"
#include "emulator/aws/service.h"
#include "emulator/base/id.h"
#include "emulator/base/log.h"
#include "emulator/http/server.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

static struct state_list all = TAILQ_HEAD_INITIALIZER(all);

static struct call_state *state_of_timer(struct timer *timer)
{
    return (struct call_state *)((char *)timer - offsetof(struct call_state, timer));
}

static struct call_state *state_of_task(struct task *task)
{
    return (struct call_state *)((char *)task - offsetof(struct call_state, task));
}

static struct call *new_call(struct arena *arena, const struct service *service)
{
    struct call *call = arena_alloc(arena, sizeof *call);
    struct call_state *state = arena_alloc(arena, sizeof *state);

    call->arena = arena;
    call->service = service;
    call->operation = NO_SHAPE;
    call->protocol = service->model->protocol;
    call->error_fields = value_map();
    call->state = state;
    state->call = call;
    state->headers_last = &state->headers;
    TAILQ_INSERT_TAIL(&all, state, all);
    return call;
}

/* The call is over for everybody but its renderer: nothing wakes it any more. */
static void retire(struct call_state *state)
{
    if (state->is_over)
        return;
    state->is_over = true;
    state->is_parked = false;
    timer_cancel(&state->timer);
    loop_soon_cancel(&state->task);
    TAILQ_REMOVE(&all, state, all);
}

/* --- the end of a call -------------------------------------------------------------------------------------------------------- */

static int status_of(const struct call *call)
{
    if (call->error != NULL)
        return call->state->status != 0 ? call->state->status : call->error->status;
    return call->state->status != 0 ? call->state->status : call->service->model->operations[call->operation].status;
}

static void close_journal(struct call *call, int status, const char *error)
{
    if (call->seq != 0)
        journal_close(call->seq, &(struct journal_end){.status = status, .error = error, .arn = call->arn, .duration_us = -1});
}

static void open_journal(struct call *call)
{
    if (call->seq != 0)
        return;
    call->seq = journal_open(&(struct journal_record){
        .kind = JOURNAL_CALL,
        .cause = call->cause,
        .actor = call->actor,
        .account = call->account,
        .region = call->region,
        .service = call->service->name,
        .operation = call->operation == NO_SHAPE ? NULL : operation_name(call->service->model, call->operation),
        .arn = call->arn,
        .request_id = call->request_id,
    });
    call->root = journal_root(call->seq);
}

static void finish(struct call *call)
{
    struct call_state *state = call->state;
    void (*done)(struct call *, void *) = state->done;

    open_journal(call);
    retire(state);
    close_journal(call, status_of(call), call->error == NULL ? NULL : call->error->code);
    if (call->exchange != NULL) {
        if (call->error != NULL)
            protocol_error(call, state->status, state->headers);
        else
            protocol_answer(call, state->status, state->headers);
        return;
    }
    if (done != NULL)
        done(call, state->done_context);
    arena_free(call->arena);
}

static void storage_failed(struct call *call, int error)
{
    call->error = NULL;
    (void)fail(call, &error_storage_full, "%s",
               error == -ENOSPC ? "The disk that holds lowcloud's data is full; nothing was changed. Free some space and try again."
                                : "lowcloud's data directory cannot be written; nothing was changed. See its log.");
}

static struct query delivered = QUERY("DELETE FROM delivery WHERE id = ?");

/* One run in one transaction. */
static void run(struct call *call, enum outcome (*operation)(struct call *))
{
    struct call_state *state = call->state;

    loop_doing(call->operation == NO_SHAPE ? call->service->name : operation_name(call->service->model, call->operation));
    state->is_parked = state->is_expired = false;
    timer_cancel(&state->timer);
    store_begin();
    enum outcome outcome = operation(call);
    int error = 0;

    if (outcome == FAILED) {
        check(call->error != NULL);
        error = store_failed() ? -ENOSPC : 0;
        store_rollback();
    } else {
        if (outcome == ANSWERED && state->delivery != 0)
            (void)query_run(&delivered, "i", state->delivery);
        error = store_commit();
    }
    if (error != 0) {
        if (outcome == PARKED && state->on_gone != NULL)
            state->on_gone(call);
        storage_failed(call, error);
        outcome = FAILED;
    }
    loop_doing("the loop");
    if (outcome != PARKED)
        finish(call);
}

/* --- from the wire ---------------------------------------------------------------------------------------------------------------- */

static const struct operation_row *find_row(const struct call *call)
{
    return call->operation == NO_SHAPE ? NULL : service_row(call->service, call->operation);
}

/* After has_row(). */
static const struct operation_row *row_of(const struct call *call)
{
    const struct operation_row *row = find_row(call);

    check(row != NULL);
    return row;
}

/* Support states have been looked at by the validator; this is for a table that promises what no function keeps. */
static bool has_row(struct call *call)
{
    if (find_row(call) != NULL)
        return true;
    (void)fail(call, &error_not_implemented, "lowcloud does not emulate %s; 'lowcloud support %s' lists what it does",
               operation_name(call->service->model, call->operation), call->service->name);
    return false;
}

static int take_piece(void *context, const char *at, size_t size)
{
    struct call *call = context;

    return call->error != NULL ? -1 : row_of(call)->take(call, at, size);
}

static int take_nothing(void *context, const char *at, size_t size)
{
    (void)context;
    (void)at;
    (void)size;
    return -1;
}

static void exchange_complete(struct exchange *exchange)
{
    struct call *call = exchange->context;

    call->state->is_complete = true;
    if (call->error == NULL && exchange->body_too_large)
        (void)fail(call, &error_request_too_large, "Request must be smaller than %zu bytes for the %s operation", call->state->body_limit,
                   call->operation == NO_SHAPE ? call->service->name : operation_name(call->service->model, call->operation));
    if (call->error == NULL && !call->state->is_streamed)
        (void)(protocol_head(call, call->state->path) && protocol_body(call, exchange->body) && protocol_validate(call) && has_row(call));
    open_journal(call);
    if (call->error != NULL)
        finish(call);
    else
        run(call, row_of(call)->run);
}

/* The client hung up, or the exchange ended in any other way before an answer. A woken call is on nobody's list any more, unless its timer woke it. */
static void abandon(struct call *call)
{
    struct call_state *state = call->state;

    if (state->is_over)
        return;
    if (state->is_parked && state->on_gone != NULL && (!state->is_woken || state->is_expired))
        state->on_gone(call);
    retire(state);
    close_journal(call, 499, "ClientHungUp");
}

static void exchange_over(struct exchange *exchange)
{
    abandon(exchange->context);
}

/* Everything that streams is checked before its body is invited. */
static void begin_streaming(struct call *call, const struct operation_row *row)
{
    call->state->is_streamed = true;
    if (protocol_head(call, call->state->path) && protocol_validate(call) && row->begin(call) == ANSWERED)
        exchange_body_stream(call->exchange, take_piece, call);
    else
        exchange_body_stream(call->exchange, take_nothing, call);
    if (call->error != NULL && call->exchange->expects_continue)
        finish(call);
}

/* An execution environment's own address ends with it: URLs that its handler gets, and may hand on, name the one that stays. */
static const char *host_for_urls(const struct exchange *exchange)
{
    const char *host = exchange->host;

    if (host[0] == '\0')
        return arena_print(exchange->arena, "localhost:%u", server_port());
    return text_starts(host, "127.") && !text_starts(host, "127.0.") ? arena_print(exchange->arena, "127.0.0.1:%u", server_port())
                                                                     : host;
}

void call_from_exchange(struct exchange *exchange, const struct service *service, const char *path)
{
    struct call *call = new_call(exchange->arena, service);
    struct signature signature;

    call->exchange = exchange;
    exchange->context = call;
    exchange->on_complete = exchange_complete;
    exchange->on_gone = exchange_over;
    exchange->on_end = exchange_over;
    call->state->path = path;
    call->host = host_for_urls(exchange);
    call->trace_header = exchange_header(exchange, "X-Amzn-Trace-Id");
    call->request_id = id_uuid(call->arena);
    signature_parse(exchange, &signature);
    identity_resolve(call, &signature);
    call->state->body_limit = BODY_DEFAULT_LIMIT;
    if (!protocol_find(call, path))
        return;
    const struct operation_row *row = find_row(call);
    if (row != NULL && row->begin != NULL) {
        begin_streaming(call, row);
        return;
    }
    if (row != NULL && row->body_limit != 0)
        call->state->body_limit = row->body_limit;
    exchange_body_memory(exchange, call->state->body_limit);
}

/* --- between services ----------------------------------------------------------------------------------------------------------------- */

static bool take_body_of_map(struct call *call, const struct operation_row *row)
{
    const struct shape *input = &call->service->model->shapes[call->service->model->operations[call->operation].input];
    const struct value *body = (input->flags & SHAPE_PAYLOAD) != 0 ? input_at(call, input->payload) : NULL;

    if (row->begin(call) != ANSWERED)
        return false;
    return body == NULL || row->take(call, body->text, body->size) == 0;
}

static void run_queued(struct task *task)
{
    struct call_state *state = state_of_task(task);
    struct call *call = state->call;
    enum outcome (*woken)(struct call *) = state->woken;

    /* What the call was woken for is not for a client that is gone: its effects would be lost with the answer. */
    if (state->is_woken && call->exchange != NULL && exchange_is_abandoned(call->exchange)) {
        abandon(call);
        exchange_drop(call->exchange);
        return;
    }
    if (state->is_woken) {
        state->is_woken = false;
        run(call, woken);
        return;
    }
    open_journal(call);
    if (!protocol_map(call, &state->map) || !protocol_validate(call) || !has_row(call) ||
        (row_of(call)->begin != NULL && !take_body_of_map(call, row_of(call)))) {
        finish(call);
        return;
    }
    run(call, row_of(call)->run);
}

static const char *copy_or(struct arena *arena, const char *text, const char *otherwise)
{
    return arena_text(arena, text == NULL ? otherwise : text);
}

struct call *call_queue(const struct call_request *request)
{
    const struct service *service = service_find(request->service);
    struct arena *arena = arena_new();

    check(service != NULL);
    struct call *call = new_call(arena, service);
    int operation = model_find_operation(service->model, request->operation);
    check(operation >= 0);
    call->operation = (uint16_t)operation;
    call->account = copy_or(arena, request->account, DEFAULT_ACCOUNT);
    call->region = copy_or(arena, request->region, DEFAULT_REGION);
    call->access_key = "";
    call->principal = arena_print(arena, "arn:aws:iam::%s:root", call->account);
    call->actor = copy_or(arena, request->actor, "lowcloud");
    call->request_id = request->request_id == NULL ? id_uuid(arena) : arena_text(arena, request->request_id);
    call->host = arena_print(arena, "localhost:%u", server_port());
    call->trace_header = arena_text(arena, request->trace_header);
    call->cause = request->cause;
    call->state->map = value_copy(arena, &request->input);
    call->state->done = request->done;
    call->state->done_context = request->context;
    call->state->delivery = request->delivery;
    call->state->task.run = run_queued;
    loop_soon(&call->state->task);
    return call;
}

void call_forget(struct call *call)
{
    call->state->done = NULL;
}

static void free_cancelled(struct task *task)
{
    arena_free(state_of_task(task)->call->arena);
}

void call_cancel(struct call *call)
{
    struct call_state *state = call->state;

    check(call->exchange == NULL);
    if (state->is_over)
        return;
    if (state->is_parked && state->on_gone != NULL && (!state->is_woken || state->is_expired))
        state->on_gone(call);
    retire(state);
    close_journal(call, 499, "Cancelled");
    state->task.run = free_cancelled; /* the caller may still look at it */
    loop_soon(&state->task);
}

const struct value *call_result(struct call *call)
{
    struct call_state *state = call->state;
    uint16_t output = call->service->model->operations[call->operation].output;

    if (state->result.kind == VALUE_ABSENT)
        state->result =
            output == NO_SHAPE || call->output.kind == VALUE_ABSENT ? value_map() : model_to_map(call->service->model, call->arena, output, &call->output);
    return &state->result;
}

/* --- how an operation ends -------------------------------------------------------------------------------------------------------------- */

enum outcome answer(struct call *call)
{
    (void)call;
    return ANSWERED;
}

enum outcome fail(struct call *call, const struct aws_error *error, const char *format, ...)
{
    va_list arguments;
    struct buffer message;

    va_start(arguments, format);
    char small[512];
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    buffer_init(&message, 1024 * 1024);
    char *to = size >= (int)sizeof small ? buffer_space(&message, (size_t)size + 1) : NULL;
    if (to != NULL)
        (void)vsnprintf(to, (size_t)size + 1, format, again);
    va_end(again);
    call->error = error;
    call->error_message = arena_text(call->arena, to != NULL ? to : small);
    buffer_free(&message);
    return FAILED;
}

void fail_field(struct call *call, const char *name, const char *value)
{
    value_put(call->arena, &call->error_fields, arena_text(call->arena, name), value_text(arena_text(call->arena, value)));
}

static void park_expired(struct timer *timer)
{
    struct call_state *state = state_of_timer(timer);

    if (state->is_parked && !state->is_woken) {
        call_wake(state->call, state->expired);
        state->is_expired = true;
    }
}

enum outcome park(struct call *call, int64_t due, enum outcome (*expired)(struct call *), void (*on_gone)(struct call *))
{
    struct call_state *state = call->state;

    state->is_parked = true;
    state->is_timed = due >= 0;
    state->expired = expired;
    state->on_gone = on_gone;
    if (due >= 0)
        timer_set(&state->timer, CLOCK_EMULATED, due, park_expired);
    return PARKED;
}

void call_wake(struct call *call, enum outcome (*woken)(struct call *))
{
    struct call_state *state = call->state;

    check(state->is_parked);
    if (state->is_woken && !state->is_expired)
        return;
    timer_cancel(&state->timer);
    state->is_woken = true;
    state->is_expired = false; /* who wakes it has taken it off its list */
    state->woken = woken;
    state->task.run = run_queued;
    loop_soon(&state->task);
}

bool call_is_parked(const struct call *call)
{
    return call->state->is_parked && !call->state->is_woken;
}

/* --- looking at all of them --------------------------------------------------------------------------------------------------------------- */

void call_drop_all(const struct exchange *except)
{
    struct call_state *next;

    for (struct call_state *state = TAILQ_FIRST(&all); state != NULL; state = next) {
        struct call *call = state->call;

        next = TAILQ_NEXT(state, all);
        if (call->exchange != NULL && (call->exchange == except || !(state->is_parked || state->is_woken)))
            continue;
        retire(state);
        close_journal(call, 503, "Dropped");
        if (call->exchange == NULL)
            arena_free(call->arena);
    }
    server_answer_parked(503, "application/json", "{\"message\":\"lowcloud was reset or stopped while this request was waiting\"}", except);
}

size_t call_running(void)
{
    struct call_state *state;
    size_t count = 0;

    TAILQ_FOREACH(state, &all, all)
        if (!state->is_parked || state->is_woken)
            count++;
    return count;
}

void call_pending(struct pending *pending)
{
    struct call_state *state;

    TAILQ_FOREACH(state, &all, all)
    {
        const struct call *call = state->call;
        bool waits = state->is_parked && !state->is_woken;
        /* A client that has not sent its whole body keeps nobody waiting; a handler that is sending one is at work. */
        bool arrives = call->exchange != NULL && !state->is_complete && !text_equal(call->actor, "environment");
        const char *name = call->operation == NO_SHAPE ? "a request" : operation_name(call->service->model, call->operation);

        if (pending->mode != PENDING_SCHEDULED && !waits && !arrives)
            pending_add(pending, call->service->name, -1, "call: %s by %s", name, call->actor);
        else if (pending->mode == PENDING_SCHEDULED && waits && state->is_timed && text_equal(call->actor, "environment"))
            pending_add(pending, call->service->name, state->timer.due, "call: %s by a handler waits", name);
    }
}

size_t call_stalled(const char *local_address)
{
    struct call_state *state;
    size_t count = 0;

    TAILQ_FOREACH(state, &all, all)
        if (state->is_parked && !state->is_woken && state->is_timed && state->call->exchange != NULL &&
            text_equal(state->call->exchange->local_address, local_address))
            count++;
    return count;
}
