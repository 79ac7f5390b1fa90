/* Emptying queues: messages are let go all at once by discarding their epoch, their rows then go in slices. */
#pragma once
#include "emulator/aws/call.h"

/* Inside a transaction: nothing of this epoch is anybody's message any more. */
void epoch_discard(int64_t epoch);

void purge_start(void); /* goes on with what an earlier life of the store has left */
void purge_reset(void);

enum outcome purge_queue(struct call *call);
