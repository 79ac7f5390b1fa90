/* Messages on their way in: what a client sends, checked, and the rows it becomes. */
#pragma once
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"

enum { MESSAGE_BATCH_BYTES = 1048576 };

/* SendMessageRequest and SendMessageBatchRequestEntry hold the same things under different numbers. */
struct message_members {
    uint16_t body, delay, attributes, system_attributes, group, deduplication;
};

struct message {
    char id[37];
    struct bytes body;
    int64_t size;              /* of body and attributes, as it counts against limits */
    int64_t delay;             /* seconds */
    struct bytes attributes, system_attributes; /* encoded */
    const char *trace, *group; /* NULL: none */
    const char *deduplication; /* FIFO: its id, given or made; else NULL */
    const char *body_digest;
    int64_t position;          /* FIFO: what its sequence number says; else 0 */
    bool is_duplicate;         /* it was sent before: id and position are those of that one */
};

/* Reads and checks one; `entry` says whether it comes in a batch (AWS words some errors differently). */
bool message_read(struct call *call, const struct queue *queue, const struct value *structure, const struct message_members *members, bool is_entry,
                  struct message *message, struct problem *problem);

/* Inside a transaction: gives it an id and writes its rows, unless it is a duplicate; counts are the caller's, and the queue's position is kept by messages_came().
 * False: the disk is full. */
bool message_store(struct call *call, struct queue *queue, struct message *message, struct problem *problem);

/* After storing: `count` messages came, of which the delayed ones are still hidden. Tells who waits. */
void messages_came(const struct queue *queue, const struct message *messages, size_t count);

/* SequenceNumber: 20 digits that grow; NULL for position 0 (standard queues have none). */
char *message_sequence_number(struct arena *arena, int64_t position);

enum outcome send_message(struct call *call);
