#include "emulator/base/json.h"

#include <cjson/cJSON.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/json_scan.h"
#include "emulator/base/log.h"

enum {
    FEW_KEYS = 32, /* up to here comparing all with all is cheaper than sorting */
    LARGE_TEXT = 256 * 1024
};

struct conversion {
    struct arena *arena;
    const struct json_number *numbers; /* those not reached yet */
    size_t ordinal;
};

static struct value number_from(struct conversion *conversion, double number)
{
    const struct json_number *kept = conversion->numbers;
    if (kept != NULL && kept->ordinal == conversion->ordinal++) {
        conversion->numbers = kept->next;
        if (kept->value.kind == VALUE_INTEGER)
            return kept->value;
        number = kept->value.number;
    }
    static const double exact_below = 9007199254740992.0; /* 2^53 */
    if (number > -exact_below && number < exact_below && number >= floor(number) && number <= floor(number))
        return value_integer((int64_t)number);
    if (!isfinite(number))
        number = number < 0 ? -DBL_MAX : DBL_MAX; /* 1e999: JSON has no infinity to write it back as */
    return value_double(number);
}

static struct value text_from(struct conversion *conversion, const char *text)
{
    size_t size = strlen(text);
    return value_text_of((struct bytes){arena_copy(conversion->arena, text, size), size});
}

/* A large one is not copied again: the arena takes it over from the tree. */
static struct value take_text(struct conversion *conversion, cJSON *item)
{
    size_t size = strlen(item->valuestring);
    if (size < LARGE_TEXT)
        return text_from(conversion, item->valuestring);
    struct value value = value_text_of((struct bytes){item->valuestring, size});
    arena_defer(conversion->arena, cJSON_free, item->valuestring);
    item->valuestring = NULL;
    return value;
}

static bool same_key(const struct value *a, const struct value *b)
{
    return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* By key, then by place. */
static int compare_entries(const void *a, const void *b)
{
    const struct value *left = *(const struct value *const *)a, *right = *(const struct value *const *)b;
    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    int order = memcmp(left->text, right->text, left->size);
    return order != 0 ? order : (left > right) - (left < right);
}

/* Of equal keys the first keeps its place and takes the value of the last. */
static void merge_duplicates(struct value *map)
{
    uint32_t count = map->size, left = 0;
    struct value **sorted = malloc(count * sizeof(struct value *));
    check(sorted != NULL);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = map->items + 2 * (size_t)i;
    qsort(sorted, count, sizeof *sorted, compare_entries);
    for (uint32_t i = 0, first = 0; i < count; i++) {
        if (i > 0 && same_key(sorted[first], sorted[i])) {
            sorted[first][1] = sorted[i][1];
            sorted[i]->kind = VALUE_ABSENT;
        } else {
            first = i;
        }
    }
    free(sorted);
    for (uint32_t i = 0; i < count; i++) {
        const struct value *entry = map->items + 2 * (size_t)i;
        if (entry->kind == VALUE_ABSENT)
            continue;
        memmove(map->items + 2 * (size_t)left, entry, 2 * sizeof *entry);
        left++;
    }
    map->size = left;
}

static struct value value_from(struct conversion *conversion, cJSON *item);

static uint32_t children(const cJSON *item)
{
    uint32_t count = 0;
    for (const cJSON *child = item->child; child != NULL; child = child->next)
        count++;
    return count;
}

static struct value list_from(struct conversion *conversion, cJSON *item)
{
    struct value list = value_list_of(conversion->arena, children(item));
    size_t i = 0;
    for (cJSON *child = item->child; child != NULL; child = child->next)
        list.items[i++] = value_from(conversion, child);
    return list;
}

static struct value map_from(struct conversion *conversion, cJSON *item)
{
    uint32_t count = children(item), filled = 0;
    struct value map = value_map_of(conversion->arena, count);
    for (cJSON *child = item->child; child != NULL; child = child->next) {
        struct value key = text_from(conversion, child->string), *entry = map.items + 2 * (size_t)filled;
        for (uint32_t i = 0; count <= FEW_KEYS && i < filled; i++) {
            if (same_key(&key, map.items + 2 * (size_t)i))
                entry = map.items + 2 * (size_t)i;
        }
        filled += entry == map.items + 2 * (size_t)filled;
        entry[0] = key;
        entry[1] = value_from(conversion, child);
    }
    map.size = filled;
    if (count > FEW_KEYS)
        merge_duplicates(&map);
    return map;
}

static struct value value_from(struct conversion *conversion, cJSON *item)
{
    switch (item->type & 0xFF) {
    case cJSON_False:
        return value_bool(false);
    case cJSON_True:
        return value_bool(true);
    case cJSON_NULL:
        return value_null();
    case cJSON_Number:
        return number_from(conversion, item->valuedouble);
    case cJSON_String:
        return take_text(conversion, item);
    case cJSON_Array:
        return list_from(conversion, item);
    default:
        return map_from(conversion, item);
    }
}

/* A copy of the text in which cJSON finds nothing that it would refuse or change. */
static struct bytes fixed(struct arena *arena, struct bytes json, const struct json_fix *fixes)
{
    char *copy = arena_copy(arena, json.at, json.size);
    for (; fixes != NULL; fixes = fixes->next) {
        memset(copy + fixes->offset, fixes->number ? ' ' : 'f', fixes->size);
        if (fixes->number)
            copy[fixes->offset] = '0';
    }
    return (struct bytes){copy, json.size};
}

int json_parse(struct arena *arena, struct bytes json, struct value *value, struct json_problem *problem)
{
    struct json_scan scan = {.arena = arena};
    int error = json_scan(&scan, json, problem);
    if (error != 0)
        return error;
    if (scan.fixes != NULL)
        json = fixed(arena, json, scan.fixes);
    cJSON *tree = cJSON_ParseWithLengthOpts(json.at, json.size, NULL, 0);
    check(tree != NULL); /* what the scan has passed is JSON, so this is want of memory */
    struct conversion conversion = {.arena = arena, .numbers = scan.numbers};
    *value = value_from(&conversion, tree);
    cJSON_Delete(tree);
    return 0;
}

int json_check(struct bytes json, struct json_problem *problem)
{
    struct json_scan scan = {.arena = NULL};
    return json_scan(&scan, json, problem);
}
