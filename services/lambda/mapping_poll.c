/* Pollers: one receive at a time for each enabled mapping, and the batches made from what it brings. */
#include <stdlib.h>
#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/lambda/filter.h"
#include "services/lambda/invoke.h"
#include "services/lambda/mapping_batch.h"
#include "services/lambda/mapping_record.h"
#include "services/lambda/name.h"

enum {
    RECEIVE_MAX = 10,
    BATCHES_AT_FIRST = 5,  /* AWS begins with five concurrent batches ... */
    BATCHES_AT_MOST = 1250, /* ... and ends there */
    SPARE_S = 30,          /* with a window, messages are hidden for window + time-out + this, if that is more than the queue says */
    BACK_OFF_MS = 1000,
    BACK_OFF_MOST_MS = 32000
};

struct poller {
    struct arena *arena;
    struct mapping *mapping;
    struct filter *filter; /* NULL: all messages are for the function */
    struct call *receive;  /* under way or parked; also the question for the queue's visibility timeout */
    struct batch *filling; /* its window is open */
    TAILQ_HEAD(, batch) busy;
    int64_t busy_count, limit;
    struct timer window, pause;
    int64_t back_off_ms;
    int64_t visibility_s;  /* 0: as the queue says */
    bool knows_visibility;
    bool window_is_over;   /* while a receive was running: what it brings still belongs to this batch */
    bool is_stopping;      /* disabled, deleted or changed: no more receives */
    bool has_no_function;  /* until one is created: mapping_function_changed() */
    bool has_no_queue;     /* until something happens: see retry() */
    TAILQ_ENTRY(poller) others;
};

static TAILQ_HEAD(, poller) pollers = TAILQ_HEAD_INITIALIZER(pollers);
static int64_t lost_count;     /* pollers without a queue */
static int64_t retries;        /* of those, asking again now */
static uint64_t lost_seen;     /* the journal's last record when all had asked */

static struct query enabled = QUERY("SELECT id FROM event_source_mapping WHERE is_enabled <> 0 ORDER BY id");

static void pump(struct poller *poller);

/* --- what to ask ---------------------------------------------------------------------------------------------------------------- */

static int64_t cap(const struct poller *poller)
{
    int64_t most = poller->mapping->maximum_concurrency > 0 ? poller->mapping->maximum_concurrency : BATCHES_AT_MOST;

    return execution_options.max_environments > 0 && execution_options.max_environments < most ? execution_options.max_environments : most;
}

static int64_t first_limit(const struct poller *poller)
{
    return cap(poller) < BATCHES_AT_FIRST ? cap(poller) : BATCHES_AT_FIRST;
}

static bool has_window(const struct poller *poller)
{
    return poller->mapping->window_s > 0;
}

static struct call *ask(struct poller *poller, const char *operation, struct arena *arena, struct value input, uint64_t cause,
                        void (*done)(struct call *, void *), void *context)
{
    (void)value_put(arena, &input, "QueueUrl", value_text(poller->mapping->queue_url));
    return call_queue(&(struct call_request){
        .service = "sqs",
        .operation = operation,
        .account = poller->mapping->account,
        .region = poller->mapping->region,
        .actor = arena_print(arena, "mapping:%s", poller->mapping->uuid),
        .cause = cause,
        .input = input,
        .done = done,
        .context = context,
    });
}

/* --- batches -------------------------------------------------------------------------------------------------------------------- */

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

static struct poller *poller_of(struct timer *timer, size_t offset)
{
    return (struct poller *)((char *)timer - offset);
}

static void pause_is_over(struct timer *timer)
{
    pump(poller_of(timer, offsetof(struct poller, pause)));
}

static void back_off(struct poller *poller)
{
    poller->back_off_ms = poller->back_off_ms == 0 ? BACK_OFF_MS : poller->back_off_ms * 2;
    if (poller->back_off_ms > BACK_OFF_MOST_MS)
        poller->back_off_ms = BACK_OFF_MOST_MS;
    timer_set(&poller->pause, CLOCK_EMULATED, clock_now() + poller->back_off_ms, pause_is_over);
}

static void batch_ended(struct batch *batch, enum batch_end end, void *context)
{
    struct poller *poller = context;

    TAILQ_REMOVE(&poller->busy, batch, others);
    if (end == BATCH_DONE)
        poller->back_off_ms = 0;
    else if (end == BATCH_THROTTLED && !timer_is_set(&poller->pause))
        back_off(poller);
    else if (end == BATCH_NO_FUNCTION)
        poller->has_no_function = true;
    /* AWS adds batches while all are busy, and gives them up when there is less to do. */
    if (end == BATCH_DONE && poller->busy_count == poller->limit && poller->limit < cap(poller))
        poller->limit++;
    poller->busy_count--;
    if (poller->busy_count == 0)
        poller->limit = first_limit(poller);
    pump(poller);
}

static void start_batch(struct poller *poller, struct batch *batch)
{
    batch->ended = batch_ended;
    batch->context = poller;
    TAILQ_INSERT_TAIL(&poller->busy, batch, others);
    poller->busy_count++;
    mapping_batch_start(batch);
}

