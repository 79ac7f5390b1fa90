/* GET and POST /_lowcloud/clock. */
#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/control/control.h"
#include "emulator/control/settle.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"

/* One advance at a time: it fires a due timer, waits until everything has settled, and goes on. Others wait in line. */
struct advance {
    struct settle_wait wait; /* first */
    struct exchange *exchange;
    bool is_next;            /* until is found out when the line has come to it */
    bool is_started;
    int64_t until, by;
    int64_t fired;
    struct advance *next;
};

static struct advance *line;

/* Dates have four digits for the year. */
#define END_OF_TIME INT64_C(253402300799999)
#define END_SAID "Emulated time ends with the year 9999"

static const char *mode_name(void)
{
    static const char *const names[] = {"real", "frozen", "scaled"};

    return names[clock_mode()];
}

static struct value time_or_null(struct arena *arena, int64_t ms)
{
    return ms < 0 ? value_null() : value_text(date_iso8601(arena, ms));
}

static struct value describe(struct arena *arena)
{
    struct value body = value_map();

    value_put(arena, &body, "mode", value_text(mode_name()));
    if (clock_mode() == CLOCK_MODE_SCALED)
        value_put(arena, &body, "scale", value_double(clock_scale()));
    value_put(arena, &body, "now", value_text(date_iso8601(arena, clock_now())));
    value_put(arena, &body, "next_due", time_or_null(arena, pending_now(PENDING_SCHEDULED, NULL).next_due));
    return body;
}

void clock_get(struct exchange *exchange)
{
    struct value body = describe(exchange->arena);

    control_answer(exchange, 200, &body);
}

static void begin_first(void);

static void leave_line(struct advance *advance)
{
    settle_cancel(&advance->wait);
    for (struct advance **link = &line; *link != NULL; link = &(*link)->next)
        if (*link == advance) {
            *link = advance->next;
            break;
        }
    clock_hold(false);
    begin_first();
}

static void finish(struct advance *advance)
{
    struct arena *arena = advance->exchange->arena;
    struct value body = describe(arena);
    struct pending left = pending_now(PENDING_IDLE, arena);

    value_put(arena, &body, "fired", value_integer(advance->fired));
    value_put(arena, &body, "unsettled", left.list);
    advance->exchange->on_end = NULL;
    leave_line(advance);
    control_answer(advance->exchange, 200, &body);
}

static void settled(struct settle_wait *wait)
{
    struct advance *advance = (struct advance *)wait;

    if (exchange_is_answered(advance->exchange)) {
        leave_line(advance);
        return;
    }
    if (!advance->is_started) {
        advance->is_started = true;
        if (advance->by >= 0)
            advance->until = clock_now() + advance->by;
        if (advance->is_next)
            advance->until = pending_now(PENDING_SCHEDULED, NULL).next_due;
    }
    int64_t due = clock_next_due();
    if (due >= 0 && due <= advance->until) {
        clock_advance_to(due);
        clock_keep(); /* before any row can hold this time */
        check(clock_fire_one(advance->until));
        advance->fired++;
        settle_wait(&advance->wait);
        return;
    }
    if (clock_now() < advance->until) {
        clock_advance_to(advance->until);
        clock_keep();
        settle_wait(&advance->wait);
        return;
    }
    finish(advance);
}

static void begin_first(void)
{
    if (line == NULL)
        return;
    clock_hold(true);
    settle_wait(&line->wait);
}

static void client_gone(struct exchange *exchange)
{
    leave_line(exchange->context);
}

bool clock_is_asked_by(const char *local_address)
{
    for (const struct advance *advance = line; advance != NULL; advance = advance->next)
        if (text_equal(advance->exchange->local_address, local_address))
            return true;
    return false;
}

static void start_advance(struct exchange *exchange, int64_t by, int64_t until, bool is_next)
{
    struct advance *advance = arena_alloc(exchange->arena, sizeof *advance), **link = &line;

    *advance = (struct advance){
        .wait = {.mode = PENDING_SETTLED, .done = settled}, .exchange = exchange, .by = by, .until = until, .is_next = is_next};
    exchange->context = advance;
    exchange->on_gone = NULL;
    exchange->on_end = client_gone; /* also when a reset answers it */
    while (*link != NULL)
        link = &(*link)->next;
    *link = advance;
    if (line == advance)
        begin_first();
}

void clock_post(struct exchange *exchange)
{
    struct value request;
    struct json_problem problem;
    const struct value *scale;
    const char *text;
    int64_t ms;
    bool known = false;

    if (json_parse(exchange->arena, exchange->body, &request, &problem) != 0 || request.kind != VALUE_MAP) {
        control_fail(exchange, 400, "The body is not a JSON object such as {\"advance\":\"90s\"}");
        return;
    }
    /* One order a request: what would have to be ignored, or done by halves when the second is wrong, is refused. */
    if (request.size != 1) {
        control_fail(exchange, 400, "Say exactly one of freeze, advance, advance_to, next, resume or scale");
        return;
    }
    scale = value_find(&request, "scale");
    if (scale != NULL) {
        double factor = scale->kind == VALUE_INTEGER ? (double)scale->integer : scale->kind == VALUE_DOUBLE ? scale->number : 0;

        if (factor <= 0 || factor > 1e6) {
            control_fail(exchange, 400, "scale is a number above 0, such as 60: emulated seconds in a real one");
            return;
        }
        clock_set_scale(factor);
        known = true;
    }
    if (value_is(value_find(&request, "resume"), VALUE_BOOL) && value_find(&request, "resume")->boolean) {
        clock_resume();
        known = true;
    }
    if (value_is(value_find(&request, "freeze"), VALUE_BOOL) && value_find(&request, "freeze")->boolean) {
        clock_freeze();
        known = true;
    }
    text = value_find_text(&request, "advance");
    if (value_find(&request, "advance") != NULL) {
        if (text == NULL || !duration_parse(text, &ms) || ms < 0)
            control_fail(exchange, 400, "advance is a duration such as \"90s\": an integer with ms, s, m, h or d");
        else if (ms > END_OF_TIME - clock_now())
            control_fail(exchange, 400, END_SAID);
        else
            start_advance(exchange, ms, 0, false);
        return;
    }
    text = value_find_text(&request, "advance_to");
    if (value_find(&request, "advance_to") != NULL) {
        if (text == NULL || !date_parse_iso8601(text, &ms))
            control_fail(exchange, 400, "advance_to is a time such as \"2026-01-01T00:00:00Z\"");
        else if (ms < clock_now())
            control_fail(exchange, 400, arena_print(exchange->arena, "Time does not go back: it is %s", date_iso8601(exchange->arena, clock_now())));
        else if (ms > END_OF_TIME)
            control_fail(exchange, 400, END_SAID);
        else
            start_advance(exchange, -1, ms, false);
        return;
    }
    if (value_is(value_find(&request, "next"), VALUE_BOOL) && value_find(&request, "next")->boolean) {
        start_advance(exchange, -1, 0, true);
        return;
    }
    if (!known) {
        control_fail(exchange, 400, "Say one of freeze, advance, advance_to, next, resume or scale");
        return;
    }
    clock_keep();
    struct value body = describe(exchange->arena);
    value_put(exchange->arena, &body, "fired", value_integer(0));
    value_put(exchange->arena, &body, "unsettled", value_list());
    control_answer(exchange, 200, &body);
}
