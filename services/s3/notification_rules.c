/* The pure part of notifications: which events, which keys, which configurations contradict one another, what a policy allows. */
#include <fnmatch.h>
#include <string.h>

#include "emulator/base/json.h"
#include "services/s3/notification.h"

bool event_matches(const char *wanted, const char *event)
{
    size_t size = strlen(wanted);
    if (size > 0 && wanted[size - 1] == '*')
        return strncmp(wanted, event, size - 1) == 0;
    return text_equal(wanted, event);
}

bool notification_wants(const struct notification *notification, const char *event, const char *encoded_key)
{
    if (!text_starts(encoded_key, notification->prefix) || !text_ends(encoded_key, notification->suffix))
        return false;
    for (uint32_t i = 0; i < notification->events.size; i++)
        if (event_matches(notification->events.items[i].text, event))
            return true;
    return false;
}

/* Two wanted events have an event in common: one is the other, or lies under the other's star. */
static bool share_event(const struct value *a, const struct value *b)
{
    for (uint32_t i = 0; i < a->size; i++)
        for (uint32_t j = 0; j < b->size; j++)
            if (event_matches(a->items[i].text, b->items[j].text) || event_matches(b->items[j].text, a->items[i].text))
                return true;
    return false;
}

const char *notification_conflict(const struct notification *a, const struct notification *b)
{
    if (!share_event(&a->events, &b->events))
        return NULL;
    bool prefixes = text_starts(a->prefix, b->prefix) || text_starts(b->prefix, a->prefix);
    bool suffixes = text_ends(a->suffix, b->suffix) || text_ends(b->suffix, a->suffix);
    if (!prefixes || !suffixes)
        return NULL;
    if (!a->has_filter && !b->has_filter)
        return "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
    return "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping "
           "for the same event type.";
}

/* Policies: only what S3 asks before it sends. */

/* A text, or a list with such a text in it. IAM's * and ? are those of fnmatch(). */
static bool any_matches(const struct value *value, const char *text, int flags)
{
    if (value_is(value, VALUE_TEXT))
        return fnmatch(value->text, text, flags) == 0;
    for (uint32_t i = 0; value_is(value, VALUE_LIST) && i < value->size; i++)
        if (any_matches(&value->items[i], text, flags))
            return true;
    return false;
}

static bool is_condition_met(const char *key, const struct value *wanted, const char *source_arn, const char *account)
{
    if (text_equal_fold(key, "aws:SourceArn"))
        return any_matches(wanted, source_arn, 0);
    if (text_equal_fold(key, "aws:SourceAccount"))
        return any_matches(wanted, account, 0);
    return false; /* what we cannot know is not met */
}

static bool are_conditions_met(const struct value *conditions, const char *source_arn, const char *account)
{
    for (uint32_t i = 0; value_is(conditions, VALUE_MAP) && i < conditions->size; i++) {
        const struct value *keys = &conditions->items[2 * i + 1];
        for (uint32_t j = 0; value_is(keys, VALUE_MAP) && j < keys->size; j++)
            if (!is_condition_met(keys->items[2 * j].text, &keys->items[2 * j + 1], source_arn, account))
                return false;
    }
    return true;
}

static bool names_principal(const struct value *principal, const char *service)
{
    if (value_is(principal, VALUE_TEXT))
        return text_equal(principal->text, "*");
    return any_matches(value_find(principal, "Service"), service, 0) ||
           (value_find_text(principal, "AWS") != NULL && text_equal(value_find_text(principal, "AWS"), "*"));
}

static bool statement_applies(const struct value *statement, const char *service, const char *action, const char *source_arn,
                              const char *account)
{
    return names_principal(value_find(statement, "Principal"), service) &&
           any_matches(value_find(statement, "Action"), action, FNM_CASEFOLD) &&
           are_conditions_met(value_find(statement, "Condition"), source_arn, account);
}

bool policy_allows(struct arena *arena, const char *policy, const char *service, const char *action, const struct bucket *bucket)
{
    struct value document;
    const char *source_arn = arena_print(arena, "arn:aws:s3:::%s", bucket->name);
    bool is_allowed = false;

    if (policy == NULL || json_parse(arena, bytes_of(policy), &document, NULL) != 0)
        return false;
    const struct value *statements = value_find(&document, "Statement");
    uint32_t count = value_is(statements, VALUE_LIST) ? statements->size : value_is(statements, VALUE_MAP) ? 1 : 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct value *statement = statements->kind == VALUE_LIST ? &statements->items[i] : statements;
        if (!statement_applies(statement, service, action, source_arn, bucket->account))
            continue;
        if (text_equal(value_find_text(statement, "Effect"), "Deny"))
            return false;
        is_allowed = is_allowed || text_equal(value_find_text(statement, "Effect"), "Allow");
    }
    return is_allowed;
}
