#include "services/apigw/item.h"

#include <string.h>

#include "emulator/aws/service.h"
#include "emulator/base/encoding.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/apigw/errors.h"

struct value item_read(struct call *call, uint16_t shape, const char *json)
{
    struct value map, item;

    check(json_parse(call->arena, bytes_of(json), &map, NULL) == 0);
    check(model_from_map(call->service->model, call->arena, shape, &map, &item, NULL) == 0);
    return item;
}

char *item_write(struct call *call, uint16_t shape, const struct value *item)
{
    struct value map = model_to_map(call->service->model, call->arena, shape, item);
    struct bytes json = json_print(call->arena, &map);

    return arena_copy(call->arena, json.at, json.size);
}

void item_merge(struct call *call, uint16_t shape, struct value *item)
{
    const struct model *model = call->service->model;
    const struct shape *input = &model->shapes[model->operations[call->operation].input];

    for (uint16_t i = 0; i < input->member_count; i++) {
        const struct value *given = &call->input.items[i];

        if (given->kind == VALUE_ABSENT)
            continue;
        int member = model_find_member(model, shape, model_string(model, model->members[input->first_member + i].name));
        if (member >= 0)
            set(item, (uint16_t)member, value_present(given) ? *given : (struct value){0});
    }
}

char *item_id(struct arena *arena, size_t count)
{
    return id_from(arena, id_lower_alnum, count);
}

bool item_page_begin(struct call *call, struct item_page *page, uint16_t max_results, uint16_t next_token)
{
    const char *most = input_text(call, max_results), *token = input_text(call, next_token);
    struct bytes after = {"", 0};

    *page = (struct item_page){.most = INT64_MAX, .items = value_list()};
    if (most != NULL && (!text_integer(most, &page->most) || page->most < 1)) {
        (void)fail(call, &gateway_bad_request, "Invalid value for maxResults: %s", most);
        return false;
    }
    if (token != NULL &&
        (!base64_decode(call->arena, bytes_of(token), &after) || !utf8_is_valid(after) || strlen(after.at) != after.size)) {
        (void)fail(call, &gateway_bad_request, "Invalid NextToken");
        return false;
    }
    page->after = after.at;
    return true;
}

bool item_page_add(struct call *call, struct item_page *page, const char *id, struct value item, uint16_t next_token_out)
{
    if (page->items.size == page->most) {
        output_text(call, next_token_out, base64_encode(call->arena, bytes_of(page->last)));
        return false;
    }
    page->last = id;
    value_push(call->arena, &page->items, item);
    return true;
}
