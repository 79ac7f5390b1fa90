/* A tree of values: what an operation is given and what it answers, whatever the wire format.
 *
 * Values live in an arena; they are copied by assignment (shallow, 16 bytes). Two forms of object exist:
 *   VALUE_STRUCT  slots indexed by the generated member numbers of a shape; an absent member is VALUE_ABSENT.
 *   VALUE_MAP     named entries in order of insertion; for JSON documents and for calls between services.
 * Absence, null and zero are three different things. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "emulator/base/arena.h"
#include "emulator/base/text.h"

enum value_kind {
    VALUE_ABSENT, /* a zeroed value is absent */
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INTEGER,
    VALUE_DOUBLE,
    VALUE_TEXT,  /* UTF-8; text[size] is NUL, and no NUL stands within */
    VALUE_BYTES, /* anything; text[size] is NUL */
    VALUE_TIME,  /* integer: milliseconds since 1970 */
    VALUE_RAW,   /* JSON text that json_write() prints as it stands: payloads are never re-printed */
    VALUE_LIST,  /* items[size] */
    VALUE_MAP,   /* items[2 * size]: key (VALUE_TEXT), value, key, value ... */
    VALUE_STRUCT /* items[size], indexed by member */
};

struct value {
    uint8_t kind;
    uint32_t size;
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *text;
        struct value *items;
    };
};

/* Leaves. The text or bytes are borrowed: they must live as long as the tree's arena. */
struct value value_null(void);
struct value value_bool(bool boolean);
struct value value_integer(int64_t integer);
struct value value_double(double number);
struct value value_text(const char *text); /* NULL gives an absent value */
struct value value_text_of(struct bytes text);
struct value value_bytes(struct bytes bytes);
struct value value_time(int64_t ms);
struct value value_raw(struct bytes json);

/* Lists grow by doubling; the slot returned stays valid until the next push to the same list. */
struct value value_list(void);
struct value value_list_of(struct arena *arena, uint32_t size); /* `size` absent items to fill in; may grow */
struct value *value_push(struct arena *arena, struct value *list, struct value item);

/* Maps keep insertion order; putting a key again replaces its value. The key is borrowed. */
struct value value_map(void);
struct value value_map_of(struct arena *arena, uint32_t size); /* `size` absent keys and values to fill in; may grow */
struct value *value_put(struct arena *arena, struct value *map, const char *key, struct value item);
const struct value *value_find(const struct value *map, const char *key); /* NULL when missing, or not a map */
const char *value_find_text(const struct value *map, const char *key);    /* NULL unless it is text */

struct value value_struct(struct arena *arena, uint32_t members);

static inline bool value_is(const struct value *value, enum value_kind kind)
{
    return value != NULL && value->kind == kind;
}

static inline bool value_present(const struct value *value)
{
    return value != NULL && value->kind != VALUE_ABSENT && value->kind != VALUE_NULL;
}

static inline struct bytes value_as_bytes(const struct value *value) /* TEXT, BYTES or RAW */
{
    return (struct bytes){value->text, value->size};
}

/* A deep copy, with all text, in another arena. */
struct value value_copy(struct arena *arena, const struct value *value);
bool value_equal(const struct value *a, const struct value *b); /* maps: order does not count */
