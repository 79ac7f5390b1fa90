#include "services/iam/policy.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/id.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/iam/document.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/page.h"
#include "services/iam/tag.h"

#define COLUMNS "id, name, path, unique_id, description, created, updated, current"
static struct query find = QUERY("SELECT " COLUMNS " FROM iam_policy WHERE account = ? AND name = ?");
static struct query attachments = QUERY("SELECT count(*) FROM iam_attachment WHERE account = ? AND policy = ?");

static void read_row(struct call *call, struct query *query, struct policy *policy)
{
    *policy = (struct policy){
        .id = query_integer(query, 0),
        .account = call->account,
        .name = query_text(query, call->arena, 1),
        .path = query_text(query, call->arena, 2),
        .unique_id = query_text(query, call->arena, 3),
        .description = query_text(query, call->arena, 4),
        .created = query_integer(query, 5),
        .updated = query_integer(query, 6),
        .current = query_integer(query, 7),
    };
}

char *policy_arn(struct arena *arena, const char *account, const char *path, const char *name)
{
    return arn_print(arena, "iam", "", account, "policy%s%s", path, name);
}

bool is_aws_policy(const char *arn)
{
    return text_starts(arn, "arn:aws:iam::aws:policy/");
}

bool policy_exists(struct call *call, const char *arn, struct policy *policy)
{
    const char *name = strrchr(arn, '/');
    bool found;

    if (name == NULL)
        return false;
    query_start(&find, "tt", call->account, name + 1);
    found = query_step(&find);
    if (found)
        read_row(call, &find, policy);
    query_end(&find);
    return found && text_equal(arn, policy_arn(call->arena, call->account, policy->path, policy->name));
}

bool policy_find(struct call *call, const char *arn, struct policy *policy)
{
    struct arn parts;

    call->arn = arn;
    if (!arn_parse(call->arena, arn, &parts) || !text_starts(parts.resource, "policy/")) {
        (void)fail(call, &iam_invalid_input, "ARN %s is not valid.", arn);
        return false;
    }
    if (policy_exists(call, arn, policy))
        return true;
    if (is_aws_policy(arn))
        (void)fail(call, &iam_not_implemented,
                   "lowcloud does not have AWS's own policies: %s can be attached and detached, but not read", arn);
    else
        (void)fail(call, &iam_no_such_entity, "Policy %s was not found.", arn);
    return false;
}

int64_t policy_attachments(struct call *call, const char *arn)
{
    return query_one(&attachments, 0, "tt", call->account, arn);
}

static struct value describe(struct call *call, const struct policy *policy)
{
    struct value item = call_struct(call, SHAPE_Policy);
    const char *arn = policy_arn(call->arena, policy->account, policy->path, policy->name);

    set(&item, Policy_PolicyName, value_text(policy->name));
    set(&item, Policy_PolicyId, value_text(policy->unique_id));
    set(&item, Policy_Arn, value_text(arn));
    set(&item, Policy_Path, value_text(policy->path));
    set(&item, Policy_DefaultVersionId, value_text(arena_print(call->arena, "v%lld", (long long)policy->current)));
    set(&item, Policy_AttachmentCount, value_integer(policy_attachments(call, arn)));
    set(&item, Policy_PermissionsBoundaryUsageCount, value_integer(0));
    set(&item, Policy_IsAttachable, value_bool(true));
    set(&item, Policy_CreateDate, value_time(policy->created));
    set(&item, Policy_UpdateDate, value_time(policy->updated));
    return item;
}

static struct query insert =
    QUERY("INSERT INTO iam_policy(account, name, path, unique_id, description, created, updated, current, newest)"
          " VALUES (?, ?, ?, ?, ?, ?6, ?6, 1, 1)");

