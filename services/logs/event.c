/* Writing events: PutLogEvents, and keeping within what is kept. */
#include "services/logs/event.h"

#include <stdlib.h>

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/logs/errors.h"
#include "services/logs/logs_model.h"

#define DAY_MS INT64_C(86400000)
#define TOO_OLD_MS (14 * DAY_MS)
#define TOO_NEW_MS INT64_C(7200000)
enum { DROP_AT_ONCE = 1000, EXPIRED_AT_ONCE = 2000 /* readers do not see the others */ };

/* Dropping the oldest, of a stream or of a group. */

struct dropped {
    int64_t stream, size;
};

struct owner {
    struct query *oldest, *erase;
    int64_t id, group;
};

#define OLDEST "SELECT timestamp, id, stream, length(CAST(message AS BLOB)) FROM log_event WHERE "
static struct query oldest_of_stream = QUERY(OLDEST "stream = ? AND timestamp < ? ORDER BY timestamp, id LIMIT ?");
static struct query oldest_of_group = QUERY(OLDEST "log_group = ? AND timestamp < ? ORDER BY timestamp, id LIMIT ?");
static struct query erase_of_stream = QUERY("DELETE FROM log_event WHERE stream = ? AND (timestamp, id) <= (?, ?)");
static struct query erase_of_group = QUERY("DELETE FROM log_event WHERE log_group = ? AND (timestamp, id) <= (?, ?)");
static struct query stream_lost = QUERY("UPDATE log_stream SET events = events - ?, bytes = bytes - ? WHERE id = ?");
static struct query group_lost = QUERY("UPDATE log_group SET bytes = bytes - ? WHERE id = ?");

static int by_stream(const void *a, const void *b)
{
    int64_t left = ((const struct dropped *)a)->stream, right = ((const struct dropped *)b)->stream;

    return left < right ? -1 : left > right;
}

/* The bytes that are not counted any more: an orphan's were taken off with its stream. */
static int64_t account_for(struct dropped *rows, size_t count)
{
    int64_t total = 0;

    qsort(rows, count, sizeof *rows, by_stream);
    for (size_t i = 0, end; i < count; i = end) {
        int64_t bytes = 0;

        for (end = i; end < count && rows[end].stream == rows[i].stream; end++)
            bytes += rows[end].size;
        if (query_run(&stream_lost, "iii", (int64_t)(end - i), bytes, rows[i].stream) > 0)
            total += bytes;
    }
    return total;
}

/* Drops the oldest events before `before` until that many bytes and events have gone. */
static void drop(struct call *call, const struct owner *owner, int64_t before, int64_t bytes, int64_t count)
{
    struct dropped *rows = arena_alloc(call->arena, DROP_AT_ONCE * sizeof *rows);
    size_t found = DROP_AT_ONCE;

    while (found == DROP_AT_ONCE && (bytes > 0 || count > 0)) {
        int64_t timestamp = 0, id = 0;

        found = 0;
        query_start(owner->oldest, "iii", owner->id, before, (int64_t)DROP_AT_ONCE);
        while ((bytes > 0 || count > 0) && query_step(owner->oldest)) {
            timestamp = query_integer(owner->oldest, 0);
            id = query_integer(owner->oldest, 1);
            rows[found] = (struct dropped){query_integer(owner->oldest, 2), query_integer(owner->oldest, 3) + EVENT_OVERHEAD};
            bytes -= rows[found++].size;
            count--;
        }
        query_end(owner->oldest);
        if (found == 0)
            return;
        (void)query_run(owner->erase, "iii", owner->id, timestamp, id);
        (void)query_run(&group_lost, "ii", account_for(rows, found), owner->group);
    }
}

static struct query size_of_group = QUERY("SELECT bytes FROM log_group WHERE id = ?");

static void keep_within_limits(struct call *call, const struct log_group *group, const struct log_stream *stream)
{
    struct owner of_group = {&oldest_of_group, &erase_of_group, group->id, group->id};
    struct owner of_stream = {&oldest_of_stream, &erase_of_stream, stream->id, group->id};

    if (group->retention != 0)
        drop(call, &of_group, group_horizon(group), 0, EXPIRED_AT_ONCE);
    if (stream->events > STREAM_EVENTS || stream->bytes > STREAM_BYTES)
        drop(call, &of_stream, INT64_MAX, stream->bytes - STREAM_BYTES, stream->events - STREAM_EVENTS);
    int64_t bytes = query_one(&size_of_group, 0, "i", group->id);
    if (bytes > GROUP_BYTES)
        drop(call, &of_group, INT64_MAX, bytes - GROUP_BYTES, 0);
}

/* PutLogEvents. */

