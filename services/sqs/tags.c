#include "services/sqs/tags.h"

#include "emulator/store/store.h"
#include "services/sqs/sqs_model.h"

enum { MOST = 50, KEY_MAX = 128, VALUE_MAX = 256 };

static struct query put_query =
    QUERY("INSERT INTO queue_tag(queue, key, value) VALUES (?, ?, ?) ON CONFLICT(queue, key) DO UPDATE SET value = excluded.value");
static struct query count_query = QUERY("SELECT count(*) FROM queue_tag WHERE queue = ?");
static struct query remove_query = QUERY("DELETE FROM queue_tag WHERE queue = ? AND key = ?");
static struct query list_query = QUERY("SELECT key, value FROM queue_tag WHERE queue = ? ORDER BY key");

static size_t characters(const struct value *text)
{
    struct bytes bytes = value_as_bytes(text);
    size_t count = 0;

    for (size_t offset = 0; offset < bytes.size; count++)
        (void)utf8_next(bytes, &offset);
    return count;
}

bool tags_check(struct call *call, const struct value *tags, struct problem *problem)
{
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++) {
        const struct value *key = &tags->items[2 * i], *value = &tags->items[2 * i + 1];

        if (key->size == 0 || characters(key) > KEY_MAX)
            return problem_set(problem, call->arena, &invalid_parameter_value, "Tag keys must be between 1 and %d characters in length.", KEY_MAX);
        if (value->kind != VALUE_TEXT)
            return problem_set(problem, call->arena, &missing_parameter, "The request must contain the parameter Tag.%u.Value.", i + 1);
        if (characters(value) > VALUE_MAX)
            return problem_set(problem, call->arena, &invalid_parameter_value, "Tag values must be between 0 and %d characters in length.", VALUE_MAX);
        if (text_starts_fold(key->text, "aws:"))
            return problem_set(problem, call->arena, &invalid_parameter_value, "Tag keys that begin with aws: are reserved: %s.", key->text);
    }
    return true;
}

bool tags_store(struct call *call, const struct queue *queue, const struct value *tags, struct problem *problem)
{
    for (uint32_t i = 0; tags != NULL && i < tags->size; i++)
        (void)query_run(&put_query, "itt", queue->id, tags->items[2 * i].text, tags->items[2 * i + 1].text);
    if (tags != NULL && query_one(&count_query, 0, "i", queue->id) > MOST)
        return problem_set(problem, call->arena, &invalid_parameter_value, "Too many tags added for queue %s.", queue->name);
    return true;
}

enum outcome tag_queue(struct call *call)
{
    const struct value *tags = input_at(call, TagQueueRequest_Tags);
    struct problem problem = {0};
    struct queue queue;

    if (!queue_of_call(call, input_text(call, TagQueueRequest_QueueUrl), &queue))
        return FAILED;
    if (!tags_check(call, tags, &problem) || !tags_store(call, &queue, tags, &problem))
        return problem_fail(call, &problem);
    return answer(call);
}

enum outcome untag_queue(struct call *call)
{
    const struct value *keys = input_at(call, UntagQueueRequest_TagKeys);
    struct queue queue;

    if (!queue_of_call(call, input_text(call, UntagQueueRequest_QueueUrl), &queue))
        return FAILED;
    for (uint32_t i = 0; keys != NULL && i < keys->size; i++)
        (void)query_run(&remove_query, "it", queue.id, keys->items[i].text);
    return answer(call);
}

enum outcome list_queue_tags(struct call *call)
{
    struct value tags = value_map();
    struct queue queue;

    if (!queue_of_call(call, input_text(call, ListQueueTagsRequest_QueueUrl), &queue))
        return FAILED;
    query_start(&list_query, "i", queue.id);
    while (query_step(&list_query)) {
        const char *key = query_text(&list_query, call->arena, 0);

        value_put(call->arena, &tags, key, value_text(query_text(&list_query, call->arena, 1)));
    }
    query_end(&list_query);
    if (tags.size > 0)
        output_set(call, ListQueueTagsResult_Tags, tags);
    return answer(call);
}
