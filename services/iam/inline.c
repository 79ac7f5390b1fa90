/* Policies that are a role's own. */
#include "emulator/store/store.h"
#include "services/iam/document.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/page.h"
#include "services/iam/role.h"

static struct query put = QUERY("INSERT OR REPLACE INTO iam_inline(role, name, document) VALUES (?, ?, ?)");
static struct query get = QUERY("SELECT document FROM iam_inline WHERE role = ? AND name = ?");
static struct query list = QUERY("SELECT name FROM iam_inline WHERE role = ? AND name > ? ORDER BY name LIMIT ?");
static struct query erase = QUERY("DELETE FROM iam_inline WHERE role = ? AND name = ?");

enum outcome put_role_policy(struct call *call)
{
    const char *document = input_text(call, PutRolePolicyRequest_PolicyDocument);
    struct role role;

    if (!role_find(call, input_text(call, PutRolePolicyRequest_RoleName), &role) ||
        !document_check(call, DOCUMENT_INLINE, document))
        return FAILED;
    (void)query_run(&put, "itt", role.id, input_text(call, PutRolePolicyRequest_PolicyName), document);
    return answer(call);
}

static enum outcome fail_missing(struct call *call, const char *name)
{
    return fail(call, &iam_no_such_entity, "The role policy with name %s cannot be found.", name);
}

enum outcome get_role_policy(struct call *call)
{
    const char *name = input_text(call, GetRolePolicyRequest_PolicyName), *document = NULL;
    struct role role;

    if (!role_find(call, input_text(call, GetRolePolicyRequest_RoleName), &role))
        return FAILED;
    query_start(&get, "it", role.id, name);
    if (query_step(&get))
        document = query_text(&get, call->arena, 0);
    query_end(&get);
    if (document == NULL)
        return fail_missing(call, name);
    output_text(call, GetRolePolicyResponse_RoleName, role.name);
    output_text(call, GetRolePolicyResponse_PolicyName, name);
    output_set(call, GetRolePolicyResponse_PolicyDocument, document_encoded(call, document));
    return answer(call);
}

enum outcome list_role_policies(struct call *call)
{
    struct role role;
    struct page page;

    if (!role_find(call, input_text(call, ListRolePoliciesRequest_RoleName), &role) ||
        !page_begin(call, &page, ListRolePoliciesRequest_Marker, ListRolePoliciesRequest_MaxItems))
        return FAILED;
    query_start(&list, "iti", role.id, page.after, page.most + 1);
    while (query_step(&list)) {
        const char *name = query_text(&list, call->arena, 0);

        if (!page_add(call, &page, name, value_text(name)))
            break;
    }
    query_end(&list);
    page_end(call, &page, ListRolePoliciesResponse_PolicyNames, ListRolePoliciesResponse_IsTruncated,
             ListRolePoliciesResponse_Marker);
    return answer(call);
}

enum outcome delete_role_policy(struct call *call)
{
    const char *name = input_text(call, DeleteRolePolicyRequest_PolicyName);
    struct role role;

    if (!role_find(call, input_text(call, DeleteRolePolicyRequest_RoleName), &role))
        return FAILED;
    if (query_run(&erase, "it", role.id, name) == 0)
        return fail_missing(call, name);
    return answer(call);
}
