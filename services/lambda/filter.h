/* Filter criteria of an event source mapping: up to FILTERS_MAX patterns, of which one has to match. */
#pragma once
#include "emulator/aws/call.h"

enum { FILTERS_MAX = 5 };

/* Checks a FilterCriteria and gives it as the JSON list that the mapping's row keeps; NULL when it has no filter. False: fail() was
 * called. */
bool filter_read(struct call *call, const struct value *criteria, const char **filters);
struct value filter_output(struct call *call, const char *filters); /* a FilterCriteria */

/* Patterns made ready, for a poller. */
struct filter;
struct filter *filter_new(const char *filters);
void filter_free(struct filter *filter); /* NULL is allowed */
/* `record` is the JSON of one record of the event. */
bool filter_matches(const struct filter *filter, struct bytes record);