/* A client's clock may be the real one or ours: an event is out of range only when it is so on both. */
static bool is_too_old(int64_t timestamp)
{
    return timestamp < clock_now() - TOO_OLD_MS && timestamp < clock_real_now() - TOO_OLD_MS;
}

static bool is_too_new(int64_t timestamp)
{
    return timestamp > clock_now() + TOO_NEW_MS && timestamp > clock_real_now() + TOO_NEW_MS;
}

static bool check_batch(struct call *call, const struct value *events)
{
    int64_t previous = INT64_MIN;
    size_t bytes = 0;

    for (uint32_t i = 0; i < events->size; i++) {
        int64_t timestamp = at_integer(&events->items[i], InputLogEvent_timestamp, 0);

        bytes += at(&events->items[i], InputLogEvent_message)->size + EVENT_OVERHEAD;
        if (timestamp < previous) {
            (void)fail(call, &log_invalid_parameter, "Log events in a single PutLogEvents request must be in chronological order.");
            return false;
        }
        previous = timestamp;
    }
    if (previous - at_integer(&events->items[0], InputLogEvent_timestamp, 0) > DAY_MS) {
        (void)fail(call, &log_invalid_parameter,
                   "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
        return false;
    }
    if (bytes > BATCH_BYTES) {
        (void)fail(call, &log_invalid_parameter, "Upload too large: %zu bytes exceeds limit of %d", bytes, BATCH_BYTES);
        return false;
    }
    return true;
}

/* Events are in order: those too old (or behind the retention) come first, those too new last. */
static void reject(struct call *call, const struct value *events, const struct log_group *group, uint32_t *first, uint32_t *end)
{
    struct value info = call_struct(call, SHAPE_RejectedLogEventsInfo);
    uint32_t too_old = 0, expired = 0, accepted = events->size;

    while (too_old < events->size && is_too_old(at_integer(&events->items[too_old], InputLogEvent_timestamp, 0)))
        too_old++;
    for (expired = too_old; expired < events->size; expired++)
        if (at_integer(&events->items[expired], InputLogEvent_timestamp, 0) >= group_horizon(group))
            break;
    while (accepted > expired && is_too_new(at_integer(&events->items[accepted - 1], InputLogEvent_timestamp, 0)))
        accepted--;
    *first = expired;
    *end = accepted;
    if (too_old > 0)
        set(&info, RejectedLogEventsInfo_tooOldLogEventEndIndex, value_integer(too_old));
    if (expired > too_old)
        set(&info, RejectedLogEventsInfo_expiredLogEventEndIndex, value_integer(expired));
    if (accepted < events->size)
        set(&info, RejectedLogEventsInfo_tooNewLogEventStartIndex, value_integer(accepted));
    if (expired > 0 || accepted < events->size)
        output_set(call, PutLogEventsResponse_rejectedLogEventsInfo, info);
}

static struct query insert = QUERY("INSERT INTO log_event(log_group, stream, timestamp, ingested, message) VALUES (?, ?, ?, ?, ?)");
static struct query stream_got =
    QUERY("UPDATE log_stream SET events = events + ?, bytes = bytes + ?, last_event = max(coalesce(last_event, 0), ?),"
          " last_ingestion = ? WHERE id = ?");
static struct query group_got = QUERY("UPDATE log_group SET bytes = bytes + ? WHERE id = ?");

enum outcome put_log_events(struct call *call)
{
    const struct value *events = input_at(call, PutLogEventsRequest_logEvents);
    struct log_group group;
    struct log_stream stream;
    int64_t now = clock_now(), bytes = 0;
    uint32_t first, end;

    if (!check_batch(call, events) || !group_find(call, input_text(call, PutLogEventsRequest_logGroupName), &group) ||
        !stream_find(call, &group, input_text(call, PutLogEventsRequest_logStreamName), &stream))
        return FAILED;
    reject(call, events, &group, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        const struct value *message = at(&events->items[i], InputLogEvent_message);

        (void)query_run(&insert, "iiiit", group.id, stream.id, at_integer(&events->items[i], InputLogEvent_timestamp, 0), now,
                        message->text);
        bytes += message->size + EVENT_OVERHEAD;
    }
    if (end > first) {
        (void)query_run(&stream_got, "iiiii", (int64_t)(end - first), bytes,
                        at_integer(&events->items[end - 1], InputLogEvent_timestamp, 0), now, stream.id);
        (void)query_run(&group_got, "ii", bytes, group.id);
        stream.events += end - first;
        stream.bytes += bytes;
        keep_within_limits(call, &group, &stream);
    }
    /* Ignored by AWS since 2023, and still given. */
    output_text(call, PutLogEventsResponse_nextSequenceToken, arena_print(call->arena, "%056lld", (long long)stream.id));
    return answer(call);
}
