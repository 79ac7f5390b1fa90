/* Resource policies of functions and versions. */
#include <string.h>

#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"

enum { POLICY_LIMIT = 20480 };

static struct query add = QUERY("INSERT INTO function_permission(function, version, sid, statement) VALUES (?, ?, ?, ?)");
static struct query has = QUERY("SELECT 1 FROM function_permission WHERE function = ? AND version = ? AND sid = ?");
static struct query any = QUERY("SELECT 1 FROM function_permission WHERE function = ? AND version = ? LIMIT 1");
static struct query delete_one = QUERY("DELETE FROM function_permission WHERE function = ? AND version = ? AND sid = ?");
static struct query all = QUERY("SELECT statement FROM function_permission WHERE function = ? AND version = ? ORDER BY id");
static struct query set_revision = QUERY("UPDATE function_version SET revision_id = ? WHERE id = ?");

/* Whose policy it is; a policy of $LATEST by its name does not exist. */
static bool find(struct call *call, const char *text, const char *qualifier, struct configuration *c)
{
    struct name name;
    int64_t id;

    if (!name_read(call, text, &name) || !name_qualify(call, &name, qualifier))
        return false;
    if (text_equal(name.qualifier, "$LATEST")) {
        (void)lambda_fail(call, &lambda_invalid_parameter, "We currently do not support adding policies for $LATEST.");
        return false;
    }
    id = name_find(call, &name);
    if (id == 0)
        return false;
    check(configuration_load(call->arena, id, c));
    return true;
}

/* AWS knows its services by their names; any name with a dot passes here. */
static bool read_principal(struct call *call, const char *principal, struct value *out)
{
    size_t size = strlen(principal);

    *out = value_map();
    if (strcmp(principal, "*") == 0)
        *out = value_text("*");
    else if (size == 12 && strspn(principal, "0123456789") == 12)
        (void)value_put(call->arena, out, "AWS", value_text(arena_print(call->arena, "arn:aws:iam::%s:root", principal)));
    else if (text_starts(principal, "arn:"))
        (void)value_put(call->arena, out, "AWS", value_text(principal));
    else if (strchr(principal, '.') != NULL)
        (void)value_put(call->arena, out, "Service", value_text(principal));
    else
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "The provided principal was invalid. Please check the principal and try again.");
    return call->error == NULL;
}

static void put_condition(struct call *call, struct value *conditions, const char *kind, const char *key, const char *text)
{
    const struct value *had = value_find(conditions, kind);
    struct value of_kind = had != NULL ? *had : value_map();

    if (text == NULL)
        return;
    (void)value_put(call->arena, &of_kind, key, value_text(text));
    (void)value_put(call->arena, conditions, kind, of_kind);
}

static bool build_statement(struct call *call, const char *resource, struct bytes *json)
{
    struct value statement = value_map(), conditions = value_map(), principal;

    if (!read_principal(call, input_text(call, AddPermissionRequest_Principal), &principal))
        return false;
    put_condition(call, &conditions, "StringEquals", "lambda:FunctionUrlAuthType",
                  input_text(call, AddPermissionRequest_FunctionUrlAuthType));
    put_condition(call, &conditions, "StringEquals", "aws:PrincipalOrgID", input_text(call, AddPermissionRequest_PrincipalOrgID));
    put_condition(call, &conditions, "StringEquals", "AWS:SourceAccount", input_text(call, AddPermissionRequest_SourceAccount));
    put_condition(call, &conditions, "StringEquals", "lambda:EventSourceToken",
                  input_text(call, AddPermissionRequest_EventSourceToken));
    if (input_has(call, AddPermissionRequest_InvokedViaFunctionUrl))
        put_condition(call, &conditions, "Bool", "lambda:InvokedViaFunctionUrl",
                      input_bool(call, AddPermissionRequest_InvokedViaFunctionUrl, false) ? "true" : "false");
    put_condition(call, &conditions, "ArnLike", "AWS:SourceArn", input_text(call, AddPermissionRequest_SourceArn));
    (void)value_put(call->arena, &statement, "Sid", value_text(input_text(call, AddPermissionRequest_StatementId)));
    (void)value_put(call->arena, &statement, "Effect", value_text("Allow"));
    (void)value_put(call->arena, &statement, "Principal", principal);
    (void)value_put(call->arena, &statement, "Action", value_text(input_text(call, AddPermissionRequest_Action)));
    (void)value_put(call->arena, &statement, "Resource", value_text(resource));
    if (conditions.size > 0)
        (void)value_put(call->arena, &statement, "Condition", conditions);
    *json = json_print(call->arena, &statement);
    return true;
}

