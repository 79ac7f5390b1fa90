#include "services/sqs/permission.h"

#include <ctype.h>
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/json.h"
#include "services/sqs/attributes.h"
#include "services/sqs/sqs_model.h"

enum { LABEL_MAX = 80, ACTIONS_MAX = 7, STATEMENTS_MAX = 20 };

/* The actions that one queue can grant; the batch operations go with the single ones. */
static const char *const actions[] = {"*", "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes",
                                      "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue"};

static bool is_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (text_equal(actions[i], name))
            return true;
    return false;
}

static bool is_label(const char *label)
{
    size_t size = strlen(label);

    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
            return false;
    return size >= 1 && size <= LABEL_MAX;
}

/* One value stands alone, several are a list: so AWS writes it. */
static struct value one_or_list(struct value list)
{
    return list.size == 1 ? list.items[0] : list;
}

static struct value *statements_of(struct value *policy)
{
    for (uint32_t i = 0; policy->kind == VALUE_MAP && i < policy->size; i++)
        if (text_equal(policy->items[2 * i].text, "Statement") && policy->items[2 * i + 1].kind == VALUE_LIST)
            return &policy->items[2 * i + 1];
    return NULL;
}

/* The policy as it is, or a new one without statements. */
static struct value read_policy(struct call *call, const struct queue *queue)
{
    const char *text = attribute_text(call->arena, queue, "Policy");
    struct value policy;

    if (text != NULL && json_parse(call->arena, bytes_of(text), &policy, NULL) == 0 && statements_of(&policy) != NULL)
        return policy;
    policy = value_map();
    value_put(call->arena, &policy, "Version", value_text("2008-10-17"));
    value_put(call->arena, &policy, "Id", value_text(arena_print(call->arena, "%s/SQSDefaultPolicy", call->arn)));
    value_put(call->arena, &policy, "Statement", value_list());
    return policy;
}

static int64_t find_label(const struct value *statements, const char *label)
{
    for (uint32_t i = 0; i < statements->size; i++)
        if (text_equal(value_find_text(&statements->items[i], "Sid"), label))
            return i;
    return -1;
}

static void write_policy(struct call *call, const struct queue *queue, const struct value *policy)
{
    attribute_set_text(queue, "Policy", json_print(call->arena, policy).at);
}

enum outcome add_permission(struct call *call)
{
    const char *label = input_text(call, AddPermissionRequest_Label);
    const struct value *accounts = input_at(call, AddPermissionRequest_AWSAccountIds), *names = input_at(call, AddPermissionRequest_Actions);
    struct value principals = value_list(), granted = value_list(), principal = value_map(), statement = value_map();
    struct queue queue;

    if (!queue_of_call(call, input_text(call, AddPermissionRequest_QueueUrl), &queue))
        return FAILED;
    if (!is_label(label))
        return fail(call, &invalid_parameter_value,
                    "Value %s for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.",
                    label);
    if (names == NULL || names->size == 0)
        return fail(call, &missing_parameter, "The request must contain the parameter Actions.");
    if (accounts == NULL || accounts->size == 0)
        return fail(call, &missing_parameter, "The request must contain the parameter AWSAccountIds.");
    if (names->size > ACTIONS_MAX)
        return fail(call, &over_limit, "%u Actions were found, maximum allowed is %d.", names->size, ACTIONS_MAX);
    for (uint32_t i = 0; i < names->size; i++) {
        const char *action = arena_print(call->arena, "SQS:%s", names->items[i].text);

        if (!is_action(names->items[i].text))
            return fail(call, &invalid_parameter_value,
                        "Value %s for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions. ", action);
        value_push(call->arena, &granted, value_text(action));
    }
    for (uint32_t i = 0; i < accounts->size; i++)
        value_push(call->arena, &principals, value_text(arn_print(call->arena, "iam", "", accounts->items[i].text, "root")));

    struct value policy = read_policy(call, &queue);
    struct value *statements = statements_of(&policy);
    if (find_label(statements, label) >= 0)
        return fail(call, &invalid_parameter_value, "Value %s for parameter Label is invalid. Reason: Already exists.", label);
    if (statements->size >= STATEMENTS_MAX)
        return fail(call, &over_limit, "The policy of queue %s has %d statements, which is the most.", queue.name, STATEMENTS_MAX);
    value_put(call->arena, &principal, "AWS", one_or_list(principals));
    value_put(call->arena, &statement, "Sid", value_text(label));
    value_put(call->arena, &statement, "Effect", value_text("Allow"));
    value_put(call->arena, &statement, "Principal", principal);
    value_put(call->arena, &statement, "Action", one_or_list(granted));
    value_put(call->arena, &statement, "Resource", value_text(call->arn));
    value_push(call->arena, statements, statement);
    write_policy(call, &queue, &policy);
    return answer(call);
}

enum outcome remove_permission(struct call *call)
{
    const char *label = input_text(call, RemovePermissionRequest_Label);
    struct queue queue;

    if (!queue_of_call(call, input_text(call, RemovePermissionRequest_QueueUrl), &queue))
        return FAILED;
    struct value policy = read_policy(call, &queue);
    struct value *statements = statements_of(&policy);
    int64_t found = find_label(statements, label);
    if (found < 0)
        return fail(call, &invalid_parameter_value, "Value %s for parameter Label is invalid. Reason: can't find label.", label);
    for (uint32_t i = (uint32_t)found; i + 1 < statements->size; i++)
        statements->items[i] = statements->items[i + 1];
    statements->size--;
    if (statements->size == 0)
        attribute_set_text(&queue, "Policy", NULL);
    else
        write_policy(call, &queue, &policy);
    return answer(call);
}
