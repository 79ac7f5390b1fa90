/* What environment.c (its life) and phase.c (its events) do for each other. Only for the two. */
#pragma once
#include "services/lambda/environment.h"

/* environment.c */
void phase_start(struct environment *environment);             /* the process, towards its first next: for the first time, or within an invocation */
void phase_stop(struct environment *environment, bool keeps);  /* kills; afterwards VACANT if it keeps, else freed: perhaps at once */
void phase_vacate(struct environment *environment);            /* it has no process any more: VACANT, or freed when it is retired */
void phase_free(struct environment *environment);
void phase_leave_next(struct environment *environment);        /* the runtime's parked request does not find us any more */
void environment_use(struct environment *environment);

/* phase.c: what happens. */
void phase_settled(struct timer *timer);
void phase_deadline(struct timer *timer);
void phase_later(struct timer *timer);
void phase_printed(void *context, int stream, struct bytes bytes);
void phase_ended(void *context, const struct process_end *end);
