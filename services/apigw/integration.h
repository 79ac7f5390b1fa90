/* Integrations: what a route's requests are given to. Here always a Lambda function (AWS_PROXY). */
#pragma once
#include "emulator/aws/call.h"

/* False: there is no such integration; without failing. */
bool integration_find(struct call *call, const char *api, const char *id, struct value *item);
/* Quick create: a managed one with payload format 2.0. NULL: fail() was called. */
const char *integration_quick(struct call *call, const char *api, const char *uri, const char *credentials);

/* The function that a URI names: an ARN, plain or as API Gateway's invocation path; ${stageVariables.x} are replaced by `variables`
 * (a map, or NULL). NULL: not a function. */
const char *integration_function(struct arena *arena, const char *uri, const struct value *variables);

enum outcome create_integration(struct call *call);
enum outcome get_integration(struct call *call);
enum outcome get_integrations(struct call *call);
enum outcome update_integration(struct call *call);
enum outcome delete_integration(struct call *call);
