#include "services/sqs/attributes.h"

#include <stddef.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/counts.h"
#include "services/sqs/redrive.h"
#include "services/sqs/retention.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/waiting.h"

enum kind {
    NUMBER,    /* an int64_t of struct queue */
    BOOLEAN,   /* a bool of struct queue */
    TEXT,      /* a row of queue_text */
    READ_ONLY, /* computed */
    FIFO       /* a bool of struct queue, no attribute of a standard queue */
};

static const struct attribute {
    const char *name;
    enum kind kind;
    size_t offset;
    int64_t least, most, normal;
    bool is_recorded; /* kept and given back, but without effect here */
    const char *refusal;       /* FIFO: what AWS says of a standard queue that shall have it */
    const char *no, *yes;      /* FIFO: its two values */
} table[] = {
#define FIELD(field) offsetof(struct queue, field)
    {"ApproximateNumberOfMessages", READ_ONLY, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"ApproximateNumberOfMessagesDelayed", READ_ONLY, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"ApproximateNumberOfMessagesNotVisible", READ_ONLY, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"CreatedTimestamp", READ_ONLY, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"LastModifiedTimestamp", READ_ONLY, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"QueueArn", READ_ONLY, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"DelaySeconds", NUMBER, FIELD(delay), 0, 900, 0, false, NULL, NULL, NULL},
    {"MaximumMessageSize", NUMBER, FIELD(maximum_size), 1024, 1048576, 1048576, false, NULL, NULL, NULL},
    {"MessageRetentionPeriod", NUMBER, FIELD(retention), 60, 1209600, 345600, false, NULL, NULL, NULL},
    {"ReceiveMessageWaitTimeSeconds", NUMBER, FIELD(wait), 0, 20, 0, false, NULL, NULL, NULL},
    {"VisibilityTimeout", NUMBER, FIELD(visibility), 0, 43200, 30, false, NULL, NULL, NULL},
    {"KmsDataKeyReusePeriodSeconds", NUMBER, FIELD(key_reuse), 60, 86400, 300, true, NULL, NULL, NULL},
    {"SqsManagedSseEnabled", BOOLEAN, FIELD(has_managed_encryption), 0, 1, 1, true, NULL, NULL, NULL},
    {"KmsMasterKeyId", TEXT, 0, 0, 0, 0, true, NULL, NULL, NULL},
    {"Policy", TEXT, 0, 0, 0, 0, true, NULL, NULL, NULL},
    {"RedrivePolicy", TEXT, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"RedriveAllowPolicy", TEXT, 0, 0, 0, 0, false, NULL, NULL, NULL},
    {"FifoQueue", FIFO, FIELD(is_fifo), 0, 1, 0, false, "Unknown Attribute FifoQueue.", "false", "true"},
    {"ContentBasedDeduplication", FIFO, FIELD(has_content_deduplication), 0, 1, 0, false, "Unknown Attribute ContentBasedDeduplication.", "false", "true"},
    {"DeduplicationScope", FIFO, FIELD(is_deduplication_by_group), 0, 1, 0, false, "You can specify the DeduplicationScope only when FifoQueue is set to true.", "queue", "messageGroup"},
    {"FifoThroughputLimit", FIFO, FIELD(is_limit_by_group), 0, 1, 0, false, "You can specify the FifoThroughputLimit only when FifoQueue is set to true.", "perQueue", "perMessageGroupId"},
};
enum { ATTRIBUTES = sizeof table / sizeof *table };

static const struct attribute *find(const char *name)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (text_equal(table[i].name, name))
            return &table[i];
    return NULL;
}

/* After attributes_check(). */
static const struct attribute *known(const char *name)
{
    const struct attribute *attribute = find(name);

    check(attribute != NULL);
    return attribute;
}

static int64_t *number_in(struct queue *queue, const struct attribute *attribute)
{
    return (int64_t *)(void *)((char *)queue + attribute->offset);
}

static int64_t number_of(const struct queue *queue, const struct attribute *attribute)
{
    const char *field = (const char *)queue + attribute->offset;

    return attribute->kind == BOOLEAN || attribute->kind == FIFO ? *(const bool *)(const void *)field : *(const int64_t *)(const void *)field;
}

