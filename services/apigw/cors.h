/* CORS of an API: the gateway answers preflights itself, and its headers replace those of the function.
 *
 * AWS: "Configure CORS for HTTP APIs". Only what is configured is ever sent; a wildcard is never made up. */
#pragma once
#include "emulator/aws/call.h"

/* Of the control plane: `cors` is a struct of SHAPE_Cors, or NULL. False: fail() was called. */
bool cors_check(struct call *call, const struct value *cors);

/* Of the data plane: `cors` is the same as a map by member names (a row's JSON). */
bool cors_is_preflight(const struct exchange *exchange);
bool cors_allows(const struct value *cors, const char *origin); /* origin NULL: no */
void cors_set_headers(const struct value *cors, struct exchange *exchange, bool is_preflight);
bool cors_owns_header(const char *name); /* access-control-... of a function's answer is dropped */
