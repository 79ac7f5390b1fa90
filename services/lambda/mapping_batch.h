/* A batch of messages on its way through a function: Invoke, then DeleteMessageBatch of what succeeded; the rest is left to the
 * visibility timeout, as on AWS.
 *
 * Life cycle: mapping_batch_new(), mapping_batch_add() as messages come, mapping_batch_start() once; then batch->ended is called,
 * last, and the batch is gone. Or mapping_batch_free() at any time: what is under way goes on without it. */
#pragma once
#include "emulator/loop/loop.h"
#include "services/lambda/mapping.h"

enum { PAYLOAD_LIMIT = 6 * 1024 * 1024 };

enum batch_end { BATCH_DONE, BATCH_THROTTLED /* the function was never asked */, BATCH_NO_FUNCTION };

struct batch {
    const struct mapping *mapping; /* of the owner: outlives the batch */
    void (*ended)(struct batch *batch, enum batch_end end, void *context);
    void *context;
    struct arena *arena;
    struct value ids, handles, records; /* lists, in order of arrival */
    size_t size;                        /* of the event's JSON so far */
    uint64_t cause;                     /* the receive that brought the first message */
    const char *trace_header;
    struct task slice; /* a large event is printed in a turn of its own */
    struct call *invoke;
    struct call **deletes; /* under way; NULL where one is over */
    size_t delete_count, deletes_left;
    bool has_failed;     /* when it has ended: not all of its messages are done */
    struct batch *after; /* FIFO: messages of the same receive that did not fit in; not started. Starts when all of this one is done, else it is freed */
    TAILQ_ENTRY(batch) others; /* the owner's */
};

struct batch *mapping_batch_new(const struct mapping *mapping);
/* False: it would be too large with this one; batch it alone. A message of `record` JSON. */
bool mapping_batch_add(struct batch *batch, const struct value *message, struct bytes record, uint64_t cause);
void mapping_batch_start(struct batch *batch);
void mapping_batch_free(struct batch *batch); /* NULL is allowed */
/* The calls under way are gone already (reset): mapping_batch_free() without looking at them. */
void mapping_batch_drop(struct batch *batch);
