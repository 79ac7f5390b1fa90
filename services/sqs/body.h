/* Where the body of a message is: in its row, or in a blob when it is longer than BLOB_INLINE. */
#pragma once
#include <stdint.h>

#include "emulator/base/arena.h"
#include "emulator/base/text.h"

/* Inside a transaction: the id of the blob, 0 for a body that belongs into the row, or -errno. */
int64_t message_body_store(struct bytes body);
/* The body, from its row's column and blob. */
struct bytes message_body(struct arena *arena, struct bytes column, int64_t blob);
