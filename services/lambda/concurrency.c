#include "services/lambda/concurrency.h"

#include <stddef.h>
#include <stdlib.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/control/control.h"
#include "emulator/loop/loop.h"
#include "services/lambda/invoke.h"
#include "services/lambda/reload.h"

/* What waits and what runs, by version and revision: an event only runs on code of its own revision. */
struct group {
    int64_t version, revision, function_id;
    struct invocation_list waiting;
    struct environment_list environments;
    size_t waiting_count, running; /* running: handed over and not answered */
    struct function_waiter unpacked; /* waiting: an update came while its events waited, and its code is not there yet */
    TAILQ_ENTRY(group) others;
};
TAILQ_HEAD(group_list, group);

static struct group_list groups = TAILQ_HEAD_INITIALIZER(groups);
static struct environment_list all = TAILQ_HEAD_INITIALIZER(all);
static size_t environment_count, waiting_count;
static uint64_t orders;
static bool told_full;

static void dispatch(struct task *task);
static struct task dispatch_task = {.run = dispatch};

static struct group *find_group(const struct function *function)
{
    struct group *group;

    TAILQ_FOREACH(group, &groups, others)
        if (group->version == function->id && group->revision == function->revision)
            return group;
    return NULL;
}

static struct group *take_group(const struct function *function)
{
    struct group *group = find_group(function);

    if (group != NULL)
        return group;
    group = calloc(1, sizeof *group);
    check(group != NULL);
    group->version = function->id;
    group->revision = function->revision;
    group->function_id = function->function_id;
    TAILQ_INIT(&group->waiting);
    TAILQ_INIT(&group->environments);
    TAILQ_INSERT_TAIL(&groups, group, others);
    return group;
}

static void drop_if_empty(struct group *group)
{
    if (!TAILQ_EMPTY(&group->waiting) || !TAILQ_EMPTY(&group->environments) || group->running > 0)
        return;
    function_wait_cancel(&group->unpacked);
    TAILQ_REMOVE(&groups, group, others);
    free(group);
}

const char *concurrency_refuses(const struct function *function)
{
    const struct group *group;
    int64_t used = 0;

    if (function->reserved_concurrency < 0)
        return NULL;
    TAILQ_FOREACH(group, &groups, others)
        if (group->function_id == function->function_id)
            used += (int64_t)(group->running + group->waiting_count);
    return used < function->reserved_concurrency ? NULL : "ReservedFunctionConcurrentInvocationLimitExceeded";
}

static void add_waiting(struct invocation *invocation)
{
    struct group *group = take_group(&invocation->function);

    invocation->group = group;
    invocation->is_waiting = true;
    TAILQ_INSERT_TAIL(&group->waiting, invocation, others);
    group->waiting_count++;
    waiting_count++;
}

static void take_waiting(struct invocation *invocation)
{
    struct group *group = invocation->group;

    check(invocation->is_waiting);
    TAILQ_REMOVE(&group->waiting, invocation, others);
    invocation->is_waiting = false;
    group->waiting_count--;
    waiting_count--;
}

void concurrency_submit(struct invocation *invocation)
{
    invocation->order = ++orders;
    add_waiting(invocation);
    loop_soon(&dispatch_task);
}

void concurrency_changed(void)
{
    loop_soon(&dispatch_task);
}

void concurrency_left(struct environment *environment)
{
    struct group *group = environment->group;

    if (group == NULL)
        return;
    environment->group = NULL;
    TAILQ_REMOVE(&all, environment, others);
    TAILQ_REMOVE(&group->environments, environment, peers);
    environment_count--;
    told_full = false;
    drop_if_empty(group);
    loop_soon(&dispatch_task);
}

void concurrency_answered(struct invocation *invocation)
{
    if (invocation->group == NULL)
        return;
    check(invocation->group->running > 0);
    invocation->group->running--;
    /* The group lives as long as the environment that is still in it. */
    invocation->group = NULL;
    loop_soon(&dispatch_task);
}

/* --- who runs what --- */

static void run_on(struct environment *environment, struct invocation *invocation)
{
    take_waiting(invocation);
    invocation->group->running++;
    environment_assign(environment, invocation);
}

/* The one that was used last, so that what is not needed grows old; a warm one before one without its process. NULL: none is free.
 */
static struct environment *free_environment_of(struct group *group)
{
    struct environment *environment, *best = NULL;

    TAILQ_FOREACH(environment, &group->environments, peers) {
        bool is_warm = environment->state == ENVIRONMENT_IDLE && environment->next != NULL;

        if (!is_warm && environment->state != ENVIRONMENT_VACANT)
            continue;
        if (best == NULL || (is_warm && best->state == ENVIRONMENT_VACANT) ||
            (is_warm == (best->state == ENVIRONMENT_IDLE) && environment->used > best->used))
            best = environment;
    }
    return best;
}

