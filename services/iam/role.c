#include "services/iam/role.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/identity.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/iam/document.h"
#include "services/iam/errors.h"
#include "services/iam/iam_model.h"
#include "services/iam/page.h"
#include "services/iam/tag.h"

enum { DEFAULT_SECONDS = 3600 };

#define COLUMNS "id, name, path, document, description, boundary, seconds, created"
static struct query find = QUERY("SELECT " COLUMNS " FROM iam_role WHERE account = ? AND name = ?");

static void read_row(struct query *query, struct arena *arena, struct role *role)
{
    *role = (struct role){
        .id = query_integer(query, 0),
        .name = query_text(query, arena, 1),
        .path = query_text(query, arena, 2),
        .document = query_text(query, arena, 3),
        .description = query_text(query, arena, 4),
        .boundary = query_text(query, arena, 5),
        .seconds = query_integer(query, 6),
        .created = query_integer(query, 7),
    };
}

static char *role_arn(struct call *call, const struct role *role)
{
    return arn_print(call->arena, "iam", "", call->account, "role%s%s", role->path, role->name);
}

bool role_find(struct call *call, const char *name, struct role *role)
{
    query_start(&find, "tt", call->account, name);
    bool found = query_step(&find);
    if (found)
        read_row(&find, call->arena, role);
    query_end(&find);
    if (!found) {
        (void)fail(call, &iam_no_such_entity, "The role with name %s cannot be found.", name);
        return false;
    }
    call->arn = role_arn(call, role);
    return true;
}

/* What lists show; GetRole has more. */
static struct value describe(struct call *call, const struct role *role)
{
    struct value item = call_struct(call, SHAPE_Role);

    set(&item, Role_Path, value_text(role->path));
    set(&item, Role_RoleName, value_text(role->name));
    set(&item, Role_RoleId, value_text(identity_role_id(call->arena, call->account, role->name)));
    set(&item, Role_Arn, value_text(role_arn(call, role)));
    set(&item, Role_CreateDate, value_time(role->created));
    set(&item, Role_AssumeRolePolicyDocument, document_encoded(call, role->document));
    set(&item, Role_Description, value_text(role->description));
    set(&item, Role_MaxSessionDuration, value_integer(role->seconds));
    return item;
}

static struct value describe_all(struct call *call, const struct role *role)
{
    struct value item = describe(call, role);

    if (role->boundary != NULL) {
        struct value boundary = call_struct(call, SHAPE_AttachedPermissionsBoundary);

        set(&boundary, AttachedPermissionsBoundary_PermissionsBoundaryType, value_text("Policy"));
        set(&boundary, AttachedPermissionsBoundary_PermissionsBoundaryArn, value_text(role->boundary));
        set(&item, Role_PermissionsBoundary, boundary);
    }
    set(&item, Role_Tags, iam_tags_list(call, TAGS_OF_ROLE, role->id));
    return item;
}

static struct query insert = QUERY("INSERT INTO iam_role(account, name, path, document, description, boundary, seconds, created)"
                                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");

enum outcome create_role(struct call *call)
{
    const char *path = input_text(call, CreateRoleRequest_Path);
    struct role role = {
        .name = input_text(call, CreateRoleRequest_RoleName),
        .path = path == NULL ? "/" : path,
        .document = input_text(call, CreateRoleRequest_AssumeRolePolicyDocument),
        .description = input_text(call, CreateRoleRequest_Description),
        .boundary = input_text(call, CreateRoleRequest_PermissionsBoundary),
        .seconds = input_integer(call, CreateRoleRequest_MaxSessionDuration, DEFAULT_SECONDS),
        .created = clock_now(),
    };

    call->arn = role_arn(call, &role);
    if (!document_check(call, DOCUMENT_TRUST, role.document))
        return FAILED;
    if (query_run(&insert, "ttttttii", call->account, role.name, role.path, role.document, role.description, role.boundary,
                  role.seconds, role.created) < 0)
        return fail(call, &iam_entity_already_exists, "Role with name %s already exists.", role.name);
    role.id = store_last_id();
    if (!iam_tags_store(call, TAGS_OF_ROLE, role.id, input_at(call, CreateRoleRequest_Tags)))
        return FAILED;
    struct value item = describe_all(call, &role);
    if (!input_has(call, CreateRoleRequest_MaxSessionDuration))
        set(&item, Role_MaxSessionDuration, (struct value){0});
    output_set(call, CreateRoleResponse_Role, item);
    return answer(call);
}

enum outcome get_role(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, GetRoleRequest_RoleName), &role))
        return FAILED;
    struct value item = describe_all(call, &role);
    set(&item, Role_RoleLastUsed, call_struct(call, SHAPE_RoleLastUsed));
    output_set(call, GetRoleResponse_Role, item);
    return answer(call);
}

