/* ReceiveMessage: takes what is visible, or waits for it (waiting.h).
 *
 * A receive by another part of lowcloud (an event source mapping) finds the cause of its messages in call->cause: the call that sent the first of them. With a
 * WaitTimeSeconds such a receive waits without end. */
#pragma once
#include "emulator/aws/call.h"

struct queue;
struct taken;

enum { VISIBILITY_MAX = 43200, IN_FLIGHT_MAX = 120000, RECEIVE_MAX = 10 };

/* A message as ReceiveMessage shows it, with the system attributes of `bits` and the message attributes of `names`. */
enum { RECEIVE_EVERYTHING = 511 };
struct value receive_show(struct call *call, const struct queue *queue, const struct taken *message, unsigned bits, const struct value *names);

enum outcome receive_message(struct call *call);
