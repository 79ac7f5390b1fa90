#include "emulator/aws/model.h"

#include <string.h>

#include "emulator/base/log.h"

int model_find_operation(const struct model *model, const char *name)
{
    int low = 0, high = model->operation_count - 1;
    while (low <= high) {
        int middle = (low + high) / 2;
        int order = strcmp(name, operation_name(model, (uint16_t)middle));
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

int model_find_member(const struct model *model, uint16_t shape, const char *name)
{
    const struct shape *structure = &model->shapes[shape];
    const struct member *members = &model->members[structure->first_member];
    for (int i = 0; i < structure->member_count; i++)
        if (strcmp(model_string(model, members[i].name), name) == 0)
            return i;
    return -1;
}

int model_find_error(const struct model *model, const char *code)
{
    /* Structures come first and few of them are errors; only failing calls come here. */
    for (int i = 0; i < model->shape_count && model->shapes[i].type == SHAPE_TYPE_STRUCTURE; i++)
        if ((model->shapes[i].flags & SHAPE_ERROR) && strcmp(model_string(model, model->shapes[i].name), code) == 0)
            return i;
    return -1;
}

struct value model_struct(const struct model *model, struct arena *arena, uint16_t shape)
{
    check(shape < model->shape_count && model->shapes[shape].type == SHAPE_TYPE_STRUCTURE);
    return value_struct(arena, model->shapes[shape].member_count);
}
