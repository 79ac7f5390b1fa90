/* What the poller of a mapping asks SQS for: long polls, one at a time. */
#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/base/log.h"
#include "services/lambda/mapping_poller.h"
#include "services/lambda/name.h"

enum {
    RECEIVE_MAX = 10,
    SPARE_S = 30 /* with a window, messages are hidden for window + time-out + this, if that is more than the queue says */
};

static int64_t lost_count; /* pollers without a queue */
static int64_t retries;    /* of those, asking again now */
static uint64_t lost_seen; /* the journal's last record when all had asked */

struct call *poller_ask(struct poller *poller, const char *operation, struct arena *arena, struct value input, uint64_t cause,
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
        poller_back_off(poller);
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
            poller_take(poller, call, messages);
    } else if (call->error == NULL) {
        /* SQS holds our polls until there is a message; an empty answer means that it has no room for more in flight. */
        journal_discard(call->seq);
        if (!poller->is_stopping)
            poller_back_off(poller);
    }
    if (poller->window_is_over)
        poller_close_filling(poller);
    poller_pump(poller);
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
    poller->receive = poller_ask(poller, "ReceiveMessage", arena, input, 0, received, poller);
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
    poller_pump(poller);
}

static void ask_visibility(struct poller *poller)
{
    struct arena *arena = arena_new();
    struct value input = value_map(), names = value_list();

    (void)value_push(arena, &names, value_text("VisibilityTimeout"));
    (void)value_put(arena, &input, "AttributeNames", names);
    poller->receive = poller_ask(poller, "GetQueueAttributes", arena, input, 0, told_visibility, poller);
    arena_free(arena);
}

void poller_receive(struct poller *poller)
{
    if (poller_has_window(poller) && !poller->knows_visibility)
        ask_visibility(poller);
    else
        receive(poller);
}

/* Once a turn: a queue that was missing can only have come by a call, and every call is in the journal. */
void poller_retry(struct poller_list *pollers)
{
    struct poller *poller;

    if (lost_count == 0)
        return;
    /* A poll that is held has found its queue. */
    TAILQ_FOREACH(poller, pollers, others)
    if (poller->has_no_queue && poller->receive != NULL && call_is_parked(poller->receive)) {
        end_retry(poller);
        find_queue(poller);
    }
    if (retries > 0 || journal_last() == lost_seen)
        return;
    TAILQ_FOREACH(poller, pollers, others)
    if (poller->has_no_queue && !poller->is_stopping && poller->receive == NULL) {
        retries++;
        poller_receive(poller);
    }
    if (retries == 0)
        lost_seen = journal_last();
}

void poller_stop_receiving(struct poller *poller)
{
    if (poller->receive != NULL)
        end_retry(poller);
    find_queue(poller);
    if (poller->receive != NULL && call_is_parked(poller->receive)) {
        call_cancel(poller->receive);
        poller->receive = NULL;
    }
}

void poller_forget_lost(void)
{
    lost_count = retries = 0;
    lost_seen = 0;
}
