/* GET /_lowcloud/idle?timeout=10s: answers when nothing happens by itself any more. */
#include "emulator/base/dates.h"
#include "emulator/control/control.h"
#include "emulator/control/settle.h"
#include <stddef.h>
#include "emulator/loop/clock.h"

enum { DEFAULT_TIMEOUT_MS = 10000, LONGEST_TIMEOUT_MS = 3600000 };

struct idle {
    struct settle_wait wait; /* first */
    struct timer timeout;
    struct exchange *exchange;
};

static void put_due(struct arena *arena, struct value *list)
{
    for (uint32_t i = 0; i < list->size; i++) {
        const struct value *due = value_find(&list->items[i], "due");

        if (due != NULL)
            value_put(arena, &list->items[i], "due", value_text(date_iso8601(arena, due->integer)));
    }
}

static void finish(struct idle *idle, bool is_idle)
{
    struct exchange *exchange = idle->exchange;
    struct arena *arena = exchange->arena;
    struct value body = value_map();
    struct pending scheduled = pending_now(PENDING_SCHEDULED, arena);

    settle_cancel(&idle->wait);
    timer_cancel(&idle->timeout);
    exchange->on_end = NULL;
    if (exchange_is_answered(exchange))
        return;
    value_put(arena, &body, "idle", value_bool(is_idle));
    if (!is_idle)
        value_put(arena, &body, "pending", pending_now(PENDING_IDLE, arena).list);
    put_due(arena, &scheduled.list);
    value_put(arena, &body, "scheduled", scheduled.list);
    value_put(arena, &body, "next_due", scheduled.next_due < 0 ? value_null() : value_text(date_iso8601(arena, scheduled.next_due)));
    control_answer(exchange, is_idle ? 200 : 408, &body);
}

static void quiet(struct settle_wait *wait)
{
    finish((struct idle *)wait, true);
}

static void timed_out(struct timer *timer)
{
    struct idle *idle = (struct idle *)((char *)timer - offsetof(struct idle, timeout));

    /* Quiet by now, and only to be looked at twice more: that takes no time, and a timeout of 0s can be answered. */
    if (pending_now(PENDING_IDLE, NULL).count == 0)
        timer_set(timer, CLOCK_REAL, clock_real_ms() + 1, timed_out);
    else
        finish(idle, false);
}

static void client_gone(struct exchange *exchange)
{
    struct idle *idle = exchange->context;

    settle_cancel(&idle->wait);
    timer_cancel(&idle->timeout);
}

void idle_get(struct exchange *exchange)
{
    const char *text = control_parameter(exchange, "timeout");
    int64_t timeout = DEFAULT_TIMEOUT_MS;

    if (text != NULL && (!duration_parse(text, &timeout) || timeout < 0 || timeout > LONGEST_TIMEOUT_MS)) {
        control_fail(exchange, 400, "timeout is a duration such as 10s, at most 1h, in real time");
        return;
    }
    struct idle *idle = arena_alloc(exchange->arena, sizeof *idle);
    *idle = (struct idle){.wait = {.mode = PENDING_IDLE, .done = quiet, .asker = exchange->local_address}, .exchange = exchange};
    exchange->context = idle;
    exchange->on_end = client_gone;
    timer_set(&idle->timeout, CLOCK_REAL, clock_real_ms() + timeout, timed_out);
    settle_wait(&idle->wait);
}
