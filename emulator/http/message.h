/* One HTTP exchange: a request as it came, and the answer to it.
 *
 * Life cycle: the server makes an exchange and its arena when the headers are there; it lives until the last byte of the answer is sent or the connection is
 * lost. `on_end` says that; after it nothing may touch the exchange. Who wants to answer later simply returns without answering: the connection is parked and its
 * hang-up reported through `on_gone`.
 *
 * Body. In the headers callback choose exchange_body_memory() (the default, with a limit) or exchange_body_stream(). A body over the memory limit is drained, not
 * kept, and body_too_large is set. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "emulator/base/arena.h"
#include "emulator/base/buffer.h"
#include "emulator/base/text.h"

enum { BODY_DEFAULT_LIMIT = 8 * 1024 * 1024 };

struct header {
    const char *name, *value;
    struct header *next;
};

struct exchange {
    struct arena *arena;
    const char *method;
    const char *target;   /* raw, as sent (an absolute form is reduced to its path and query, its authority is `host`) */
    const char *path;     /* raw: not percent-decoded, without the query */
    const char *query;    /* raw, without '?'; "" when there is none */
    const char *host;     /* with the port as sent; "" when missing */
    struct header *headers; /* in order of arrival */
    const char *local_address; /* "127.0.0.1", "127.3.4.5", "::1": which of our addresses the client called */
    const char *peer_address;
    uint16_t local_port;
    int64_t content_length; /* -1: none was given */
    bool is_chunked;        /* the body comes with Transfer-Encoding: chunked */
    bool expects_continue;

    struct bytes body;     /* complete, when taken in memory */
    struct header *trailers; /* of a chunked body, after it is complete */
    bool body_too_large;
    bool body_is_truncated; /* the client went away in the middle; only on_end follows */

    /* Set by whoever handles the exchange. */
    void *context;
    void (*on_complete)(struct exchange *exchange); /* the body is there: answer now or later */
    void (*on_gone)(struct exchange *exchange);     /* the client hung up before an answer; do not answer any more */
    void (*on_end)(struct exchange *exchange);      /* the last event; may be NULL */
};

const char *exchange_header(const struct exchange *exchange, const char *name); /* first of that name, case folded; NULL */
const char *exchange_header_joined(struct exchange *exchange, const char *name); /* all of that name, joined by "," */

void exchange_body_memory(struct exchange *exchange, size_t limit);
/* Each piece goes to `take`, which consumes it all; returning non-zero drops the rest (the body is still drained). */
void exchange_body_stream(struct exchange *exchange, int (*take)(void *context, const char *at, size_t size), void *context);

/* The answer: status and headers first, then exactly one of the three ends. Header values are copied. */
void exchange_status(struct exchange *exchange, int status);
void exchange_set_header(struct exchange *exchange, const char *name, const char *value); /* adds; does not replace */
void exchange_answer(struct exchange *exchange, struct bytes body);    /* body lives at least as long as the exchange */
/* A body of `size` bytes read in pieces; `read` gives bytes from `offset` (negative errno ends the connection). Called until the end or until on_end. */
void exchange_answer_reader(struct exchange *exchange, int64_t size,
                            ssize_t (*read)(void *context, int64_t offset, char *at, size_t room), void *context);
/* A chunked body of unknown length: write any number of times (copied, buffered), then end. */
void exchange_answer_stream(struct exchange *exchange);
void exchange_stream_write(struct exchange *exchange, struct bytes bytes);
void exchange_stream_end(struct exchange *exchange);
void exchange_drop(struct exchange *exchange); /* closes the connection without an answer */

bool exchange_is_answered(const struct exchange *exchange);
/* Has the client of a parked exchange hung up? Asked of the socket itself: the loop may not have come to its hang-up yet. */
bool exchange_is_abandoned(const struct exchange *exchange);
/* The connection is closed after this answer. */
void exchange_close_after(struct exchange *exchange);
