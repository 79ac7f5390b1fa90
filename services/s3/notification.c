/* PutBucketNotificationConfiguration and GetBucketNotificationConfiguration (facts/services.md 2.14). */
#include "services/s3/notification.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/store/store.h"
#include "services/s3/destination.h"
#include "services/s3/errors.h"
#include "services/s3/event.h"
#include "services/s3/integrity.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"

enum { NOTIFICATIONS = 100, FILTER_VALUE = 1024, GENERATED_ID = 48 };

static struct query list = QUERY("SELECT kind, name, arn, events, rules FROM notification WHERE bucket = ? ORDER BY place");
static struct query insert =
    QUERY("INSERT INTO notification(bucket, place, kind, name, arn, events, rules) VALUES(?, ?, ?, ?, ?, ?, ?)");
static struct query delete = QUERY("DELETE FROM notification WHERE bucket = ?");

/* Rows. */

/* Prefix and suffix out of the rules. */
static void apply_rules(struct notification *notification)
{
    notification->prefix = notification->suffix = "";
    for (uint32_t i = 0; notification->rules.kind == VALUE_LIST && i < notification->rules.size; i++) {
        const struct value *pair = notification->rules.items[i].items;
        if (text_equal_fold(pair[0].text, "prefix"))
            notification->prefix = pair[1].text;
        else
            notification->suffix = pair[1].text;
        notification->has_filter = true;
    }
}

struct notification *notification_list(struct arena *arena, int64_t bucket, size_t *count)
{
    struct notification *notifications = NULL;

    *count = 0;
    query_start(&list, "i", bucket);
    while (query_step(&list) && *count < NOTIFICATIONS) {
        if (notifications == NULL)
            notifications = arena_alloc(arena, sizeof *notifications * NOTIFICATIONS);
        struct notification *notification = &notifications[(*count)++];
        notification->kind = (enum notification_kind)query_integer(&list, 0);
        notification->id = query_text(&list, arena, 1);
        notification->arn = query_text(&list, arena, 2);
        (void)json_parse(arena, bytes_of(query_text(&list, arena, 3)), &notification->events, NULL);
        if (!query_is_null(&list, 4))
            (void)json_parse(arena, bytes_of(query_text(&list, arena, 4)), &notification->rules, NULL);
        apply_rules(notification);
    }
    query_end(&list);
    return notifications;
}

void notification_drop_all(int64_t bucket)
{
    query_run(&delete, "i", bucket);
}

static void store(struct arena *arena, int64_t bucket, const struct notification *notifications, size_t count)
{
    notification_drop_all(bucket);
    for (size_t i = 0; i < count; i++) {
        const struct notification *row = &notifications[i];
        const char *rules = row->rules.kind == VALUE_LIST ? json_print(arena, &row->rules).at : NULL;
        query_run(&insert, "iiitttt", bucket, (int64_t)i, (int64_t)row->kind, row->id, row->arn, json_print(arena, &row->events).at,
                  rules);
    }
}

/* Reading the configuration. */

/* The members of the two kinds, by what they mean. */
struct kind_members {
    uint16_t list, id, arn, events, filter;
    const char *service, *name; /* in the ARN; in errors and on the wire */
    uint16_t shape;
};
static const struct kind_members kinds[NOTIFICATION_KINDS] = {
    [NOTIFICATION_QUEUE] = {NotificationConfiguration_QueueConfigurations, QueueConfiguration_Id, QueueConfiguration_QueueArn,
                            QueueConfiguration_Events, QueueConfiguration_Filter, "sqs", "Queue", SHAPE_QueueConfiguration},
    [NOTIFICATION_FUNCTION] = {NotificationConfiguration_LambdaFunctionConfigurations, LambdaFunctionConfiguration_Id,
                               LambdaFunctionConfiguration_LambdaFunctionArn, LambdaFunctionConfiguration_Events,
                               LambdaFunctionConfiguration_Filter, "lambda", "CloudFunction", SHAPE_LambdaFunctionConfiguration},
};

static const char *const known_events[] = {
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:IntelligentTiering",
    "s3:LifecycleTransition",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectAcl:Put",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectAnnotation:Delete",
};
enum { KNOWN_EVENTS = sizeof known_events / sizeof known_events[0] };