static bool read_number(const struct attribute *attribute, const char *text, int64_t *number)
{
    if (attribute->kind == NUMBER)
        return text_integer(text, number) && *number >= attribute->least && *number <= attribute->most;
    const char *yes = attribute->kind == FIFO ? attribute->yes : "true", *no = attribute->kind == FIFO ? attribute->no : "false";
    bool (*same)(const char *, const char *) = text_equal(yes, "true") ? text_equal_fold : text_equal;
    if (!same(text, yes) && !same(text, no))
        return false;
    *number = same(text, yes);
    return true;
}

void attributes_default(struct queue *queue)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (table[i].kind == NUMBER)
            *number_in(queue, &table[i]) = table[i].normal;
    queue->has_managed_encryption = true;
}

/* --- checking ----------------------------------------------------------------------------------------------------------------- */

/* Recorded attributes are kept without effect: said once each, and refused with --strict. */
static bool accept_recorded(struct call *call, const struct attribute *attribute, struct problem *problem)
{
    static bool was_said[ATTRIBUTES];
    size_t number = (size_t)(attribute - table);

    if (protocol_strict)
        return problem_set(problem, call->arena, &not_implemented, "The effect of the queue attribute %s is not emulated.", attribute->name);
    if (!was_said[number])
        log_info("sqs: the queue attribute %s is kept, its effect is not emulated", attribute->name);
    was_said[number] = true;
    return true;
}

static bool is_json_map(struct arena *arena, const char *text)
{
    struct value value;

    return json_parse(arena, bytes_of(text), &value, NULL) == 0 && value.kind == VALUE_MAP;
}

static bool check_one(struct call *call, const struct queue *queue, const char *name, const char *text, struct problem *problem)
{
    const struct attribute *attribute = find(name);
    int64_t number = 0;

    if (attribute == NULL || attribute->kind == READ_ONLY)
        return problem_set(problem, call->arena, &invalid_attribute_name, "Unknown Attribute %s.", name);
    if (attribute->kind == FIFO && !queue->is_fifo)
        return problem_set(problem, call->arena, &invalid_attribute_name, "%s", attribute->refusal);
    if (text == NULL)
        return problem_set(problem, call->arena, &invalid_attribute_value, "Invalid value for the parameter %s.", name);
    if (attribute->kind != TEXT && !read_number(attribute, text, &number))
        return problem_set(problem, call->arena, &invalid_attribute_value, "Invalid value for the parameter %s.", name);
    if (attribute->kind == FIFO && attribute->offset == FIELD(is_fifo) && number == 0)
        return problem_set(problem, call->arena, &invalid_attribute_value,
                           "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.");
    if (text[0] == '\0') /* removes a text */
        return true;
    if (text_equal(name, "Policy") && !is_json_map(call->arena, text))
        return problem_set(problem, call->arena, &invalid_attribute_value, "Invalid value for the parameter Policy.");
    if (attribute->is_recorded && !(attribute->kind == BOOLEAN && number == attribute->normal))
        return accept_recorded(call, attribute, problem);
    if (text_equal(name, "RedrivePolicy"))
        return redrive_policy_check(call, queue, text, problem);
    if (text_equal(name, "RedriveAllowPolicy"))
        return redrive_allow_policy_check(call, text, problem);
    return true;
}

/* A limit for each group goes with deduplication by group only (documentation of FifoThroughputLimit). */
static bool is_scope_for_limit(const struct queue *queue, const struct value *wanted)
{
    const char *limit = value_find_text(wanted, "FifoThroughputLimit"), *scope = value_find_text(wanted, "DeduplicationScope");
    bool is_limit_by_group = limit == NULL ? queue->is_limit_by_group : text_equal(limit, "perMessageGroupId");

    return !is_limit_by_group || (scope == NULL ? queue->is_deduplication_by_group : text_equal(scope, "messageGroup"));
}

bool attributes_check(struct call *call, const struct queue *queue, const struct value *wanted, struct problem *problem)
{
    for (uint32_t i = 0; wanted != NULL && i < wanted->size; i++) {
        const struct value *text = &wanted->items[2 * i + 1];

        if (!check_one(call, queue, wanted->items[2 * i].text, text->kind == VALUE_TEXT ? text->text : NULL, problem))
            return false;
    }
    if (!is_scope_for_limit(queue, wanted))
        return problem_set(problem, call->arena, &invalid_attribute_value,
                           "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is allowed only when the value for"
                           " DeduplicationScope is messageGroup.");
    const char *key = value_find_text(wanted, "KmsMasterKeyId");
    if (key != NULL && key[0] != '\0' && text_equal_fold(value_find_text(wanted, "SqsManagedSseEnabled"), "true"))
        return problem_set(problem, call->arena, &invalid_attribute_name,
                           "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.");
    return true;
}

