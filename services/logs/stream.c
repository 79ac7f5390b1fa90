#include "services/logs/stream.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/logs/errors.h"
#include "services/logs/logs_model.h"
#include "services/logs/sweep.h"

enum { PAGE = 50 };

static struct query find = QUERY("SELECT id, name, events, bytes FROM log_stream WHERE log_group = ? AND name = ?");

bool stream_find(struct call *call, const struct log_group *group, const char *name, struct log_stream *stream)
{
    query_start(&find, "it", group->id, name);
    bool found = query_step(&find);
    if (found)
        *stream = (struct log_stream){.id = query_integer(&find, 0),
                                      .name = query_text(&find, call->arena, 1),
                                      .events = query_integer(&find, 2),
                                      .bytes = query_integer(&find, 3)};
    query_end(&find);
    if (!found)
        (void)fail(call, &log_group_not_found, "The specified log stream does not exist.");
    return found;
}

static struct query insert = QUERY("INSERT INTO log_stream(log_group, name, created, events, bytes) VALUES (?, ?, ?, 0, 0)");

enum outcome create_log_stream(struct call *call)
{
    struct log_group group;

    if (!group_find(call, input_text(call, CreateLogStreamRequest_logGroupName), &group))
        return FAILED;
    if (query_run(&insert, "iti", group.id, input_text(call, CreateLogStreamRequest_logStreamName), clock_now()) < 0)
        return fail(call, &log_exists, "The specified log stream already exists");
    return answer(call);
}

static struct query remove_stream = QUERY("DELETE FROM log_stream WHERE id = ?");
static struct query give_back = QUERY("UPDATE log_group SET bytes = bytes - ? WHERE id = ?");

enum outcome delete_log_stream(struct call *call)
{
    struct log_group group;
    struct log_stream stream;

    if (!group_find(call, input_text(call, DeleteLogStreamRequest_logGroupName), &group) ||
        !stream_find(call, &group, input_text(call, DeleteLogStreamRequest_logStreamName), &stream))
        return FAILED;
    (void)query_run(&remove_stream, "i", stream.id);
    sweep_add(ORPHANS_OF_STREAM, stream.id);
    (void)query_run(&give_back, "ii", stream.bytes, group.id);
    return answer(call);
}

/* DescribeLogStreams. */

/* Streams without events count as the oldest. The last stream of a page is (?2, ?3) by time, ?3 by name. */
#define COLUMNS                                                                                                                    \
    "SELECT name, created, coalesce(last_event, 0), last_ingestion, id, last_event IS NULL FROM log_stream WHERE log_group = ?1 "
static struct query by_name =
    QUERY(COLUMNS "AND name > ?3 AND name >= ?4 AND substr(name, 1, length(?4)) = ?4 ORDER BY name LIMIT ?5");
static struct query by_name_down =
    QUERY(COLUMNS "AND (?2 < 0 OR name < ?3) AND name >= ?4 AND substr(name, 1, length(?4)) = ?4 ORDER BY name DESC LIMIT ?5");
static struct query by_time =
    QUERY(COLUMNS "AND (coalesce(last_event, 0), name) > (?2, ?3) AND ?4 = '' ORDER BY coalesce(last_event, 0), name LIMIT ?5");
static struct query by_time_down = QUERY(COLUMNS "AND (?2 < 0 OR (coalesce(last_event, 0), name) < (?2, ?3)) AND ?4 = ''"
                                                 " ORDER BY coalesce(last_event, 0) DESC, name DESC LIMIT ?5");
static struct query first_event = QUERY("SELECT min(timestamp) FROM log_event WHERE stream = ? AND timestamp >= ?");

/* TIME:NAME of the last stream of the page before; -1 and "" when there is none. */
static bool read_token(struct call *call, int64_t *time, const char **name)
{
    const char *after;
    char *end;

    *time = -1;
    *name = "";
    if (!page_after(call, DescribeLogStreamsRequest_nextToken, &after))
        return false;
    if (after == NULL)
        return true;
    *time = strtoll(after, &end, 10);
    if (end == after || *end != ':' || *time < 0) {
        (void)fail(call, &log_invalid_parameter, "The specified nextToken is invalid.");
        return false;
    }
    *name = end + 1;
    return true;
}

static struct value describe(struct call *call, struct query *query, const struct log_group *group, const char *name)
{
    struct value item = call_struct(call, SHAPE_LogStream);

    set(&item, LogStream_logStreamName, value_text(name));
    set(&item, LogStream_arn, value_text(arena_print(call->arena, "%s:log-stream:%s", group_arn(call, group->name), name)));
    set(&item, LogStream_creationTime, value_integer(query_integer(query, 1)));
    set(&item, LogStream_storedBytes, value_integer(0)); /* AWS: always, since 2019 */
    if (query_integer(query, 5) == 0) {
        int64_t first = query_one(&first_event, 0, "ii", query_integer(query, 4), group_horizon(group));

        if (first > 0)
            set(&item, LogStream_firstEventTimestamp, value_integer(first));
        set(&item, LogStream_lastEventTimestamp, value_integer(query_integer(query, 2)));
        set(&item, LogStream_lastIngestionTime, value_integer(query_integer(query, 3)));
    }
    set(&item, LogStream_uploadSequenceToken, value_text(arena_print(call->arena, "%056lld", (long long)query_integer(query, 4))));
    return item;
}

enum outcome describe_log_streams(struct call *call)
{
    bool is_by_time = text_equal(input_text(call, DescribeLogStreamsRequest_orderBy), "LastEventTime");
    bool is_down = input_bool(call, DescribeLogStreamsRequest_descending, false);
    const char *prefix = input_text(call, DescribeLogStreamsRequest_logStreamNamePrefix), *last;
    int64_t most = input_integer(call, DescribeLogStreamsRequest_limit, PAGE), last_time;
    struct query *query = is_by_time ? (is_down ? &by_time_down : &by_time) : is_down ? &by_name_down : &by_name;
    struct value streams = value_list();
    struct log_group group;

    if (is_by_time && prefix != NULL)
        return fail(call, &log_invalid_parameter, "Cannot order by LastEventTime with a logStreamNamePrefix.");
    if (!group_of_input(call, DescribeLogStreamsRequest_logGroupName, DescribeLogStreamsRequest_logGroupIdentifier, &group) ||
        !read_token(call, &last_time, &last))
        return FAILED;
    query_start(query, "iitti", group.id, last_time, last, prefix == NULL ? "" : prefix, most + 1);
    while (query_step(query)) {
        if (streams.size == most) {
            output_text(call, DescribeLogStreamsResponse_nextToken,
                        page_token(call->arena, arena_print(call->arena, "%lld:%s", (long long)last_time, last)));
            break;
        }
        last = query_text(query, call->arena, 0);
        last_time = query_integer(query, 2);
        value_push(call->arena, &streams, describe(call, query, &group, last));
    }
    query_end(query);
    output_set(call, DescribeLogStreamsResponse_logStreams, streams);
    return answer(call);
}
