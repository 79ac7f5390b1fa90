#include "services/lambda/mapping_response.h"

#include <string.h>

#include "emulator/base/json.h"

static bool find_id(const char *id, const char *const *ids, size_t count, size_t *at)
{
    for (*at = 0; *at < count; ++*at)
        if (strcmp(ids[*at], id) == 0)
            return true;
    return false;
}

/* What says "nothing failed": null, "", [] and {} as a whole, and an absent, null or empty list. */
static bool is_empty(const struct value *value)
{
    return !value_present(value) ||
           ((value->kind == VALUE_TEXT || value->kind == VALUE_LIST || value->kind == VALUE_MAP) && value->size == 0);
}

static bool read(struct arena *arena, struct bytes payload, const char *const *ids, size_t count, bool *failed)
{
    struct value answer;
    const struct value *list;
    size_t at;

    if (payload.size == 0)
        return true;
    if (json_parse(arena, payload, &answer, NULL) != 0)
        return false;
    if (is_empty(&answer))
        return true;
    if (answer.kind != VALUE_MAP)
        return false;
    list = value_find(&answer, "batchItemFailures");
    if (!value_present(list))
        return true;
    if (list->kind != VALUE_LIST)
        return false;
    for (uint32_t i = 0; i < list->size; i++) {
        const char *id = value_find_text(&list->items[i], "itemIdentifier");

        if (id == NULL || !find_id(id, ids, count, &at))
            return false;
    }
    for (uint32_t i = 0; i < list->size; i++)
        if (find_id(value_find_text(&list->items[i], "itemIdentifier"), ids, count, &at))
            failed[at] = true;
    return true;
}

bool mapping_response(struct bytes payload, const char *const *ids, size_t count, bool *failed)
{
    struct arena *arena = arena_new();
    bool is_good = read(arena, payload, ids, count, failed);

    arena_free(arena);
    return is_good;
}
