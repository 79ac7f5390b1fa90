/* How many messages of an epoch are visible, delayed and in flight, without looking at each.
 *
 * The total is kept in the queue's row. Delayed and in-flight messages are counted by the second in which they become visible: time itself moves them on,
 * so that nothing has to happen when they do. Only the running second is counted from the messages, to the millisecond. */
#pragma once
#include "services/sqs/queue.h"

struct counts {
    int64_t visible, delayed, in_flight;
};
void counts_read(const struct queue *queue, struct counts *counts);
/* A bound that is cheap: those in flight, and what has become visible within this second. */
int64_t counts_in_flight_at_most(const struct queue *queue);

/* So many more (or fewer, when negative) messages become visible at `visible_at`, which lies in the future. */
void counts_hide(const struct queue *queue, int64_t visible_at, int64_t delayed, int64_t in_flight);
/* FIFO: so many more (or fewer, when negative) messages that were sent at `sent_at` have never been received. They are the ones that a delay can hide, also one that
 * is set later; so their column is counted by the second of sending. */
void counts_fresh(const struct queue *queue, int64_t sent_at, int64_t messages);
/* So many messages came (or went, when negative), the oldest of them sent at `oldest` (counts only when they came). */
void counts_add(int64_t queue, int64_t messages, int64_t oldest);
