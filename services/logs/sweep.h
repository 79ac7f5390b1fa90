/* Events whose stream or group is gone: they are removed in slices, so that deleting a large group keeps nobody waiting. */
#pragma once
#include <stdint.h>

enum orphan_kind { ORPHANS_OF_GROUP, ORPHANS_OF_STREAM };

void sweep_add(enum orphan_kind kind, int64_t owner); /* in the transaction that removes the owner's row */
void sweep_start(void);
void sweep_stop(void);