static void close_filling(struct poller *poller)
{
    struct batch *batch = poller->filling;

    timer_cancel(&poller->window);
    poller->window_is_over = false;
    poller->filling = NULL;
    if (batch != NULL)
        start_batch(poller, batch);
}

static void window_is_over(struct timer *timer)
{
    struct poller *poller = poller_of(timer, offsetof(struct poller, window));

    if (poller->receive != NULL && call_is_parked(poller->receive)) {
        call_cancel(poller->receive);
        poller->receive = NULL;
    }
    if (poller->receive != NULL)
        poller->window_is_over = true;
    else
        close_filling(poller);
    pump(poller);
}

static void open_window(struct poller *poller)
{
    poller->filling = mapping_batch_new(poller->mapping);
    if (has_window(poller))
        timer_set(&poller->window, CLOCK_EMULATED, clock_now() + poller->mapping->window_s * 1000, window_is_over);
}

static void add(struct poller *poller, const struct value *message, struct bytes record, uint64_t cause)
{
    if (poller->filling == NULL)
        open_window(poller);
    if (!mapping_batch_add(poller->filling, message, record, cause)) {
        close_filling(poller);
        open_window(poller);
        check(mapping_batch_add(poller->filling, message, record, cause));
    }
    if (poller->filling->records.size >= (uint64_t)poller->mapping->batch_size)
        close_filling(poller);
}

/* What no filter lets through is deleted, as on AWS. */
static void drop(struct poller *poller, struct arena *arena, struct value unwanted, uint64_t cause)
{
    struct value input = value_map();

    if (unwanted.size == 0)
        return;
    (void)value_put(arena, &input, "Entries", unwanted);
    (void)ask(poller, "DeleteMessageBatch", arena, input, cause, NULL, NULL);
}

/* A poll that waited began before what it was waiting for; the journal has it as the effect of the first message that came. */
static uint64_t tell(const struct poller *poller, struct call *call)
{
    journal_discard(call->seq);
    return journal_note(&(struct journal_record){.kind = JOURNAL_CALL,
                                                 .cause = call->cause,
                                                 .actor = call->actor,
                                                 .account = call->account,
                                                 .region = call->region,
                                                 .service = "sqs",
                                                 .operation = "ReceiveMessage",
                                                 .arn = poller->mapping->source_arn,
                                                 .request_id = call->request_id},
                        &(struct journal_end){.status = 200});
}

static void take(struct poller *poller, struct call *call, const struct value *messages)
{
    struct value unwanted = value_list();
    uint64_t cause = tell(poller, call);

    for (uint32_t i = 0; i < messages->size; i++) {
        const struct value *message = &messages->items[i];
        struct bytes record = mapping_record(call->arena, message, poller->mapping->source_arn, poller->mapping->region);

        if (poller->filter == NULL || filter_matches(poller->filter, record)) {
            add(poller, message, record, cause);
        } else {
            struct value entry = value_map();

            (void)value_put(call->arena, &entry, "Id", value_text(arena_print(call->arena, "%u", i)));
            (void)value_put(call->arena, &entry, "ReceiptHandle", *value_find(message, "ReceiptHandle"));
            (void)value_push(call->arena, &unwanted, entry);
        }
    }
    drop(poller, call->arena, unwanted, cause);
    if (!has_window(poller) || poller->window_is_over)
        close_filling(poller);
}

/* --- receiving ------------------------------------------------------------------------------------------------------------------ */

static void lose_queue(struct poller *poller)
{
    if (!poller->has_no_queue) {
        log_warn("lambda: mapping %s polls %s, which does not exist; it goes on when there is one again", poller->mapping->uuid,
                 poller->mapping->source_arn);
        lost_count++;
    }
    poller->has_no_queue = true;
}

static void find_queue(struct poller *poller)
{
    if (poller->has_no_queue)
        lost_count--;
    poller->has_no_queue = false;
}

/* The answers of all that asked again have to be in before the next round: a round makes records of its own. */
static void end_retry(const struct poller *poller)
{
    if (poller->has_no_queue && retries > 0 && --retries == 0)
        lost_seen = journal_last();
}

static void answered(struct poller *poller, struct call *call)
{
    bool was_lost = poller->has_no_queue;

    poller->receive = NULL;
    if (call->error != NULL && call->error->query_code != NULL && strstr(call->error->query_code, "NonExistentQueue") != NULL) {
        lose_queue(poller);
        if (was_lost)
            journal_discard(call->seq);
    } else if (call->error != NULL) {
        log_warn("lambda: mapping %s: %s", poller->mapping->uuid, call->error_message);
        back_off(poller);
    }
}

static void received(struct call *call, void *context)
{
    struct poller *poller = context;
    const struct value *messages = call->error == NULL ? value_find(call_result(call), "Messages") : NULL;

    end_retry(poller);
    answered(poller, call);
    if (call->error == NULL)
        find_queue(poller);
    if (messages != NULL && messages->size > 0) {
        poller->back_off_ms = 0;
        /* What came for a mapping that has just been stopped reappears when its visibility timeout is over. */
        if (!poller->is_stopping)
            take(poller, call, messages);
    } else if (call->error == NULL) {
        /* SQS holds our polls until there is a message; an empty answer means that it has no room for more in flight. */
        journal_discard(call->seq);
        if (!poller->is_stopping)
            back_off(poller);
    }
    if (poller->window_is_over)
        close_filling(poller);
    pump(poller);
}

