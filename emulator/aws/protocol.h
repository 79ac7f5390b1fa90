/* From wire to input tree and from output tree to wire: one parser, one validator and one renderer a protocol, driven by the tables.
 *
 * Order of use, by call.c: protocol_find() -> protocol_head() when the headers are there -> protocol_body() when the body is ->
 * protocol_validate() -> the operation -> protocol_answer() or protocol_error(). The functions that give bool have called fail() when false. */
#pragma once
#include "emulator/aws/call.h"
#include "emulator/aws/service.h"

/* Common errors, rendered in the service's own format. */
extern const struct aws_error error_unknown_operation, error_not_implemented, error_serialization, error_validation, error_internal,
    error_request_too_large, error_storage_full;

/* Decides protocol and operation from the headers (X-Amz-Target, or method and path for REST); for Query, and when nothing can be said yet, gives true with
 * call->operation NO_SHAPE and protocol PROTOCOL_QUERY; protocol_body() decides then. `path` is the raw path to route by. */
bool protocol_find(struct call *call, const char *path);
bool protocol_head(struct call *call, const char *path); /* REST: URI, query and header members */
bool protocol_body(struct call *call, struct bytes body); /* the rest; finds the operation of Query requests */
bool protocol_map(struct call *call, const struct value *map); /* instead of both, for a call from another service */
/* Support states (refused members fail, recorded ones are told once on stderr), required members, ranges, lengths, patterns, enumerations. */
bool protocol_validate(struct call *call);

/* Sets status, headers and body of the exchange. Extra headers and status of call_header()/call_status() are in `headers` and `status` (0: the model's). */
void protocol_answer(struct call *call, int status, const struct header *headers);
void protocol_error(struct call *call, int status, const struct header *headers);

/* --strict: recorded members and operations are refused. */
extern bool protocol_strict;
/* How a service answers what is nobody's operation at all. */
void protocol_refuse(struct exchange *exchange, int status, const char *code, const char *message);
