/* What a function gets from a queue: one record a message, in the shape of AWS's SQS event. */
#pragma once
#include "emulator/base/value.h"

/* `message` is one of ReceiveMessage's, by member names. The JSON lives in the arena. */
struct bytes mapping_record(struct arena *arena, const struct value *message, const char *source_arn, const char *region);
