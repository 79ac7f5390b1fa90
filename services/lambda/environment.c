#include "services/lambda/environment.h"

#include <stdio.h>
#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/base/dates.h"
#include "emulator/base/id.h"
#include "emulator/base/log.h"
#include "emulator/http/server.h"
#include "emulator/store/store.h"
#include "services/lambda/concurrency.h"
#include "services/lambda/invoke.h"
#include "services/lambda/phase.h"
#include "services/lambda/reload.h"
#include "services/lambda/spawn.h"

enum { INIT_MS = 10000, SECRET = 40, TOKEN = 240, KEYS_OUTLIVE_MS = 12 * 3600 * 1000 };

static uint64_t numbers; /* never starts again: no address is used for two environments */

/* --- beginning and end --- */

static void issue_keys(struct environment *environment)
{
    const struct function *function = &environment->function;
    struct arena *arena = environment->arena;
    const char *role = strrchr(function->role, '/');
    bool is_alone = !store_in_transaction();

    environment->secret = id_from(arena, id_alnum, SECRET);
    environment->session_token = arena_print(arena, "IQoJb3JpZ2luX2Vj%s", id_from(arena, id_alnum, TOKEN));
    environment->identity = (struct identity_environment){
        .local_address = environment->address,
        .access_key = arena_print(arena, "ASIA%s", id_from(arena, id_upper_alnum, 16)),
        .account = function->account,
        .region = function->region,
        .principal = arena_print(arena, "arn:aws:sts::%s:assumed-role/%s/%s", function->account, role != NULL ? role + 1 : "role",
                                 function->name),
        .cause = environment->seq,
    };
    if (is_alone)
        store_begin();
    identity_issue(environment->identity.access_key, environment->secret, environment->session_token, function->account,
                   environment->identity.principal, 0);
    if (is_alone && store_commit() != 0)
        log_warn("the keys of an environment of %s could not be stored", function->name);
    identity_bind(&environment->identity);
}

/* On AWS they belong to the role, and what was signed with them outlives the environment. */
static void end_keys(const char *access_key)
{
    bool is_alone = !store_in_transaction();

    if (is_alone)
        store_begin();
    identity_expire(access_key, clock_now() + KEYS_OUTLIVE_MS);
    if (is_alone)
        (void)store_commit();
}

void environment_end_all_keys(void)
{
    end_keys(NULL);
}

/* The row again, in our own arena; when it has just been changed or deleted, what the invocation knows serves as well. */
static void copy_function(struct environment *environment, const struct function *function)
{
    struct arena *arena = environment->arena;
    struct function *own = &environment->function;

    if (function_load(arena, function->id, own) && own->revision == function->revision)
        return;
    *own = *function;
    const char **texts[] = {&own->account,       &own->region,      &own->name,      &own->version,     &own->arn,
                            &own->qualified_arn, &own->invoked_arn, &own->runtime,   &own->handler,     &own->role,
                            &own->package,       &own->log_format,  &own->log_group, &own->architecture};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = arena_text(arena, *texts[i]);
    own->environment = value_copy(arena, &function->environment);
}

/* Towards the first next: for the first time, or, with an invocation, within it. */
void phase_start(struct environment *environment)
{
    const struct process_watch watch = {.on_output = phase_printed, .on_end = phase_ended, .context = environment};
    const char *problem = NULL;
    int64_t limit = environment->invocation == NULL ? INIT_MS : environment->invocation->function.timeout_s * 1000;

    environment->state = ENVIRONMENT_STARTING;
    environment->init_error_type = NULL;
    environment->began_ns = clock_real_ns();
    environment->began_emulated = clock_now();
    timer_cancel(&environment->later);
    timer_set(&environment->deadline, CLOCK_REAL, clock_real_ms() + limit, phase_deadline);
    if (spawn_start(environment, &watch, &problem) == 0)
        return;
    log_error("%s: %s", environment->function.name, problem);
    environment->process = NULL;
    environment->init_error_type = "Runtime.InvalidEntrypoint";
    environment->init_error = (struct bytes){NULL, 0};
    environment->problem = problem;
    timer_set(&environment->settle, CLOCK_REAL, clock_real_ms(), phase_settled);
}

void environment_use(struct environment *environment)
{
    static int64_t uses;

    environment->used = ++uses;
}

struct environment *environment_new(const struct function *function)
{
    struct arena *arena = arena_new();
    struct environment *environment = arena_alloc(arena, sizeof *environment);
    uint64_t number = ++numbers;

