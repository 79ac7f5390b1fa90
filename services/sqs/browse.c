#include "services/sqs/browse.h"

#include <string.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "services/sqs/errors.h"
#include "services/sqs/group.h"
#include "services/sqs/receive.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/take.h"

static const char prefix[] = "/_aws/sqs/messages";

static bool is_here(const char *path)
{
    return text_starts(path, prefix) && (path[strlen(prefix)] == '\0' || path[strlen(prefix)] == '/');
}

bool browse_is_meant(const struct call *call)
{
    return call->exchange != NULL && is_here(call->exchange->path);
}

static void refuse_operation(struct exchange *exchange)
{
    protocol_refuse(exchange, 400, "InvalidRequest", "This endpoint only accepts ReceiveMessage calls");
}

/* The address says which operation is meant, so that a request needs no Action. */
bool browse_claim(struct exchange *exchange)
{
    const char *target = exchange_header(exchange, "X-Amz-Target");

    if (!is_here(exchange->path))
        return false;
    const char *rest = exchange->path + strlen(prefix);
    if (target == NULL)
        exchange->query = arena_print(exchange->arena, "Action=ReceiveMessage&Version=2012-11-05&%s%s%s%s", rest[0] == '\0' ? "" : "QueueUrl=/queue", rest,
                                      rest[0] == '\0' ? "" : "&", exchange->query);
    else if (!text_equal(target, "AmazonSQS.ReceiveMessage")) {
        exchange->on_complete = refuse_operation;
        exchange_body_memory(exchange, 0);
        return true;
    }
    call_from_exchange(exchange, service_find("sqs"), "/");
    return true;
}

/* ShowInvisible and ShowDelayed are no members of ReceiveMessage. */
static bool is_asked(struct call *call, const char *name)
{
    struct bytes forms[] = {bytes_of(call->exchange->query), call->exchange->body};
    size_t sources = call->protocol == PROTOCOL_QUERY ? 2 : 1, count;

    for (size_t i = 0; i < sources; i++) {
        const struct form_field *fields = forms[i].size == 0 ? NULL : form_parse(call->arena, forms[i], true, &count);

        for (size_t j = 0; fields != NULL && j < count; j++)
            if (text_equal(fields[j].name, name))
                return text_equal_fold(fields[j].value, "true") || text_equal(fields[j].value, "1");
    }
    return false;
}

/* .../queue/REGION/ACCOUNT/NAME and sqs.REGION.HOST say where the queue is, whoever asks. */
static void go_there(struct call *call, const char *url)
{
    const char *path = strstr(url, "/queue/");
    size_t length = path == NULL ? 0 : strcspn(path + 7, "/");

    if (length > 0 && strchr(path + 7 + length + 1, '/') != NULL)
        call->region = arena_copy(call->arena, path + 7, length);
    const char *end = url + strlen(url);
    for (int slashes = 0; end > url; end--)
        if (end[-1] == '/' && ++slashes == 2)
            break;
    if (strspn(end, "0123456789") == 12 && end[12] == '/')
        call->account = arena_copy(call->arena, end, 12);
}

enum outcome browse(struct call *call)
{
    const char *url = input_text(call, ReceiveMessageRequest_QueueUrl);
    bool shows_invisible = is_asked(call, "ShowInvisible"), shows_delayed = is_asked(call, "ShowDelayed");
    struct taken *found = arena_alloc(call->arena, BROWSE_MAX * sizeof *found);
    struct value messages = value_list(), all = value_list();
    struct queue queue;
    int64_t now = clock_now();

    go_there(call, url);
    if (!queue_of_call(call, url, &queue))
        return FAILED;
    value_push(call->arena, &all, value_text("All"));
    size_t count = taken_look(call->arena, &queue, shows_invisible || shows_delayed, BROWSE_MAX, found);
    for (size_t i = 0; i < count; i++) {
        const struct taken *message = &found[i];
        bool is_delayed = message->receives == 0 && (queue.is_fifo ? message->sent_at + queue.delay * 1000 : message->visible_at) > now;
        bool is_visible = message->visible_at <= now && !is_delayed && (!queue.is_fifo || !group_is_locked(message->group_row));

        if ((is_delayed && !shows_delayed) || (!is_delayed && !is_visible && !shows_invisible))
            continue;
        struct value shown = receive_show(call, &queue, message, RECEIVE_EVERYTHING, &all);
        struct value *attributes = &shown.items[Message_Attributes];
        if (shows_invisible)
            value_put(call->arena, attributes, "IsVisible", value_text(is_visible ? "true" : "false"));
        if (shows_delayed)
            value_put(call->arena, attributes, "IsDelayed", value_text(is_delayed ? "true" : "false"));
        set(&shown, Message_ReceiptHandle, value_text("SQS/BACKDOOR/ACCESS"));
        value_push(call->arena, &messages, shown);
    }
    if (messages.size > 0)
        output_set(call, ReceiveMessageResult_Messages, messages);
    return answer(call);
}
