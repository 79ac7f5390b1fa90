/* Message groups of FIFO queues: order, and the lock while one of a group is in flight.
 *
 * A group is a row while it holds messages. A receive takes from groups whose ready_at is 0 in the order of their first messages, so that it never looks at a locked one.
 * What is in flight is always among the first RECEIVE_MAX messages of its group: messages are taken in order, and new ones come behind them. */
#pragma once
#include "services/sqs/queue.h"

/* Inside a transaction: the group's row, for a message that comes as its last. `since` as in the schema. */
int64_t group_join(const struct queue *queue, const char *name, int64_t position, int64_t since);
/* After a message of it came back, was hidden or went: looks at the head and the lock again. A group without messages goes. 0 is allowed. */
void group_refresh(int64_t group);
/* Its messages were taken and are hidden until `visible_at`. */
void group_lock(int64_t group, int64_t visible_at);

bool group_is_locked(int64_t group); /* something of it is in flight; false for 0 */

/* Opens the groups whose messages have come back by themselves; false: there were too many for one turn. */
bool groups_unlock(const struct queue *queue);
/* The first `most` groups that a receive may take from now, after the one whose head is `after` (0: from the first). */
enum { GROUPS_MAX = 10 };
size_t groups_ready(const struct queue *queue, int64_t after, size_t most, int64_t *groups, int64_t *heads);

/* For who waits: groups to take from, at most `most`; and when the next one comes (-1: none is on its way). `delay` in seconds. */
int64_t groups_count(int64_t epoch, int64_t delay, int64_t most);
int64_t groups_next(int64_t epoch, int64_t delay);
