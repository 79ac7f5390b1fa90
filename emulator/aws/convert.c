/* Between structs by member number and maps by member name. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "emulator/aws/wire.h"

static int from(const struct model *model, struct arena *arena, uint16_t shape, const struct value *given, struct value *value,
                const char **problem);

static int list_from(const struct model *model, struct arena *arena, const struct shape *shape, const struct value *given,
                     struct value *value, const char **problem)
{
    if (given->kind != VALUE_LIST)
        return -EINVAL;
    *value = value_list_of(arena, given->size);
    for (uint32_t i = 0; i < given->size; i++)
        if (from(model, arena, shape->element, &given->items[i], &value->items[i], problem) != 0)
            return -EINVAL;
    return 0;
}

static int map_from(const struct model *model, struct arena *arena, const struct shape *shape, const struct value *given,
                    struct value *value, const char **problem)
{
    if (given->kind != VALUE_MAP)
        return -EINVAL;
    *value = value_map_of(arena, given->size);
    for (uint32_t i = 0; i < given->size; i++) {
        value->items[2 * i] = given->items[2 * i];
        if (from(model, arena, shape->element, &given->items[2 * i + 1], &value->items[2 * i + 1], problem) != 0)
            return -EINVAL;
    }
    return 0;
}

static int scalar_from(struct arena *arena, const struct shape *shape, const struct value *given, struct value *value)
{
    *value = *given;
    switch (shape->type) {
    case SHAPE_TYPE_STRING:
        return given->kind == VALUE_TEXT ? 0 : -EINVAL;
    case SHAPE_TYPE_INTEGER:
    case SHAPE_TYPE_LONG:
        return given->kind == VALUE_INTEGER ? 0 : -EINVAL;
    case SHAPE_TYPE_FLOAT:
    case SHAPE_TYPE_DOUBLE:
        if (given->kind == VALUE_INTEGER)
            *value = value_double((double)given->integer);
        return given->kind == VALUE_INTEGER || given->kind == VALUE_DOUBLE ? 0 : -EINVAL;
    case SHAPE_TYPE_BOOLEAN:
        return given->kind == VALUE_BOOL ? 0 : -EINVAL;
    case SHAPE_TYPE_BLOB:
        /* As JSON has it (from a row), text is base64; bytes and JSON text are the payload itself. */
        if (given->kind == VALUE_TEXT)
            return scalar_read(arena, shape, TIMESTAMP_DEFAULT, given->text, value) ? 0 : -EINVAL;
        if (given->kind == VALUE_RAW)
            *value = value_bytes(value_as_bytes(given));
        return given->kind == VALUE_BYTES || given->kind == VALUE_RAW ? 0 : -EINVAL;
    case SHAPE_TYPE_TIMESTAMP:
        if (given->kind == VALUE_TEXT)
            return scalar_read(arena, shape, TIMESTAMP_DEFAULT, given->text, value) ? 0 : -EINVAL;
        if (given->kind == VALUE_INTEGER && llabs(given->integer) < INT64_MAX / 1000)
            *value = value_time(given->integer * 1000);
        else if (given->kind == VALUE_DOUBLE && fabs(given->number) < 1e13)
            *value = value_time(llround(given->number * 1000));
        return value->kind == VALUE_TIME ? 0 : -EINVAL;
    default: /* a document */
        return 0;
    }
}

static int from(const struct model *model, struct arena *arena, uint16_t number, const struct value *given, struct value *value,
                const char **problem)
{
    const struct shape *shape = shape_of(model, number);
    if (given->kind == VALUE_NULL || given->kind == VALUE_ABSENT) {
        *value = *given;
        return 0;
    }
    switch (shape->type) {
    case SHAPE_TYPE_STRUCTURE:
        return model_from_map(model, arena, number, given, value, problem);
    case SHAPE_TYPE_LIST:
        return list_from(model, arena, shape, given, value, problem);
    case SHAPE_TYPE_MAP:
        return map_from(model, arena, shape, given, value, problem);
    default:
        return scalar_from(arena, shape, given, value);
    }
}

int model_from_map(const struct model *model, struct arena *arena, uint16_t shape, const struct value *map, struct value *value,
                   const char **problem)
{
    const struct member *members = members_of(model, shape);
    struct value made = model_struct(model, arena, shape);
    const char *inner = NULL;
    if (map->kind != VALUE_MAP) {
        if (problem != NULL)
            *problem = model_string(model, shape_of(model, shape)->name);
        return -EINVAL;
    }
    for (uint32_t i = 0; i < map->size; i++) {
        const char *name = map->items[2 * i].text;
        int member = model_find_member(model, shape, name);
        if (member < 0 || from(model, arena, members[member].shape, &map->items[2 * i + 1], &made.items[member], &inner) != 0) {
            if (problem != NULL)
                *problem = inner != NULL ? inner : name;
            return -EINVAL;
        }
    }
    *value = made;
    return 0;
}

static struct value to(const struct model *model, struct arena *arena, uint16_t number, const struct value *value)
{
    const struct shape *shape = shape_of(model, number);
    struct value made;
    if (shape->type == SHAPE_TYPE_STRUCTURE && value->kind == VALUE_STRUCT)
        return model_to_map(model, arena, number, value);
    if (shape->type == SHAPE_TYPE_LIST && value->kind == VALUE_LIST) {
        made = value_list_of(arena, value->size);
        for (uint32_t i = 0; i < value->size; i++)
            made.items[i] = to(model, arena, shape->element, &value->items[i]);
        return made;
    }
    if (shape->type == SHAPE_TYPE_MAP && value->kind == VALUE_MAP) {
        made = value_map_of(arena, value->size);
        for (uint32_t i = 0; i < value->size; i++) {
            made.items[2 * i] = value->items[2 * i];
            made.items[2 * i + 1] = to(model, arena, shape->element, &value->items[2 * i + 1]);
        }
        return made;
    }
    return *value;
}

struct value model_to_map(const struct model *model, struct arena *arena, uint16_t shape, const struct value *value)
{
    const struct member *members = members_of(model, shape);
    struct value map = value_map();
    if (value->kind != VALUE_STRUCT)
        return map;
    for (uint32_t i = 0; i < value->size; i++)
        if (value->items[i].kind != VALUE_ABSENT)
            value_put(arena, &map, model_string(model, members[i].name), to(model, arena, members[i].shape, &value->items[i]));
    return map;
}
