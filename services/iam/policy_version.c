/* Versions of managed policies: v1, v2 ...; at most five, of which one is the default. */
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/iam/document.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/page.h"
#include "services/iam/policy.h"

enum { VERSIONS = 5 };

static struct query insert = QUERY("INSERT INTO iam_policy_version(policy, version, created, document) VALUES (?, ?, ?, ?)");
static struct query find = QUERY("SELECT created, document FROM iam_policy_version WHERE policy = ? AND version = ?");
static struct query list =
    QUERY("SELECT version, created FROM iam_policy_version WHERE policy = ? AND version < ? ORDER BY version DESC LIMIT ?");
static struct query count = QUERY("SELECT count(*) FROM iam_policy_version WHERE policy = ?");
static struct query erase = QUERY("DELETE FROM iam_policy_version WHERE policy = ? AND version = ?");
static struct query newest = QUERY("SELECT newest FROM iam_policy WHERE id = ?");
static struct query set_newest = QUERY("UPDATE iam_policy SET newest = ?, updated = ? WHERE id = ?");
static struct query set_current = QUERY("UPDATE iam_policy SET current = ?, updated = ? WHERE id = ?");

void policy_version_add(struct call *call, int64_t policy, int64_t version, const char *document)
{
    (void)call;
    (void)query_run(&insert, "iiit", policy, version, clock_now(), document);
}

static struct value describe(struct call *call, int64_t version, int64_t current, int64_t created)
{
    struct value item = call_struct(call, SHAPE_PolicyVersion);

    set(&item, PolicyVersion_VersionId, value_text(arena_print(call->arena, "v%lld", (long long)version)));
    set(&item, PolicyVersion_IsDefaultVersion, value_bool(version == current));
    set(&item, PolicyVersion_CreateDate, value_time(created));
    return item;
}

enum outcome create_policy_version(struct call *call)
{
    const char *document = input_text(call, CreatePolicyVersionRequest_PolicyDocument);
    struct policy policy;

    if (!policy_find(call, input_text(call, CreatePolicyVersionRequest_PolicyArn), &policy) ||
        !document_check(call, DOCUMENT_MANAGED, document))
        return FAILED;
    if (query_one(&count, 0, "i", policy.id) >= VERSIONS)
        return fail(
            call, &iam_limit_exceeded,
            "A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.",
            VERSIONS);
    int64_t version = query_one(&newest, 0, "i", policy.id) + 1;
    policy_version_add(call, policy.id, version, document);
    (void)query_run(&set_newest, "iii", version, clock_now(), policy.id);
    if (input_bool(call, CreatePolicyVersionRequest_SetAsDefault, false)) {
        policy.current = version;
        (void)query_run(&set_current, "iii", version, clock_now(), policy.id);
    }
    output_set(call, CreatePolicyVersionResponse_PolicyVersion, describe(call, version, policy.current, clock_now()));
    return answer(call);
}

/* The number behind the v; 0 when there is no such version, after fail(). */
static int64_t find_version(struct call *call, const char *text, const struct policy *policy, int64_t *created,
                            const char **document)
{
    int64_t version;
    bool found = text[0] == 'v' && text_integer(text + 1, &version);

    if (found) {
        query_start(&find, "ii", policy->id, version);
        found = query_step(&find);
        if (found) {
            *created = query_integer(&find, 0);
            *document = query_text(&find, call->arena, 1);
        }
        query_end(&find);
    }
    if (!found)
        (void)fail(call, &iam_no_such_entity, "Policy %s version %s does not exist or is not attachable.", call->arn, text);
    return found ? version : 0;
}

enum outcome get_policy_version(struct call *call)
{
    const char *document;
    int64_t version, created;
    struct policy policy;

    if (!policy_find(call, input_text(call, GetPolicyVersionRequest_PolicyArn), &policy))
        return FAILED;
    version = find_version(call, input_text(call, GetPolicyVersionRequest_VersionId), &policy, &created, &document);
    if (version == 0)
        return FAILED;
    struct value item = describe(call, version, policy.current, created);
    set(&item, PolicyVersion_Document, document_encoded(call, document));
    output_set(call, GetPolicyVersionResponse_PolicyVersion, item);
    return answer(call);
}

enum outcome list_policy_versions(struct call *call)
{
    int64_t after = INT64_MAX;
    struct policy policy;
    struct page page;

    if (!policy_find(call, input_text(call, ListPolicyVersionsRequest_PolicyArn), &policy) ||
        !page_begin(call, &page, ListPolicyVersionsRequest_Marker, ListPolicyVersionsRequest_MaxItems))
        return FAILED;
    (void)text_integer(page.after, &after);
    query_start(&list, "iii", policy.id, after, page.most + 1);
    while (query_step(&list)) {
        int64_t version = query_integer(&list, 0);

        if (!page_add(call, &page, arena_print(call->arena, "%lld", (long long)version),
                      describe(call, version, policy.current, query_integer(&list, 1))))
            break;
    }
    query_end(&list);
    page_end(call, &page, ListPolicyVersionsResponse_Versions, ListPolicyVersionsResponse_IsTruncated,
             ListPolicyVersionsResponse_Marker);
    return answer(call);
}

enum outcome delete_policy_version(struct call *call)
{
    const char *document;
    int64_t version, created;
    struct policy policy;

    if (!policy_find(call, input_text(call, DeletePolicyVersionRequest_PolicyArn), &policy))
        return FAILED;
    version = find_version(call, input_text(call, DeletePolicyVersionRequest_VersionId), &policy, &created, &document);
    if (version == 0)
        return FAILED;
    if (version == policy.current)
        return fail(call, &iam_delete_conflict, "Cannot delete the default version of a policy.");
    (void)query_run(&erase, "ii", policy.id, version);
    return answer(call);
}

enum outcome set_default_policy_version(struct call *call)
{
    const char *document;
    int64_t version, created;
    struct policy policy;

    if (!policy_find(call, input_text(call, SetDefaultPolicyVersionRequest_PolicyArn), &policy))
        return FAILED;
    version = find_version(call, input_text(call, SetDefaultPolicyVersionRequest_VersionId), &policy, &created, &document);
    if (version == 0)
        return FAILED;
    (void)query_run(&set_current, "iii", version, clock_now(), policy.id);
    return answer(call);
}
