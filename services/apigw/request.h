/* A request of the data plane on its way: what gateway.c (arrival, route, answer) and forward.c (the function) share. */
#pragma once
#include <sys/queue.h>

#include "emulator/aws/call.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "services/apigw/address.h"
#include "services/apigw/deployment.h"

/* A request from its arrival to its answer; in the exchange's arena, which may go as soon as the answer is given. */
struct request {
    LIST_ENTRY(request) others;
    bool is_open; /* in the list */
    struct exchange *exchange;
    struct arena *arena;
    struct address address;
    struct place place;
    struct route_match match;
    struct target target; /* a copy: the deployment's may go meanwhile */
    const char *function, *source_arn, *request_id, *trace_header;
    struct value cors;      /* map, or absent */
    struct value variables; /* map; empty: none */
    struct timer timer;
    struct call *call; /* ours that runs, or NULL */
    uint64_t seq;
    struct form_field *query;
    size_t query_count;
};

/* Ends it. `error` is for the journal; NULL: none. The body lives as long as the exchange. */
void request_finish(struct request *request, int status, const struct header *headers, struct bytes body, const char *error);
/* With an error of the gateway itself, {"message": ...}. `why` is for our log: NULL when the client knows as much. */
void request_refuse(struct request *request, int status, const char *message, const char *why);
void request_fail(struct request *request, const char *why); /* 500 Internal Server Error */

/* forward.c: asks the function's policy, invokes it and finishes the request. */
void request_forward(struct request *request);
