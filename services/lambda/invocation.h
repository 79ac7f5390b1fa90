/* One event on its way through an execution environment.
 *
 * Life cycle: invocation_new() and its members filled in, then concurrency_submit(), which owns it from there on: it waits, is handed to an
 * environment, is answered once (`answered`, which copies what it wants to keep), and is freed when the runtime has asked for its next event or is dead.
 * After a reset none of them is left and nobody is told. */
#pragma once
#include <sys/queue.h>

#include "services/lambda/function.h"

enum {
    PAYLOAD_LIMIT = 6 * 1024 * 1024,        /* synchronous request, and what the message about an answer names */
    RESPONSE_LIMIT = 6 * 1024 * 1024 + 100, /* of an answer */
    EVENT_LIMIT = 1024 * 1024               /* asynchronous request */
};

/* What became of it. Lives until `answered` returns. */
struct result {
    struct bytes payload;
    bool is_error;          /* X-Amz-Function-Error: Unhandled */
    const char *error_type; /* for the journal and the REPORT line; NULL when it succeeded */
    const char *platform_error; /* the same, when it is the platform's and not the handler's: only these stand in REPORT */
    struct bytes log;       /* the last 4096 bytes, when wants_log */
    const char *throttled;  /* not NULL: it was never run; the reason */
};

struct environment;
struct group;

struct invocation {
    struct arena *arena;
    struct function function;
    struct bytes payload;
    const char *request_id;
    const char *trace_header;   /* complete: Root, Parent, Sampled */
    const char *client_context; /* JSON, or NULL */
    const char *actor;
    uint64_t cause, seq;        /* records of what asked for it, and its own once it runs */
    int attempt;                /* 0: only one is made */
    bool wants_log, is_answered, is_waiting;
    void (*answered)(struct invocation *invocation, const struct result *result); /* NULL: nobody is interested any more */
    void *context;

    struct environment *environment;
    struct group *group;
    uint64_t order;
    int64_t queued_ns;
    TAILQ_ENTRY(invocation) others;
};
TAILQ_HEAD(invocation_list, invocation);

struct invocation *invocation_new(void);
void invocation_free(struct invocation *invocation); /* NULL is allowed */

/* A trace header as Lambda hands it on: what is missing in the given one (which may be NULL) is made up. */
const char *invocation_trace(struct arena *arena, const char *given);

/* Tells whoever asked, and closes the record. Once; later calls do nothing. */
void invocation_answer(struct invocation *invocation, const struct result *result);

/* The platform's own error payload: {"errorType":TYPE,"errorMessage":"RequestId: ID Error: MESSAGE"}. */
struct result invocation_failure(struct invocation *invocation, const char *type, const char *message);
