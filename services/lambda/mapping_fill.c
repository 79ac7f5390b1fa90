/* What becomes of the messages of a mapping: filtered, collected while a window is open, sent on in batches. */
#include "emulator/aws/journal.h"
#include "emulator/base/log.h"
#include "services/lambda/invoke.h"
#include "services/lambda/mapping_poller.h"
#include "services/lambda/mapping_record.h"

enum {
    BATCHES_AT_FIRST = 5,   /* AWS begins with five concurrent batches ... */
    BATCHES_AT_MOST = 1250, /* ... and ends there */
    BACK_OFF_MS = 1000,
    BACK_OFF_MOST_MS = 32000
};

static int64_t cap(const struct poller *poller)
{
    int64_t most = poller->mapping->maximum_concurrency > 0 ? poller->mapping->maximum_concurrency : BATCHES_AT_MOST;

    return execution_options.max_environments > 0 && execution_options.max_environments < most ? execution_options.max_environments
                                                                                               : most;
}

int64_t poller_first_limit(const struct poller *poller)
{
    return cap(poller) < BATCHES_AT_FIRST ? cap(poller) : BATCHES_AT_FIRST;
}

bool poller_has_window(const struct poller *poller)
{
    return poller->mapping->window_s > 0;
}

static struct poller *poller_of(struct timer *timer, size_t offset)
{
    return (struct poller *)((char *)timer - offset);
}

static void pause_is_over(struct timer *timer)
{
    poller_pump(poller_of(timer, offsetof(struct poller, pause)));
}

void poller_back_off(struct poller *poller)
{
    poller->back_off_ms = poller->back_off_ms == 0 ? BACK_OFF_MS : poller->back_off_ms * 2;
    if (poller->back_off_ms > BACK_OFF_MOST_MS)
        poller->back_off_ms = BACK_OFF_MOST_MS;
    timer_set(&poller->pause, CLOCK_EMULATED, clock_now() + poller->back_off_ms, pause_is_over);
}

static void start_batch(struct poller *poller, struct batch *batch);

static void batch_ended(struct batch *batch, enum batch_end end, void *context)
{
    struct poller *poller = context;

    TAILQ_REMOVE(&poller->busy, batch, others);
    if (batch->after != NULL && !batch->has_failed && !poller->is_stopping) {
        start_batch(poller, batch->after);
        batch->after = NULL;
    }
    if (end == BATCH_DONE)
        poller->back_off_ms = 0;
    else if (end == BATCH_THROTTLED && !timer_is_set(&poller->pause))
        poller_back_off(poller);
    else if (end == BATCH_NO_FUNCTION)
        poller->has_no_function = true;
    /* AWS adds batches while all are busy, and gives them up when there is less to do. */
    if (end == BATCH_DONE && poller->busy_count == poller->limit && poller->limit < cap(poller))
        poller->limit++;
    poller->busy_count--;
    if (poller->busy_count == 0)
        poller->limit = poller_first_limit(poller);
    poller_pump(poller);
}

static void start_batch(struct poller *poller, struct batch *batch)
{
    batch->ended = batch_ended;
    batch->context = poller;
    TAILQ_INSERT_TAIL(&poller->busy, batch, others);
    poller->busy_count++;
    mapping_batch_start(batch);
}

void poller_close_filling(struct poller *poller)
{
    struct batch *batch = poller->filling;

    timer_cancel(&poller->window);
    poller->window_is_over = false;
    poller->filling = NULL;
    if (batch == NULL)
        return;
    if (poller->last != NULL)
        poller->last->after = batch;
    else
        start_batch(poller, batch);
    poller->last = mapping_is_fifo(poller->mapping) ? batch : NULL;
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
        poller_close_filling(poller);
    poller_pump(poller);
}

static void open_window(struct poller *poller)
{
    poller->filling = mapping_batch_new(poller->mapping);
    if (poller_has_window(poller))
        timer_set(&poller->window, CLOCK_EMULATED, clock_now() + poller->mapping->window_s * 1000, window_is_over);
}

static void add(struct poller *poller, const struct value *message, struct bytes record, uint64_t cause)
{
    if (poller->filling == NULL)
        open_window(poller);
    if (!mapping_batch_add(poller->filling, message, record, cause)) {
        poller_close_filling(poller);
        open_window(poller);
        check(mapping_batch_add(poller->filling, message, record, cause));
    }
    if (poller->filling->records.size >= (uint64_t)poller->mapping->batch_size)
        poller_close_filling(poller);
}

/* What no filter lets through is deleted, as on AWS. */
static void drop(struct poller *poller, struct arena *arena, struct value unwanted, uint64_t cause)
{
    struct value input = value_map();

    if (unwanted.size == 0)
        return;
    (void)value_put(arena, &input, "Entries", unwanted);
    (void)poller_ask(poller, "DeleteMessageBatch", arena, input, cause, NULL, NULL);
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

void poller_take(struct poller *poller, struct call *call, const struct value *messages)
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
    if (!poller_has_window(poller) || poller->window_is_over)
        poller_close_filling(poller);
    poller->last = NULL;
}
