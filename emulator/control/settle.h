/* Waiting for quiet.
 *
 * Settled: nothing runs that does not wait for emulated time. Idle: nothing runs, and nothing will by itself until time moves on or somebody
 * calls. Both are true only when they have held in several turns of the loop with nothing new in any socket or pipe. */
#pragma once
#include "emulator/aws/service.h"

struct settle_wait {
    enum pending_for mode; /* PENDING_SETTLED or PENDING_IDLE */
    void (*done)(struct settle_wait *wait); /* at the end of a turn; the wait is off the list by then */
    const char *asker; /* our address that the request was sent to; NULL: none */
    int passes;
    bool is_waiting, is_new;
    struct settle_wait *next;
};

void settle_wait(struct settle_wait *wait);
void settle_cancel(struct settle_wait *wait); /* idempotent */
bool settle_is_asked_by(const char *local_address);

/* What keeps us from it, or what is scheduled. `arena` NULL: only the count. */
struct pending pending_now(enum pending_for mode, struct arena *arena);
