/* The strict reader that goes over JSON text before cJSON does; private to json.c.
 *
 * It decides what is JSON, and keeps what cJSON would lose. Fixes and numbers are in document order and live in the arena. */
#pragma once
#include "emulator/base/json.h"

/* A place in the text that cJSON cannot take: a copy has it overwritten. */
struct json_fix {
    size_t offset, size;
    bool number; /* a long number becomes 0 and blanks (its value is in `numbers`); the digits of \uXXXX become ffff */
    struct json_fix *next;
};

/* A number that a double does not hold, or that is too long for cJSON. */
struct json_number {
    size_t ordinal; /* how many numbers stand before it */
    struct value value;
    struct json_number *next;
};

struct json_scan {
    struct arena *arena; /* NULL: only check */
    struct json_fix *fixes;
    struct json_number *numbers;
};

int json_scan(struct json_scan *scan, struct bytes json, struct json_problem *problem);
