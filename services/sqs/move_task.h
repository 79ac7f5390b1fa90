/* Message move tasks: what lies in a dead-letter queue goes back to the queues that it came from, or to another one.
 *
 * A task is a row. Without a rate it runs in slices, at once; with MaxNumberOfMessagesPerSecond it moves that many at the end of every second of emulated time. It moves what is
 * visible, oldest first, and at most as many messages as were there when it started, so that what fails again and comes back is not moved twice. A moved message is a
 * new one: new id, new sent time, never received (documentation: "Learn how to configure a dead-letter queue redrive"). Facts: services.md 1.10. */
#pragma once
#include "emulator/aws/service.h"

void move_task_start(void); /* goes on with the tasks that an earlier life of the store has left */
void move_task_reset(void);
void move_task_pending(struct pending *pending);

enum outcome start_message_move_task(struct call *call);
enum outcome list_message_move_tasks(struct call *call);
enum outcome cancel_message_move_task(struct call *call);
