/* Side effects to be: a row each, written in the transaction of the call that causes it, run as a call of its own after the turn.
 *
 * Its effect and the removal of its row commit together; after a restart a row without a result runs again. A target that answers 429 or 5xx
 * is asked again after 1, 2, 4 ... seconds of emulated time, DELIVERY_ATTEMPTS times in all; then, or on any other error, the delivery is
 * dropped with a journal record and a line on stderr. */
#pragma once
#include "emulator/aws/call.h"

enum { DELIVERY_ATTEMPTS = 5 };

struct delivery {
    const char *service, *operation;
    const char *account, *region, *actor; /* of the owner of the resource that causes it */
    const char *arn;                      /* the target, for the journal */
    const char *trace_header;             /* NULL: none */
    struct value input;                   /* VALUE_MAP; VALUE_BYTES for payloads */
    uint64_t cause;
    int64_t due;                          /* emulated ms; 0: now */
};
void delivery_add(const struct delivery *delivery);

extern const char *const delivery_schema[];
extern const int delivery_schema_count;
void delivery_start(void); /* after the store has been opened or reset */
void delivery_stop(void);
struct pending;
void delivery_pending(struct pending *pending);
