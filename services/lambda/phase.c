#include "services/lambda/phase.h"

#include "emulator/aws/journal.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/http/message.h"
#include "services/lambda/concurrency.h"
#include "services/lambda/invoke.h"
#include "services/lambda/obituary.h"

/* What happens in which state. A dash: cannot happen, or nobody minds.
 *
 *              STARTING          IDLE         BUSY, running    BUSY, answered   STOPPING        VACANT
 *  next        init is done      waits anew   event again      event is over    refused         refused
 *  answer      refused           refused      client answered  refused          refused         refused
 *  init error  init has failed   refused      refused          refused          refused         refused
 *  deadline    init timed out    -            timed out        timed out        -               -
 *  end         init has failed   ends         crashed          event is over    VACANT or ends  -
 *  retire      stops             stops        after the event  after the event  will end        ends
 *  assign      -                 BUSY         -                -                -               STARTING */

enum { LATE_MS = 100 };

#define ENVIRONMENT_OF(timer, member) ((struct environment *)(void *)((char *)(timer)-offsetof(struct environment, member)))

static void unpause(struct environment *environment)
{
    if (environment->is_paused && environment->process != NULL)
        process_pause(environment->process, false);
    environment->is_paused = false;
}

/* --- the event --- */

static void tell(struct environment *environment)
{
    struct invocation *invocation = environment->invocation;

    if (invocation->is_answered)
        return;
    if (invocation->wants_log)
        environment->outcome.log = output_tail(environment->output, invocation->arena);
    invocation_answer(invocation, &environment->outcome);
    concurrency_answered(invocation);
}

/* The invocation is over, whatever came of it. */
static void finish(struct environment *environment, const char *status, const char *error_type)
{
    struct invocation *invocation = environment->invocation;
    int64_t peak = environment->process != NULL ? process_peak_memory(environment->process) : environment->peak;

    timer_cancel(&environment->deadline);
    report_end(environment->output, invocation,
               &(struct report){.duration_ns = clock_real_ns() - environment->handed_ns,
                                .init_ns = environment->is_cold && !environment->has_failed ? environment->init_ns : -1,
                                .peak_bytes = peak,
                                .status = status,
                                .error_type = error_type});
    tell(environment);
    output_send(environment->output);
    output_begin(environment->output, NULL);
    environment->is_cold = false;
    environment->invocation = NULL;
    environment->identity.cause = 0;
    environment->identity.trace_header = NULL;
    invocation_free(invocation);
    concurrency_changed();
}

static void fail_event(struct environment *environment, const char *type, const char *message)
{
    if (!environment->has_answered)
        environment->outcome = invocation_failure(environment->invocation, type, message);
}

static void time_out(struct environment *environment)
{
    struct invocation *invocation = environment->invocation;
    const char *message =
        arena_print(invocation->arena, "Task timed out after %lld.00 seconds", (long long)invocation->function.timeout_s);

    fail_event(environment, "Sandbox.Timedout", message);
    report_timeout(environment->output, invocation);
    finish(environment, "timeout", NULL);
    phase_stop(environment, true);
}

static void open_record(struct environment *environment)
{
    struct invocation *invocation = environment->invocation;
    const struct function *function = &invocation->function;

    if (invocation->seq != 0)
        return;
    invocation->seq = journal_open(&(struct journal_record){
        .kind = JOURNAL_INVOCATION,
        .cause = invocation->cause,
        .actor = invocation->actor,
        .account = function->account,
        .region = function->region,
        .service = "lambda",
        .arn = function->qualified_arn,
        .request_id = invocation->request_id,
        .attempt = invocation->attempt,
        .cold = environment->is_cold || environment->state == ENVIRONMENT_STARTING,
    });
    environment->identity.cause = invocation->seq;
    environment->identity.trace_header = invocation->trace_header;
}

