#include "services/iam/document.h"

#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "services/iam/errors.h"

/* Quotas of IAM, in characters that are no white space. */
static const struct {
    size_t most;
    const char *quota, *not_json;
} kinds[] = {
    {2048, "ACLSizePerRole", "This policy contains invalid Json"},
    {6144, "PolicySize", "Syntax errors in policy."},
    {10240, "maxInlinePolicySize", "Syntax errors in policy."},
};

static bool malformed(struct call *call, const char *message)
{
    (void)fail(call, &iam_malformed_policy, "%s", message);
    return false;
}

static bool has_any(const struct value *statement, const char *name, const char *other)
{
    return value_find(statement, name) != NULL || value_find(statement, other) != NULL;
}

static bool check_statement(struct call *call, enum document_kind kind, const struct value *statement)
{
    const char *effect = value_find_text(statement, "Effect");

    if (!value_is(statement, VALUE_MAP))
        return malformed(call, "Syntax errors in policy.");
    if (effect == NULL || (!text_equal(effect, "Allow") && !text_equal(effect, "Deny")))
        return malformed(call, effect == NULL ? "Missing required field Effect" : "Invalid effect: it must be Allow or Deny");
    if (!has_any(statement, "Action", "NotAction"))
        return malformed(call, kind == DOCUMENT_TRUST ? "Missing required field Action" : "Policy statement must contain actions.");
    if (kind == DOCUMENT_TRUST) {
        if (has_any(statement, "Resource", "NotResource"))
            return malformed(call, "Has prohibited field Resource");
        return has_any(statement, "Principal", "NotPrincipal") || malformed(call, "Missing required field Principal");
    }
    if (has_any(statement, "Principal", "NotPrincipal"))
        return malformed(call, "Policy document should not specify a principal.");
    return has_any(statement, "Resource", "NotResource") || malformed(call, "Policy statement must contain resources.");
}

static bool check_statements(struct call *call, enum document_kind kind, const struct value *statements)
{
    if (value_is(statements, VALUE_MAP))
        return check_statement(call, kind, statements);
    if (!value_is(statements, VALUE_LIST))
        return malformed(call, statements == NULL ? "Missing required field Statement" : "Syntax errors in policy.");
    for (uint32_t i = 0; i < statements->size; i++)
        if (!check_statement(call, kind, &statements->items[i]))
            return false;
    return true;
}

static bool fits(struct call *call, enum document_kind kind, const char *document)
{
    size_t size = 0;

    for (const char *at = document; *at != '\0'; at++)
        size += strchr(" \t\r\n", *at) == NULL;
    if (size <= kinds[kind].most)
        return true;
    (void)fail(call, &iam_limit_exceeded, "Cannot exceed quota for %s: %zu", kinds[kind].quota, kinds[kind].most);
    return false;
}

bool document_check(struct call *call, enum document_kind kind, const char *document)
{
    const char *version;
    struct value json;

    if (!fits(call, kind, document))
        return false;
    if (json_parse(call->arena, bytes_of(document), &json, NULL) != 0 || json.kind != VALUE_MAP)
        return malformed(call, kinds[kind].not_json);
    version = value_find_text(&json, "Version");
    if (value_find(&json, "Version") != NULL && !text_equal(version, "2012-10-17") && !text_equal(version, "2008-10-17"))
        return malformed(call, "The policy must contain a valid version string");
    return check_statements(call, kind, value_find(&json, "Statement"));
}

struct value document_encoded(struct call *call, const char *document)
{
    return value_text(percent_encode(call->arena, bytes_of(document), ""));
}