/* Policies are documents: blanks and the order of members do not count. */
static bool is_same_text(struct arena *arena, const char *a, const char *b)
{
    struct value one, other;

    if (text_equal(a, b))
        return true;
    return a != NULL && b != NULL && json_parse(arena, bytes_of(a), &one, NULL) == 0 && json_parse(arena, bytes_of(b), &other, NULL) == 0 &&
           value_equal(&one, &other);
}

bool attributes_are_current(struct call *call, const struct queue *queue, const struct value *wanted, struct problem *problem)
{
    for (uint32_t i = 0; wanted != NULL && i < wanted->size; i++) {
        const struct attribute *attribute = known(wanted->items[2 * i].text);
        const char *text = wanted->items[2 * i + 1].text;
        int64_t number = 0;
        bool is_same;

        if (attribute->kind == TEXT) {
            const char *current = attribute_text(call->arena, queue, attribute->name);

            is_same = is_same_text(call->arena, text, current == NULL ? "" : current);
        } else {
            is_same = read_number(attribute, text, &number) && number == number_of(queue, attribute);
        }
        if (!is_same)
            return problem_set(problem, call->arena, &queue_name_exists,
                               "A queue already exists with the same name and a different value for attribute %s", attribute->name);
    }
    return true;
}

/* --- storing ------------------------------------------------------------------------------------------------------------------ */

static struct query text_find = QUERY("SELECT value FROM queue_text WHERE queue = ? AND attribute = ?");
static struct query text_put = QUERY("INSERT INTO queue_text(queue, attribute, value) VALUES (?, ?, ?)"
                                     " ON CONFLICT(queue, attribute) DO UPDATE SET value = excluded.value");
static struct query text_remove = QUERY("DELETE FROM queue_text WHERE queue = ? AND attribute = ?");
static struct query touch_query = QUERY("UPDATE queue SET modified = ? WHERE id = ?");
static struct query numbers_put =
    QUERY("UPDATE queue SET modified = ?, delay = ?, maximum_size = ?, retention = ?, wait = ?, visibility = ?, key_reuse = ?,"
          " managed_encryption = ?, dead_letters = ?, most_receives = ?, content_deduplication = ?, deduplication_by_group = ?, limit_by_group = ?"
          " WHERE id = ?");

const char *attribute_text(struct arena *arena, const struct queue *queue, const char *name)
{
    const char *text = NULL;

    query_start(&text_find, "it", queue->id, name);
    if (query_step(&text_find))
        text = query_text(&text_find, arena, 0);
    query_end(&text_find);
    return text;
}

static void put_text(const struct queue *queue, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        (void)query_run(&text_remove, "it", queue->id, name);
    else
        (void)query_run(&text_put, "itt", queue->id, name, text);
}

void attribute_set_text(const struct queue *queue, const char *name, const char *text)
{
    put_text(queue, name, text);
    (void)query_run(&touch_query, "ii", clock_now(), queue->id);
}

void attributes_store(struct call *call, struct queue *queue, const struct value *wanted)
{
    if (wanted == NULL || wanted->size == 0)
        return;
    for (uint32_t i = 0; i < wanted->size; i++) {
        const struct attribute *attribute = known(wanted->items[2 * i].text);
        const char *text = wanted->items[2 * i + 1].text;
        int64_t number = 0;

        if (attribute->kind == TEXT) {
            put_text(queue, attribute->name, text);
            if (text_equal(attribute->name, "RedrivePolicy"))
                redrive_policy_apply(call->arena, text, queue);
            if (text_equal(attribute->name, "KmsMasterKeyId") && text[0] != '\0')
                queue->has_managed_encryption = false; /* one kind of encryption at a time */
        } else if (read_number(attribute, text, &number)) {
            if (attribute->kind == NUMBER)
                *number_in(queue, attribute) = number;
            else
                *(bool *)(void *)((char *)queue + attribute->offset) = number != 0;
        }
    }
    if (text_equal_fold(value_find_text(wanted, "SqsManagedSseEnabled"), "true"))
        put_text(queue, "KmsMasterKeyId", NULL);
    (void)query_run(&numbers_put, "iiiiiiiitiiiii", clock_now(), queue->delay, queue->maximum_size, queue->retention, queue->wait, queue->visibility,
                    queue->key_reuse, (int64_t)queue->has_managed_encryption, queue->dead_letters, queue->most_receives,
                    (int64_t)queue->has_content_deduplication, (int64_t)queue->is_deduplication_by_group, (int64_t)queue->is_limit_by_group, queue->id);
}

