/* AWS STS: who am I, and keys for another principal. The keys are rows of identity.c, so that every service knows them.
 *
 * Known difference: a role need not exist to be assumed, and its trust policy, session policies and MFA are not evaluated. */
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/identity.h"
#include "emulator/aws/protocol.h"
#include "emulator/aws/service.h"
#include "emulator/base/id.h"
#include "emulator/loop/clock.h"
#include "services/sts/sts_model.h"

enum { ROLE_SECONDS = 3600, SESSION_SECONDS = 43200, TOKEN_SIZE = 356 };

static const struct aws_error access_denied = {.code = "AccessDenied", .status = 403};

/* Issues keys in the caller's transaction; gives the Credentials. */
static struct value issue(struct call *call, const char *account, const char *principal, int64_t seconds)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const char *key = arena_print(call->arena, "ASIA%s", id_from(call->arena, letters, 16));
    const char *secret = id_from(call->arena, id_alnum, 40), *token = id_from(call->arena, id_alnum, TOKEN_SIZE);
    struct value credentials = call_struct(call, SHAPE_Credentials);
    int64_t expires = clock_now() + seconds * 1000;

    identity_issue(key, secret, token, account, principal, expires);
    set(&credentials, Credentials_AccessKeyId, value_text(key));
    set(&credentials, Credentials_SecretAccessKey, value_text(secret));
    set(&credentials, Credentials_SessionToken, value_text(token));
    set(&credentials, Credentials_Expiration, value_time(expires));
    return credentials;
}

/* GetCallerIdentity. */

/* A user's name for us is the account; a session is known as ROLE-ID:SESSION. */
static const char *user_id(struct call *call)
{
    static const char assumed[] = "assumed-role/";
    struct arn arn;

    if (!arn_parse(call->arena, call->principal, &arn) || !text_starts(arn.resource, assumed))
        return call->account;
    const char *role = arn.resource + strlen(assumed), *session = strchr(role, '/');
    if (session == NULL)
        return call->account;
    role = arena_copy(call->arena, role, (size_t)(session - role));
    return arena_print(call->arena, "%s:%s", identity_role_id(call->arena, arn.account, role), session + 1);
}

static enum outcome get_caller_identity(struct call *call)
{
    output_text(call, GetCallerIdentityResponse_Account, call->account);
    output_text(call, GetCallerIdentityResponse_Arn, call->principal);
    output_text(call, GetCallerIdentityResponse_UserId, user_id(call));
    return answer(call);
}

/* AssumeRole. */

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

static enum outcome assume_role(struct call *call)
{
    const char *text = input_text(call, AssumeRoleRequest_RoleArn), *session = input_text(call, AssumeRoleRequest_RoleSessionName);
    struct value user = call_struct(call, SHAPE_AssumedRoleUser);
    struct arn arn;

    call->arn = text;
    if (!arn_parse(call->arena, text, &arn) || !text_equal(arn.service, "iam") || arn.region[0] != '\0' ||
        !is_account(arn.account) || !text_starts(arn.resource, "role/") || text_ends(arn.resource, "/"))
        return fail(call, &error_validation, "%s is invalid", text);
    const char *role = strrchr(arn.resource, '/') + 1; /* a path is no part of a session's ARN */
    const char *principal = arn_print(call->arena, "sts", "", arn.account, "assumed-role/%s/%s", role, session);

    output_set(call, AssumeRoleResponse_Credentials,
               issue(call, arn.account, principal, input_integer(call, AssumeRoleRequest_DurationSeconds, ROLE_SECONDS)));
    set(&user, AssumedRoleUser_Arn, value_text(principal));
    set(&user, AssumedRoleUser_AssumedRoleId,
        value_text(arena_print(call->arena, "%s:%s", identity_role_id(call->arena, arn.account, role), session)));
    output_set(call, AssumeRoleResponse_AssumedRoleUser, user);
    output_text(call, AssumeRoleResponse_SourceIdentity, input_text(call, AssumeRoleRequest_SourceIdentity));
    return answer(call);
}

/* Keys. */

static enum outcome get_session_token(struct call *call)
{
    const char *secret, *account, *principal;

    if (text_starts(call->access_key, "ASIA") &&
        (text_equal(call->actor, "environment") || identity_find(call->arena, call->access_key, &secret, &account, &principal)))
        return fail(call, &access_denied, "Cannot call GetSessionToken with session credentials");
    output_set(
        call, GetSessionTokenResponse_Credentials,
        issue(call, call->account, call->principal, input_integer(call, GetSessionTokenRequest_DurationSeconds, SESSION_SECONDS)));
    return answer(call);
}

/* The account that a call with this key would act for. */
static enum outcome get_access_key_info(struct call *call)
{
    const char *key = input_text(call, GetAccessKeyInfoRequest_AccessKeyId), *secret, *principal, *account = DEFAULT_ACCOUNT;

    (void)identity_find(call->arena, key, &secret, &account, &principal);
    output_text(call, GetAccessKeyInfoResponse_Account, account);
    return answer(call);
}

static const struct operation_row operations[] = {
    {.operation = OP_GetCallerIdentity, .run = get_caller_identity},
    {.operation = OP_AssumeRole, .run = assume_role},
    {.operation = OP_GetSessionToken, .run = get_session_token},
    {.operation = OP_GetAccessKeyInfo, .run = get_access_key_info},
    {0},
};

const struct service sts_service = {.name = "sts", .model = &sts_model, .operations = operations};
