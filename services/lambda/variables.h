/* The variables that a handler finds in its environment: facts of AWS, our endpoint, and then the customer's own. */
#pragma once
#include "services/lambda/function.h"

struct variables {
    const struct function *function;
    const char *address;      /* HOST:PORT of the Runtime API and of our endpoint */
    const char *access_key, *secret, *session_token;
    const char *log_stream;
    const char *task_root, *runtime_directory; /* as the handler sees them */
    const char *temporary;    /* NULL: /tmp is its own already */
};

/* NAME=value, NULL-terminated. */
const char *const *variables_list(struct arena *arena, const struct variables *variables);
