/* Event source mappings: rows of event_source_mapping, and the poller of each enabled one.
 *
 * A poller lives in C only and does everything through public calls, as the mapping's owner with actor mapping:UUID. It is made
 * from its row when the row is new or changed and at the start, and freed when its last batch is done. */
#pragma once
#include "services/lambda/function.h"

struct mapping {
    int64_t id;
    const char *uuid, *account, *region;
    const char *function_name; /* of the function, without version */
    const char *function_arn;  /* with the qualifier, if one was given */
    const char *source_arn, *queue_url;
    int64_t batch_size, window_s;
    bool reports_failures; /* ReportBatchItemFailures */
    bool is_enabled;
    int64_t maximum_concurrency; /* 0: none was set */
    const char *filters;         /* JSON list of patterns, or NULL */
    const char *recorded;        /* JSON map of what is kept but has no effect, or NULL */
    int64_t last_modified;
};

/* mapping.c */
bool mapping_is_fifo(const struct mapping *mapping); /* its queue keeps an order */
struct mapping *mapping_load(struct arena *arena, int64_t id); /* NULL: gone */
void mapping_change(int64_t id);                               /* mapping_changed() after the commit of this transaction */

/* A function was made or deleted: inside the transaction. */
void mapping_function_changed(struct call *call, const char *function_name);

/* mapping_poll.c: hooks of the service, and what follows a change of a row, after its commit. */
void mapping_start(void);
void mapping_reset(void);
void mapping_stop(void);
struct pending;
void mapping_pending(struct pending *pending);
void mapping_changed(int64_t id); /* also for a row that is gone */
