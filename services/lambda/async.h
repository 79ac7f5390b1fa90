/* Asynchronous invocations: rows that live until their final result is known.
 *
 * An event runs at once; when the function fails it runs again after one minute and after two more (emulated), under the same request id, then it
 * goes to the dead-letter queue and to the destination for failures. Throttling does not count as an attempt: it is tried again after 1, 2, 4 ...
 * at most 300 seconds, until the event is too old. */
#pragma once
#include "services/lambda/function.h"

/* Inside the transaction of the call that asks for it. */
void async_add(struct call *call, const struct function *function, struct bytes payload);

void async_start(void); /* events that were running when we ended run again */
void async_reset(void);
struct pending;
void async_pending(struct pending *pending);