static void receive(struct poller *poller)
{
    struct arena *arena = arena_new();
    struct value input = value_map(), all = value_list();
    int64_t room = poller->mapping->batch_size - (poller->filling == NULL ? 0 : poller->filling->records.size);

    (void)value_push(arena, &all, value_text("All"));
    (void)value_put(arena, &input, "MaxNumberOfMessages", value_integer(room < RECEIVE_MAX ? room : RECEIVE_MAX));
    (void)value_put(arena, &input, "WaitTimeSeconds", value_integer(20));
    (void)value_put(arena, &input, "AttributeNames", all);
    (void)value_put(arena, &input, "MessageAttributeNames", all);
    if (poller->visibility_s > 0)
        (void)value_put(arena, &input, "VisibilityTimeout", value_integer(poller->visibility_s));
    poller->receive = ask(poller, "ReceiveMessage", arena, input, 0, received, poller);
    arena_free(arena);
}

/* With a window, a message may wait for long before the function sees it. */
static void told_visibility(struct call *call, void *context)
{
    struct poller *poller = context;
    struct arena *arena = arena_new();
    const struct value *attributes = call->error == NULL ? value_find(call_result(call), "Attributes") : NULL;
    const char *text = attributes == NULL ? NULL : value_find_text(attributes, "VisibilityTimeout");
    struct function function;
    int64_t has = 30, wants = 0;

    end_retry(poller);
    answered(poller, call);
    if (text != NULL && text_integer(text, &has)) {
        struct name name;

        poller->knows_visibility = true;
        find_queue(poller);
        if (name_parse(arena, poller->mapping->function_arn, &name) &&
            function_find(arena, poller->mapping->account, poller->mapping->region, name.name, name.qualifier, &function))
            wants = poller->mapping->window_s + function.timeout_s + SPARE_S;
        poller->visibility_s = wants > has ? wants : 0;
    }
    arena_free(arena);
    pump(poller);
}

static void ask_visibility(struct poller *poller)
{
    struct arena *arena = arena_new();
    struct value input = value_map(), names = value_list();

    (void)value_push(arena, &names, value_text("VisibilityTimeout"));
    (void)value_put(arena, &input, "AttributeNames", names);
    poller->receive = ask(poller, "GetQueueAttributes", arena, input, 0, told_visibility, poller);
    arena_free(arena);
}

static void poll(struct poller *poller)
{
    if (has_window(poller) && !poller->knows_visibility)
        ask_visibility(poller);
    else
        receive(poller);
}

static void pump(struct poller *poller)
{
    if (poller->is_stopping) {
        end_if_stopped(poller);
        return;
    }
    if (poller->receive != NULL || timer_is_set(&poller->pause) || poller->has_no_function || poller->has_no_queue)
        return;
    if (poller->filling == NULL && poller->busy_count >= poller->limit)
        return;
    poll(poller);
}

/* Once a turn: a queue that was missing can only have come by a call, and every call is in the journal. */
static void retry(void *context)
{
    struct poller *poller;

    (void)context;
    if (lost_count == 0)
        return;
    /* A poll that is held has found its queue. */
    TAILQ_FOREACH (poller, &pollers, others)
        if (poller->has_no_queue && poller->receive != NULL && call_is_parked(poller->receive)) {
            end_retry(poller);
            find_queue(poller);
        }
    if (retries > 0 || journal_last() == lost_seen)
        return;
    TAILQ_FOREACH (poller, &pollers, others)
        if (poller->has_no_queue && !poller->is_stopping && poller->receive == NULL) {
            retries++;
            poll(poller);
        }
    if (retries == 0)
        lost_seen = journal_last();
}

/* --- life ------------------------------------------------------------------------------------------------------------------------ */

static void stop(struct poller *poller)
{
    poller->is_stopping = true;
    if (poller->receive != NULL)
        end_retry(poller);
    find_queue(poller);
    if (poller->receive != NULL && call_is_parked(poller->receive)) {
        call_cancel(poller->receive);
        poller->receive = NULL;
    }
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
    poller->limit = first_limit(poller);
    TAILQ_INSERT_TAIL(&pollers, poller, others);
    pump(poller);
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

void mapping_start(void)
{
    static bool is_hooked;
    struct arena *arena = arena_new();
    struct value ids = value_list();

    if (!is_hooked)
        loop_hook(retry, NULL);
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
    lost_count = retries = 0;
    lost_seen = 0;
}

void mapping_stop(void)
{
    mapping_reset();
}

void mapping_pending(struct pending *pending)
{
    struct poller *poller;
    bool is_moving = clock_mode() != CLOCK_MODE_FROZEN;

    TAILQ_FOREACH (poller, &pollers, others) {
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
