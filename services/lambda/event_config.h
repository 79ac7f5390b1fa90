/* What is configured for asynchronous invocations of a function, by qualifier. */
#pragma once
#include "services/lambda/function.h"

enum { EVENT_AGE_DEFAULT = 21600, EVENT_RETRIES_DEFAULT = 2 };

struct event_config {
    int64_t age_s, retries;              /* the defaults when nothing is configured */
    const char *on_success, *on_failure; /* ARNs or NULL */
};
/* `qualifier` as the event was addressed: "$LATEST" or a version. */
void event_config_find(struct arena *arena, const char *account, const char *region, const char *name, const char *qualifier,
                       struct event_config *config);
/* The function is going: inside the caller's transaction. */
void event_config_forget(const char *account, const char *region, const char *name);