static void send_event(struct environment *environment, struct exchange *exchange)
{
    const struct invocation *invocation = environment->invocation;
    struct arena *arena = exchange->arena;
    int64_t left_ms = environment->deadline.due - clock_real_ms();

    exchange_set_header(exchange, "Content-Type", "application/json");
    exchange_set_header(exchange, "Lambda-Runtime-Aws-Request-Id", invocation->request_id);
    exchange_set_header(exchange, "Lambda-Runtime-Deadline-Ms",
                        arena_print(arena, "%lld", (long long)(clock_real_now() + left_ms)));
    exchange_set_header(exchange, "Lambda-Runtime-Invoked-Function-Arn", invocation->function.invoked_arn);
    exchange_set_header(exchange, "Lambda-Runtime-Trace-Id", invocation->trace_header);
    if (invocation->client_context != NULL)
        exchange_set_header(exchange, "Lambda-Runtime-Client-Context", invocation->client_context);
    /* A copy: a runtime that does not read it may outlive the invocation. */
    exchange_answer(exchange,
                    (struct bytes){arena_copy(arena, invocation->payload.at, invocation->payload.size), invocation->payload.size});
}

static void hand_over(struct environment *environment)
{
    struct exchange *exchange = environment->next;
    struct invocation *invocation = environment->invocation;
    bool is_within = environment->state == ENVIRONMENT_STARTING; /* init was done again within this event: its time has begun */

    timer_cancel(&environment->later);
    if (!is_within) {
        environment->handed_ns = clock_real_ns();
        output_begin(environment->output, invocation->request_id);
        timer_set(&environment->deadline, CLOCK_REAL, clock_real_ms() + invocation->function.timeout_s * 1000, phase_deadline);
    }
    unpause(environment);
    open_record(environment);
    environment->state = ENVIRONMENT_BUSY;
    environment->has_answered = environment->is_late = false;
    environment->outcome = (struct result){0};
    report_start(environment->output, invocation);
    phase_leave_next(environment);
    send_event(environment, exchange);
}

void environment_assign(struct environment *environment, struct invocation *invocation)
{
    check(environment->invocation == NULL);
    environment->invocation = invocation;
    invocation->environment = environment;
    environment_use(environment);
    if (environment->state == ENVIRONMENT_IDLE) {
        hand_over(environment);
        return;
    }
    check(environment->state == ENVIRONMENT_VACANT);
    environment->handed_ns = clock_real_ns();
    environment->has_answered = environment->is_late = false;
    environment->outcome = (struct result){0};
    output_begin(environment->output, invocation->request_id);
    environment->state = ENVIRONMENT_STARTING;
    open_record(environment);
    phase_start(environment);
}

/* --- init --- */

static void init_failed(struct environment *environment, const char *status, const char *type, const char *message)
{
    int64_t init_ns = clock_real_ns() - environment->began_ns;
    bool is_within = environment->invocation != NULL;
    bool is_timeout = text_equal(status, "timeout");

    report_init(environment->output, &environment->function, init_ns, is_within ? "invoke" : "init", status,
                is_timeout ? NULL : type);
    environment->has_failed = true;
    if (is_within) {
        struct invocation *invocation = environment->invocation;

        report_start(environment->output, invocation);
        if (is_timeout) {
            time_out(environment);
            return;
        }
        if (environment->init_error_type != NULL && environment->init_error.at != NULL) {
            environment->outcome =
                (struct result){.payload = environment->init_error, .is_error = true, .error_type = type, .platform_error = type};
        } else {
            fail_event(environment, type, message);
            report_error(environment->output, invocation, type, message);
        }
        finish(environment, "error", type);
    }
    phase_stop(environment, true);
}

static void become_idle(struct environment *environment)
{
    if (environment->is_retired) {
        environment->state = ENVIRONMENT_IDLE;
        phase_stop(environment, false);
        return;
    }
    environment->state = ENVIRONMENT_IDLE;
    environment_use(environment);
    environment->identity.cause = 0;
    timer_set(&environment->later, CLOCK_EMULATED, clock_now() + execution_options.idle_ms, phase_later);
    concurrency_changed();
}