    environment->arena = arena;
    copy_function(environment, function);
    environment->number = arena_print(arena, "%llu", (unsigned long long)number);
    environment->address = arena_print(arena, "127.%u.%u.%u", 1 + (unsigned)((number >> 16) % 250), (unsigned)(number >> 8 & 255),
                                       (unsigned)(number & 255));
    environment->endpoint = arena_print(arena, "%s:%u", environment->address, server_port());
    environment->log_stream =
        arena_print(arena, "%s/[%s]%s", date_path(arena, clock_now()), environment->function.version, id_hex(arena, 32));
    environment->seq = journal_open(&(struct journal_record){
        .kind = JOURNAL_ENVIRONMENT,
        .actor = "lambda",
        .account = environment->function.account,
        .region = environment->function.region,
        .service = "lambda",
        .arn = environment->function.qualified_arn,
    });
    environment->output = output_new(&environment->function, environment->log_stream);
    issue_keys(environment);
    environment->cold_start = cold_start_draw(&environment->function);
    environment->is_cold = true;
    if (environment->function.is_hot_reload && environment->function.package != NULL)
        environment->code_mark = reload_mark(environment->function.package);
    int error = spawn_prepare(environment);
    if (error != 0)
        log_error("%s: the folders of an environment cannot be made: %s", environment->function.name, strerror(-error));
    report_init_start(environment->output, &environment->function);
    phase_start(environment);
    return environment;
}

/* The runtime's parked request dies with the process; it must not find us any more. */
void phase_leave_next(struct environment *environment)
{
    if (environment->next != NULL)
        environment->next->context = NULL;
    environment->next = NULL;
}

void phase_free(struct environment *environment)
{
    check(environment->process == NULL);
    phase_leave_next(environment);
    timer_cancel(&environment->deadline);
    timer_cancel(&environment->settle);
    timer_cancel(&environment->later);
    identity_unbind(&environment->identity);
    if (environment->is_forgotten) {
        output_drop(environment->output);
    } else {
        concurrency_left(environment);
        end_keys(environment->identity.access_key);
        journal_close(environment->seq, &(struct journal_end){.duration_us = -1});
        output_free(environment->output);
    }
    spawn_remove(environment->directory);
    arena_free(environment->arena);
}

void phase_vacate(struct environment *environment)
{
    if (environment->is_retired) {
        phase_free(environment);
        return;
    }
    environment->state = ENVIRONMENT_VACANT;
    environment_use(environment);
    timer_set(&environment->later, CLOCK_EMULATED, clock_now() + execution_options.idle_ms, phase_later);
    concurrency_changed();
}

void phase_stop(struct environment *environment, bool keeps)
{
    phase_leave_next(environment);
    timer_cancel(&environment->deadline);
    timer_cancel(&environment->settle);
    timer_cancel(&environment->later);
    environment->state = ENVIRONMENT_STOPPING;
    environment->keeps = keeps && !environment->is_retired;
    environment->identity.cause = 0;
    environment->identity.trace_header = NULL;
    if (environment->process != NULL)
        process_kill(environment->process);
    else if (environment->keeps)
        phase_vacate(environment);
    else
        phase_free(environment);
}

void environment_retire(struct environment *environment)
{
    environment->is_retired = true;
    environment->keeps = false;
    switch (environment->state) {
    case ENVIRONMENT_STARTING:
        if (environment->invocation == NULL)
            phase_stop(environment, false);
        break;
    case ENVIRONMENT_IDLE:
    case ENVIRONMENT_VACANT:
        phase_stop(environment, false);
        break;
    case ENVIRONMENT_BUSY:
    case ENVIRONMENT_STOPPING:
    case ENVIRONMENT_STATES:
        break;
    }
}

void environment_forget(struct environment *environment)
{
    environment->is_forgotten = true;
    invocation_free(environment->invocation);
    environment->invocation = NULL;
    environment->group = NULL;
    identity_unbind(&environment->identity);
    if (environment->state == ENVIRONMENT_STOPPING && environment->process != NULL)
        environment->keeps = false;
    else
        phase_stop(environment, false);
}

/* --- looking --- */

bool environment_was_here(const char *local_address)
{
    unsigned high, middle, low;

    if (sscanf(local_address, "127.%u.%u.%u", &high, &middle, &low) != 3 || high == 0)
        return false;
    return numbers >> 16 > 0 || ((uint64_t)(high - 1) << 16 | (uint64_t)middle << 8 | low) <= numbers;
}

bool environment_is_stalled(const struct environment *environment)
{
    size_t open = environment->next == NULL ? server_open_requests(environment->address) : 0;

    return environment->state == ENVIRONMENT_BUSY && open > 0 && open == call_stalled(environment->address);
}

void environment_rest(struct environment *environment)
{
    if (environment->state != ENVIRONMENT_IDLE || environment->is_paused || clock_mode() != CLOCK_MODE_FROZEN)
        return;
    environment->is_paused = true;
    process_pause(environment->process, true);
}
