/* An execution environment: one process (tree) that takes one event at a time over the Runtime API, and what surrounds it: its address in 127/8, its access
 * key, its /tmp, its log stream.
 *
 * Life: environment_new() -> STARTING -> IDLE <-> BUSY -> STOPPING -> freed. After a timeout, a crash or a failed init the environment stays without
 * its process (VACANT): the next event starts one again within itself, with the same /tmp, as AWS does. Whoever holds environments (concurrency.c) is told of every
 * change by concurrency_changed() at the end of the turn, never from within.
 *
 * states x events: see the table in environment.c. */
#pragma once
#include <sys/queue.h>

#include "emulator/aws/identity.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/process.h"
#include "services/lambda/cold_start.h"
#include "services/lambda/invocation.h"
#include "services/lambda/output.h"
#include "services/lambda/report.h"

enum environment_state { ENVIRONMENT_STARTING, ENVIRONMENT_IDLE, ENVIRONMENT_BUSY, ENVIRONMENT_STOPPING, ENVIRONMENT_VACANT, ENVIRONMENT_STATES };

struct environment {
    struct identity_environment identity; /* bound as long as the process lives */
    struct arena *arena;
    struct function function;
    enum environment_state state;
    struct process *process;
    struct exchange *next;          /* the runtime waits in GET next */
    struct invocation *invocation;  /* BUSY; or STARTING, when init is done again within it */
    struct group *group;            /* NULL after a reset */
    const char *number, *address, *endpoint, *secret, *session_token, *log_stream, *temporary, *directory;
    struct output *output;
    uint64_t seq;                   /* its record */
    uint64_t code_mark;             /* hot reload: what the directory looked like */

    bool is_cold;      /* no event has been handed over since the last cold start: INIT is reported with the first one */
    bool has_failed;   /* the first init has failed: no INIT_START and no Init Duration any more */
    bool has_answered; /* BUSY: the runtime has posted its response */
    bool is_late;      /* BUSY: and has not asked for the next event soon after: it cannot be counted on */
    bool is_retired;   /* ends after its event */
    bool keeps;        /* STOPPING: becomes VACANT */
    bool is_forgotten; /* STOPPING: after a reset; touches nothing but itself any more */
    bool is_paused;

    int64_t began_ns;  /* of this init */
    int64_t init_ns;   /* of the last init */
    int64_t began_emulated;
    struct cold_start cold_start;
    int64_t handed_ns; /* when the running invocation began */
    const char *init_error_type; /* the runtime has reported that init failed; NULL */
    struct bytes init_error;     /* and its payload, in the invocation's arena if there is one */
    const char *problem;         /* why not even a process could be started */
    struct result outcome;       /* of the running invocation */
    int64_t peak;                /* memory of the process that has ended, bytes */

    struct timer deadline; /* real: of init or of the event */
    struct timer settle;   /* real: after what the process has printed has been read */
    struct timer later;    /* emulated: a modelled cold start, or eviction */
    int64_t used;          /* order of use, for eviction */
    TAILQ_ENTRY(environment) others, peers; /* all of them; those of the same group */
};
TAILQ_HEAD(environment_list, environment);

/* Starts one; its first event comes later. Never NULL: what goes wrong ends it like any other failed init. */
struct environment *environment_new(const struct function *function);
/* IDLE or VACANT: hands the event over, or starts the process again for it. The invocation is the environment's now. */
void environment_assign(struct environment *environment, struct invocation *invocation);
/* Ends it: at once when it is not BUSY, else after its event. */
void environment_retire(struct environment *environment);
/* For a reset or our own end: killed, nobody is told. It must be in no list any more. */
void environment_forget(struct environment *environment);

/* What the Runtime API has heard; each gives its answer to the runtime. */
enum reply { REPLY_ACCEPTED, REPLY_PARKED, REPLY_WRONG_STATE, REPLY_WRONG_ID };
enum reply environment_next(struct environment *environment, struct exchange *exchange);
void environment_next_gone(struct environment *environment, struct exchange *exchange);
/* error_type NULL: a success. too_large: the payload was not kept. */
enum reply environment_answer(struct environment *environment, const char *request_id, struct bytes payload, bool too_large, bool is_error,
                              const char *error_type);
enum reply environment_init_error(struct environment *environment, struct bytes payload, const char *error_type);
const char *environment_runtime_state(const struct environment *environment); /* as the Runtime API names it */

bool environment_is_stalled(const struct environment *environment); /* BUSY, but only waits for emulated time */
/* An address that an environment has, or had. */
bool environment_was_here(const char *local_address);
/* Those of environments that died with us. */
void environment_end_all_keys(void);
/* Nothing is to be done: under a frozen clock the process is stopped, so that nothing happens by itself. */
void environment_rest(struct environment *environment);