static struct bytes print_policy(struct call *call, const struct configuration *c)
{
    struct value policy = value_map(), statements = value_list();

    query_start(&all, "ii", c->function_id, c->version);
    while (query_step(&all))
        (void)value_push(call->arena, &statements, value_raw(bytes_of(query_text(&all, call->arena, 0))));
    query_end(&all);
    (void)value_put(call->arena, &policy, "Version", value_text("2012-10-17"));
    (void)value_put(call->arena, &policy, "Id", value_text("default"));
    (void)value_put(call->arena, &policy, "Statement", statements);
    return json_print(call->arena, &policy);
}

enum outcome lambda_add_permission(struct call *call)
{
    const char *sid = input_text(call, AddPermissionRequest_StatementId),
               *revision = input_text(call, AddPermissionRequest_RevisionId);
    struct configuration c;
    struct bytes json;

    if (!find(call, input_text(call, AddPermissionRequest_FunctionName), input_text(call, AddPermissionRequest_Qualifier), &c))
        return FAILED;
    if (revision != NULL && !text_equal(revision, c.revision_id))
        return lambda_stale_revision(call);
    if (input_has(call, AddPermissionRequest_FunctionUrlAuthType) &&
        !text_equal(input_text(call, AddPermissionRequest_Action), "lambda:InvokeFunctionUrl"))
        return lambda_fail(call, &lambda_invalid_parameter,
                           "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
    if (query_one(&has, 0, "iit", c.function_id, c.version, sid) != 0)
        return lambda_fail(
            call, &lambda_resource_conflict,
            "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.",
            sid);
    if (!build_statement(call, call->arn, &json))
        return FAILED;
    (void)query_run(&add, "iitt", c.function_id, c.version, sid, arena_copy(call->arena, json.at, json.size));
    struct bytes policy = print_policy(call, &c);
    if (policy.size > POLICY_LIMIT)
        return lambda_fail(call, &lambda_policy_length, "The final policy size (%zu) is bigger than the limit (%d).", policy.size,
                           POLICY_LIMIT);
    (void)query_run(&set_revision, "ti", id_uuid(call->arena), c.id);
    output_set(call, AddPermissionResponse_Statement, value_text_of(json));
    return answer(call);
}

enum outcome lambda_remove_permission(struct call *call)
{
    const char *sid = input_text(call, RemovePermissionRequest_StatementId),
               *revision = input_text(call, RemovePermissionRequest_RevisionId);
    struct configuration c;

    if (!find(call, input_text(call, RemovePermissionRequest_FunctionName), input_text(call, RemovePermissionRequest_Qualifier),
              &c))
        return FAILED;
    if (query_one(&any, 0, "ii", c.function_id, c.version) == 0)
        return lambda_fail(call, &lambda_resource_not_found, "No policy is associated with the given resource.");
    if (query_one(&has, 0, "iit", c.function_id, c.version, sid) == 0)
        return lambda_fail(call, &lambda_resource_not_found, "Statement %s is not found in resource policy.", sid);
    if (revision != NULL && !text_equal(revision, c.revision_id))
        return lambda_stale_revision(call);
    (void)query_run(&delete_one, "iit", c.function_id, c.version, sid);
    (void)query_run(&set_revision, "ti", id_uuid(call->arena), c.id);
    return answer(call);
}

enum outcome lambda_get_policy(struct call *call)
{
    struct configuration c;

    if (!find(call, input_text(call, GetPolicyRequest_FunctionName), input_text(call, GetPolicyRequest_Qualifier), &c))
        return FAILED;
    if (query_one(&any, 0, "ii", c.function_id, c.version) == 0)
        return lambda_fail(call, &lambda_resource_not_found, "The resource you requested does not exist.");
    output_set(call, GetPolicyResponse_Policy, value_text_of(print_policy(call, &c)));
    output_text(call, GetPolicyResponse_RevisionId, c.revision_id);
    return answer(call);
}
