/* What a service is: its model, its operations, and optional hooks. cli/services.c lists them all in one visible array. */
#pragma once
#include "emulator/aws/call.h"
#include "emulator/aws/model.h"

/* One row for each operation that is done or recorded; an operation without a row is refused by name. */
struct operation_row {
    uint16_t operation; /* OP_... of the service's model */
    enum outcome (*run)(struct call *call);
    /* Bodies. `begin` NULL: in memory, at most `body_limit` bytes (0: BODY_DEFAULT_LIMIT).
     * Else the body streams: begin() is called when the headers are parsed (input has all members but the body's; look, do not write) and
     * may fail; take() gets the pieces (0, or it has called fail() and wants no more); run() follows when the body is complete. What begin() made is
     * freed by arena_defer(). A call from another service brings its body through the same two functions. */
    size_t body_limit;
    enum outcome (*begin)(struct call *call); /* ANSWERED means: go on */
    int (*take)(struct call *call, const char *at, size_t size);
};

/* What keeps the machine from being idle or settled, or what is scheduled: a list of lines for people and machines. */
enum pending_for {
    PENDING_IDLE,     /* running now, or due now and sure to run by itself */
    PENDING_SETTLED,  /* running now, but not stalled in a call that waits for emulated time */
    PENDING_SCHEDULED /* due at a later emulated time */
};
struct pending {
    enum pending_for mode;
    struct arena *arena;  /* NULL: only counting */
    struct value list;    /* of maps {"service","what","due"} */
    int64_t count;
    int64_t next_due;     /* earliest, emulated ms; -1: none */
};
/* `due` -1: no time. Formats `what` only when somebody reads it. */
void pending_add(struct pending *pending, const char *service, int64_t due, const char *format, ...) __attribute__((format(printf, 4, 5)));

struct service {
    const char *name;          /* "sqs" */
    const struct model *model; /* NULL: only hooks */
    const struct operation_row *operations; /* ends with a row whose run is NULL */
    const struct aws_error *unknown_operation, *not_implemented; /* NULL: UnknownOperationException 404, NotImplementedException 501 */
    const char *const *schema; /* SQL scripts, one a migration */
    int schema_count;

    void (*start)(void);  /* after the store is open: timers from rows; also after a reset or a restore */
    void (*reset)(void);  /* before the rows go: kill, drop and forget what lives in C. Parked calls have been answered */
    void (*stop)(void);
    void (*pending)(struct pending *pending);
    /* Data planes: true when this exchange is mine (by host, local address or path); then on_complete etc. have been set. */
    bool (*claim)(struct exchange *exchange);
    /* Requests of my API that are known by their host: true, and *path the path to route by (S3's virtual hosts). */
    bool (*claim_host)(struct exchange *exchange, const char **path);
    /* GET /_lowcloud/queues/NAME/messages and the like: `what` is "queues/NAME/messages". NULL when there is none. */
    const struct value *(*peek)(struct arena *arena, const char *account, const char *region, const char *what);
};

/* The services of this program, and start-up in order: schema, store, start hooks. `services` ends with NULL. */
extern const struct service *const *aws_services;
void aws_register(const struct service *const *services);
void aws_start(void);
void aws_stop(void);
const struct service *service_find(const char *name);
const struct operation_row *service_row(const struct service *service, uint16_t operation); /* NULL: refused */
