/* ChangeMessageVisibility, for one message and for a batch. */
#pragma once
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"

/* Finds out which message a receipt handle means. False: it is no handle of this queue. */
struct receipt;
bool receipt_of_queue(struct call *call, const struct queue *queue, const char *handle, struct receipt *receipt, struct problem *problem);

enum outcome change_message_visibility(struct call *call);
enum outcome change_message_visibility_batch(struct call *call);
