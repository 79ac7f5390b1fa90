/* What a call keeps to itself. Only for call.c and call_members.c. */
#pragma once
#include "emulator/aws/call.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"

struct call_state {
    struct call *call;
    TAILQ_ENTRY(call_state) all; /* every call that is not over */
    bool is_over;
    bool is_streamed;
    bool is_complete; /* its body has come (or it came from within) */
    const char *path; /* to route by */
    size_t body_limit;

    /* Waiting: parked with the service; woken, and queued to run; timed: its end is an emulated time; expired: woken by its timer, so that the service still
     * has it on its list. */
    bool is_parked, is_woken, is_timed, is_expired;
    struct timer timer;
    struct task task;
    enum outcome (*expired)(struct call *);
    enum outcome (*woken)(struct call *);
    void (*on_gone)(struct call *);

    /* The answer. */
    int status;
    struct header *headers, **headers_last;

    /* Calls by services. */
    struct value map, result;
    void (*done)(struct call *call, void *context);
    void *done_context;
    int64_t delivery;
};
TAILQ_HEAD(state_list, call_state);
