#include "services/sqs/redrive.h"

#include "emulator/aws/arn.h"
#include "emulator/aws/journal.h"
#include "emulator/base/json.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/attributes.h"
#include "services/sqs/counts.h"
#include "services/sqs/group.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/tenant.h"
#include "services/sqs/waiting.h"

enum { RECEIVES_MAX = 1000, SOURCES_MAX = 10 };

/* --- policies ------------------------------------------------------------------------------------------------------------------ */

static bool wrong(struct call *call, const char *parameter, const char *text, struct problem *problem, const char *reason)
{
    return problem_set(problem, call->arena, &invalid_parameter_value, "Value %s for parameter %s is invalid. Reason: %s", text, parameter, reason);
}

/* maxReceiveCount is written as a number or as text. */
static bool read_receives(const struct value *value, int64_t *receives)
{
    if (value->kind == VALUE_INTEGER)
        *receives = value->integer;
    else if (value->kind != VALUE_TEXT || !text_integer(value->text, receives))
        return false;
    return *receives >= 1 && *receives <= RECEIVES_MAX;
}

static const char *shown(struct call *call, const struct value *value)
{
    return value->kind == VALUE_TEXT ? value->text : json_print(call->arena, value).at;
}

/* What the dead-letter queue itself says about who may use it. */
static bool is_allowed_by(struct arena *arena, const struct queue *target, const char *source_arn)
{
    const char *text = attribute_text(arena, target, "RedriveAllowPolicy");
    struct value policy;

    if (text == NULL || json_parse(arena, bytes_of(text), &policy, NULL) != 0)
        return true;
    const char *permission = value_find_text(&policy, "redrivePermission");
    if (text_equal(permission, "denyAll"))
        return false;
    if (!text_equal(permission, "byQueue"))
        return true;
    const struct value *sources = value_find(&policy, "sourceQueueArns");
    for (uint32_t i = 0; value_is(sources, VALUE_LIST) && i < sources->size; i++)
        if (sources->items[i].kind == VALUE_TEXT && text_equal(sources->items[i].text, source_arn))
            return true;
    return false;
}

