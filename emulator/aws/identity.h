/* Who calls, and on behalf of what.
 *
 * Order: issued keys (rows: STS, environments); then a 12-digit access key is the account; else 000000000000. The region comes from the
 * credential scope, else us-east-1. A call that comes from an execution environment is known by the local address it was sent to, by its access key,
 * or by its trace header, and gets the environment's current invocation as its cause. */
#pragma once
#include "emulator/aws/call.h"

#define DEFAULT_ACCOUNT "000000000000"
#define DEFAULT_REGION "us-east-1"

/* From Authorization header or query parameters; parsed, not verified. Absent parts are "". */
struct signature {
    enum { SIGNATURE_NONE, SIGNATURE_V2, SIGNATURE_V4, SIGNATURE_V4A } kind;
    bool is_presigned; /* in the query */
    const char *access_key, *date, *region, *service, *signed_headers, *signature, *session_token;
};
void signature_parse(struct exchange *exchange, struct signature *signature);

/* Fills account, region, access_key, principal, actor, cause of a call that came over HTTP. */
void identity_resolve(struct call *call, const struct signature *signature);

/* A key that we issue. expires 0: never. Inside the caller's transaction. */
void identity_issue(const char *access_key, const char *secret, const char *session_token, const char *account, const char *principal,
                    int64_t expires);
/* It ends then: what was signed with it may still be on its way (presigned URLs). NULL: all those that never expire. Ended keys go when
 * others are issued. Inside the caller's transaction. */
void identity_expire(const char *access_key, int64_t expires);
bool identity_find(struct arena *arena, const char *access_key, const char **secret, const char **account, const char **principal);

/* The unique id of a role: AROA and 17 letters, derived from account and name, so that who knows only a principal's ARN gets the same.
 * Known difference: a role that is created again gets its old id. */
char *identity_role_id(struct arena *arena, const char *account, const char *role);

/* An execution environment: the owner embeds this and updates `cause` with each invocation. */
struct identity_environment {
    const char *local_address, *access_key, *account, *region, *principal;
    uint64_t cause;           /* the running invocation's record; 0: none */
    const char *trace_header; /* of the running invocation */
    struct identity_environment *next;
};
void identity_bind(struct identity_environment *environment);
void identity_unbind(struct identity_environment *environment);
const struct identity_environment *identity_environment_at(const char *local_address); /* NULL: none */

extern const char *const identity_schema[];
extern const int identity_schema_count;
