/* An exchange as the server sees it: the public part first, then what concerns sending and parking. Only for files of this folder. */
#pragma once
#include <sys/queue.h>

#include "emulator/http/message.h"
#include "emulator/loop/loop.h"

struct MHD_Connection;
struct MHD_Response;
struct connection;

enum answer_kind { ANSWER_NONE, ANSWER_BYTES, ANSWER_READER, ANSWER_STREAM, ANSWER_DROP };

struct exchange_private {
    struct exchange public; /* first: one pointer serves both */
    struct MHD_Connection *connection;
    struct connection *from;
    TAILQ_ENTRY(exchange_private) all;

    /* The body on its way in. */
    bool has_begun;   /* on_request was called */
    bool is_complete; /* the body is there */
    bool drops_body;  /* whoever takes it wants no more */
    bool is_refused;  /* its framing is no good: answered before its body, and closed */
    size_t body_limit;
    struct buffer memory;
    bool takes_memory;
    int (*take)(void *context, const char *at, size_t size);
    void *take_context;

    /* The answer. */
    enum answer_kind answer;
    int status;
    struct header *answer_headers, **answer_last;
    struct bytes bytes;
    int64_t size;
    ssize_t (*read)(void *context, int64_t offset, char *at, size_t room);
    void *read_context;
    struct buffer stream; /* written, not yet read by the server */
    size_t stream_sent;
    bool stream_ended, closes, is_queued;

    bool is_suspended; /* parked */
};
TAILQ_HEAD(exchange_list, exchange_private);

/* The server's part: an answer has been given to a suspended exchange. */
void server_wake(struct exchange_private *exchange);

/* False for framing that can be read in two ways, or not at all (RFC 9112, 6.3): MHD takes the first of several lengths, and waits for ever on an unknown
 * transfer coding. */
bool exchange_framing_is_sound(const struct exchange *exchange);
