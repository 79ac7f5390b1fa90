/* JSON in and out; the only door to cJSON.
 *
 * Reading is strict RFC 8259 (no BOM, no leading zeros, valid UTF-8, at most JSON_DEPTH levels) and exact:
 * integers keep 64 bits; a number that is not an int64 is a VALUE_DOUBLE. Two things cannot be held by text and become
 * U+FFFF, which every AWS character rule refuses: an escaped NUL, and a lone surrogate.
 * Of duplicate keys the last wins. Payloads, event details and message bodies are bytes: validate them with json_check(),
 * embed them with VALUE_RAW, never parse and print them again. */
#pragma once
#include "emulator/base/buffer.h"
#include "emulator/base/value.h"

enum { JSON_DEPTH = 200, JSON_NODES = 100000 };

struct json_problem {
    size_t offset;       /* byte at which reading stopped */
    const char *message; /* static text, e.g. "expected a value" */
};

/* 0, or -EINVAL with *problem filled (which may be NULL); -E2BIG when a limit was passed: depth, or JSON_NODES values, which take 20 ms of a turn and 41 times
 * their size. Objects become VALUE_MAP. */
int json_parse(struct arena *arena, struct bytes json, struct value *value, struct json_problem *problem);

/* The same checks without building anything, hence for any number of values. */
int json_check(struct bytes json, struct json_problem *problem);

/* Compact, no blanks. BYTES are written as base64, TIME as seconds with fraction, ABSENT members are left out of maps. */
void json_write(struct buffer *buffer, const struct value *value);
void json_write_text(struct buffer *buffer, struct bytes text); /* quoted and escaped */
struct bytes json_print(struct arena *arena, const struct value *value);
