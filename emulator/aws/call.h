/* A call: one operation of one service, asked for by a client or by another service. Every operation is one; there is no other way in.
 *
 * Life cycle: routed -> parsed -> validated -> run in one transaction -> it answers, fails or parks -> journaled -> rendered -> freed.
 * An operation is a function that ends with `return answer(call)`, `return fail(call, ...)` or `return park(call, ...)`.
 * Failing rolls the transaction back; parking commits it. Everything in call->arena lives as long as the call.
 *
 * Waiting. park() leaves the call with the service, in a list of its own and in order of arrival (call->waiting). Who wakes it takes it off that list
 * first and calls call_wake(); the given function then runs at the end of the turn, in a new transaction, and may park again. A parked call
 * ends by call_wake(), by its timer, or because the client hung up (on_gone). Services never see a call again after any of the three.
 *
 * Calls between services are queued with call_queue() and never nested: they run at the end of the turn, through the same parser and
 * validator, and show up in the journal with their cause. */
#pragma once
#include <sys/queue.h>

#include "emulator/aws/model.h"
#include "emulator/base/value.h"
#include "emulator/http/message.h"

enum outcome { ANSWERED, FAILED, PARKED };

/* An error a customer can get; each is listed once in its service. */
struct aws_error {
    const char *code;       /* "QueueDoesNotExist": __type, x-amzn-ErrorType, <Code> */
    int status;
    const char *query_code; /* where the Query protocol says it otherwise; NULL: the same */
    bool is_receiver;       /* our fault ("Receiver", "Server"), not the sender's */
};

/* A streamed or large answer body: bytes, or a reader. */
struct payload {
    struct bytes bytes;
    int64_t size;
    ssize_t (*read)(void *context, int64_t offset, char *at, size_t room); /* NULL: bytes */
    void *context;
};

struct call {
    struct arena *arena;
    const struct service *service;
    uint16_t operation;
    uint8_t protocol;          /* enum protocol, of this request */
    const char *account;       /* 12 digits */
    const char *region;
    const char *access_key;    /* "" when unsigned */
    const char *principal;     /* ARN of who calls */
    const char *actor;         /* "client", "environment", "s3", "mapping:UUID", "lambda-async" ... */
    const char *request_id;    /* UUID */
    const char *host;          /* Host header as sent, or localhost:PORT; to render URLs that the caller can reach */
    const char *trace_header;  /* X-Amzn-Trace-Id as sent, or NULL */
    uint64_t seq, cause, root; /* in the journal; cause 0: external */
    struct exchange *exchange; /* NULL: called by another service. Header look-ups only; answer through the call */

    struct value input;        /* VALUE_STRUCT of the operation's input shape; absent when it has none */
    struct value output;       /* the same for its output */
    struct payload payload;    /* for an output member that is the streamed payload */
    const char *arn;           /* for the journal: what the call was about; set by the operation */
    void *context;             /* the operation's own, from begin() on and across parks */
    TAILQ_ENTRY(call) waiting; /* for the list of whoever parks it */

    const struct aws_error *error; /* after fail() */
    const char *error_message;
    struct value error_fields;     /* map: extra members of the error (S3's BucketName ...) */
    struct call_state *state;      /* private to call.c */
};
TAILQ_HEAD(call_list, call);

/* Input members by number: NULL or absent when not sent. Null counts as absent. */
const struct value *input_at(const struct call *call, uint16_t member);
const char *input_text(const struct call *call, uint16_t member);
bool input_has(const struct call *call, uint16_t member);
int64_t input_integer(const struct call *call, uint16_t member, int64_t fallback);
bool input_bool(const struct call *call, uint16_t member, bool fallback);
/* The same within any struct value. */
const struct value *at(const struct value *structure, uint16_t member); /* NULL when absent or null */
const char *at_text(const struct value *structure, uint16_t member);
int64_t at_integer(const struct value *structure, uint16_t member, int64_t fallback);
bool at_bool(const struct value *structure, uint16_t member, bool fallback);

/* Output members by number. */
void output_set(struct call *call, uint16_t member, struct value value);
void output_text(struct call *call, uint16_t member, const char *text); /* NULL leaves it out */
void output_integer(struct call *call, uint16_t member, int64_t integer);
void output_bool(struct call *call, uint16_t member, bool boolean);
void output_time(struct call *call, uint16_t member, int64_t ms);
struct value call_struct(struct call *call, uint16_t shape);       /* an empty struct of this service */
void set(struct value *structure, uint16_t member, struct value value);
void call_header(struct call *call, const char *name, const char *value); /* an extra header of the answer (also of an error) */
bool call_has_header(const struct call *call, const char *name);  /* given by call_header() */
void call_status(struct call *call, int status);                   /* instead of the model's */

enum outcome answer(struct call *call);
enum outcome fail(struct call *call, const struct aws_error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));
void fail_field(struct call *call, const char *name, const char *value); /* before fail(): an extra member of the error */

/* Waits until `due` (emulated ms; -1: without end), then runs `expired` in a new transaction. on_gone may be NULL. */
enum outcome park(struct call *call, int64_t due, enum outcome (*expired)(struct call *), void (*on_gone)(struct call *));
void call_wake(struct call *call, enum outcome (*run)(struct call *));
bool call_is_parked(const struct call *call);

/* A call by a service. Everything is copied. `done` runs once, at the end of a turn, outside any transaction; the call is freed after it. */
struct call_request {
    const char *service, *operation;
    const char *account, *region, *actor;
    uint64_t cause;
    const char *trace_header;
    const char *request_id;    /* NULL: a new one */
    struct value input;        /* VALUE_MAP by member names; bodies as VALUE_BYTES */
    void (*done)(struct call *call, void *context); /* may be NULL. call->error is NULL on success; call_result() has the output */
    void *context;
    int64_t delivery;          /* a row of `delivery` that is removed in the call's transaction; 0: none */
};
struct call *call_queue(const struct call_request *request);
void call_forget(struct call *call); /* `done` will not be called any more (its context goes away); the call goes on */
void call_cancel(struct call *call); /* a queued or parked call of ours ends now, without `done`, as if the client had hung up */
/* The output as a map by member names. */
const struct value *call_result(struct call *call);

/* For reset and stop: every waiting or queued call is dropped, parked clients get a 503 and a close. `except` may be NULL. */
void call_drop_all(const struct exchange *except);
/* Calls that run or wait in a queue, without parked ones. */
size_t call_running(void);
/* Calls from this local address (an environment's) that are parked on emulated time. */
size_t call_stalled(const char *local_address);

/* Running calls, or (PENDING_SCHEDULED) environments' calls that wait for emulated time. */
struct pending;
void call_pending(struct pending *pending);

/* For the router: a call for this exchange; the body is taken as the operation wants it. */
void call_from_exchange(struct exchange *exchange, const struct service *service, const char *path);