static enum outcome check_arn(struct call *call, const struct bucket *bucket, const struct kind_members *kind, const char *text)
{
    struct arn arn;
    if (text == NULL || !arn_parse(call->arena, text, &arn) || !text_equal(arn.service, kind->service))
        return fail_argument(call, kind->name, text != NULL ? text : "", "The ARN could not be parsed");
    if (!text_equal(arn.region, bucket->region))
        return fail_argument(call, kind->name, text,
                             "The notification destination service region is not valid for the bucket location constraint");
    return ANSWERED;
}

static enum outcome check_events(struct call *call, const struct value *events)
{
    for (uint32_t i = 0; i < events->size; i++) {
        size_t known = 0;
        while (known < KNOWN_EVENTS && !text_equal(known_events[known], events->items[i].text))
            known++;
        if (known < KNOWN_EVENTS)
            continue;
        struct buffer names;
        buffer_init(&names, 4096);
        for (known = 0; known < KNOWN_EVENTS; known++)
            buffer_print(&names, "%s%s", known > 0 ? ", " : "", known_events[known]);
        struct bytes all = buffer_detach(&names, call->arena);
        fail_field(call, "ArgumentName", "Event");
        fail_field(call, "ArgumentValue", events->items[i].text);
        return fail(call, &s3_invalid_argument,
                    "The event '%s' is not supported for notifications. Supported events are as follows: [%.*s]",
                    events->items[i].text, (int)all.size, all.at);
    }
    return ANSWERED;
}

/* Names in any case become Prefix and Suffix, each at most once. */
static enum outcome read_rules(struct call *call, const struct value *filter, struct notification *notification)
{
    const struct value *rules = at(at(filter, NotificationConfigurationFilter_Key), S3KeyFilter_FilterRules);

    if (!value_is(rules, VALUE_LIST))
        return ANSWERED;
    notification->rules = value_list();
    for (uint32_t i = 0; i < rules->size; i++) {
        const char *name = at_text(&rules->items[i], FilterRule_Name), *text = at_text(&rules->items[i], FilterRule_Value);
        if (!text_equal_fold(name, "prefix") && !text_equal_fold(name, "suffix"))
            return fail_argument(call, "FilterRule.Name", name != NULL ? name : "",
                                 "filter rule name must be either prefix or suffix");
        if (text != NULL && strlen(text) > FILTER_VALUE)
            return fail_argument(call, "FilterRule.Value", text,
                                 "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation");
        name = text_equal_fold(name, "prefix") ? "Prefix" : "Suffix";
        for (uint32_t j = 0; j < notification->rules.size; j++)
            if (text_equal(notification->rules.items[j].items[0].text, name))
                return fail_argument(call, "FilterRule.Name", text_equal(name, "Prefix") ? "prefix" : "suffix",
                                     "Cannot specify more than one prefix rule and one suffix rule in a filter.");
        struct value pair = value_list();
        value_push(call->arena, &pair, value_text(name));
        value_push(call->arena, &pair, value_text(text != NULL ? text : ""));
        value_push(call->arena, &notification->rules, pair);
    }
    apply_rules(notification);
    return ANSWERED;
}

static const struct value *list_of(const struct value *configuration, enum notification_kind kind)
{
    const struct value *values = at(configuration, kinds[kind].list);
    return value_is(values, VALUE_LIST) ? values : NULL;
}

/* In the order of AWS's checks: all ARNs, then events, then filters, then overlaps. */
static enum outcome read_configuration(struct call *call, const struct bucket *bucket, const struct value *configuration, struct notification *notifications,
                                       size_t *count)
{
    *count = 0;
    for (enum notification_kind kind = 0; kind < NOTIFICATION_KINDS; kind++) {
        const struct value *values = list_of(configuration, kind);
        for (uint32_t i = 0; values != NULL && i < values->size; i++) {
            if (*count == NOTIFICATIONS)
                return fail(call, &s3_invalid_request, "A bucket can have at most %d notification configurations.", NOTIFICATIONS);
            struct notification *notification = &notifications[(*count)++];
            notification->kind = kind;
            notification->id = at_text(&values->items[i], kinds[kind].id);
            notification->arn = at_text(&values->items[i], kinds[kind].arn);
            notification->prefix = notification->suffix = "";
            if (notification->id == NULL || *notification->id == '\0')
                notification->id = id_from(call->arena, id_alnum, GENERATED_ID);
            if (check_arn(call, bucket, &kinds[kind], notification->arn) == FAILED)
                return FAILED;
            const struct value *events = at(&values->items[i], kinds[kind].events);
            if (!value_is(events, VALUE_LIST) || events->size == 0)
                return fail_malformed_xml(call);
            notification->events = *events;
        }
    }
    for (size_t i = 0; i < *count; i++)
        if (check_events(call, &notifications[i].events) == FAILED)
            return FAILED;
    size_t place = 0;
    for (enum notification_kind kind = 0; kind < NOTIFICATION_KINDS; kind++) {
        const struct value *values = list_of(configuration, kind);
        for (uint32_t i = 0; values != NULL && i < values->size; i++)
            if (read_rules(call, at(&values->items[i], kinds[kind].filter), &notifications[place++]) == FAILED)
                return FAILED;
    }
    for (size_t i = 0; i < *count; i++)
        for (size_t j = 0; j < i; j++) {
            const char *conflict = notification_conflict(&notifications[i], &notifications[j]);
            if (conflict != NULL)
                return fail_argument(call, "Event", notifications[i].events.items[0].text, conflict);
        }
    return ANSWERED;
}