static void init_done(struct environment *environment)
{
    int64_t due = environment->began_emulated + environment->cold_start.delay_ms;
    int64_t modelled_ns = environment->cold_start.init_ms * 1000000;

    if (environment->invocation != NULL) {
        hand_over(environment);
        return;
    }
    if (environment->init_ns < modelled_ns)
        environment->init_ns = modelled_ns;
    /* Under a frozen clock the delay is reported, and nobody waits. */
    if (environment->cold_start.delay_ms > 0 && clock_mode() != CLOCK_MODE_FROZEN && clock_now() < due)
        timer_set(&environment->later, CLOCK_EMULATED, due, phase_later);
    else
        become_idle(environment);
}

/* --- what happens --- */

/* What the process printed before it spoke to us has been read by now. */
void phase_settled(struct timer *timer)
{
    struct environment *environment = ENVIRONMENT_OF(timer, settle);

    if (environment->state == ENVIRONMENT_STARTING) {
        if (environment->init_error_type != NULL)
            init_failed(environment, "error", environment->init_error_type,
                        environment->problem != NULL ? environment->problem : "");
        else if (environment->next != NULL)
            init_done(environment);
    } else if (environment->state == ENVIRONMENT_BUSY && environment->next != NULL) {
        finish(environment, "success", NULL);
        become_idle(environment);
    } else if (environment->state == ENVIRONMENT_BUSY && environment->has_answered) {
        environment->is_late = true;
        concurrency_changed();
    }
}

void phase_deadline(struct timer *timer)
{
    struct environment *environment = ENVIRONMENT_OF(timer, deadline);

    if (environment->state == ENVIRONMENT_STARTING)
        init_failed(environment, "timeout", "Sandbox.Timedout", "");
    else if (environment->state == ENVIRONMENT_BUSY)
        time_out(environment);
}

/* The end of a modelled cold start, or of a life in idleness. */
void phase_later(struct timer *timer)
{
    struct environment *environment = ENVIRONMENT_OF(timer, later);

    if (environment->state == ENVIRONMENT_STARTING)
        become_idle(environment);
    else
        environment_retire(environment);
}

void phase_printed(void *context, int stream, struct bytes bytes)
{
    struct environment *environment = context;

    if (!environment->is_forgotten)
        output_add(environment->output, stream, bytes);
}

void phase_ended(void *context, const struct process_end *end)
{
    struct environment *environment = context;
    struct arena *arena = environment->arena;
    struct obituary obituary;

    environment->process = NULL;
    environment->is_paused = false;
    environment->peak = end->peak_memory;
    phase_leave_next(environment);
    timer_cancel(&environment->settle);
    switch (environment->state) {
    case ENVIRONMENT_STARTING:
        obituary = obituary_write(arena, environment, end);
        if (environment->init_error_type != NULL)
            obituary.type = environment->init_error_type;
        init_failed(environment, "error", obituary.type, obituary.message);
        break;
    case ENVIRONMENT_BUSY:
        obituary = obituary_write(arena, environment, end);
        fail_event(environment, obituary.type, obituary.message);
        report_error(environment->output, environment->invocation, obituary.type, obituary.message);
        finish(environment, "error", obituary.type);
        phase_stop(environment, true);
        break;
    case ENVIRONMENT_STOPPING:
        if (environment->keeps)
            phase_vacate(environment);
        else
            phase_free(environment);
        break;
    case ENVIRONMENT_IDLE:
    case ENVIRONMENT_VACANT:
    case ENVIRONMENT_STATES:
        phase_stop(environment, false);
        break;
    }
}

/* --- the Runtime API --- */

