#include "services/apigw/permission.h"

#include <string.h>

#include "emulator/base/json.h"

/* '*' is any text, '?' any character; there is at most one star to go back to. */
static bool is_like(const char *text, const char *like)
{
    const char *star = NULL, *from = text;

    while (*text != '\0') {
        if (*like == '*') {
            star = like++;
            from = text;
        } else if (*like == '?' || *like == *text) {
            like++;
            text++;
        } else if (star != NULL) {
            like = star + 1;
            text = ++from;
        } else
            return false;
    }
    return like[strspn(like, "*")] == '\0';
}

/* A text, or one of a list. */
static bool any_like(const struct value *given, const char *text)
{
    if (value_is(given, VALUE_TEXT))
        return is_like(text, given->text);
    for (uint32_t i = 0; value_is(given, VALUE_LIST) && i < given->size; i++)
        if (given->items[i].kind == VALUE_TEXT && is_like(text, given->items[i].text))
            return true;
    return false;
}

static bool is_for_us(const struct value *principal)
{
    return value_is(principal, VALUE_TEXT) ? strcmp(principal->text, "*") == 0
                                           : any_like(value_find(principal, "Service"), "apigateway.amazonaws.com");
}

/* A condition that we do not know is not met. */
static bool is_met(const char *kind, const struct value *conditions, const char *source_arn, const char *account)
{
    bool is_arn = text_starts(kind, "Arn") || text_starts(kind, "StringLike"), is_equal = text_starts(kind, "String") || is_arn;

    for (uint32_t i = 0; i < conditions->size; i++) {
        const char *key = conditions->items[2 * i].text;
        const struct value *wanted = &conditions->items[2 * i + 1];

        if (text_equal_fold(key, "AWS:SourceArn")
                ? !(is_equal && any_like(wanted, source_arn))
                : !text_equal_fold(key, "AWS:SourceAccount") || !is_equal || !any_like(wanted, account))
            return false;
    }
    return true;
}

static bool statement_allows(const struct value *statement, const char *source_arn, const char *account)
{
    const struct value *conditions = value_find(statement, "Condition");

    if (!text_equal(value_find_text(statement, "Effect"), "Allow") || !is_for_us(value_find(statement, "Principal")) ||
        !any_like(value_find(statement, "Action"), "lambda:InvokeFunction"))
        return false;
    for (uint32_t i = 0; value_is(conditions, VALUE_MAP) && i < conditions->size; i++) {
        const struct value *of_kind = &conditions->items[2 * i + 1];

        if (of_kind->kind != VALUE_MAP || !is_met(conditions->items[2 * i].text, of_kind, source_arn, account))
            return false;
    }
    return true;
}

bool permission_allows(struct arena *arena, const char *policy, const char *source_arn, const char *account)
{
    const struct value *statements;
    struct value json;

    if (policy == NULL || json_parse(arena, bytes_of(policy), &json, NULL) != 0)
        return false;
    statements = value_find(&json, "Statement");
    for (uint32_t i = 0; value_is(statements, VALUE_LIST) && i < statements->size; i++)
        if (statement_allows(&statements->items[i], source_arn, account))
            return true;
    return false;
}
