/* Deduplication of FIFO queues: for five minutes after a message was sent, whatever has become of it, another with its id is the same message.
 *
 * Kept by epoch, so that a purge forgets it all. */
#pragma once
#include "services/sqs/queue.h"

struct message;

/* SHA-256 of the body in hex: the id that ContentBasedDeduplication gives. */
char *deduplication_of_content(struct arena *arena, struct bytes body);
/* Inside a transaction. True: it was sent before, and has now the id and position that it got then. */
bool deduplication_find(struct arena *arena, const struct queue *queue, struct message *message);
void deduplication_remember(struct arena *arena, const struct queue *queue, const struct message *message);