enum outcome create_policy(struct call *call)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const char *path = input_text(call, CreatePolicyRequest_Path), *document = input_text(call, CreatePolicyRequest_PolicyDocument);
    struct policy policy = {
        .account = call->account,
        .name = input_text(call, CreatePolicyRequest_PolicyName),
        .path = path == NULL ? "/" : path,
        .unique_id = arena_print(call->arena, "ANPA%s", id_from(call->arena, letters, 17)),
        .description = input_text(call, CreatePolicyRequest_Description),
        .created = clock_now(),
        .updated = clock_now(),
        .current = 1,
    };

    call->arn = policy_arn(call->arena, call->account, policy.path, policy.name);
    if (!document_check(call, DOCUMENT_MANAGED, document))
        return FAILED;
    if (query_run(&insert,
                  "tttt"
                  "ti",
                  call->account, policy.name, policy.path, policy.unique_id, policy.description, policy.created) < 0)
        return fail(call, &iam_entity_already_exists, "A policy called %s already exists. Duplicate names are not allowed.",
                    policy.name);
    policy.id = store_last_id();
    policy_version_add(call, policy.id, 1, document);
    if (!iam_tags_store(call, TAGS_OF_POLICY, policy.id, input_at(call, CreatePolicyRequest_Tags)))
        return FAILED;
    struct value item = describe(call, &policy);
    set(&item, Policy_Tags, iam_tags_list(call, TAGS_OF_POLICY, policy.id));
    output_set(call, CreatePolicyResponse_Policy, item);
    return answer(call);
}

enum outcome get_policy(struct call *call)
{
    struct policy policy;

    if (!policy_find(call, input_text(call, GetPolicyRequest_PolicyArn), &policy))
        return FAILED;
    struct value item = describe(call, &policy);
    set(&item, Policy_Description, value_text(policy.description)); /* not in lists */
    set(&item, Policy_Tags, iam_tags_list(call, TAGS_OF_POLICY, policy.id));
    output_set(call, GetPolicyResponse_Policy, item);
    return answer(call);
}

static struct query list =
    QUERY("SELECT " COLUMNS " FROM iam_policy WHERE account = ?1 AND name > ?2 AND substr(path, 1, length(?3)) = ?3 ORDER BY name");

/* Known difference: AWS's own policies are not listed. */
enum outcome list_policies(struct call *call)
{
    const char *prefix = input_text(call, ListPoliciesRequest_PathPrefix);
    bool only_attached = input_bool(call, ListPoliciesRequest_OnlyAttached, false);
    bool only_aws = text_equal(input_text(call, ListPoliciesRequest_Scope), "AWS");
    struct page page;
    struct policy policy;

    if (!page_begin(call, &page, ListPoliciesRequest_Marker, ListPoliciesRequest_MaxItems))
        return FAILED;
    query_start(&list, "ttt", call->account, page.after, prefix == NULL ? "/" : prefix);
    while (!only_aws && query_step(&list)) {
        read_row(call, &list, &policy);
        if (only_attached && policy_attachments(call, policy_arn(call->arena, call->account, policy.path, policy.name)) == 0)
            continue;
        if (!page_add(call, &page, policy.name, describe(call, &policy)))
            break;
    }
    query_end(&list);
    page_end(call, &page, ListPoliciesResponse_Policies, ListPoliciesResponse_IsTruncated, ListPoliciesResponse_Marker);
    return answer(call);
}

static struct query versions = QUERY("SELECT count(*) FROM iam_policy_version WHERE policy = ?");
static struct query erase_versions = QUERY("DELETE FROM iam_policy_version WHERE policy = ?");
static struct query erase = QUERY("DELETE FROM iam_policy WHERE id = ?");

enum outcome delete_policy(struct call *call)
{
    const char *arn = input_text(call, DeletePolicyRequest_PolicyArn);
    struct policy policy;

    if (!policy_find(call, arn, &policy))
        return FAILED;
    if (policy_attachments(call, arn) > 0)
        return fail(call, &iam_delete_conflict, "Cannot delete a policy attached to entities.");
    if (query_one(&versions, 0, "i", policy.id) > 1)
        return fail(call, &iam_delete_conflict,
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The "
                    "default version is"
                    " deleted with the policy.");
    (void)query_run(&erase_versions, "i", policy.id);
    (void)query_run(&erase, "i", policy.id);
    tags_drop(TAGS_OF_POLICY, policy.id);
    return answer(call);
}
