/* Looking without touching: what /_lowcloud/queues shows. Nothing here writes a row. */
#pragma once
#include "emulator/aws/service.h"

/* "queues": all of an account and region with their counts. "queues/NAME/messages": the first PEEK_MAX messages in order of sending, in any state. */
enum { PEEK_MAX = 1000 };
const struct value *sqs_peek(struct arena *arena, const char *account, const char *region, const char *what);
