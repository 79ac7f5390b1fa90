/* Time. The only file that reads it.
 *
 * Emulated time is what AWS's rules run on (visibility, delays, retries, windows, expiry): real, frozen or scaled, moved
 * by advance, never backwards. Real time is for handlers and sockets (handler timeout, init deadline, TERM before KILL).
 * Both are read once a turn. Timers are embedded in their owners and fire in order of (due, order of setting). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum clock_kind { CLOCK_EMULATED, CLOCK_REAL };
enum clock_mode { CLOCK_MODE_REAL, CLOCK_MODE_FROZEN, CLOCK_MODE_SCALED };

int64_t clock_now(void);       /* emulated, ms since 1970 */
int64_t clock_real_now(void);  /* real, ms since 1970, as of this turn */
int64_t clock_real_ms(void);   /* monotonic ms, as of this turn: what CLOCK_REAL timers compare with */
int64_t clock_real_ns(void);   /* monotonic ns, read afresh: for durations */
int64_t clock_thread_ns(void);     /* CPU time of this thread: for the watchdog */

struct timer {
    int64_t due;   /* ms on its clock */
    uint64_t order;
    void (*fire)(struct timer *timer);
    uint32_t place; /* in its heap, from 1; 0 when not set */
    uint8_t kind;
};

/* Sets (or moves) a timer. `due` is absolute: clock_now() + x, or clock_real_ms() + x. A due time in the past fires this turn or
 * the next; under a frozen clock an emulated timer fires only when the clock gets there. */
void timer_set(struct timer *timer, enum clock_kind kind, int64_t due, void (*fire)(struct timer *));
void timer_cancel(struct timer *timer); /* idempotent */
bool timer_is_set(const struct timer *timer);

/* For the loop: the longest wait until a timer is due, -1 for none; and firing what is due. */
int clock_wait_ms(void);
void clock_read(void);
void clock_fire(void);

/* For control. */
void clock_configure(enum clock_mode mode, int64_t start_ms, double scale); /* start_ms < 0: real now; remembered for clock_restore() */
void clock_restore(void);                /* back to that mode and, unless it is real, to that time: for reset */
enum clock_mode clock_mode(void);
double clock_scale(void);
void clock_freeze(void);
void clock_resume(void);                 /* real again, from the current emulated time */
void clock_set_scale(double scale);
int64_t clock_next_due(void);            /* the earliest emulated timer, -1 when none is set */
void clock_advance_to(int64_t ms);       /* moves emulated time without firing; never backwards */
/* Fires the one earliest emulated timer due at or before `until`, moving the clock to its due time. False when there is none. */
bool clock_fire_one(int64_t until);
/* How emulated and real time are tied together: emulated = emulated_at + (real - real_at) * scale; scale 0: frozen. Says what time it has become, whoever
 * asks later: for a start with the rows of an earlier one. */
struct clock_tie {
    int64_t real_at, emulated_at; /* ms since 1970 */
    double scale;
};
struct clock_tie clock_tie(void);
int64_t clock_tied(const struct clock_tie *tie, int64_t real_ms);
/* While held, the loop fires no emulated timers: an advance does, one at a time. */
void clock_hold(bool held);

/* Times that clients make: true when `client_ms` is within `slack_ms` of the real or of the emulated now. */
bool clock_accepts(int64_t client_ms, int64_t slack_ms);
/* The emulated time that corresponds to a client's timestamp: through the history of the clock if it was made in real time. */
int64_t clock_from_client(int64_t client_ms);
