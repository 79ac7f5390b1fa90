/* Bucket policies: what AWS takes for one, and whether it is public. Nothing is decided by them yet. */
#include <string.h>

#include "emulator/base/json.h"
#include "services/s3/configuration.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"

enum { POLICY_LIMIT = 20 * 1024 };

/* Element i of what may be one thing or a list of them; NULL behind the last. */
static const struct value *element(const struct value *value, uint32_t i)
{
    if (value_is(value, VALUE_LIST))
        return i < value->size ? &value->items[i] : NULL;
    return i == 0 ? value : NULL;
}

static enum outcome check_statement(struct call *call, const struct bucket *bucket, const struct value *statement)
{
    static const char *const needed[][2] = {{"Effect", "Effect"}, {"Principal", "NotPrincipal"}, {"Action", "NotAction"},
                                            {"Resource", "NotResource"}};
    const char *arn = arena_print(call->arena, "arn:aws:s3:::%s", bucket->name);
    size_t size = strlen(arn);

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (value_find(statement, needed[i][0]) == NULL && value_find(statement, needed[i][1]) == NULL)
            return fail(call, &s3_malformed_policy, "Missing required field %s", needed[i][0]);
    const char *effect = value_find_text(statement, "Effect");
    if (!text_equal(effect, "Allow") && !text_equal(effect, "Deny"))
        return fail(call, &s3_malformed_policy, "Invalid effect: %s", effect != NULL ? effect : "null");
    const struct value *resource = value_find(statement, "Resource"), *one;
    for (uint32_t i = 0; (one = element(resource, i)) != NULL; i++) {
        bool is_all = one->kind == VALUE_TEXT && (text_equal(one->text, "*") || strchr(one->text, '*') != NULL);
        bool is_ours = one->kind == VALUE_TEXT && text_starts(one->text, arn) && (one->text[size] == '\0' || one->text[size] == '/');
        if (!is_all && !is_ours)
            return fail(call, &s3_malformed_policy, "Policy has invalid resource");
    }
    return ANSWERED;
}

enum outcome policy_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    struct value policy;

    if (document->kind != VALUE_TEXT || document->size == 0 || document->text[0] != '{' ||
        json_parse(call->arena, value_as_bytes(document), &policy, NULL) != 0 || policy.kind != VALUE_MAP)
        return fail(call, &s3_malformed_policy, "Policies must be valid JSON and the first byte must be '{'");
    if (document->size > POLICY_LIMIT)
        return fail(call, &s3_policy_too_large, "Policy exceeds the maximum allowed document size.");
    const struct value *statements = value_find(&policy, "Statement"), *statement;
    if (statements == NULL || (statements->kind == VALUE_LIST && statements->size == 0))
        return fail(call, &s3_malformed_policy, "Missing required field Statement");
    for (uint32_t i = 0; (statement = element(statements, i)) != NULL; i++)
        if (check_statement(call, bucket, statement) == FAILED)
            return FAILED;
    return ANSWERED;
}

static bool is_everybody(const struct value *principal)
{
    const struct value *accounts = value_is(principal, VALUE_MAP) ? value_find(principal, "AWS") : principal, *one;
    for (uint32_t i = 0; (one = element(accounts, i)) != NULL; i++)
        if (one->kind == VALUE_TEXT && text_equal(one->text, "*"))
            return true;
    return false;
}

/* Known difference: any condition counts as one that narrows a policy to fixed values; AWS looks at which. */
static bool is_public(const struct value *policy)
{
    const struct value *statements = value_find(policy, "Statement"), *statement;
    for (uint32_t i = 0; (statement = element(statements, i)) != NULL; i++)
        if (text_equal(value_find_text(statement, "Effect"), "Allow") && value_find(statement, "Condition") == NULL &&
            is_everybody(value_find(statement, "Principal")))
            return true;
    return false;
}

enum outcome get_bucket_policy_status(struct call *call)
{
    struct bucket bucket;
    struct value document, policy;

    if (BUCKET_ENTER(call, GetBucketPolicyStatus, &bucket) == FAILED)
        return FAILED;
    if (!configuration_text(call, bucket.id, "policy", &document) ||
        json_parse(call->arena, value_as_bytes(&document), &policy, NULL) != 0) {
        fail_field(call, "BucketName", bucket.name);
        return fail(call, &s3_no_such_policy, "The bucket policy does not exist");
    }
    struct value status = call_struct(call, SHAPE_PolicyStatus);
    set(&status, PolicyStatus_IsPublic, value_bool(is_public(&policy)));
    output_set(call, GetBucketPolicyStatusOutput_PolicyStatus, status);
    return answer(call);
}
