#include "services/lambda/tag.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/operations.h"

static struct query of_function = QUERY("SELECT id, tags FROM function WHERE account = ? AND region = ? AND name = ?");
static struct query of_mapping = QUERY("SELECT id, tags FROM event_source_mapping WHERE account = ? AND region = ? AND uuid = ?");
static struct query save_function = QUERY("UPDATE function SET tags = ? WHERE id = ?");
static struct query save_mapping = QUERY("UPDATE event_source_mapping SET tags = ? WHERE id = ?");

struct tagged {
    bool is_mapping;
    int64_t id;
    struct value tags;
};

bool tags_accept(struct call *call, const struct value *tags)
{
    if (tags == NULL)
        return true;
    if (tags->size > TAGS_LIMIT) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "Number of tags exceeds resource tag limit.");
        return false;
    }
    for (uint32_t i = 0; i < tags->size; i++)
        if (text_starts_fold(tags->items[2 * i].text, "aws:")) {
            (void)lambda_fail(call, &lambda_invalid_parameter, "System tags cannot be added/updated by requester.");
            return false;
        }
    return true;
}

/* By ARN; tags are on whole functions, never on a version. */
static bool find(struct call *call, const char *resource, struct tagged *tagged)
{
    struct query *query;
    struct arn arn;
    const char *name;

    call->arn = resource;
    if (!arn_parse(call->arena, resource, &arn) || !text_equal(arn.service, "lambda")) {
        (void)lambda_invalid(call, resource, "resource", "Member must be the ARN of a function or of an event source mapping");
        return false;
    }
    tagged->is_mapping = text_starts(arn.resource, "event-source-mapping:");
    if (!tagged->is_mapping && !text_starts(arn.resource, "function:")) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "lowcloud tags functions and event source mappings; %s is neither.",
                          resource);
        return false;
    }
    name = strchr(arn.resource, ':') + 1;
    if (strchr(name, ':') != NULL) {
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "Tags on function aliases and versions are not supported. Please specify a function ARN.");
        return false;
    }
    query = tagged->is_mapping ? &of_mapping : &of_function;
    query_start(query, "ttt", call->account, call->region, name);
    bool is_there = query_step(query) && text_equal(arn.account, call->account) && text_equal(arn.region, call->region);
    tagged->id = is_there ? query_integer(query, 0) : 0;
    const char *json = is_there ? query_text(query, call->arena, 1) : NULL;
    query_end(query);
    if (!is_there) {
        (void)lambda_fail(call, &lambda_resource_not_found,
                          tagged->is_mapping ? "The resource you requested does not exist.%s" : "Function not found: %s",
                          tagged->is_mapping ? "" : resource);
        return false;
    }
    tagged->tags = value_map();
    check(json == NULL || json_parse(call->arena, bytes_of(json), &tagged->tags, NULL) == 0);
    return true;
}

static void save(struct call *call, const struct tagged *tagged)
{
    const char *json = arena_text(call->arena, json_print(call->arena, &tagged->tags).at);

    (void)query_run(tagged->is_mapping ? &save_mapping : &save_function, "ti", json, tagged->id);
}

enum outcome lambda_tag_resource(struct call *call)
{
    const struct value *tags = input_at(call, TagResourceRequest_Tags);
    struct tagged tagged;

    if (!find(call, input_text(call, TagResourceRequest_Resource), &tagged))
        return FAILED;
    if (tags->size == 0)
        return lambda_fail(call, &lambda_invalid_parameter, "An error occurred and the request cannot be processed.");
    for (uint32_t i = 0; i < tags->size; i++)
        (void)value_put(call->arena, &tagged.tags, tags->items[2 * i].text, tags->items[2 * i + 1]);
    if (!tags_accept(call, &tagged.tags))
        return FAILED;
    save(call, &tagged);
    return answer(call);
}

enum outcome lambda_untag_resource(struct call *call)
{
    const struct value *keys = input_at(call, UntagResourceRequest_TagKeys);
    struct value left = value_map();
    struct tagged tagged;

    if (!find(call, input_text(call, UntagResourceRequest_Resource), &tagged))
        return FAILED;
    for (uint32_t i = 0; i < tagged.tags.size; i++) {
        const struct value *tag = &tagged.tags.items[2 * i];
        bool goes = false;

        for (uint32_t k = 0; keys != NULL && k < keys->size; k++)
            goes = goes || text_equal(keys->items[k].text, tag->text);
        if (!goes)
            (void)value_put(call->arena, &left, tag[0].text, tag[1]);
    }
    tagged.tags = left;
    save(call, &tagged);
    return answer(call);
}

enum outcome lambda_list_tags(struct call *call)
{
    struct tagged tagged;

    if (!find(call, input_text(call, ListTagsRequest_Resource), &tagged))
        return FAILED;
    output_set(call, ListTagsResponse_Tags, tagged.tags);
    return answer(call);
}
