/* Tags of APIs and of stages, by ARN: arn:aws:apigateway:REGION::/apis/ID, .../apis/ID/stages/NAME. */
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/store/store.h"
#include "services/apigw/api.h"
#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/errors.h"

enum { TAGS = 50 };

static struct query store = QUERY("INSERT OR REPLACE INTO http_tag(api, stage, key, value) VALUES (?, ?, ?, ?)");
static struct query erase = QUERY("DELETE FROM http_tag WHERE api = ? AND stage = ? AND key = ?");
static struct query list = QUERY("SELECT key, value FROM http_tag WHERE api = ? AND stage = ?");
static struct query has_stage = QUERY("SELECT 1 FROM http_stage WHERE api = ? AND name = ?");

bool gateway_tags_check(struct call *call, const struct value *tags)
{
    if (tags == NULL || tags->size <= TAGS)
        return true;
    (void)fail(call, &gateway_bad_request, "A resource has at most %d tags", TAGS);
    return false;
}

void gateway_tags_store(const char *api, const char *stage, const struct value *tags)
{
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++)
        if (tags->items[2 * i + 1].kind == VALUE_TEXT)
            (void)query_run(&store, "tttt", api, stage, tags->items[2 * i].text, tags->items[2 * i + 1].text);
}

struct value gateway_tags_of(struct call *call, const char *api, const char *stage)
{
    struct value tags = value_map();

    query_start(&list, "tt", api, stage);
    while (query_step(&list))
        value_put(call->arena, &tags, query_text(&list, call->arena, 0), value_text(query_text(&list, call->arena, 1)));
    query_end(&list);
    return tags;
}

static bool find_resource(struct call *call, uint16_t member, const char **api_id, const char **stage)
{
    static const char apis[] = "/apis/", stages[] = "/stages/";
    const char *text = input_text(call, member);
    struct api api;
    struct arn arn;

    if (!arn_parse(call->arena, text, &arn) || !text_equal(arn.service, "apigateway") || !text_equal(arn.region, call->region) ||
        !text_starts(arn.resource, apis)) {
        (void)fail(call, &gateway_bad_request, "Invalid resource ARN: %s", text);
        return false;
    }
    const char *id = arn.resource + strlen(apis), *rest = id + strcspn(id, "/");
    *api_id = arena_copy(call->arena, id, (size_t)(rest - id));
    *stage = "";
    if (!api_find(call, *api_id, &api))
        return false;
    if (*rest == '\0')
        return true;
    *stage = text_starts(rest, stages) ? rest + strlen(stages) : "";
    if (query_one(&has_stage, 0, "tt", *api_id, *stage) != 0)
        return true;
    (void)fail(call, &gateway_not_found, "Invalid resource specified: %s", text);
    return false;
}

enum outcome get_tags(struct call *call)
{
    const char *api, *stage;

    if (!find_resource(call, GetTagsRequest_ResourceArn, &api, &stage))
        return FAILED;
    output_set(call, GetTagsResponse_Tags, gateway_tags_of(call, api, stage));
    return answer(call);
}

enum outcome gateway_tag_resource(struct call *call)
{
    const char *api, *stage;

    if (!find_resource(call, TagResourceRequest_ResourceArn, &api, &stage))
        return FAILED;
    gateway_tags_store(api, stage, input_at(call, TagResourceRequest_Tags));
    struct value tags = gateway_tags_of(call, api, stage);
    if (!gateway_tags_check(call, &tags))
        return FAILED;
    return answer(call);
}

enum outcome gateway_untag_resource(struct call *call)
{
    const struct value *keys = input_at(call, UntagResourceRequest_TagKeys);
    const char *api, *stage;

    if (!find_resource(call, UntagResourceRequest_ResourceArn, &api, &stage))
        return FAILED;
    for (uint32_t i = 0; i < keys->size; i++)
        (void)query_run(&erase, "ttt", api, stage, keys->items[i].text);
    return answer(call);
}
