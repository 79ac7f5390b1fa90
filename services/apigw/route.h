/* Routes of an API: a key (METHOD /path, or $default) and the integration that serves it. */
#pragma once
#include "emulator/aws/call.h"

/* Quick create; false: fail() was called. */
bool route_quick(struct call *call, const char *api, const char *key, const char *integration);

enum outcome create_route(struct call *call);
enum outcome get_route(struct call *call);
enum outcome get_routes(struct call *call);
enum outcome update_route(struct call *call);
enum outcome delete_route(struct call *call);
