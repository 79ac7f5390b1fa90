#include "services/lambda/filter.h"

#include <stdlib.h>

#include "emulator/aws/event_pattern.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"

struct filter {
    struct arena *arena;
    struct value patterns; /* list of maps */
};

static enum outcome refuse(struct call *call)
{
    return lambda_fail(call, &lambda_invalid_parameter, "Invalid filter pattern definition.");
}

bool filter_read(struct call *call, const struct value *criteria, const char **filters)
{
    const struct value *list = at(criteria, FilterCriteria_Filters);
    struct value texts = value_list();

    *filters = NULL;
    if (list == NULL || list->size == 0)
        return true;
    if (list->size > FILTERS_MAX) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "An event source mapping has at most %d filters; %u were given.",
                          FILTERS_MAX, list->size);
        return false;
    }
    for (uint32_t i = 0; i < list->size; i++) {
        const char *text = at_text(&list->items[i], Filter_Pattern);
        struct value pattern;

        if (text == NULL || json_parse(call->arena, bytes_of(text), &pattern, NULL) != 0 || !event_pattern_is_valid(&pattern)) {
            (void)refuse(call);
            return false;
        }
        (void)value_push(call->arena, &texts, value_text(text));
    }
    *filters = json_print(call->arena, &texts).at;
    return true;
}

struct value filter_output(struct call *call, const char *filters)
{
    struct value criteria = call_struct(call, SHAPE_FilterCriteria), list = value_list(), texts;

    check(json_parse(call->arena, bytes_of(filters), &texts, NULL) == 0);
    for (uint32_t i = 0; i < texts.size; i++) {
        struct value filter = call_struct(call, SHAPE_Filter);

        set(&filter, Filter_Pattern, texts.items[i]);
        (void)value_push(call->arena, &list, filter);
    }
    set(&criteria, FilterCriteria_Filters, list);
    return criteria;
}

struct filter *filter_new(const char *filters)
{
    struct arena *arena = arena_new();
    struct filter *filter = arena_alloc(arena, sizeof *filter);
    struct value texts;

    filter->arena = arena;
    filter->patterns = value_list();
    check(json_parse(arena, bytes_of(filters), &texts, NULL) == 0);
    for (uint32_t i = 0; i < texts.size; i++) {
        struct value pattern;

        check(json_parse(arena, bytes_of(texts.items[i].text), &pattern, NULL) == 0);
        (void)value_push(arena, &filter->patterns, pattern);
    }
    return filter;
}

void filter_free(struct filter *filter)
{
    if (filter != NULL)
        arena_free(filter->arena);
}

/* A body is compared as JSON when the pattern's is JSON, and as text when it is a list of texts; where the two differ, AWS drops
 * the message. */
static bool matches(struct arena *arena, const struct value *pattern, const struct value *record)
{
    const struct value *wanted = value_find(pattern, "body"), *body = value_find(record, "body");
    struct value parsed, whole;

    if (wanted == NULL || !value_is(body, VALUE_TEXT))
        return event_pattern_matches(arena, pattern, record);
    bool is_json = json_parse(arena, value_as_bytes(body), &parsed, NULL) == 0 && parsed.kind == VALUE_MAP;
    if (is_json != (wanted->kind == VALUE_MAP))
        return false;
    if (!is_json)
        return event_pattern_matches(arena, pattern, record);
    whole = value_copy(arena, record);
    (void)value_put(arena, &whole, "body", parsed);
    return event_pattern_matches(arena, pattern, &whole);
}

bool filter_matches(const struct filter *filter, struct bytes record)
{
    struct arena *arena = arena_new();
    struct value parsed;
    bool is_match = false;

    check(json_parse(arena, record, &parsed, NULL) == 0);
    for (uint32_t i = 0; i < filter->patterns.size && !is_match; i++)
        is_match = matches(arena, &filter->patterns.items[i], &parsed);
    arena_free(arena);
    return is_match;
}
