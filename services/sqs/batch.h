/* What the three batch operations share: the errors of the batch as a whole, and entries that fail beside others that succeed. */
#pragma once
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"

enum { BATCH_MAX = 10 };

struct batch {
    const char *entry; /* name of the entry's structure, for the message about an empty batch */
    uint16_t url, entries, id, successful, failed; /* member numbers: of the input, of an entry, of the output */
    /* One entry, already known to have a good id: true with *result, or false with the problem. */
    bool (*run)(struct call *call, const struct queue *queue, const struct value *entry, struct value *result, struct problem *problem);
};

/* Finds the queue and checks number and ids of the entries; false after fail(). */
bool batch_start(struct call *call, const struct batch *batch, struct queue *queue, const struct value **entries);
/* One entry's failure, as an item of Failed. */
struct value batch_failure(struct call *call, const char *id, const struct problem *problem);
/* The whole operation, for entries that do not depend on each other. */
enum outcome batch_run(struct call *call, const struct batch *batch);

enum outcome send_message_batch(struct call *call);