/* Environments that will take an event soon, without anything being started for it. */
static size_t coming(const struct group *group)
{
    const struct environment *environment;
    size_t count = 0;

    TAILQ_FOREACH(environment, &group->environments, peers)
        switch (environment->state) {
        case ENVIRONMENT_STARTING:
            count += environment->invocation == NULL;
            break;
        case ENVIRONMENT_STOPPING:
            count += environment->keeps;
            break;
        case ENVIRONMENT_BUSY:
            count += environment->has_answered && !environment->is_late && !environment->is_retired;
            break;
        case ENVIRONMENT_IDLE:
            count += environment->next == NULL;
            break;
        case ENVIRONMENT_VACANT:
        case ENVIRONMENT_STATES:
            break;
        }
    return count;
}

/* Code that the user has changed under a warm environment: it goes, and a new one starts. */
static bool is_stale(struct environment *environment)
{
    const struct function *function = &environment->function;

    if (!function->is_hot_reload || function->package == NULL || environment->code_mark == reload_mark(function->package))
        return false;
    log_info("%s: the code in %s has changed; starting anew", function->name, function->package);
    return true;
}

static void use_free_ones(struct group *group)
{
    struct environment *environment;

    while (!TAILQ_EMPTY(&group->waiting) && (environment = free_environment_of(group)) != NULL) {
        if (is_stale(environment))
            environment_retire(environment);
        else
            run_on(environment, TAILQ_FIRST(&group->waiting));
    }
}

/* The group whose event has waited longest among those for which nothing is coming. */
static struct group *neediest(void)
{
    struct group *group, *best = NULL;
    uint64_t best_order = 0;

    TAILQ_FOREACH(group, &groups, others) {
        size_t served = coming(group);
        const struct invocation *first = TAILQ_FIRST(&group->waiting);

        if (group->waiting_count <= served || group->unpacked.is_waiting)
            continue;
        while (served-- > 0)
            first = TAILQ_NEXT(first, others);
        if (best == NULL || first->order < best_order) {
            best = group;
            best_order = first->order;
        }
    }
    return best;
}

/* The warm environment that nobody needs and that was used longest ago. */
static struct environment *evictable(void)
{
    struct environment *environment, *best = NULL;

    TAILQ_FOREACH(environment, &all, others)
        if ((environment->state == ENVIRONMENT_IDLE || environment->state == ENVIRONMENT_VACANT) &&
            TAILQ_EMPTY(&environment->group->waiting) && (best == NULL || environment->used < best->used))
            best = environment;
    return best;
}

static bool one_is_stopping(void)
{
    struct environment *environment;

    TAILQ_FOREACH(environment, &all, others)
        if (environment->state == ENVIRONMENT_STOPPING && !environment->keeps)
            return true;
    return false;
}

static void start_one(struct group *group)
{
    struct environment *environment = environment_new(&TAILQ_FIRST(&group->waiting)->function);

    environment->group = group;
    TAILQ_INSERT_TAIL(&group->environments, environment, peers);
    TAILQ_INSERT_TAIL(&all, environment, others);
    environment_count++;
}

static void tell_full(const struct group *group)
{
    const struct invocation *first = TAILQ_FIRST(&group->waiting);

    if (told_full)
        return;
    told_full = true;
    log_info("%zu environments are in use, as many as --max-environments allows: invocations wait, first one of %s",
             environment_count, first->function.name);
    journal_note(&(struct journal_record){.kind = JOURNAL_ENVIRONMENT,
                                          .cause = first->cause,
                                          .actor = "lambda",
                                          .account = first->function.account,
                                          .region = first->function.region,
                                          .service = "lambda",
                                          .arn = first->function.qualified_arn,
                                          .request_id = first->request_id},
                 &(struct journal_end){.error = "EnvironmentLimitReached"});
}

static void rest_all(void)
{
    struct environment *environment;

    TAILQ_FOREACH(environment, &all, others)
        environment_rest(environment);
}

static void dispatch(struct task *task)
{
    struct group *group, *next;
    struct environment *environment;

    (void)task;
    TAILQ_FOREACH(group, &groups, others)
        use_free_ones(group);
    while ((group = neediest()) != NULL) {
        if (environment_count < (size_t)execution_options.max_environments) {
            start_one(group);
        } else if (!one_is_stopping() && (environment = evictable()) != NULL) {
            environment_retire(environment);
        } else {
            if (!one_is_stopping())
                tell_full(group);
            break;
        }
    }
    rest_all();
    for (group = TAILQ_FIRST(&groups); group != NULL; group = next) {
        next = TAILQ_NEXT(group, others);
        drop_if_empty(group);
    }
}

