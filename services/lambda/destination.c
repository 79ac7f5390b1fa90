#include "services/lambda/destination.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/delivery.h"
#include "emulator/aws/journal.h"
#include "emulator/aws/service.h"
#include "emulator/base/dates.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"

enum { MESSAGE_LIMIT = 1024 };

const char *destination_refuses(struct arena *arena, const char *text)
{
    struct arn arn;

    if (!arn_parse(arena, text, &arn))
        return arena_print(arena, "%s is not an ARN", text);
    if (text_equal(arn.service, "sqs") || text_equal(arn.service, "lambda"))
        return NULL;
    return arena_print(arena, "lowcloud delivers to queues (SQS) and functions (Lambda) so far, not to %s", arn.service);
}

/* JSON as it stands; anything else as text. */
static struct value embedded(struct bytes bytes)
{
    return json_check(bytes, NULL) == 0 ? value_raw(bytes) : value_text_of(bytes);
}

static struct bytes record_of(struct arena *arena, const struct fate *fate)
{
    struct value record = value_map(), request = value_map(), response = value_map();

    value_put(arena, &record, "version", value_text("1.0"));
    value_put(arena, &record, "timestamp", value_text(date_iso8601(arena, clock_now())));
    value_put(arena, &request, "requestId", value_text(fate->request_id));
    value_put(arena, &request, "functionArn", value_text(fate->function->qualified_arn));
    value_put(arena, &request, "condition", value_text(fate->condition));
    value_put(arena, &request, "approximateInvokeCount", value_integer(fate->attempts));
    value_put(arena, &record, "requestContext", request);
    value_put(arena, &record, "requestPayload", embedded(fate->event));
    if (fate->result != NULL) {
        value_put(arena, &response, "statusCode", value_integer(200));
        value_put(arena, &response, "executedVersion", value_text(fate->function->version));
        if (fate->result->is_error)
            value_put(arena, &response, "functionError", value_text("Unhandled"));
        value_put(arena, &record, "responseContext", response);
        value_put(arena, &record, "responsePayload", embedded(fate->result->payload));
    }
    return json_print(arena, &record);
}

static void send_to_queue(struct arena *arena, const struct arn *arn, const char *text, const struct fate *fate, struct value input)
{
    /* A URL of any host names the queue to the service: account and name count. */
    value_put(arena, &input, "QueueUrl", value_text(arena_print(arena, "http://localhost/%s/%s", arn->account, arn->resource)));
    if (service_find("sqs") == NULL) {
        log_warn("%s: there is no SQS to deliver to %s", fate->function->name, text);
        return;
    }
    delivery_add(&(struct delivery){.service = "sqs",
                                    .operation = "SendMessage",
                                    .account = arn->account,
                                    .region = arn->region,
                                    .actor = "lambda-async",
                                    .arn = text,
                                    .trace_header = fate->trace_header,
                                    .input = input,
                                    .cause = fate->cause});
}

static struct value attribute(struct arena *arena, const char *type, const char *text)
{
    struct value map = value_map();

    value_put(arena, &map, "DataType", value_text(type));
    value_put(arena, &map, "StringValue", value_text(text));
    return map;
}

void destination_add(const char *text, const struct fate *fate)
{
    struct arena *arena = arena_new();
    struct value input = value_map();
    struct arn arn;

    if (destination_refuses(arena, text) != NULL || !arn_parse(arena, text, &arn)) {
        log_warn("%s: the result of %s is dropped: %s", fate->function->name, fate->request_id, destination_refuses(arena, text));
    } else if (text_equal(arn.service, "sqs")) {
        value_put(arena, &input, "MessageBody", value_text_of(record_of(arena, fate)));
        send_to_queue(arena, &arn, text, fate, input);
    } else {
        value_put(arena, &input, "FunctionName", value_text(text));
        value_put(arena, &input, "InvocationType", value_text("Event"));
        value_put(arena, &input, "Payload", value_bytes(record_of(arena, fate)));
        delivery_add(&(struct delivery){.service = "lambda",
                                        .operation = "Invoke",
                                        .account = arn.account,
                                        .region = arn.region,
                                        .actor = "lambda-async",
                                        .arn = text,
                                        .trace_header = fate->trace_header,
                                        .input = input,
                                        .cause = fate->cause});
    }
    arena_free(arena);
}

/* At most so many bytes, not in the middle of a character. */
static const char *cut(struct arena *arena, const char *text)
{
    size_t size = strlen(text);

    if (size <= MESSAGE_LIMIT)
        return text;
    for (size = MESSAGE_LIMIT; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;)
        size--;
    return arena_copy(arena, text, size);
}

void destination_add_dead_letter(const char *text, const struct fate *fate)
{
    struct arena *arena = arena_new();
    struct value input = value_map(), attributes = value_map(), payload;
    const char *message = NULL;
    struct arn arn;

    if (fate->result != NULL && json_parse(arena, fate->result->payload, &payload, NULL) == 0)
        message = value_find_text(&payload, "errorMessage");
    if (!arn_parse(arena, text, &arn) || !text_equal(arn.service, "sqs")) {
        log_warn("%s: the event %s is dropped: its dead-letter target %s is no queue, and lowcloud delivers to nothing else so far",
                 fate->function->name, fate->request_id, text);
        arena_free(arena);
        return;
    }
    value_put(arena, &attributes, "RequestID", attribute(arena, "String", fate->request_id));
    value_put(arena, &attributes, "ErrorCode", attribute(arena, "Number", fate->result != NULL ? "200" : "429"));
    if (message != NULL && message[0] != '\0')
        value_put(arena, &attributes, "ErrorMessage", attribute(arena, "String", cut(arena, message)));
    value_put(arena, &input, "MessageBody", value_text_of(fate->event));
    value_put(arena, &input, "MessageAttributes", attributes);
    struct fate noted = *fate;
    noted.cause = journal_note(&(struct journal_record){.kind = JOURNAL_DEAD_LETTER,
                                                        .cause = fate->cause,
                                                        .actor = "lambda-async",
                                                        .account = fate->function->account,
                                                        .region = fate->function->region,
                                                        .service = "lambda",
                                                        .arn = text,
                                                        .request_id = fate->request_id,
                                                        .attempt = fate->attempts},
                               &(struct journal_end){.error = fate->condition});
    send_to_queue(arena, &arn, text, &noted, input);
    arena_free(arena);
}
