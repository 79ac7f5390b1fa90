/* Stages: names under which a deployment is served. With auto-deploy each change of routes or integrations is served at once. */
#pragma once
#include "emulator/aws/call.h"

void stage_quick(struct call *call, const char *api);

enum outcome create_stage(struct call *call);
enum outcome get_stage(struct call *call);
enum outcome get_stages(struct call *call);
enum outcome update_stage(struct call *call);
enum outcome delete_stage(struct call *call);