/* --- looking, and ending --- */

struct environment *concurrency_environment_at(const char *local_address)
{
    struct environment *environment;

    TAILQ_FOREACH(environment, &all, others)
        if (text_equal(environment->address, local_address))
            return environment;
    return NULL;
}

size_t concurrency_waiting(void)
{
    return waiting_count;
}

static void move_waiting(struct group *group);

/* The code of a group is there, or will never be: its events are looked at again. */
static void is_unpacked(struct function_waiter *waiter)
{
    struct group *group = (struct group *)(void *)((char *)waiter - offsetof(struct group, unpacked));

    group->running++; /* it stays while we look at it */
    move_waiting(group);
    group->running--;
    drop_if_empty(group);
    loop_soon(&dispatch_task);
}

/* Into the group of what the function is now; false: there is nothing that could run it. */
static bool move(struct invocation *invocation)
{
    struct function now;

    if (!function_load(invocation->arena, invocation->function.id, &now) || text_equal(now.state, "Failed"))
        return false;
    now.invoked_arn = invocation->function.invoked_arn;
    invocation->function = now;
    add_waiting(invocation);
    struct group *group = invocation->group;
    if (now.package == NULL && !group->unpacked.is_waiting) {
        group->unpacked.ready = is_unpacked;
        function_wait(&group->unpacked, now.id);
    }
    return true;
}

/* Events that wait for a revision that is no more get the current one; for a version that is no more, an error. Their order stays. */
static void move_waiting(struct group *group)
{
    for (size_t left = group->waiting_count; left > 0; left--) {
        struct invocation *invocation = TAILQ_FIRST(&group->waiting);

        take_waiting(invocation);
        invocation->group = NULL;
        if (move(invocation))
            continue;
        struct result result =
            invocation_failure(invocation, "Sandbox.Failure", "The function was deleted or changed before this event could run");

        invocation_answer(invocation, &result);
        invocation_free(invocation);
    }
}

void concurrency_retire(int64_t function_version_id)
{
    struct group *group, *next;
    struct environment *environment, *next_environment;

    for (group = TAILQ_FIRST(&groups); group != NULL; group = next) {
        next = TAILQ_NEXT(group, others);
        if (group->version != function_version_id)
            continue;
        group->running++; /* it stays while we look at it */
        move_waiting(group);
        for (environment = TAILQ_FIRST(&group->environments); environment != NULL; environment = next_environment) {
            next_environment = TAILQ_NEXT(environment, peers);
            environment_retire(environment);
        }
        group->running--;
        drop_if_empty(group);
    }
    loop_soon(&dispatch_task);
}

void concurrency_reset(void)
{
    struct group *group;
    struct environment *environment;
    struct invocation *invocation;

    loop_soon_cancel(&dispatch_task);
    while ((environment = TAILQ_FIRST(&all)) != NULL) {
        TAILQ_REMOVE(&all, environment, others);
        TAILQ_REMOVE(&environment->group->environments, environment, peers);
        environment_forget(environment);
    }
    while ((group = TAILQ_FIRST(&groups)) != NULL) {
        while ((invocation = TAILQ_FIRST(&group->waiting)) != NULL) {
            TAILQ_REMOVE(&group->waiting, invocation, others);
            invocation_free(invocation);
        }
        function_wait_cancel(&group->unpacked);
        TAILQ_REMOVE(&groups, group, others);
        free(group);
    }
    environment_count = waiting_count = 0;
    told_full = false;
}

void concurrency_pending(struct pending *pending)
{
    const struct group *group;
    const struct environment *environment;
    const struct invocation *invocation;

    if (pending->mode == PENDING_SCHEDULED)
        return;
    /* Whoever asks under a clock that was frozen meanwhile relies on what is idle to stay so. */
    rest_all();
    TAILQ_FOREACH(group, &groups, others)
        TAILQ_FOREACH(invocation, &group->waiting, others)
            pending_add(pending, "lambda", -1, "an event for %s waits for an environment (request %s)", invocation->function.name,
                        invocation->request_id);
    TAILQ_FOREACH(environment, &all, others) {
        const char *name = environment->function.name;

        if (environment->state == ENVIRONMENT_STARTING)
            pending_add(pending, "lambda", -1, "an environment of %s is starting", name);
        else if (environment->state == ENVIRONMENT_BUSY &&
                 !(pending->mode == PENDING_SETTLED && environment_is_stalled(environment)) && !control_is_asked_by(environment->address))
            pending_add(pending, "lambda", -1, "%s is working on request %s", name, environment->invocation->request_id);
        else if (output_is_waiting(environment->output))
            pending_add(pending, "lambda", -1, "log lines of %s are on their way", name);
    }
}
