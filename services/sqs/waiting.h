/* Receives that wait for a message, by queue and in order of arrival.
 *
 * Who may have made a message visible says so with waiting_notice(); at the end of the turn as many waiters are woken as there are messages, the longest waiting first.
 * A woken receive takes what it finds in a transaction of its own, or waits again in its old place. A receive whose client is gone has left the list and
 * takes nothing. A queue with waiters has a timer at the moment at which its next delayed or in-flight message becomes visible; other queues need none. */
#pragma once
#include "emulator/aws/service.h"
#include "services/sqs/queue.h"

#define WAITING_ENDLESS (-1)
#define WAITING_UNKNOWN INT64_MIN

/* Parks a receive until `due` (emulated ms, or WAITING_ENDLESS). `run` is called when a message may be there, when the queue is gone, and when the time is over. */
enum outcome waiting_park(struct call *call, const struct queue *queue, int64_t due, enum outcome (*run)(struct call *));

/* A message of this queue may have become visible or changed its time, or the queue is gone. Cheap when nobody waits. */
void waiting_notice(int64_t queue);

/* Parks a call whose work was too much for one turn; `run` goes on in the next one. What was done so far is committed; `due` is only
 * remembered for waiting_due(). */
enum outcome again(struct call *call, int64_t due, enum outcome (*run)(struct call *));

/* The `due` with which this call was last parked or put off; WAITING_UNKNOWN before that. */
int64_t waiting_due(const struct call *call);

void waiting_reset(void);
void waiting_pending(struct pending *pending);
