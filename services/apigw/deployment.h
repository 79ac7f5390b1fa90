/* Deployments: snapshots of an API's routes and integrations, which never change. Stages serve them. */
#pragma once
#include "emulator/aws/call.h"
#include "services/apigw/match.h"

/* After a change of routes or integrations, or of auto-deploy: a new snapshot for every stage with auto-deploy. Snapshots so made
 * that no stage serves any more go. */
void deployment_auto(struct call *call, const char *api);
bool deployment_exists(const char *api, const char *id);

enum outcome create_deployment(struct call *call);
enum outcome get_deployment(struct call *call);
enum outcome get_deployments(struct call *call);
enum outcome update_deployment(struct call *call);
enum outcome delete_deployment(struct call *call);

/* The data plane: where the requests of a route go. */
struct target {
    const char *uri;
    const char *format;      /* "1.0", "2.0" */
    const char *credentials; /* NULL: the function's policy decides */
    int64_t timeout_ms;
};
/* The routes of a deployment, with targets of type struct target; kept for the next request. `seq` is the deployment's row. */
const struct route_table *deployment_routes(int64_t seq);
void deployment_forget(void); /* at reset */
