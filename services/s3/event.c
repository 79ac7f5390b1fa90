#include "services/s3/event.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/delivery.h"
#include "emulator/aws/wire.h"
#include "emulator/base/dates.h"
#include "emulator/base/digest.h"
#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

static struct query next_sequencer = QUERY("UPDATE event_sequencer SET value = max(value + 1, ?) RETURNING value");

#define EMPTY_ETAG "d41d8cd98f00b204e9800998ecf8427e" /* of a delete marker */

enum { SEQUENCER_BITS = 20 }; /* that many events a millisecond keep the time in front */

const char *event_key(struct arena *arena, const char *key)
{
    struct buffer buffer;
    buffer_init(&buffer, 3 * KEY_LIMIT);
    for (const char *at = key; *at != '\0'; at++) {
        if (*at == ' ')
            buffer_char(&buffer, '+');
        else if (*at == '/' || *at == '*')
            buffer_char(&buffer, *at);
        else
            buffer_text(&buffer, percent_encode(arena, (struct bytes){at, 1}, ""));
    }
    struct bytes bytes = buffer_detach(&buffer, arena);
    return arena_copy(arena, bytes.at, bytes.size);
}

/* Made of time, so that it looks like AWS's, but always growing. */
static const char *sequencer(struct arena *arena)
{
    int64_t value = query_one(&next_sequencer, 0, "i", clock_now() << SEQUENCER_BITS);
    return arena_print(arena, "00%016llX", (unsigned long long)value);
}

static const char *upper_id(struct arena *arena, const char *start, const char *of, size_t digits)
{
    char *hex = digest_hex(arena, DIGEST_SHA256, bytes_of(of));
    hex[digits] = '\0';
    for (char *at = hex; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'f')
            *at = (char)(*at - 'a' + 'A');
    return arena_print(arena, "%s%s", start, hex);
}

static void put_text(struct arena *arena, struct value *map, const char *key, const char *text)
{
    value_put(arena, map, key, value_text(text));
}

static struct value text_map(struct arena *arena, const char *key, const char *text)
{
    struct value map = value_map();
    put_text(arena, &map, key, text);
    return map;
}

/* `is_whole`: there is an object of this size; else a version that is gone, or (with an ETag all the same) a delete marker. */
static struct value object_of(struct arena *arena, const char *encoded_key, const struct version *version, bool is_whole, bool with_etag,
                              bool with_order)
{
    struct value object = value_map();

    put_text(arena, &object, "key", encoded_key);
    if (version != NULL) {
        if (is_whole && with_order)
            value_put(arena, &object, "size", value_integer(version->size));
        if (is_whole)
            put_text(arena, &object, "eTag", version->etag);
        else if (with_etag)
            put_text(arena, &object, "eTag", EMPTY_ETAG);
        if (!text_equal(version->name, NULL_VERSION))
            put_text(arena, &object, "versionId", version->name);
    }
    if (with_order)
        put_text(arena, &object, "sequencer", sequencer(arena));
    return object;
}

/* In AWS's order of keys; facts/services.md 2.14. */
static struct value record(struct call *call, const struct bucket *bucket, const struct notification *notification,
                           const char *name, const struct value *object, const char *version)
{
    struct arena *arena = call->arena;
    struct value bucket_map = value_map(), s3 = value_map(), response = value_map(), result = value_map();

    put_text(arena, &result, "eventVersion", version);
    put_text(arena, &result, "eventSource", "aws:s3");
    put_text(arena, &result, "awsRegion", bucket->region);
    put_text(arena, &result, "eventTime", date_iso8601(arena, clock_now()));
    put_text(arena, &result, "eventName", name);
    value_put(
        arena, &result, "userIdentity",
        text_map(arena, "principalId", upper_id(arena, "AWS:AIDA", call->principal != NULL ? call->principal : call->account, 17)));
    const char *address = call->exchange != NULL ? call->exchange->peer_address : NULL;
    value_put(arena, &result, "requestParameters", text_map(arena, "sourceIPAddress", address != NULL ? address : "127.0.0.1"));
    put_text(arena, &response, "x-amz-request-id", s3_request_id(call));
    put_text(arena, &response, "x-amz-id-2", s3_host_id(call));
    value_put(arena, &result, "responseElements", response);

    put_text(arena, &s3, "s3SchemaVersion", "1.0");
    put_text(arena, &s3, "configurationId", notification->id);
    put_text(arena, &bucket_map, "name", bucket->name);
    value_put(arena, &bucket_map, "ownerIdentity", text_map(arena, "principalId", upper_id(arena, "A", bucket->account, 13)));
    put_text(arena, &bucket_map, "arn", arena_print(arena, "arn:aws:s3:::%s", bucket->name));
    value_put(arena, &s3, "bucket", bucket_map);
    value_put(arena, &s3, "object", *object);
    value_put(arena, &result, "s3", s3);
    return result;
}

