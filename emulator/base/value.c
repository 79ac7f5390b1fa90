#include "emulator/base/value.h"

#include <string.h>

#include "emulator/base/log.h"

enum { SMALLEST_CAPACITY = 4 };

struct value value_null(void)
{
    return (struct value){.kind = VALUE_NULL};
}

struct value value_bool(bool boolean)
{
    return (struct value){.kind = VALUE_BOOL, .boolean = boolean};
}

struct value value_integer(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

struct value value_double(double number)
{
    return (struct value){.kind = VALUE_DOUBLE, .number = number};
}

static struct value of_bytes(enum value_kind kind, struct bytes bytes)
{
    check(bytes.size <= UINT32_MAX);
    return (struct value){.kind = (uint8_t)kind, .size = (uint32_t)bytes.size, .text = bytes.at != NULL ? bytes.at : ""};
}

struct value value_text(const char *text)
{
    return text != NULL ? of_bytes(VALUE_TEXT, bytes_of(text)) : (struct value){.kind = VALUE_ABSENT};
}

struct value value_text_of(struct bytes text)
{
    return of_bytes(VALUE_TEXT, text);
}

struct value value_bytes(struct bytes bytes)
{
    return of_bytes(VALUE_BYTES, bytes);
}

struct value value_time(int64_t ms)
{
    return (struct value){.kind = VALUE_TIME, .integer = ms};
}

struct value value_raw(struct bytes json)
{
    return of_bytes(VALUE_RAW, json);
}

/* The capacity is not stored but follows from the size: the next power of two. Everything that makes a list or a map
 * that may grow allocates by this rule. */
static uint32_t capacity(uint32_t size)
{
    if (size == 0)
        return 0;
    uint32_t room = SMALLEST_CAPACITY;
    while (room < size)
        room *= 2;
    return room;
}

/* Room for one more entry of `width` values. */
static struct value *grow(struct arena *arena, struct value *container, uint32_t width)
{
    if (container->size == capacity(container->size)) {
        check(container->size < UINT32_MAX / 4);
        struct value *items = arena_alloc(arena, sizeof *items * width * capacity(container->size + 1));
        if (container->size > 0)
            memcpy(items, container->items, sizeof *items * width * container->size);
        container->items = items;
    }
    return container->items + (size_t)container->size++ * width;
}

static struct value sized(struct arena *arena, enum value_kind kind, uint32_t size, uint32_t width)
{
    struct value container = {.kind = (uint8_t)kind, .size = size, .items = NULL};
    check(size < UINT32_MAX / 4);
    if (size > 0)
        container.items = arena_alloc(arena, sizeof *container.items * width * capacity(size));
    return container;
}

struct value value_list(void)
{
    return (struct value){.kind = VALUE_LIST, .items = NULL};
}

struct value value_list_of(struct arena *arena, uint32_t size)
{
    return sized(arena, VALUE_LIST, size, 1);
}

struct value *value_push(struct arena *arena, struct value *list, struct value item)
{
    check(list->kind == VALUE_LIST);
    struct value *slot = grow(arena, list, 1);
    *slot = item;
    return slot;
}

struct value value_map(void)
{
    return (struct value){.kind = VALUE_MAP, .items = NULL};
}

struct value value_map_of(struct arena *arena, uint32_t size)
{
    return sized(arena, VALUE_MAP, size, 2);
}

static struct value *find(const struct value *map, const char *key, size_t size)
{
    for (uint32_t i = 0; i < map->size; i++) {
        struct value *entry = map->items + 2 * (size_t)i;
        if (entry[0].size == size && memcmp(entry[0].text, key, size) == 0)
            return entry + 1;
    }
    return NULL;
}

struct value *value_put(struct arena *arena, struct value *map, const char *key, struct value item)
{
    check(map->kind == VALUE_MAP);
    struct value *slot = find(map, key, strlen(key));
    if (slot == NULL) {
        struct value *entry = grow(arena, map, 2);
        entry[0] = value_text(key);
        slot = entry + 1;
    }
    *slot = item;
    return slot;
}

const struct value *value_find(const struct value *map, const char *key)
{
    return value_is(map, VALUE_MAP) ? find(map, key, strlen(key)) : NULL;
}

const char *value_find_text(const struct value *map, const char *key)
{
    const struct value *found = value_find(map, key);
    return value_is(found, VALUE_TEXT) ? found->text : NULL;
}

struct value value_struct(struct arena *arena, uint32_t members)
{
    return (struct value){.kind = VALUE_STRUCT, .size = members, .items = arena_alloc(arena, sizeof(struct value) * members)};
}

/* Recursion is as deep as the tree; readers bound that (JSON_DEPTH, XML_DEPTH). */
struct value value_copy(struct arena *arena, const struct value *value)
{
    struct value copy = *value;
    size_t count = value->size;
    switch ((enum value_kind)value->kind) {
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_RAW:
        copy.text = arena_copy(arena, value->text, value->size);
        return copy;
    case VALUE_LIST:
        copy = value_list_of(arena, value->size);
        break;
    case VALUE_MAP:
        copy = value_map_of(arena, value->size);
        count *= 2;
        break;
    case VALUE_STRUCT:
        copy = value_struct(arena, value->size);
        break;
    case VALUE_ABSENT:
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INTEGER:
    case VALUE_DOUBLE:
    case VALUE_TIME:
        return copy;
    }
    for (size_t i = 0; i < count; i++)
        copy.items[i] = value_copy(arena, &value->items[i]);
    return copy;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->size; i++) {
        const struct value *entry = a->items + 2 * i, *other = b->items + 2 * i;
        /* Mostly the order is the same, and then no search is needed. */
        const struct value *twin = value_equal(entry, other) ? other + 1 : find(b, entry->text, entry->size);
        if (twin == NULL || !value_equal(entry + 1, twin))
            return false;
    }
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind || a->size != b->size)
        return false;
    switch ((enum value_kind)a->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return a->boolean == b->boolean;
    case VALUE_INTEGER:
    case VALUE_TIME:
        return a->integer == b->integer;
    case VALUE_DOUBLE:
        return !(a->number < b->number) && !(a->number > b->number);
    case VALUE_TEXT:
    case VALUE_BYTES:
    case VALUE_RAW:
        return bytes_equal(value_as_bytes(a), value_as_bytes(b));
    case VALUE_MAP:
        return maps_equal(a, b);
    case VALUE_LIST:
    case VALUE_STRUCT:
        for (uint32_t i = 0; i < a->size; i++) {
            if (!value_equal(&a->items[i], &b->items[i]))
                return false;
        }
        return true;
    }
    return false;
}
