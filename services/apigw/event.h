/* The event that a function gets for a request: payload format 2.0, and 1.0 as HTTP APIs send it.
 *
 * AWS: "Create AWS Lambda proxy integrations for HTTP APIs". In 2.0 what is absent is left out, in 1.0 it is null. */
#pragma once
#include "emulator/base/value.h"
#include "emulator/http/message.h"

struct event {
    struct exchange *exchange; /* request line, headers and body */
    const char *account, *api;
    const char *stage;     /* "$default", "prod" */
    const char *route_key; /* "GET /items/{id}" */
    const char *resource;  /* "/items/{id}", "$default" */
    const char *path;      /* decoded, with the name of a named stage */
    const char *domain, *domain_prefix;
    const char *request_id, *trace_header;
    int64_t time;                   /* emulated ms */
    struct value parameters;        /* map; empty: none */
    struct value variables;         /* stage variables: map; empty: none */
    const struct form_field *query; /* decoded */
    size_t query_count;
};

struct value event_2(const struct event *event);
struct value event_1(const struct event *event);

/* Whether a body goes into the event as text; else as base64. Text of text/..., application/json, application/javascript and
 * application/xml does, if it is UTF-8; all else does not, a form and a body without a type included, as measured on AWS. */
bool event_body_is_text(const char *content_type, struct bytes body);