enum reply environment_next(struct environment *environment, struct exchange *exchange)
{
    switch (environment->state) {
    case ENVIRONMENT_STARTING:
        if (environment->init_error_type != NULL)
            return REPLY_WRONG_STATE;
        if (environment->invocation == NULL)
            timer_cancel(&environment->deadline);
        environment->init_ns = clock_real_ns() - environment->began_ns;
        break;
    case ENVIRONMENT_IDLE:
        break;
    case ENVIRONMENT_BUSY:
        if (!environment->has_answered) {
            send_event(environment, exchange);
            return REPLY_PARKED;
        }
        break;
    case ENVIRONMENT_STOPPING:
    case ENVIRONMENT_VACANT:
    case ENVIRONMENT_STATES:
        return REPLY_WRONG_STATE;
    }
    if (environment->next != NULL) { /* it has given up its other request */
        struct exchange *old = environment->next;

        phase_leave_next(environment);
        exchange_drop(old);
    }
    environment->next = exchange;
    exchange->context = environment;
    if (environment->state != ENVIRONMENT_IDLE)
        timer_set(&environment->settle, CLOCK_REAL, clock_real_ms(), phase_settled);
    else
        concurrency_changed();
    return REPLY_PARKED;
}

void environment_next_gone(struct environment *environment, struct exchange *exchange)
{
    if (environment->next == exchange)
        environment->next = NULL;
}

/* What the journal names: the type in the payload, as the handler's language says it. */
static const char *type_of(struct arena *arena, struct bytes payload, const char *otherwise)
{
    struct value value;
    const char *type = json_parse(arena, payload, &value, NULL) == 0 ? value_find_text(&value, "errorType") : NULL;

    return type != NULL && type[0] != '\0' ? type : otherwise;
}

enum reply environment_answer(struct environment *environment, const char *request_id, struct bytes payload, bool too_large,
                              bool is_error, const char *error_type)
{
    struct invocation *invocation = environment->invocation;

    if (environment->state != ENVIRONMENT_BUSY || !text_equal(invocation->request_id, request_id))
        return REPLY_WRONG_ID;
    if (environment->has_answered)
        return REPLY_WRONG_STATE;
    struct arena *arena = invocation->arena;
    if (too_large) {
        struct value body = value_map();

        value_put(arena, &body, "errorType", value_text("Function.ResponseSizeTooLarge"));
        value_put(arena, &body, "errorMessage",
                  value_text(arena_print(arena, "Response payload size exceeded maximum allowed payload size (%d bytes).",
                                         RESPONSE_LIMIT)));
        payload = json_print(arena, &body);
        is_error = true;
        error_type = "Function.ResponseSizeTooLarge";
    } else {
        payload.at = arena_copy(arena, payload.at, payload.size);
    }
    environment->outcome = (struct result){.payload = payload, .is_error = is_error};
    if (is_error)
        environment->outcome.error_type =
            type_of(arena, payload, error_type != NULL ? arena_text(arena, error_type) : "Function.Unknown");
    environment->has_answered = true;
    timer_set(&environment->settle, CLOCK_REAL, clock_real_ms() + LATE_MS, phase_settled);
    if (!invocation->wants_log)
        tell(environment);
    return REPLY_ACCEPTED;
}

enum reply environment_init_error(struct environment *environment, struct bytes payload, const char *error_type)
{
    if (environment->state != ENVIRONMENT_STARTING || environment->init_error_type != NULL || environment->next != NULL)
        return REPLY_WRONG_STATE;
    struct arena *arena = environment->invocation != NULL ? environment->invocation->arena : environment->arena;
    environment->init_error_type = arena_text(environment->arena, error_type);
    environment->init_error = (struct bytes){arena_copy(arena, payload.at, payload.size), payload.size};
    environment->problem = NULL;
    timer_set(&environment->settle, CLOCK_REAL, clock_real_ms(), phase_settled);
    return REPLY_ACCEPTED;
}

const char *environment_runtime_state(const struct environment *environment)
{
    switch (environment->state) {
    case ENVIRONMENT_STARTING:
        return environment->init_error_type != NULL ? "InitError" : "Started";
    case ENVIRONMENT_IDLE:
        return "Ready";
    case ENVIRONMENT_BUSY:
        return environment->has_answered ? "RuntimeResponseSent" : "Running";
    case ENVIRONMENT_STOPPING:
    case ENVIRONMENT_VACANT:
    case ENVIRONMENT_STATES:
        break;
    }
    return "Stopped";
}
