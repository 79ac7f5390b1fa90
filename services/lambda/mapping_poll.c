/* Pollers: how they come and go, and what they do next. */
#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/lambda/mapping_poller.h"
#include "services/lambda/name.h"

static struct poller_list pollers = TAILQ_HEAD_INITIALIZER(pollers);

static struct query enabled = QUERY("SELECT id FROM event_source_mapping WHERE is_enabled <> 0 ORDER BY id");

static void end_if_stopped(struct poller *poller)
{
    if (!poller->is_stopping || poller->busy_count > 0 || poller->receive != NULL)
        return;
    TAILQ_REMOVE(&pollers, poller, others);
    timer_cancel(&poller->window);
    timer_cancel(&poller->pause);
    filter_free(poller->filter);
    arena_free(poller->arena);
}

void poller_pump(struct poller *poller)
{
    if (poller->is_stopping) {
        end_if_stopped(poller);
        return;
    }
    if (poller->receive != NULL || timer_is_set(&poller->pause) || poller->has_no_function || poller->has_no_queue)
        return;
    if (poller->filling == NULL && poller->busy_count >= poller->limit)
        return;
    poller_receive(poller);
}

static void stop(struct poller *poller)
{
    poller->is_stopping = true;
    poller_stop_receiving(poller);
    timer_cancel(&poller->window);
    timer_cancel(&poller->pause);
    mapping_batch_free(poller->filling);
    poller->filling = NULL;
    end_if_stopped(poller);
}

static bool function_exists(struct arena *arena, const struct mapping *mapping)
{
    struct name name;
    int64_t version;

    if (!name_parse(arena, mapping->function_arn, &name))
        return false;
    version = name_version(name.qualifier);
    return version >= 0 && function_version_id(mapping->account, mapping->region, name.name, version) != 0;
}

static void start(int64_t id)
{
    struct arena *arena = arena_new();
    struct mapping *mapping = mapping_load(arena, id);

    if (mapping == NULL || !mapping->is_enabled) {
        arena_free(arena);
        return;
    }
    struct poller *poller = arena_alloc(arena, sizeof *poller);
    poller->arena = arena;
    poller->mapping = mapping;
    poller->filter = mapping->filters == NULL ? NULL : filter_new(mapping->filters);
    poller->has_no_function = !function_exists(arena, mapping);
    TAILQ_INIT(&poller->busy);
    poller->limit = poller_first_limit(poller);
    TAILQ_INSERT_TAIL(&pollers, poller, others);
    poller_pump(poller);
}

void mapping_changed(int64_t id)
{
    struct poller *poller, *next;

    for (poller = TAILQ_FIRST(&pollers); poller != NULL; poller = next) {
        next = TAILQ_NEXT(poller, others);
        if (poller->mapping->id == id && !poller->is_stopping)
            stop(poller);
    }
    start(id);
}

static void once_a_turn(void *context)
{
    (void)context;
    poller_retry(&pollers);
}

void mapping_start(void)
{
    static bool is_hooked;
    struct arena *arena = arena_new();
    struct value ids = value_list();

    if (!is_hooked)
        loop_hook(once_a_turn, NULL);
    is_hooked = true;
    query_start(&enabled, "");
    while (query_step(&enabled))
        (void)value_push(arena, &ids, value_integer(query_integer(&enabled, 0)));
    query_end(&enabled);
    for (uint32_t i = 0; i < ids.size; i++)
        start(ids.items[i].integer);
    arena_free(arena);
}

/* Their calls are gone already. */
void mapping_reset(void)
{
    struct poller *poller;
    struct batch *batch;

    while ((poller = TAILQ_FIRST(&pollers)) != NULL) {
        TAILQ_REMOVE(&pollers, poller, others);
        while ((batch = TAILQ_FIRST(&poller->busy)) != NULL) {
            TAILQ_REMOVE(&poller->busy, batch, others);
            mapping_batch_drop(batch);
        }
        if (poller->filling != NULL)
            mapping_batch_drop(poller->filling);
        timer_cancel(&poller->window);
        timer_cancel(&poller->pause);
        filter_free(poller->filter);
        arena_free(poller->arena);
    }
    poller_forget_lost();
}

void mapping_stop(void)
{
    mapping_reset();
}

void mapping_pending(struct pending *pending)
{
    struct poller *poller;
    bool is_moving = clock_mode() != CLOCK_MODE_FROZEN;

    TAILQ_FOREACH(poller, &pollers, others)
    {
        const char *uuid = poller->mapping->uuid;

        if (pending->mode == PENDING_IDLE && poller->busy_count > 0)
            pending_add(pending, "lambda", -1, "mapping %s has %lld batch(es) under way", uuid, (long long)poller->busy_count);
        if (poller->filling != NULL && timer_is_set(&poller->window) &&
            (pending->mode == PENDING_SCHEDULED || (pending->mode == PENDING_IDLE && is_moving)))
            pending_add(pending, "lambda", poller->window.due, "mapping %s collects a batch: %u message(s) so far", uuid,
                        poller->filling->records.size);
        if (timer_is_set(&poller->pause) && pending->mode == PENDING_SCHEDULED)
            pending_add(pending, "lambda", poller->pause.due, "mapping %s polls again after a refusal", uuid);
    }
}