/* The operations. */

/* Runs twice when destinations are validated: the answers of the other services come in between. */
enum outcome put_bucket_notification_configuration(struct call *call)
{
    const struct value *configuration = input_at(call, PutBucketNotificationConfigurationRequest_NotificationConfiguration);
    struct bucket bucket;
    size_t count;

    if (BUCKET_ENTER(call, PutBucketNotificationConfiguration, &bucket) == FAILED || integrity_check(call) == FAILED)
        return FAILED;
    struct notification *notifications = arena_alloc(call->arena, sizeof *notifications * NOTIFICATIONS);
    if (read_configuration(call, &bucket, configuration, notifications, &count) == FAILED)
        return FAILED;
    bool skips = input_bool(call, PutBucketNotificationConfigurationRequest_SkipDestinationValidation, false);
    if (!skips && count > 0) {
        enum outcome outcome = destination_check(call, &bucket, notifications, count, put_bucket_notification_configuration);
        if (outcome != ANSWERED)
            return outcome;
    }
    store(call->arena, bucket.id, notifications, count);
    for (size_t i = 0; i < count; i++)
        if (notifications[i].kind == NOTIFICATION_QUEUE)
            event_add_test(call, &bucket, &notifications[i]);
    return answer(call);
}

static struct value describe_filter(struct call *call, const struct value *rules)
{
    struct value out = value_list();
    for (uint32_t i = 0; i < rules->size; i++) {
        struct value rule = call_struct(call, SHAPE_FilterRule);
        set(&rule, FilterRule_Name, rules->items[i].items[0]);
        set(&rule, FilterRule_Value, rules->items[i].items[1]);
        value_push(call->arena, &out, rule);
    }
    struct value key = call_struct(call, SHAPE_S3KeyFilter);
    set(&key, S3KeyFilter_FilterRules, out);
    struct value filter = call_struct(call, SHAPE_NotificationConfigurationFilter);
    set(&filter, NotificationConfigurationFilter_Key, key);
    return filter;
}

enum outcome get_bucket_notification_configuration(struct call *call)
{
    struct value lists[NOTIFICATION_KINDS];
    struct bucket bucket;
    size_t count;

    if (BUCKET_ENTER(call, GetBucketNotificationConfiguration, &bucket) == FAILED)
        return FAILED;
    for (enum notification_kind kind = 0; kind < NOTIFICATION_KINDS; kind++)
        lists[kind] = value_list();
    const struct notification *notifications = notification_list(call->arena, bucket.id, &count);
    for (size_t i = 0; i < count; i++) {
        const struct kind_members *kind = &kinds[notifications[i].kind];
        struct value item = call_struct(call, kind->shape);
        set(&item, kind->id, value_text(notifications[i].id));
        set(&item, kind->arn, value_text(notifications[i].arn));
        set(&item, kind->events, notifications[i].events);
        if (notifications[i].rules.kind == VALUE_LIST)
            set(&item, kind->filter, describe_filter(call, &notifications[i].rules));
        value_push(call->arena, &lists[notifications[i].kind], item);
    }
    for (enum notification_kind kind = 0; kind < NOTIFICATION_KINDS; kind++)
        if (lists[kind].size > 0)
            output_set(call, kinds[kind].list, lists[kind]);
    return answer(call);
}
