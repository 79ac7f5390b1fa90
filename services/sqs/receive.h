/* ReceiveMessage: takes what is visible, or waits for it (waiting.h).
 *
 * A receive by another part of lowcloud (an event source mapping) finds the cause of its messages in call->cause: the call that sent the first of them. With a
 * WaitTimeSeconds such a receive waits without end. */
#pragma once
#include "emulator/aws/call.h"

enum { VISIBILITY_MAX = 43200, IN_FLIGHT_MAX = 120000, RECEIVE_MAX = 10 };

enum outcome receive_message(struct call *call);
