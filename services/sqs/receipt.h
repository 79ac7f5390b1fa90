/* Receipt handles: opaque text that names one receive of one message of one queue.
 *
 * It is base64 of 36 bytes: format, queue, row, receive, the message's random token, and a check over all of them. Only the check tells a handle from other text;
 * whether the message is still there is for its user to find out. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "emulator/base/arena.h"

struct receipt {
    int64_t queue, message, token;
    uint32_t receive; /* from 1 */
};

char *receipt_print(struct arena *arena, const struct receipt *receipt);
bool receipt_parse(struct arena *arena, const char *text, struct receipt *receipt);
