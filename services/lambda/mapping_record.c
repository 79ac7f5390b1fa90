#include "services/lambda/mapping_record.h"

#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/base/json.h"

/* The order in which AWS writes them (facts/lambda.md section 4; FIFO as in AWS's sample event). */
static const char *const order[] = {"ApproximateReceiveCount",
                                    "AWSTraceHeader",
                                    "SentTimestamp",
                                    "SequenceNumber",
                                    "MessageGroupId",
                                    "SenderId",
                                    "MessageDeduplicationId",
                                    "ApproximateFirstReceiveTimestamp",
                                    NULL};

static void put(struct arena *arena, struct value *map, const char *key, const struct value *item)
{
    (void)value_put(arena, map, key, item == NULL ? value_null() : *item);
}

static struct value attributes_of(struct arena *arena, const struct value *given)
{
    struct value out = value_map();

    for (const char *const *name = order; *name != NULL; name++)
        if (value_find(given, *name) != NULL)
            put(arena, &out, *name, value_find(given, *name));
    for (uint32_t i = 0; given != NULL && i < given->size; i++)
        if (value_find(&out, given->items[2 * i].text) == NULL)
            put(arena, &out, given->items[2 * i].text, &given->items[2 * i + 1]);
    return out;
}

/* Camel case here, unlike anywhere in SQS. */
static struct value attribute_of(struct arena *arena, const struct value *given)
{
    const struct value *text = value_find(given, "StringValue"), *binary = value_find(given, "BinaryValue");
    struct value out = value_map();

    if (value_present(text))
        put(arena, &out, "stringValue", text);
    if (value_present(binary))
        (void)value_put(arena, &out, "binaryValue", value_text(base64_encode(arena, value_as_bytes(binary))));
    (void)value_put(arena, &out, "stringListValues", value_list());
    (void)value_put(arena, &out, "binaryListValues", value_list());
    put(arena, &out, "dataType", value_find(given, "DataType"));
    return out;
}

static struct value message_attributes_of(struct arena *arena, const struct value *given)
{
    struct value out = value_map();

    for (uint32_t i = 0; given != NULL && i < given->size; i++)
        (void)value_put(arena, &out, given->items[2 * i].text, attribute_of(arena, &given->items[2 * i + 1]));
    return out;
}

struct bytes mapping_record(struct arena *arena, const struct value *message, const char *source_arn, const char *region)
{
    struct value record = value_map();

    put(arena, &record, "messageId", value_find(message, "MessageId"));
    put(arena, &record, "receiptHandle", value_find(message, "ReceiptHandle"));
    put(arena, &record, "body", value_find(message, "Body"));
    (void)value_put(arena, &record, "attributes", attributes_of(arena, value_find(message, "Attributes")));
    (void)value_put(arena, &record, "messageAttributes", message_attributes_of(arena, value_find(message, "MessageAttributes")));
    put(arena, &record, "md5OfMessageAttributes", value_find(message, "MD5OfMessageAttributes"));
    put(arena, &record, "md5OfBody", value_find(message, "MD5OfBody"));
    (void)value_put(arena, &record, "eventSource", value_text("aws:sqs"));
    (void)value_put(arena, &record, "eventSourceARN", value_text(source_arn));
    (void)value_put(arena, &record, "awsRegion", value_text(region));
    return json_print(arena, &record);
}
