/* Which managed policies a role has. */
#include <string.h>

#include "emulator/aws/identity.h"
#include "emulator/store/store.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/page.h"
#include "services/iam/policy.h"
#include "services/iam/role.h"

enum { POLICIES_PER_ROLE = 20 }; /* the most that AWS's quota can be raised to */

static struct query attach = QUERY("INSERT OR IGNORE INTO iam_attachment(role, policy, account) VALUES (?, ?, ?)");
static struct query count = QUERY("SELECT count(*) FROM iam_attachment WHERE role = ?");
static struct query detach = QUERY("DELETE FROM iam_attachment WHERE role = ? AND policy = ?");
static struct query of_role = QUERY("SELECT policy FROM iam_attachment WHERE role = ? AND policy > ? ORDER BY policy");
static struct query of_policy = QUERY("SELECT name FROM iam_attachment JOIN iam_role ON iam_role.id = role WHERE "
                                      "iam_attachment.account = ?1 AND policy = ?2 AND name > ?3"
                                      " AND substr(path, 1, length(?4)) = ?4 ORDER BY name LIMIT ?5");

enum outcome attach_role_policy(struct call *call)
{
    const char *arn = input_text(call, AttachRolePolicyRequest_PolicyArn);
    struct policy policy;
    struct role role;

    if (!role_find(call, input_text(call, AttachRolePolicyRequest_RoleName), &role))
        return FAILED;
    if (!is_aws_policy(arn) && !policy_exists(call, arn, &policy))
        return fail(call, &iam_no_such_entity, "Policy %s does not exist or is not attachable.", arn);
    (void)query_run(&attach, "itt", role.id, arn, call->account);
    if (query_one(&count, 0, "i", role.id) > POLICIES_PER_ROLE)
        return fail(call, &iam_limit_exceeded, "Cannot exceed quota for PoliciesPerRole: %d", POLICIES_PER_ROLE);
    return answer(call);
}

enum outcome detach_role_policy(struct call *call)
{
    const char *arn = input_text(call, DetachRolePolicyRequest_PolicyArn);
    struct role role;

    if (!role_find(call, input_text(call, DetachRolePolicyRequest_RoleName), &role))
        return FAILED;
    if (query_run(&detach, "it", role.id, arn) == 0)
        return fail(call, &iam_no_such_entity, "Policy %s was not found.", arn);
    return answer(call);
}

/* Of .../policy/a/b/name: "/a/b/". */
static const char *path_of(struct arena *arena, const char *arn)
{
    const char *path = strchr(arn, '/');

    return arena_copy(arena, path, (size_t)(strrchr(arn, '/') - path) + 1);
}

enum outcome list_attached_role_policies(struct call *call)
{
    const char *prefix = input_text(call, ListAttachedRolePoliciesRequest_PathPrefix);
    struct role role;
    struct page page;

    if (!role_find(call, input_text(call, ListAttachedRolePoliciesRequest_RoleName), &role) ||
        !page_begin(call, &page, ListAttachedRolePoliciesRequest_Marker, ListAttachedRolePoliciesRequest_MaxItems))
        return FAILED;
    query_start(&of_role, "it", role.id, page.after);
    while (query_step(&of_role)) {
        const char *arn = query_text(&of_role, call->arena, 0);
        struct value item = call_struct(call, SHAPE_AttachedPolicy);

        if (prefix != NULL && !text_starts(path_of(call->arena, arn), prefix))
            continue;
        set(&item, AttachedPolicy_PolicyArn, value_text(arn));
        set(&item, AttachedPolicy_PolicyName, value_text(strrchr(arn, '/') + 1));
        if (!page_add(call, &page, arn, item))
            break;
    }
    query_end(&of_role);
    page_end(call, &page, ListAttachedRolePoliciesResponse_AttachedPolicies, ListAttachedRolePoliciesResponse_IsTruncated,
             ListAttachedRolePoliciesResponse_Marker);
    return answer(call);
}

/* There are roles only: no groups, no users. */
enum outcome list_entities_for_policy(struct call *call)
{
    const char *arn = input_text(call, ListEntitiesForPolicyRequest_PolicyArn),
               *prefix = input_text(call, ListEntitiesForPolicyRequest_PathPrefix);
    const char *kind = input_text(call, ListEntitiesForPolicyRequest_EntityFilter);
    struct policy policy;
    struct page page;

    if ((!is_aws_policy(arn) && !policy_find(call, arn, &policy)) ||
        !page_begin(call, &page, ListEntitiesForPolicyRequest_Marker, ListEntitiesForPolicyRequest_MaxItems))
        return FAILED;
    query_start(&of_policy, "tttti", call->account, arn, page.after, prefix == NULL ? "/" : prefix, page.most + 1);
    while ((kind == NULL || text_equal(kind, "Role")) && query_step(&of_policy)) {
        const char *name = query_text(&of_policy, call->arena, 0);
        struct value item = call_struct(call, SHAPE_PolicyRole);

        set(&item, PolicyRole_RoleName, value_text(name));
        set(&item, PolicyRole_RoleId, value_text(identity_role_id(call->arena, call->account, name)));
        if (!page_add(call, &page, name, item))
            break;
    }
    query_end(&of_policy);
    output_set(call, ListEntitiesForPolicyResponse_PolicyGroups, value_list());
    output_set(call, ListEntitiesForPolicyResponse_PolicyUsers, value_list());
    page_end(call, &page, ListEntitiesForPolicyResponse_PolicyRoles, ListEntitiesForPolicyResponse_IsTruncated,
             ListEntitiesForPolicyResponse_Marker);
    return answer(call);
}
