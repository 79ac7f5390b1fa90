/* Where the result of an asynchronous invocation goes: destinations and dead-letter queues. */
#pragma once
#include "services/lambda/invocation.h"

/* An event whose fate is sealed. */
struct fate {
    const struct function *function;
    const char *request_id, *trace_header;
    struct bytes event;
    const char *condition;       /* "Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency" */
    int attempts;                /* made */
    const struct result *result; /* of the last one; NULL: it was never run */
    uint64_t cause;
};

/* Inside a transaction: a delivery to the destination (ARN of a queue or a function). */
void destination_add(const char *arn, const struct fate *fate);
/* The same to the dead-letter queue: the event as it was, with attributes. */
void destination_add_dead_letter(const char *arn, const struct fate *fate);
/* NULL: lowcloud delivers there. Else why not, as a sentence. */
const char *destination_refuses(struct arena *arena, const char *arn);
