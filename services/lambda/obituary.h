/* How AWS words the end of a runtime's process that it did not ask for. */
#pragma once
#include "services/lambda/environment.h"

struct obituary {
    const char *type;    /* "Runtime.ExitError" */
    const char *message; /* "Runtime exited with error: exit status 1" */
};
struct obituary obituary_write(struct arena *arena, const struct environment *environment, const struct process_end *end);