static void deliver(struct call *call, const struct bucket *bucket, const struct notification *notification, struct bytes body)
{
    struct arena *arena = call->arena;
    struct value input = value_map();
    struct arn arn;

    if (!arn_parse(arena, notification->arn, &arn))
        return; /* the configuration was validated: a row of another make */
    if (notification->kind == NOTIFICATION_QUEUE) {
        put_text(arena, &input, "QueueUrl",
                 arena_print(arena, "https://sqs.%s.amazonaws.com/%s/%s", arn.region, arn.account, arn.resource));
        value_put(arena, &input, "MessageBody", value_text_of(body));
    } else {
        put_text(arena, &input, "FunctionName", notification->arn);
        put_text(arena, &input, "InvocationType", "Event");
        value_put(arena, &input, "Payload", value_bytes(body));
    }
    delivery_add(&(struct delivery){
        .service = notification->kind == NOTIFICATION_QUEUE ? "sqs" : "lambda",
        .operation = notification->kind == NOTIFICATION_QUEUE ? "SendMessage" : "Invoke",
        .account = bucket->account,
        .region = bucket->region,
        .actor = "s3",
        .arn = notification->arn,
        .trace_header = call->trace_header,
        .input = input,
        .cause = call->seq,
    });
}

void event_add(struct call *call, const struct bucket *bucket, const char *name, const char *key, const struct version *version)
{
    struct arena *arena = call->arena;
    size_t count;
    const struct notification *notifications = notification_list(arena, bucket->id, &count);
    if (count == 0)
        return;

    bool is_state = text_starts(name, "ObjectTagging:") || text_starts(name, "ObjectAcl:"); /* no size, no order, another version */
    bool is_gone = text_starts(name, "ObjectRemoved:");
    const char *event = arena_print(arena, "s3:%s", name), *encoded = event_key(arena, key);
    struct value object = {.kind = VALUE_ABSENT};
    for (size_t i = 0; i < count; i++) {
        if (!notification_wants(&notifications[i], event, encoded))
            continue;
        if (object.kind == VALUE_ABSENT)
            object = object_of(arena, encoded, version, !is_gone, text_equal(name, "ObjectRemoved:DeleteMarkerCreated"), !is_state);
        struct value message = value_map(), records = value_list();
        value_push(arena, &records, record(call, bucket, &notifications[i], name, &object, is_state ? "2.3" : "2.1"));
        value_put(arena, &message, "Records", records);
        deliver(call, bucket, &notifications[i], json_print(arena, &message));
    }
}

void event_add_test(struct call *call, const struct bucket *bucket, const struct notification *notification)
{
    struct arena *arena = call->arena;
    struct value message = value_map();

    put_text(arena, &message, "Service", "Amazon S3");
    put_text(arena, &message, "Event", "s3:TestEvent");
    put_text(arena, &message, "Time", date_iso8601(arena, clock_now()));
    put_text(arena, &message, "Bucket", bucket->name);
    put_text(arena, &message, "RequestId", s3_request_id(call));
    put_text(arena, &message, "HostId", s3_host_id(call));
    deliver(call, bucket, notification, json_print(arena, &message));
}
