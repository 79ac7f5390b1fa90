/* IAM: roles and policies, as tools set them up and read them back. They are recorded: who may do what is not evaluated. */
#include "emulator/aws/protocol.h"
#include "emulator/aws/service.h"
#include "emulator/loop/clock.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/policy.h"
#include "services/iam/role.h"
#include "services/iam/tag.h"

const struct aws_error iam_no_such_entity = {.code = "NoSuchEntity", .status = 404};
const struct aws_error iam_entity_already_exists = {.code = "EntityAlreadyExists", .status = 409};
const struct aws_error iam_delete_conflict = {.code = "DeleteConflict", .status = 409};
const struct aws_error iam_malformed_policy = {.code = "MalformedPolicyDocument", .status = 400};
const struct aws_error iam_limit_exceeded = {.code = "LimitExceeded", .status = 409};
const struct aws_error iam_invalid_input = {.code = "InvalidInput", .status = 400};
const struct aws_error iam_not_implemented = {.code = "NotImplementedException", .status = 501, .is_receiver = true};

/* IAM has no regions. Names differ in more than their capitals. An attachment names its policy by ARN: those of AWS have no row. */
static const char *const schema[] = {
    "CREATE TABLE iam_role(id INTEGER PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, document TEXT "
    "NOT NULL,"
    " description TEXT, seconds INTEGER NOT NULL, boundary TEXT, created INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX iam_role_name ON iam_role(account, name COLLATE NOCASE);"
    "CREATE UNIQUE INDEX iam_role_list ON iam_role(account, name);"
    "CREATE TABLE iam_inline(role INTEGER NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(role, name)) WITHOUT "
    "ROWID;"
    "CREATE TABLE iam_policy(id INTEGER PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL, unique_id TEXT "
    "NOT NULL,"
    " description TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, current INTEGER NOT NULL, newest INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX iam_policy_name ON iam_policy(account, name COLLATE NOCASE);"
    "CREATE UNIQUE INDEX iam_policy_list ON iam_policy(account, name);"
    "CREATE TABLE iam_policy_version(policy INTEGER NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL, document TEXT "
    "NOT NULL,"
    " PRIMARY KEY(policy, version)) WITHOUT ROWID;"
    "CREATE TABLE iam_attachment(role INTEGER NOT NULL, policy TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY(role, policy)) "
    "WITHOUT ROWID;"
    "CREATE INDEX iam_attachment_policy ON iam_attachment(account, policy);"
    "CREATE TABLE iam_tag(kind INTEGER NOT NULL, owner INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY(kind, owner, key)) WITHOUT ROWID;",
};

/* Known difference: there are no users. Who calls without a role's keys is the account's root. */
static enum outcome get_user(struct call *call)
{
    static const int64_t long_ago = INT64_C(1420070400000); /* 2015-01-01 */
    const char *name = input_text(call, GetUserRequest_UserName);
    struct value user = call_struct(call, SHAPE_User);

    if (name != NULL)
        return fail(call, &iam_no_such_entity, "The user with name %s cannot be found.", name);
    if (!text_ends(call->principal, ":root"))
        return fail(call, &error_validation, "Must specify userName when calling with non-User credentials");
    set(&user, User_UserId, value_text(call->account));
    set(&user, User_Arn, value_text(call->principal));
    set(&user, User_CreateDate, value_time(long_ago));
    set(&user, User_PasswordLastUsed, value_time(long_ago));
    output_set(call, GetUserResponse_User, user);
    return answer(call);
}

static enum outcome list_account_aliases(struct call *call)
{
    output_set(call, ListAccountAliasesResponse_AccountAliases, value_list());
    output_bool(call, ListAccountAliasesResponse_IsTruncated, false);
    return answer(call);
}

static const struct operation_row operations[] = {
    {.operation = OP_CreateRole, .run = create_role},
    {.operation = OP_GetRole, .run = get_role},
    {.operation = OP_ListRoles, .run = list_roles},
    {.operation = OP_UpdateRole, .run = update_role},
    {.operation = OP_UpdateRoleDescription, .run = update_role_description},
    {.operation = OP_UpdateAssumeRolePolicy, .run = update_assume_role_policy},
    {.operation = OP_DeleteRole, .run = delete_role},
    {.operation = OP_ListInstanceProfilesForRole, .run = list_instance_profiles_for_role},
    {.operation = OP_CreatePolicy, .run = create_policy},
    {.operation = OP_GetPolicy, .run = get_policy},
    {.operation = OP_ListPolicies, .run = list_policies},
    {.operation = OP_DeletePolicy, .run = delete_policy},
    {.operation = OP_CreatePolicyVersion, .run = create_policy_version},
    {.operation = OP_GetPolicyVersion, .run = get_policy_version},
    {.operation = OP_ListPolicyVersions, .run = list_policy_versions},
    {.operation = OP_DeletePolicyVersion, .run = delete_policy_version},
    {.operation = OP_SetDefaultPolicyVersion, .run = set_default_policy_version},
    {.operation = OP_AttachRolePolicy, .run = attach_role_policy},
    {.operation = OP_DetachRolePolicy, .run = detach_role_policy},
    {.operation = OP_ListAttachedRolePolicies, .run = list_attached_role_policies},
    {.operation = OP_ListEntitiesForPolicy, .run = list_entities_for_policy},
    {.operation = OP_PutRolePolicy, .run = put_role_policy},
    {.operation = OP_GetRolePolicy, .run = get_role_policy},
    {.operation = OP_ListRolePolicies, .run = list_role_policies},
    {.operation = OP_DeleteRolePolicy, .run = delete_role_policy},
    {.operation = OP_TagRole, .run = tag_role},
    {.operation = OP_UntagRole, .run = untag_role},
    {.operation = OP_ListRoleTags, .run = list_role_tags},
    {.operation = OP_TagPolicy, .run = tag_policy},
    {.operation = OP_UntagPolicy, .run = untag_policy},
    {.operation = OP_ListPolicyTags, .run = list_policy_tags},
    {.operation = OP_GetUser, .run = get_user},
    {.operation = OP_ListAccountAliases, .run = list_account_aliases},
    {0},
};

const struct service iam_service = {
    .name = "iam",
    .model = &iam_model,
    .operations = operations,
    .not_implemented = &iam_not_implemented,
    .schema = schema,
    .schema_count = 1,
};
