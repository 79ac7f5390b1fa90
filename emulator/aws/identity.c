#include "emulator/aws/identity.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/digest.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

const char *const identity_schema[] = {
    "CREATE TABLE access_key(id TEXT PRIMARY KEY, secret TEXT NOT NULL, session_token TEXT, account TEXT NOT NULL,"
    " principal TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE INDEX access_key_expires ON access_key(expires)",
};
const int identity_schema_count = 2;

static struct identity_environment *environments;

/* --- keys --------------------------------------------------------------------------------------------------------------------- */

static struct query insert = QUERY("INSERT OR REPLACE INTO access_key(id, secret, session_token, account, principal, expires)"
                                   " VALUES (?, ?, ?, ?, ?, ?)");
static struct query purge = QUERY("DELETE FROM access_key WHERE expires > 0 AND expires <= ?");
static struct query expire = QUERY("UPDATE access_key SET expires = ?2 WHERE id = ?1");
static struct query expire_all = QUERY("UPDATE access_key SET expires = ? WHERE expires = 0");
static struct query find = QUERY("SELECT secret, account, principal, expires FROM access_key WHERE id = ?");

void identity_issue(const char *access_key, const char *secret, const char *session_token, const char *account, const char *principal,
                    int64_t expires)
{
    (void)query_run(&purge, "i", clock_now());
    (void)query_run(&insert, "ttttti", access_key, secret, session_token, account, principal, expires);
}

void identity_expire(const char *access_key, int64_t expires)
{
    if (access_key != NULL)
        (void)query_run(&expire, "ti", access_key, expires);
    else
        (void)query_run(&expire_all, "i", expires);
}

bool identity_find(struct arena *arena, const char *access_key, const char **secret, const char **account, const char **principal)
{
    bool found;

    query_start(&find, "t", access_key);
    found = query_step(&find) && (query_integer(&find, 3) == 0 || query_integer(&find, 3) > clock_now());
    if (found) {
        *secret = query_text(&find, arena, 0);
        *account = query_text(&find, arena, 1);
        *principal = query_text(&find, arena, 2);
    }
    query_end(&find);
    return found;
}

char *identity_role_id(struct arena *arena, const char *account, const char *role)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const char *arn = arena_print(arena, "arn:aws:sts::%s:assumed-role/%s", account, role);
    unsigned char hash[DIGEST_MAX];
    char letters[18] = {0};

    (void)digest_once(DIGEST_SHA256, bytes_of(arn), hash);
    for (size_t i = 0; i < sizeof letters - 1; i++)
        letters[i] = alphabet[hash[i] % 32];
    return arena_print(arena, "AROA%s", letters);
}

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* Only keys of this form are ever issued: others need no look-up. */
static bool may_be_issued(const char *key)
{
    return strlen(key) == 20 && (text_starts(key, "ASIA") || text_starts(key, "AKIA"));
}

/* --- environments --------------------------------------------------------------------------------------------------------------- */

void identity_bind(struct identity_environment *environment)
{
    environment->next = environments;
    environments = environment;
}

void identity_unbind(struct identity_environment *environment)
{
    for (struct identity_environment **link = &environments; *link != NULL; link = &(*link)->next)
        if (*link == environment) {
            *link = environment->next;
            return;
        }
}

const struct identity_environment *identity_environment_at(const char *local_address)
{
    for (const struct identity_environment *environment = environments; environment != NULL; environment = environment->next)
        if (text_equal(environment->local_address, local_address))
            return environment;
    return NULL;
}

static const struct identity_environment *environment_of(const struct call *call)
{
    const struct identity_environment *found = identity_environment_at(call->exchange->local_address);
    const char *trace = call->trace_header;

    if (found != NULL)
        return found;
    for (found = environments; found != NULL; found = found->next)
        if (found->access_key != NULL && call->access_key[0] != '\0' && text_equal(found->access_key, call->access_key))
            return found;
    if (trace == NULL)
        return NULL;
    for (found = environments; found != NULL; found = found->next)
        if (found->cause != 0 && found->trace_header != NULL && strlen(trace) >= 40 && strncmp(found->trace_header, trace, 40) == 0)
            return found;
    return NULL;
}

void identity_resolve(struct call *call, const struct signature *signature)
{
    const char *secret;
    struct arena *arena = call->arena;

    call->access_key = signature->access_key;
    call->region = signature->region[0] != '\0' ? signature->region : DEFAULT_REGION;
    call->actor = "client";
    if (environments != NULL) {
        const struct identity_environment *environment = environment_of(call);

        if (environment != NULL) {
            call->actor = "environment";
            call->cause = environment->cause;
            if (signature->access_key[0] == '\0' || text_equal(signature->access_key, environment->access_key)) {
                call->account = arena_text(arena, environment->account);
                call->principal = arena_text(arena, environment->principal);
                if (signature->region[0] == '\0')
                    call->region = arena_text(arena, environment->region);
                return;
            }
        }
    }
    if (may_be_issued(call->access_key) && identity_find(arena, call->access_key, &secret, &call->account, &call->principal))
        return;
    call->account = is_account(call->access_key) ? call->access_key : DEFAULT_ACCOUNT;
    call->principal = arena_print(arena, "arn:aws:iam::%s:root", call->account);
}