bool redrive_policy_check(struct call *call, const struct queue *queue, const char *text, struct problem *problem)
{
    static const char parameter[] = "RedrivePolicy";
    struct value policy;
    struct queue target;
    struct arn arn;
    int64_t receives;

    if (json_parse(call->arena, bytes_of(text), &policy, NULL) != 0 || policy.kind != VALUE_MAP)
        return wrong(call, parameter, text, problem, "Redrive policy is not a valid JSON map.");
    const struct value *count = value_find(&policy, "maxReceiveCount"), *target_arn = value_find(&policy, "deadLetterTargetArn");
    if (!value_present(count))
        return wrong(call, parameter, text, problem, "Redrive policy does not contain mandatory attribute: maxReceiveCount.");
    if (!value_present(target_arn))
        return wrong(call, parameter, text, problem, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
    if (policy.size > 2)
        return wrong(call, parameter, text, problem, "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].");
    if (!read_receives(count, &receives))
        return wrong(call, parameter, text, problem,
                     arena_print(call->arena, "Invalid value for maxReceiveCount: %s, valid values are from 1 to 1000 both inclusive.", shown(call, count)));
    if (target_arn->kind != VALUE_TEXT || !arn_parse(call->arena, target_arn->text, &arn) || !text_equal(arn.service, "sqs"))
        return wrong(call, parameter, text, problem, "Invalid value for deadLetterTargetArn.");
    if (!text_equal(arn.account, queue->account))
        return wrong(call, parameter, text, problem, "Dead letter target owner should be same as the source.");
    if (!text_equal(arn.region, queue->region) || !queue_find(call->arena, queue->account, queue->region, arn.resource, &target))
        return wrong(call, parameter, text, problem, "Dead letter target does not exist.");
    /* With two points: so AWS writes it. */
    if (target.is_fifo != queue->is_fifo)
        return wrong(call, parameter, text, problem, "Dead-letter queue must be same type of queue as the source..");
    if (!is_allowed_by(call->arena, &target, queue_arn(call->arena, queue->account, queue->region, queue->name)))
        return wrong(call, parameter, text, problem, "Dead letter target does not allow this queue as a source (see its RedriveAllowPolicy).");
    return true;
}

bool redrive_allow_policy_check(struct call *call, const char *text, struct problem *problem)
{
    static const char parameter[] = "RedriveAllowPolicy";
    struct value policy;

    if (json_parse(call->arena, bytes_of(text), &policy, NULL) != 0 || policy.kind != VALUE_MAP)
        return wrong(call, parameter, text, problem, "Redrive allow policy is not a valid JSON map.");
    const char *permission = value_find_text(&policy, "redrivePermission");
    const struct value *sources = value_find(&policy, "sourceQueueArns");
    bool is_by_queue = text_equal(permission, "byQueue");
    if (!is_by_queue && !text_equal(permission, "allowAll") && !text_equal(permission, "denyAll"))
        return wrong(call, parameter, text, problem, "redrivePermission must be one of allowAll, denyAll and byQueue.");
    if (is_by_queue ? !value_is(sources, VALUE_LIST) || sources->size == 0 || sources->size > SOURCES_MAX : value_present(sources))
        return wrong(call, parameter, text, problem, "sourceQueueArns must hold 1 to 10 queues with byQueue, and be absent otherwise.");
    if (policy.size > (is_by_queue ? 2u : 1u))
        return wrong(call, parameter, text, problem, "Only following attributes are supported: [redrivePermission, sourceQueueArns].");
    return true;
}

void redrive_policy_apply(struct arena *arena, const char *text, struct queue *queue)
{
    struct value policy;
    struct arn arn;

    queue->dead_letters = NULL;
    queue->most_receives = 0;
    if (text == NULL || text[0] == '\0' || json_parse(arena, bytes_of(text), &policy, NULL) != 0)
        return;
    if (arn_parse(arena, value_find_text(&policy, "deadLetterTargetArn"), &arn) &&
        read_receives(value_find(&policy, "maxReceiveCount"), &queue->most_receives))
        queue->dead_letters = arn.resource;
}

/* --- moving -------------------------------------------------------------------------------------------------------------------- */

static struct query move_query = QUERY("UPDATE message SET epoch = ?, visible_at = ?, source = ?, cause = ?, message_group = nullif(?, 0), position = nullif(?, 0) WHERE id = ?");
static struct query position_query = QUERY("UPDATE queue SET position = position + 1 WHERE id = ? RETURNING position");

bool redrive_is_due(struct arena *arena, const struct queue *queue, int64_t receives, struct queue *target)
{
    return queue->dead_letters != NULL && receives >= queue->most_receives &&
           queue_find(arena, queue->account, queue->region, queue->dead_letters, target) && target->id != queue->id &&
           target->is_fifo == queue->is_fifo;
}

void redrive_move(struct call *call, const struct queue *queue, const struct queue *target, int64_t id, const char *group, int64_t sent_at, uint64_t cause)
{
    int64_t position = 0, joined = 0;
    const char *source = queue_arn(call->arena, queue->account, queue->region, queue->name);
    struct journal_record record = {.kind = JOURNAL_DEAD_LETTER,
                                    .cause = cause,
                                    .actor = "sqs",
                                    .account = queue->account,
                                    .region = queue->region,
                                    .service = "sqs",
                                    .operation = "ReceiveMessage",
                                    .arn = queue_arn(call->arena, target->account, target->region, target->name)};
    struct value extra = value_map();
    struct journal_end end = {.duration_us = 0, .extra = &extra};

    value_put(call->arena, &extra, "source_arn", value_text(source));
    uint64_t seq = journal_note(&record, &end);
    if (target->is_fifo) {
        position = query_one(&position_query, 0, "i", target->id);
        joined = group_join(target, group, position, 0);
    } else if (group != NULL) {
        position = clock_now();
        joined = tenant_join(target, group, position);
    }
    (void)query_run(&move_query, "iitiiii", target->epoch, clock_now(), source, (int64_t)seq, joined, position, id);
    counts_add(queue->id, -1, 0);
    counts_add(target->id, 1, sent_at);
    waiting_notice(target->id);
}

/* --- ListDeadLetterSourceQueues -------------------------------------------------------------------------------------------------- */

static struct query sources_query = QUERY("SELECT name FROM queue WHERE account = ? AND region = ? AND dead_letters = ? AND name > ? ORDER BY name LIMIT ?");

enum outcome list_dead_letter_source_queues(struct call *call)
{
    struct value urls = value_list();
    struct queue_page page;
    struct queue queue;
    const char *last = "";
    bool has_more = false;

    if (!queue_of_call(call, input_text(call, ListDeadLetterSourceQueuesRequest_QueueUrl), &queue) ||
        !queue_page_read(call, ListDeadLetterSourceQueuesRequest_MaxResults, ListDeadLetterSourceQueuesRequest_NextToken, &page))
        return FAILED;
    query_start(&sources_query, "tttti", queue.account, queue.region, queue.name, page.after, page.most + 1);
    while (query_step(&sources_query)) {
        if (urls.size == page.most) {
            has_more = true;
            break;
        }
        last = query_text(&sources_query, call->arena, 0);
        value_push(call->arena, &urls, value_text(queue_url(call, last)));
    }
    query_end(&sources_query);
    output_set(call, ListDeadLetterSourceQueuesResult_queueUrls, urls); /* a required member: an empty list is shown */
    if (has_more && page.wants_token)
        output_text(call, ListDeadLetterSourceQueuesResult_NextToken, queue_page_token(call, last));
    return answer(call);
}
