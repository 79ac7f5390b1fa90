/* DeleteMessage, for one message and for a batch. */
#pragma once
#include "emulator/aws/call.h"

enum outcome delete_message(struct call *call);
enum outcome delete_message_batch(struct call *call);
