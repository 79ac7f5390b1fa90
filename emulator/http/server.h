/* The only door to libmicrohttpd: one daemon in external epoll mode inside our loop.
 *
 * It listens with sockets of its own: by default on every loopback address (::1 and all of 127/8) and on nothing else. */
#pragma once
#include "emulator/http/message.h"

struct server_options {
    const char *host;  /* NULL: loopback only */
    uint16_t port;     /* 0: a free one */
    /* The headers are there: set on_complete (and the body's way). */
    void (*on_request)(struct exchange *exchange);
};

/* -errno; -EADDRINUSE after a line on stderr that says who holds the port, as far as it can be told. */
int server_start(const struct server_options *options);
uint16_t server_port(void);
void server_stop(void);  /* every parked exchange must have been answered; finishes sending, bounded in time */
/* Answers every unanswered exchange that was complete, with this status and body, and closes: for reset and stop. `except` may be NULL. */
void server_answer_parked(int status, const char *content_type, const char *body, const struct exchange *except);

/* Unanswered exchanges, and requests half read, whose local address is `local_address` (NULL: any): for settling. */
size_t server_open_requests(const char *local_address);
