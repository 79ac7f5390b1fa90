/* The one loop of the one thread: descriptors, timers (clock.h), and work for the end of the turn.
 *
 * A turn: wait for descriptors or the next timer; run ready watches; fire due timers; run the queue of loop_soon() until
 * it is empty; run the hooks. Nothing may block. No callback runs inside the function that caused it: use loop_soon(). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* A descriptor in the loop. The owner embeds it and keeps it alive until loop_unwatch(). */
struct watch {
    int fd; /* -1 when not watched */
    void (*ready)(struct watch *watch, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLRDHUP ... */
};

int loop_watch(struct watch *watch, int fd, uint32_t events, void (*ready)(struct watch *, uint32_t)); /* -errno */
int loop_change(struct watch *watch, uint32_t events);
void loop_unwatch(struct watch *watch); /* safe in any callback; the fd stays open; NULL-safe, idempotent */

/* Work for the end of this turn, in order of arrival; queued twice is queued once. The owner embeds it. */
struct task {
    void (*run)(struct task *task);
    struct task *next;
    bool is_queued;
};

void loop_soon(struct task *task);
void loop_soon_cancel(struct task *task);
bool loop_has_soon(void); /* something is queued */

/* Work in slices: like loop_soon(), but one run a turn, after everything else, so that others are served in between.
 * Queue it again from run() until the work is done. Counts as unfinished work for idle. */
void loop_slice(struct task *slice);
void loop_slice_cancel(struct task *slice);
bool loop_has_slice(void);

/* Called once a turn, after the queue: for the server's own run and for waiting observers (idle, settled). At most 8. */
void loop_hook(void (*hook)(void *context), void *context);
/* Asked before each wait; gives the longest wait in ms that is allowed (-1 for any). At most 4. */
void loop_limit(int (*limit)(void *context), void *context);

void loop_start(void);         /* once, before anything else here */
void loop_run(void);           /* until loop_stop() */
void loop_stop(void);          /* ends loop_run() after this turn */
uint64_t loop_turn(void);      /* number of the current turn */

/* The name said by the watchdog when a turn takes more than LOOP_TURN_LIMIT_MS of thread CPU time (off under sanitizers).
 * With LOWCLOUD_STRICT_TURNS=MS in the environment a turn over MS (at least the limit) aborts the program; the tests set it. */
enum { LOOP_TURN_LIMIT_MS = 50 };
void loop_doing(const char *what);