enum outcome set_queue_attributes(struct call *call)
{
    const struct value *wanted = input_at(call, SetQueueAttributesRequest_Attributes);
    struct problem problem = {0};
    struct queue queue;

    if (!queue_of_call(call, input_text(call, SetQueueAttributesRequest_QueueUrl), &queue))
        return FAILED;
    if (!attributes_check(call, &queue, wanted, &problem))
        return problem_fail(call, &problem);
    attributes_store(call, &queue, wanted);
    waiting_notice(queue.id); /* a delay of a FIFO queue counts at once */
    return answer(call);
}

/* --- GetQueueAttributes --------------------------------------------------------------------------------------------------------- */

static const char *decimal(struct call *call, int64_t number)
{
    return arena_print(call->arena, "%lld", (long long)number);
}

/* NULL: the queue has no such attribute. */
static const char *value_now(struct call *call, const struct queue *queue, const struct counts *counts, const struct attribute *attribute)
{
    const char *name = attribute->name;

    switch (attribute->kind) {
    case NUMBER:
        if (text_equal(name, "KmsDataKeyReusePeriodSeconds") && attribute_text(call->arena, queue, "KmsMasterKeyId") == NULL)
            return NULL;
        return decimal(call, number_of(queue, attribute));
    case BOOLEAN:
        return queue->has_managed_encryption ? "true" : "false";
    case TEXT:
        return attribute_text(call->arena, queue, name);
    case FIFO:
        return !queue->is_fifo ? NULL : number_of(queue, attribute) != 0 ? attribute->yes : attribute->no;
    case READ_ONLY:
        break;
    }
    if (text_equal(name, "ApproximateNumberOfMessages"))
        return decimal(call, counts->visible);
    if (text_equal(name, "ApproximateNumberOfMessagesDelayed"))
        return decimal(call, counts->delayed);
    if (text_equal(name, "ApproximateNumberOfMessagesNotVisible"))
        return decimal(call, counts->in_flight);
    if (text_equal(name, "CreatedTimestamp"))
        return decimal(call, queue->created / 1000);
    if (text_equal(name, "LastModifiedTimestamp"))
        return decimal(call, queue->modified / 1000);
    return queue_arn(call->arena, queue->account, queue->region, queue->name);
}

enum outcome get_queue_attributes(struct call *call)
{
    const struct value *names = input_at(call, GetQueueAttributesRequest_AttributeNames);
    struct value attributes = value_map();
    bool is_wanted[ATTRIBUTES] = {false};
    struct counts counts = {0, 0, 0};
    struct queue queue;

    if (!queue_of_call(call, input_text(call, GetQueueAttributesRequest_QueueUrl), &queue))
        return FAILED;
    for (uint32_t i = 0; names != NULL && i < names->size; i++) {
        const char *name = names->items[i].text;
        const struct attribute *attribute = find(name);

        if (text_equal(name, "All")) {
            for (size_t j = 0; j < ATTRIBUTES; j++)
                is_wanted[j] = true;
        } else if (attribute == NULL) {
            return fail(call, &invalid_attribute_name, "Unknown Attribute %s.", name);
        } else {
            is_wanted[attribute - table] = true;
        }
    }
    if (is_wanted[0] || is_wanted[1] || is_wanted[2]) {
        if (!retention_sweep(&queue))
            return again(call, WAITING_UNKNOWN, get_queue_attributes);
        counts_read(&queue, &counts);
    }
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        const char *text = is_wanted[i] ? value_now(call, &queue, &counts, &table[i]) : NULL;

        if (text != NULL)
            value_put(call->arena, &attributes, table[i].name, value_text(text));
    }
    if (attributes.size > 0)
        output_set(call, GetQueueAttributesResult_Attributes, attributes);
    return answer(call);
}
