/* How long a cold start takes: as long as it really does, as long as AWS's do, or a fixed time (--cold-start). */
#pragma once
#include "services/lambda/function.h"

struct cold_start {
    int64_t delay_ms; /* emulated, from the start of an environment to its first event, at least; 0: nothing is added */
    int64_t init_ms;  /* the part of it that is reported as Init Duration */
};
struct cold_start cold_start_draw(const struct function *function); /* drawn from the seed */
