/* Where a request of the data plane goes: which API, which stage, which path. */
#pragma once
#include "emulator/http/message.h"

struct address {
    const char *api;
    const char *region; /* as the host says; NULL: it does not */
    const char *path;   /* raw, what follows host or prefix; "/" at least */
    bool is_path_form;  /* /_aws/execute-api/{id}/... */
};
/* False: not for us. */
bool address_read(struct exchange *exchange, struct address *address);

struct place {
    const char *account, *region, *cors; /* JSON, or NULL */
    bool is_disabled;                    /* no execute-api endpoint */
    const char *stage;                   /* NULL: no such stage */
    const char *route_path;              /* raw, without the stage */
    const char *event_path;              /* raw, with a named stage */
    const char *variables;               /* JSON, or NULL */
    int64_t deployment;                  /* its row; 0: the stage serves none */
};
/* False: there is no such API. A first segment that is the name of a stage chooses it; else $default. */
bool address_find(struct arena *arena, const struct address *address, struct place *place);
