/* Which event runs where: warm environments first, then new ones up to --max-environments, then in order of arrival; and reserved concurrency. */
#pragma once
#include "services/lambda/environment.h"

/* NULL: it may run. Else why AWS throttles it: the Reason of TooManyRequestsException. */
const char *concurrency_refuses(const struct function *function);

/* Takes the invocation; everything happens at the end of the turn. */
void concurrency_submit(struct invocation *invocation);

/* An environment has changed its state. */
void concurrency_changed(void);
/* It is over: takes it off all lists. */
void concurrency_left(struct environment *environment);
/* The event has been answered: it no longer counts. */
void concurrency_answered(struct invocation *invocation);

struct environment *concurrency_environment_at(const char *local_address); /* NULL: none that lives */
size_t concurrency_waiting(void);
size_t concurrency_environments(void);

void concurrency_retire(int64_t function_version_id);
void concurrency_reset(void); /* also our own end */
struct pending;
void concurrency_pending(struct pending *pending);
