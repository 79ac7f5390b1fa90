/* Tags of log groups, in the two interfaces that AWS has for them: by ARN, and (deprecated) by name. */
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/store/store.h"
#include "services/logs/errors.h"
#include "services/logs/group.h"
#include "services/logs/logs_model.h"

enum { TAGS = 50 };

static struct query store = QUERY("INSERT OR REPLACE INTO log_group_tag(log_group, key, value) VALUES (?, ?, ?)");
static struct query count = QUERY("SELECT count(*) FROM log_group_tag WHERE log_group = ?");
static struct query erase = QUERY("DELETE FROM log_group_tag WHERE log_group = ? AND key = ?");
static struct query list = QUERY("SELECT key, value FROM log_group_tag WHERE log_group = ?");

bool log_tags_store(struct call *call, int64_t group, const struct value *tags)
{
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++)
        (void)query_run(&store, "itt", group, tags->items[2 * i].text, tags->items[2 * i + 1].text);
    if (query_one(&count, 0, "i", group) <= TAGS)
        return true;
    (void)fail(call, &log_too_many_tags, "The maximum number of tags for a log group is %d.", TAGS);
    return false;
}

static void remove_all(int64_t group, const struct value *keys)
{
    for (uint32_t i = 0; i < keys->size; i++)
        (void)query_run(&erase, "it", group, keys->items[i].text);
}

static struct value tags_of(struct call *call, int64_t group)
{
    struct value tags = value_map();

    query_start(&list, "i", group);
    while (query_step(&list))
        value_put(call->arena, &tags, query_text(&list, call->arena, 0), value_text(query_text(&list, call->arena, 1)));
    query_end(&list);
    return tags;
}

/* Only log groups have tags here; destinations are not emulated. */
static bool group_of_resource(struct call *call, uint16_t member, struct log_group *group)
{
    const char *text = input_text(call, member);
    struct arn arn;

    if (!arn_parse(call->arena, text, &arn) || !text_equal(arn.service, "logs") || !text_starts(arn.resource, "log-group:")) {
        (void)fail(call, &log_invalid_parameter, "The ARN '%s' is not that of a log group.", text);
        return false;
    }
    if (!text_equal(arn.account, call->account) || !text_equal(arn.region, call->region)) {
        (void)fail(call, &log_group_not_found, "The specified log group does not exist.");
        return false;
    }
    const char *name = strchr(arn.resource, ':') + 1;
    return group_find(call, arena_copy(call->arena, name, strcspn(name, ":")), group);
}

enum outcome tag_resource(struct call *call)
{
    struct log_group group;

    if (!group_of_resource(call, TagResourceRequest_resourceArn, &group) ||
        !log_tags_store(call, group.id, input_at(call, TagResourceRequest_tags)))
        return FAILED;
    return answer(call);
}

enum outcome untag_resource(struct call *call)
{
    struct log_group group;

    if (!group_of_resource(call, UntagResourceRequest_resourceArn, &group))
        return FAILED;
    remove_all(group.id, input_at(call, UntagResourceRequest_tagKeys));
    return answer(call);
}

enum outcome list_tags_for_resource(struct call *call)
{
    struct log_group group;

    if (!group_of_resource(call, ListTagsForResourceRequest_resourceArn, &group))
        return FAILED;
    output_set(call, ListTagsForResourceResponse_tags, tags_of(call, group.id));
    return answer(call);
}

enum outcome tag_log_group(struct call *call)
{
    struct log_group group;

    if (!group_find(call, input_text(call, TagLogGroupRequest_logGroupName), &group) ||
        !log_tags_store(call, group.id, input_at(call, TagLogGroupRequest_tags)))
        return FAILED;
    return answer(call);
}

enum outcome untag_log_group(struct call *call)
{
    struct log_group group;

    if (!group_find(call, input_text(call, UntagLogGroupRequest_logGroupName), &group))
        return FAILED;
    remove_all(group.id, input_at(call, UntagLogGroupRequest_tags));
    return answer(call);
}

enum outcome list_tags_log_group(struct call *call)
{
    struct log_group group;

    if (!group_find(call, input_text(call, ListTagsLogGroupRequest_logGroupName), &group))
        return FAILED;
    output_set(call, ListTagsLogGroupResponse_tags, tags_of(call, group.id));
    return answer(call);
}
