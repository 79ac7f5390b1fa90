/* The runtimes by name: which run here, which AWS has retired, and which are still to come. */
#pragma once
#include "emulator/aws/call.h"

extern const char *const runtime_names[]; /* those that run here; NULL ends them */

/* False: fail() was called, with AWS's error for what AWS refuses and with ours for what only we do not run. */
bool runtime_accept(struct call *call, const char *runtime);