static struct query list =
    QUERY("SELECT " COLUMNS
          " FROM iam_role WHERE account = ?1 AND name > ?2 AND substr(path, 1, length(?3)) = ?3 ORDER BY name LIMIT ?4");

enum outcome list_roles(struct call *call)
{
    const char *prefix = input_text(call, ListRolesRequest_PathPrefix);
    struct page page;
    struct role role;

    if (!page_begin(call, &page, ListRolesRequest_Marker, ListRolesRequest_MaxItems))
        return FAILED;
    query_start(&list, "ttti", call->account, page.after, prefix == NULL ? "/" : prefix, page.most + 1);
    while (query_step(&list)) {
        read_row(&list, call->arena, &role);
        if (!page_add(call, &page, role.name, describe(call, &role)))
            break;
    }
    query_end(&list);
    page_end(call, &page, ListRolesResponse_Roles, ListRolesResponse_IsTruncated, ListRolesResponse_Marker);
    return answer(call);
}

static struct query update = QUERY("UPDATE iam_role SET description = ?, seconds = ?, document = ? WHERE id = ?");

static void store_role(const struct role *role)
{
    (void)query_run(&update, "titi", role->description, role->seconds, role->document, role->id);
}

enum outcome update_role(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, UpdateRoleRequest_RoleName), &role))
        return FAILED;
    if (input_has(call, UpdateRoleRequest_Description))
        role.description = input_text(call, UpdateRoleRequest_Description);
    role.seconds = input_integer(call, UpdateRoleRequest_MaxSessionDuration, role.seconds);
    store_role(&role);
    return answer(call);
}

enum outcome update_role_description(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, UpdateRoleDescriptionRequest_RoleName), &role))
        return FAILED;
    role.description = input_text(call, UpdateRoleDescriptionRequest_Description);
    store_role(&role);
    output_set(call, UpdateRoleDescriptionResponse_Role, describe_all(call, &role));
    return answer(call);
}

enum outcome update_assume_role_policy(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, UpdateAssumeRolePolicyRequest_RoleName), &role))
        return FAILED;
    role.document = input_text(call, UpdateAssumeRolePolicyRequest_PolicyDocument);
    if (!document_check(call, DOCUMENT_TRUST, role.document))
        return FAILED;
    store_role(&role);
    return answer(call);
}

static struct query attached = QUERY("SELECT 1 FROM iam_attachment WHERE role = ? LIMIT 1");
static struct query has_inline = QUERY("SELECT 1 FROM iam_inline WHERE role = ? LIMIT 1");
static struct query erase = QUERY("DELETE FROM iam_role WHERE id = ?");

enum outcome delete_role(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, DeleteRoleRequest_RoleName), &role))
        return FAILED;
    if (query_one(&attached, 0, "i", role.id) != 0)
        return fail(call, &iam_delete_conflict, "Cannot delete entity, must detach all policies first.");
    if (query_one(&has_inline, 0, "i", role.id) != 0)
        return fail(call, &iam_delete_conflict, "Cannot delete entity, must delete policies first.");
    (void)query_run(&erase, "i", role.id);
    tags_drop(TAGS_OF_ROLE, role.id);
    return answer(call);
}

/* There are no instance profiles; tools that delete a role want to know. */
enum outcome list_instance_profiles_for_role(struct call *call)
{
    struct role role;

    if (!role_find(call, input_text(call, ListInstanceProfilesForRoleRequest_RoleName), &role))
        return FAILED;
    output_set(call, ListInstanceProfilesForRoleResponse_InstanceProfiles, value_list());
    output_bool(call, ListInstanceProfilesForRoleResponse_IsTruncated, false);
    return answer(call);
}
