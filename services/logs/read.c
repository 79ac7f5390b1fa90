/* Reading events: GetLogEvents by stream, FilterLogEvents by group. A place between events is (timestamp, id) of the event before
 * or behind it. */
#include <stdio.h>
#include <string.h>

#include "emulator/store/store.h"
#include "services/logs/errors.h"
#include "services/logs/event.h"
#include "services/logs/logs_model.h"
#include "services/logs/pattern.h"

/* How much one answer may look at, so that nobody else waits for it; like AWS it then gives what it has, and a token. */
enum { SCAN_EVENTS = 20000, SCAN_BYTES = 8 * 1024 * 1024 };

struct place {
    int64_t timestamp, id;
};

/* GetLogEvents. */

#define COLUMNS "SELECT timestamp, id, ingested, message FROM log_event WHERE stream = ?1 AND timestamp >= ?2 AND timestamp < ?3 "
static struct query forward = QUERY(COLUMNS "AND (timestamp, id) > (?4, ?5) ORDER BY timestamp, id LIMIT ?6");
static struct query backward = QUERY(COLUMNS "AND (timestamp, id) < (?4, ?5) ORDER BY timestamp DESC, id DESC LIMIT ?6");

/* f/ or b/, the place in 28 digits each, /s: as long as AWS's. */
static const char *write_token(struct call *call, char direction, struct place place)
{
    return arena_print(call->arena, "%c/%028lld%028lld/s", direction, (long long)place.timestamp, (long long)place.id);
}

static bool read_digits(struct arena *arena, const char *at, int64_t *number)
{
    const char *text = arena_copy(arena, at, 28);

    text += strspn(text, "0");
    *number = 0;
    return *text == '\0' || (*text != '-' && text_integer(text, number));
}

static bool read_token(struct call *call, const char *token, bool *is_forward, struct place *place)
{
    *is_forward = token[0] == 'f';
    if (strlen(token) == 60 && (token[0] == 'f' || token[0] == 'b') && token[1] == '/' && text_equal(token + 58, "/s") &&
        read_digits(call->arena, token + 2, &place->timestamp) && read_digits(call->arena, token + 30, &place->id))
        return true;
    (void)fail(call, &log_invalid_parameter, "The specified nextToken is invalid.");
    return false;
}

static struct value event_of(struct call *call, struct query *query)
{
    struct value event = call_struct(call, SHAPE_OutputLogEvent);

    set(&event, OutputLogEvent_timestamp, value_integer(query_integer(query, 0)));
    set(&event, OutputLogEvent_ingestionTime, value_integer(query_integer(query, 2)));
    set(&event, OutputLogEvent_message, value_text(query_text(query, call->arena, 3)));
    return event;
}

static void reverse(struct value *list)
{
    for (uint32_t i = 0; i < list->size / 2; i++) {
        struct value item = list->items[i];

        list->items[i] = list->items[list->size - 1 - i];
        list->items[list->size - 1 - i] = item;
    }
}

/* A page of a stream; *first and *last become the places of its first and last event, and stay as they are when it is empty. */
static struct value read_page(struct call *call, struct query *query, int64_t stream, int64_t begin, struct place from,
                              struct place *first, struct place *last)
{
    struct value events = value_list();
    struct place place = from;
    size_t bytes = 0;

    query_start(query, "iiiiii", stream, begin, input_integer(call, GetLogEventsRequest_endTime, INT64_MAX), from.timestamp,
                from.id, input_integer(call, GetLogEventsRequest_limit, PAGE_EVENTS));
    while (query_step(query)) {
        bytes += query_bytes_borrow(query, 3).size + EVENT_OVERHEAD;
        if (bytes > PAGE_BYTES && events.size > 0)
            break;
        place = (struct place){query_integer(query, 0), query_integer(query, 1)};
        if (events.size == 0)
            *first = place;
        value_push(call->arena, &events, event_of(call, query));
    }
    query_end(query);
    if (events.size > 0)
        *last = place;
    return events;
}

enum outcome get_log_events(struct call *call)
{
    const char *token = input_text(call, GetLogEventsRequest_nextToken);
    int64_t start = input_integer(call, GetLogEventsRequest_startTime, 0);
    bool is_forward = input_bool(call, GetLogEventsRequest_startFromHead, false);
    struct place from = is_forward ? (struct place){start, 0} : (struct place){INT64_MAX, INT64_MAX};
    struct log_group group;
    struct log_stream stream;

    if (!group_of_input(call, GetLogEventsRequest_logGroupName, GetLogEventsRequest_logGroupIdentifier, &group) ||
        !stream_find(call, &group, input_text(call, GetLogEventsRequest_logStreamName), &stream) ||
        (token != NULL && !read_token(call, token, &is_forward, &from)))
        return FAILED;
    /* Of an empty page both tokens are the place where it was asked for; what is still to come lies behind it. */
    struct place first = from.timestamp == INT64_MAX ? (struct place){start, 0} : from, last = first;
    int64_t begin = start > group_horizon(&group) ? start : group_horizon(&group);
    struct value events = read_page(call, is_forward ? &forward : &backward, stream.id, begin, from, &first, &last);
    if (!is_forward) {
        struct place swap = first;

        reverse(&events);
        first = last;
        last = swap;
    }
    output_set(call, GetLogEventsResponse_events, events);
    output_text(call, GetLogEventsResponse_nextForwardToken, write_token(call, 'f', last));
    output_text(call, GetLogEventsResponse_nextBackwardToken, write_token(call, 'b', first));
    return answer(call);
}

/* FilterLogEvents. */

