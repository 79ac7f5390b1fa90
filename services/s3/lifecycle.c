/* The check of a lifecycle configuration: "Lifecycle configuration elements" in the S3 user guide. */
#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/id.h"
#include "services/s3/configuration.h"
#include "services/s3/errors.h"
#include "services/s3/s3_model.h"

enum { LIFECYCLE_RULES = 1000, LIFECYCLE_ID = 255, GENERATED_ID = 48, DAY = 24 * 60 * 60 * 1000 };

static enum outcome check_date(struct call *call, const struct value *structure, uint16_t member)
{
    const struct value *date = at(structure, member);
    if (date == NULL || date->integer % DAY == 0)
        return ANSWERED;
    return fail_argument(call, "Date", date_iso8601(call->arena, date->integer), "'Date' must be at midnight GMT");
}

static uint32_t count_present(const struct value *structure)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < structure->size; i++)
        count += value_present(&structure->items[i]);
    return count;
}

/* `And` needs two conditions or more; tags are each one. */
static enum outcome check_filter(struct call *call, const struct value *filter)
{
    const struct value *both = at(filter, LifecycleRuleFilter_And), *tags = NULL;

    if (count_present(filter) > 1)
        return fail_malformed_xml(call);
    if (both == NULL)
        return ANSWERED;
    tags = at(both, LifecycleRuleAndOperator_Tags);
    uint32_t tag_count = value_is(tags, VALUE_LIST) ? tags->size : 0;
    if (count_present(both) - (tags != NULL) + tag_count < 2)
        return fail_malformed_xml(call);
    for (uint32_t i = 0; i < tag_count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (text_equal(at_text(&tags->items[i], Tag_Key), at_text(&tags->items[j], Tag_Key)))
                return fail(call, &s3_invalid_request, "Duplicate Tag Keys are not allowed.");
    return ANSWERED;
}

static enum outcome check_expiration(struct call *call, const struct value *expiration)
{
    const struct value *days = at(expiration, LifecycleExpiration_Days);

    if (count_present(expiration) != 1)
        return fail_malformed_xml(call);
    if (days != NULL && days->integer <= 0)
        return fail_argument(call, "Days", arena_print(call->arena, "%lld", (long long)days->integer),
                             "'Days' for Expiration action must be a positive integer");
    return check_date(call, expiration, LifecycleExpiration_Date);
}

static bool has_action(const struct value *rule)
{
    return at(rule, LifecycleRule_Expiration) != NULL || at(rule, LifecycleRule_Transitions) != NULL ||
           at(rule, LifecycleRule_NoncurrentVersionExpiration) != NULL ||
           at(rule, LifecycleRule_NoncurrentVersionTransitions) != NULL ||
           at(rule, LifecycleRule_AbortIncompleteMultipartUpload) != NULL;
}

static enum outcome check_rule(struct call *call, struct value *rule)
{
    const struct value *filter = at(rule, LifecycleRule_Filter), *transitions = at(rule, LifecycleRule_Transitions);
    const char *id = at_text(rule, LifecycleRule_ID);

    if ((filter != NULL) == (at(rule, LifecycleRule_Prefix) != NULL))
        return fail_malformed_xml(call);
    if (filter != NULL && check_filter(call, filter) == FAILED)
        return FAILED;
    if (!has_action(rule))
        return fail(call, &s3_invalid_request, "At least one action needs to be specified in a rule");
    if (at(rule, LifecycleRule_Expiration) != NULL && check_expiration(call, at(rule, LifecycleRule_Expiration)) == FAILED)
        return FAILED;
    for (uint32_t i = 0; transitions != NULL && i < transitions->size; i++)
        if (check_date(call, &transitions->items[i], Transition_Date) == FAILED)
            return FAILED;
    if (id == NULL || *id == '\0')
        set(rule, LifecycleRule_ID, value_text(id_from(call->arena, id_alnum, GENERATED_ID)));
    else if (strlen(id) > LIFECYCLE_ID)
        return fail_argument(call, "ID", id, "ID length should not exceed allowed limit of 255");
    return ANSWERED;
}

enum outcome lifecycle_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    static const char *const sizes[] = {"all_storage_classes_128K", "varies_by_storage_class"};
    const char *size = input_text(call, PutBucketLifecycleConfigurationRequest_TransitionDefaultMinimumObjectSize);
    const struct value *rules = at(document, BucketLifecycleConfiguration_Rules);
    (void)bucket;

    if (size != NULL && !text_equal(size, sizes[0]) && !text_equal(size, sizes[1]))
        return fail(call, &s3_invalid_request, "Invalid TransitionDefaultMinimumObjectSize found: %s", size);
    if (!value_is(rules, VALUE_LIST) || rules->size == 0 || rules->size > LIFECYCLE_RULES)
        return fail_malformed_xml(call);
    for (uint32_t i = 0; i < rules->size; i++) {
        if (check_rule(call, &rules->items[i]) == FAILED)
            return FAILED;
        const char *id = at_text(&rules->items[i], LifecycleRule_ID);
        for (uint32_t j = 0; j < i; j++)
            if (text_equal(at_text(&rules->items[j], LifecycleRule_ID), id))
                return fail_argument(call, "ID", id, "Rule ID must be unique. Found same ID for more than one rule");
    }
    return ANSWERED;
}