static struct query scan = QUERY("SELECT log_event.timestamp, log_event.id, ingested, message, stream, name FROM log_event"
                                 " JOIN log_stream ON log_stream.id = stream WHERE log_event.log_group = ?1 AND timestamp >= ?2"
                                 " AND timestamp <= ?3 AND (timestamp, log_event.id) > (?4, ?5) ORDER BY timestamp, log_event.id");

struct filter {
    struct pattern *pattern;
    const char *prefix; /* of stream names; NULL: any */
    int64_t *streams;   /* NULL: any */
    uint32_t stream_count;
};

static bool wants_stream(const struct filter *filter, int64_t stream, const char *name)
{
    if (filter->prefix != NULL && !text_starts(name, filter->prefix))
        return false;
    for (uint32_t i = 0; i < filter->stream_count; i++)
        if (filter->streams[i] == stream)
            return true;
    return filter->streams == NULL;
}

static bool read_filter(struct call *call, const struct log_group *group, struct filter *filter)
{
    const struct value *names = input_at(call, FilterLogEventsRequest_logStreamNames);
    const char *text = input_text(call, FilterLogEventsRequest_filterPattern);
    enum pattern_problem problem;

    *filter = (struct filter){.prefix = input_text(call, FilterLogEventsRequest_logStreamNamePrefix)};
    if (names != NULL && filter->prefix != NULL) {
        (void)fail(call, &log_invalid_parameter, "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
        return false;
    }
    filter->pattern = pattern_parse(call->arena, text == NULL ? "" : text, &problem);
    if (problem == PATTERN_NOT_DONE)
        (void)fail(
            call, &log_not_implemented,
            "lowcloud does not emulate FilterLogEvents with regular expressions, space-delimited patterns or wildcards in selectors"
            " (filterPattern: %s)",
            text);
    else if (problem == PATTERN_INVALID)
        (void)fail(call, &log_invalid_parameter, "Invalid filter pattern");
    if (filter->pattern == NULL)
        return false;
    if (names == NULL)
        return true;
    filter->streams = arena_alloc(call->arena, names->size * sizeof *filter->streams);
    for (uint32_t i = 0; i < names->size; i++) {
        struct log_stream stream;

        if (!stream_find(call, group, names->items[i].text, &stream))
            return false;
        filter->streams[filter->stream_count++] = stream.id;
    }
    return true;
}

static struct value found_event(struct call *call, struct query *query)
{
    struct value event = call_struct(call, SHAPE_FilteredLogEvent);

    set(&event, FilteredLogEvent_logStreamName, value_text(query_text(query, call->arena, 5)));
    set(&event, FilteredLogEvent_timestamp, value_integer(query_integer(query, 0)));
    set(&event, FilteredLogEvent_message, value_text(query_text(query, call->arena, 3)));
    set(&event, FilteredLogEvent_ingestionTime, value_integer(query_integer(query, 2)));
    set(&event, FilteredLogEvent_eventId,
        value_text(
            arena_print(call->arena, "%028lld%028lld", (long long)query_integer(query, 0), (long long)query_integer(query, 1))));
    return event;
}

static bool read_place(struct call *call, struct place *place)
{
    const char *after;
    int end = 0;
    long long timestamp, id;

    *place = (struct place){-1, -1};
    if (!page_after(call, FilterLogEventsRequest_nextToken, &after))
        return false;
    if (after == NULL)
        return true;
    if (sscanf(after, "%19lld:%19lld%n", &timestamp, &id, &end) != 2 || after[end] != '\0') {
        (void)fail(call, &log_invalid_parameter, "The specified nextToken is invalid.");
        return false;
    }
    *place = (struct place){timestamp, id};
    return true;
}

enum outcome filter_log_events(struct call *call)
{
    int64_t most = input_integer(call, FilterLogEventsRequest_limit, PAGE_EVENTS),
            start = input_integer(call, FilterLogEventsRequest_startTime, 0);
    size_t bytes = 0, scanned = 0, scanned_bytes = 0;
    struct value events = value_list();
    struct log_group group;
    struct filter filter;
    struct place place;

    if (!group_of_input(call, FilterLogEventsRequest_logGroupName, FilterLogEventsRequest_logGroupIdentifier, &group) ||
        !read_filter(call, &group, &filter) || !read_place(call, &place))
        return FAILED;
    int64_t begin = start > group_horizon(&group) ? start : group_horizon(&group);
    query_start(&scan, "iiiii", group.id, begin, input_integer(call, FilterLogEventsRequest_endTime, INT64_MAX), place.timestamp,
                place.id);
    while (query_step(&scan)) {
        const char *message = query_text(&scan, NULL, 3); /* both borrowed: most events are only looked at */
        const char *stream = query_text(&scan, NULL, 5);
        size_t size = strlen(message);

        if (events.size == most || bytes > PAGE_BYTES || scanned++ > SCAN_EVENTS || scanned_bytes > SCAN_BYTES) {
            output_text(
                call, FilterLogEventsResponse_nextToken,
                page_token(call->arena, arena_print(call->arena, "%lld:%lld", (long long)place.timestamp, (long long)place.id)));
            break;
        }
        scanned_bytes += size;
        place = (struct place){query_integer(&scan, 0), query_integer(&scan, 1)};
        if (!wants_stream(&filter, query_integer(&scan, 4), stream) || !pattern_matches(filter.pattern, message))
            continue;
        bytes += size + EVENT_OVERHEAD;
        value_push(call->arena, &events, found_event(call, &scan));
    }
    query_end(&scan);
    output_set(call, FilterLogEventsResponse_events, events);
    output_set(call, FilterLogEventsResponse_searchedLogStreams, value_list()); /* AWS: empty since 2019 */
    return answer(call);
}
