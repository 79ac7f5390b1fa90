#include "emulator/http/server.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "emulator/base/dates.h"
#include "emulator/base/log.h"
#include "emulator/http/exchange.h"
#include "emulator/http/listen.h"
#include "emulator/loop/clock.h"

/* The pool of a connection is resident as long as the connection is, zeroed after each request, and bounds both the request's headers
 * and a piece of a body (half of it): 32 KiB keeps a parked poll under 40 KB and costs large uploads little. */
enum { POOL = 32 * 1024, CONNECTIONS = 16000, READ_BLOCK = 64 * 1024, STOP_ROUNDS = 400, STILL_LIMIT = 8 };

/* What is known of a connection as long as it stands. */
struct connection {
    int fd;
    char local[64], peer[64];
    uint16_t port;
    struct exchange_private *exchange; /* NULL between requests */
    struct watch hang_up;              /* until the client has ended its side */
    TAILQ_ENTRY(connection) doubtful;
    bool is_doubtful;
    bool has_ended;    /* it has, and MHD may not know */
    int unread, still; /* bytes in the socket, and how often MHD has left them there */
};
TAILQ_HEAD(connection_list, connection);

static struct MHD_Daemon *daemon_;
static struct watch daemon_watch;
static struct exchange_list exchanges = TAILQ_HEAD_INITIALIZER(exchanges);
static struct connection_list doubtful = TAILQ_HEAD_INITIALIZER(doubtful);
static void (*on_request)(struct exchange *exchange);
static bool wants_run;

/* --- the exchange's life ---------------------------------------------------------------------------------------------------- */

static void free_exchange(struct exchange_private *exchange)
{
    exchange->from->exchange = NULL;
    if (exchange->has_begun && !exchange->is_complete)
        exchange->public.body_is_truncated = true;
    if (exchange->public.on_end != NULL)
        exchange->public.on_end(&exchange->public);
    TAILQ_REMOVE(&exchanges, exchange, all);
    buffer_free(&exchange->memory);
    buffer_free(&exchange->stream);
    arena_free(exchange->public.arena);
}

/* MHD would make a record of each parameter in the connection's pool, which some hundreds of them fill, and then loses its way. The query is ours to
 * read: MHD, which looks at it after new_exchange(), finds it empty. */
static void hide_query(const char *target)
{
    char *query = strchr((char *)(uintptr_t)target, '?');

    if (query != NULL)
        query[1] = '\0';
}

/* Called with the raw target, before anything else of a request is looked at; what it returns is the request's context. */
static void *new_exchange(void *context, const char *target, struct MHD_Connection *connection)
{
    struct arena *arena = arena_new();
    struct exchange_private *exchange = arena_alloc(arena, sizeof *exchange);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *from = info->socket_context;
    const char *path = target, *authority = NULL;

    (void)context;
    if (text_starts_fold(target, "http://") || text_starts_fold(target, "https://")) {
        const char *host = strstr(target, "//") + 2;
        size_t size = strcspn(host, "/?");

        authority = arena_copy(arena, host, size);
        path = host[size] == '\0' ? "/" : host + size;
    }
    if (from->exchange != NULL)
        free_exchange(from->exchange);
    from->exchange = exchange;
    exchange->from = from;
    exchange->connection = connection;
    exchange->status = 200;
    exchange->answer_last = &exchange->answer_headers;
    exchange->takes_memory = true;
    exchange->body_limit = BODY_DEFAULT_LIMIT;
    exchange->public.arena = arena;
    exchange->public.target = arena_text(arena, path);
    exchange->public.path = arena_copy(arena, path, strcspn(path, "?"));
    exchange->public.query = strchr(path, '?') == NULL ? "" : arena_text(arena, strchr(path, '?') + 1);
    exchange->public.host = authority;
    exchange->public.local_address = arena_text(arena, from->local);
    exchange->public.peer_address = arena_text(arena, from->peer);
    exchange->public.local_port = from->port;
    exchange->public.content_length = -1;
    TAILQ_INSERT_TAIL(&exchanges, exchange, all);
    hide_query(target);
    return exchange;
}

static void end_exchange(void *context, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode code)
{
    struct exchange_private *exchange = *request;

    (void)context;
    (void)connection;
    (void)code;
    *request = NULL;
    if (exchange != NULL)
        free_exchange(exchange);
}

/* MHD may not come to an end with this connection by itself: look_after() helps. */
static void doubt(struct connection *connection)
{
    connection->still = 0;
    if (connection->is_doubtful)
        return;
    connection->is_doubtful = true;
    TAILQ_INSERT_TAIL(&doubtful, connection, doubtful);
}

static void trust(struct connection *connection)
{
    if (connection->is_doubtful)
        TAILQ_REMOVE(&doubtful, connection, doubtful);
    connection->is_doubtful = false;
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size, const char *value,
                                  size_t value_size)
{
    struct exchange_private *exchange = context;
    struct arena *arena = exchange->public.arena;
    struct header **last = kind == MHD_FOOTER_KIND ? &exchange->public.trailers : &exchange->public.headers;
    struct header *header = arena_alloc(arena, sizeof *header);

    while (*last != NULL)
        last = &(*last)->next;
    /* MHD keeps trailing blanks of values. */
    while (value_size > 0 && (value[value_size - 1] == ' ' || value[value_size - 1] == '\t'))
        value_size--;
    header->name = arena_copy(arena, name, name_size);
    header->value = value == NULL ? "" : arena_copy(arena, value, value_size);
    *last = header;
    return MHD_YES;
}

static void begin(struct exchange_private *exchange, const char *method)
{
    struct exchange *public = &exchange->public;
    const char *value;

    exchange->has_begun = true;
    public->method = arena_text(public->arena, method);
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, add_header, exchange);
    if (public->host == NULL) {
        value = exchange_header(public, "Host");
        public->host = value == NULL ? "" : value;
    }
    value = exchange_header(public, "Content-Length");
    if (value != NULL && !text_integer(value, &public->content_length))
        public->content_length = -1;
    value = exchange_header(public, "Transfer-Encoding");
    public->is_chunked = value != NULL && text_equal_fold(value, "chunked");
    if (public->is_chunked)
        doubt(exchange->from);
    value = exchange_header(public, "Expect");
    public->expects_continue = value != NULL && text_equal_fold(value, "100-continue");
    if (!exchange_framing_is_sound(public)) {
        exchange->is_refused = true;
        exchange_status(public, 400);
        exchange_close_after(public);
        exchange_answer(public, bytes_of("The length of this request cannot be told: one Content-Length, or Transfer-Encoding: chunked\n"));
        return;
    }
    on_request(public);
    if (exchange->takes_memory)
        buffer_init(&exchange->memory, exchange->body_limit);
}

static void take_piece(struct exchange_private *exchange, const char *at, size_t size)
{
    exchange->from->still = 0;
    if (exchange->drops_body || exchange->answer != ANSWER_NONE)
        return;
    if (!exchange->takes_memory) {
        exchange->drops_body = exchange->take(exchange->take_context, at, size) != 0;
        return;
    }
    buffer_add(&exchange->memory, at, size);
    if (exchange->memory.overflow) {
        exchange->public.body_too_large = exchange->drops_body = true;
        buffer_free(&exchange->memory);
        buffer_init(&exchange->memory, exchange->body_limit);
    }
}

/* --- the answer ------------------------------------------------------------------------------------------------------------------ */

static ssize_t read_body(void *context, uint64_t offset, char *at, size_t room)
{
    struct exchange_private *exchange = context;
    ssize_t size = exchange->read(exchange->read_context, (int64_t)offset, at, room);

    return size <= 0 ? MHD_CONTENT_READER_END_WITH_ERROR : size;
}

static void suspend(struct exchange_private *exchange);

static ssize_t read_stream(void *context, uint64_t offset, char *at, size_t room)
{
    struct exchange_private *exchange = context;
    size_t size = exchange->stream.size - exchange->stream_sent;

    (void)offset;
    if (size == 0 && exchange->stream_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (size == 0) {
        suspend(exchange);
        return 0;
    }
    size = size < room ? size : room;
    memcpy(at, exchange->stream.text + exchange->stream_sent, size);
    exchange->stream_sent += size;
    return (ssize_t)size;
}

/* The date as of this turn, printed once a second. */
static const char *date(void)
{
    static char text[40];
    static int64_t second = -1;

    if (clock_now() / 1000 != second) {
        struct arena *arena = arena_new();

        second = clock_now() / 1000;
        (void)strncpy(text, date_rfc1123(arena, clock_now()), sizeof text - 1);
        arena_free(arena);
    }
    return text;
}

static struct MHD_Response *make_response(struct exchange_private *exchange)
{
    switch (exchange->answer) {
    case ANSWER_READER:
        return MHD_create_response_from_callback((uint64_t)exchange->size, READ_BLOCK, read_body, exchange, NULL);
    case ANSWER_STREAM:
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, READ_BLOCK, read_stream, exchange, NULL);
    case ANSWER_BYTES:
        return MHD_create_response_from_buffer(exchange->bytes.size, (void *)(uintptr_t)exchange->bytes.at, MHD_RESPMEM_PERSISTENT);
    default:
        return NULL;
    }
}

static enum MHD_Result send_answer(struct exchange_private *exchange)
{
    if (exchange->answer == ANSWER_DROP)
        return MHD_NO;
    struct MHD_Response *response = make_response(exchange);
    bool has_date = false;

    if (response == NULL)
        return MHD_NO;
    for (const struct header *header = exchange->answer_headers; header != NULL; header = header->next) {
        has_date = has_date || text_equal_fold(header->name, "Date");
        if (MHD_add_response_header(response, header->name, header->value) == MHD_NO)
            log_warn("the answer's header %s cannot be sent and is left out", header->name);
    }
    if (!has_date)
        (void)MHD_add_response_header(response, "Date", date());
    if (exchange->closes)
        (void)MHD_add_response_header(response, "Connection", "close");
    exchange->is_queued = true;
    enum MHD_Result result = MHD_queue_response(exchange->connection, (unsigned)exchange->status, response);
    MHD_destroy_response(response);
    return result;
}

/* A client that has ended its side while its request is parked is gone. */
static void abandon(struct exchange_private *exchange)
{
    if (exchange->answer == ANSWER_NONE) {
        if (exchange->public.on_gone != NULL)
            exchange->public.on_gone(&exchange->public);
        if (exchange->answer == ANSWER_NONE)
            exchange->answer = ANSWER_DROP;
    }
    exchange->stream_ended = true;
    server_wake(exchange);
}

static void hung_up(struct watch *watch, uint32_t events)
{
    struct connection *connection = (struct connection *)((char *)watch - offsetof(struct connection, hang_up));

    (void)events;
    loop_unwatch(watch);
    connection->has_ended = true;
    doubt(connection);
    wants_run = true;
    if (connection->exchange != NULL && connection->exchange->is_suspended)
        abandon(connection->exchange);
}

static void watch_hang_up(struct connection *connection)
{
    if (connection->hang_up.ready == NULL && loop_watch(&connection->hang_up, connection->fd, EPOLLRDHUP, hung_up) != 0)
        log_warn("a client's hang-up cannot be watched");
}

/* The body is on its way, and MHD has no room to read on: a line of the chunk framing is longer than the pool. Nobody else would ever end it. */
static bool is_stuck(struct connection *connection, int unread)
{
    const struct exchange_private *exchange = connection->exchange;
    bool is_receiving = exchange != NULL && exchange->has_begun && !exchange->is_complete && !exchange->is_queued;

    connection->still = is_receiving && unread == connection->unread ? connection->still + 1 : 0;
    connection->unread = unread;
    wants_run = wants_run || is_receiving;
    return connection->still >= STILL_LIMIT;
}

/* After a run of MHD. Its sockets are edge-triggered, and after a short read it waits for the next edge: an end of the stream that came together with the
 * last bytes is never seen, and the connection would stay for ever. When all has been read, a shutdown makes an edge; what MHD has not yet answered it
 * still answers. */
static void look_after(void)
{
    struct connection *next;

    for (struct connection *connection = TAILQ_FIRST(&doubtful); connection != NULL; connection = next) {
        int unread = 0;

        next = TAILQ_NEXT(connection, doubtful);
        if (ioctl(connection->fd, FIONREAD, &unread) == 0 && unread > 0) {
            if (is_stuck(connection, unread)) {
                (void)shutdown(connection->fd, SHUT_RDWR);
                trust(connection);
                wants_run = true;
            }
            continue;
        }
        connection->unread = 0;
        if (connection->has_ended) {
            (void)shutdown(connection->fd, SHUT_RD);
            connection->has_ended = false;
            wants_run = true;
            trust(connection);
        } else if (connection->exchange == NULL || connection->exchange->is_complete) {
            trust(connection);
        }
    }
}

/* MHD does not look at a suspended connection: our watch does, and speaks again if the end has come before. */
static void suspend(struct exchange_private *exchange)
{
    MHD_suspend_connection(exchange->connection);
    exchange->is_suspended = true;
    watch_hang_up(exchange->from);
}

bool exchange_is_abandoned(const struct exchange *exchange)
{
    const struct exchange_private *private = (const struct exchange_private *)exchange;

    if (!private->is_suspended)
        return false;
    struct pollfd fd = {.fd = private->from->fd, .events = POLLRDHUP};
    return poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void server_wake(struct exchange_private *exchange)
{
    if (!exchange->is_suspended)
        return;
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->connection);
    wants_run = true; /* a resume takes effect only inside a later MHD_run() */
}

/* Called after the headers, for each piece of the body, and at its end. During the body nothing can be answered, and answering at once closes the
 * connection: so errors wait for the end, except for a client that waits for "100 Continue". */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *upload, size_t *upload_size, void **request)
{
    struct exchange_private *exchange = *request;

    (void)context;
    (void)connection;
    (void)url;
    (void)version;
    if (!exchange->has_begun) {
        begin(exchange, method);
        if (exchange->answer != ANSWER_NONE && (exchange->public.expects_continue || exchange->is_refused))
            return send_answer(exchange);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        take_piece(exchange, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    if (!exchange->is_complete) {
        exchange->is_complete = true;
        exchange->public.body = buffer_bytes(&exchange->memory);
        if (exchange->public.is_chunked)
            (void)MHD_get_connection_values_n(exchange->connection, MHD_FOOTER_KIND, add_header, exchange);
        if (exchange->answer == ANSWER_NONE)
            exchange->public.on_complete(&exchange->public);
    }
    if (exchange->answer != ANSWER_NONE)
        return send_answer(exchange);
    suspend(exchange);
    return MHD_YES;
}

/* --- connections and the loop --------------------------------------------------------------------------------------------------------- */

/* MHD does not say the end of a request that it refused itself. */
static void close_connection(struct connection *connection)
{
    if (connection->exchange != NULL)
        free_exchange(connection->exchange);
    loop_unwatch(&connection->hang_up);
    trust(connection);
    free(connection);
}

static void connection_event(void *context, struct MHD_Connection *handle_, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    (void)context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        close_connection(*socket_context);
        *socket_context = NULL;
        return;
    }
    struct connection *connection = calloc(1, sizeof *connection);

    check(connection != NULL);
    connection->fd = MHD_get_connection_info(handle_, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    listen_names(connection->fd, connection->local, connection->peer, sizeof connection->local, &connection->port);
    watch_hang_up(connection);
    *socket_context = connection;
}

static void accepted(int fd, const struct sockaddr *address, socklen_t size)
{
    if (MHD_add_connection(daemon_, fd, address, size) != MHD_YES)
        log_warn("a connection could not be taken");
    wants_run = true;
}

static void daemon_ready(struct watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    wants_run = true;
}

static void run_hook(void *context)
{
    MHD_UNSIGNED_LONG_LONG wait;

    (void)context;
    if (!wants_run && MHD_get_timeout(daemon_, &wait) == MHD_YES && wait == 0)
        wants_run = true;
    if (!wants_run)
        return;
    wants_run = false;
    (void)MHD_run(daemon_);
    look_after();
}

static int run_limit(void *context)
{
    MHD_UNSIGNED_LONG_LONG wait;

    (void)context;
    if (wants_run)
        return 0;
    if (MHD_get_timeout(daemon_, &wait) != MHD_YES)
        return -1;
    return wait > 60000 ? 60000 : (int)wait;
}

static void log_http(void *context, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));
static void log_http(void *context, const char *format, va_list arguments)
{
    char line[400];

    (void)context;
    int size = vsnprintf(line, sizeof line, format, arguments);
    while (size > 0 && size < (int)sizeof line && line[size - 1] == '\n')
        line[--size] = '\0';
    log_debug("http: %s", line);
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int server_start(const struct server_options *options)
{
    on_request = options->on_request;
    raise_file_limit();
    daemon_ = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG |
                                   MHD_USE_SUPPRESS_DATE_NO_CLOCK,
                               0, NULL, NULL, handle, NULL, MHD_OPTION_EXTERNAL_LOGGER, log_http, NULL, MHD_OPTION_URI_LOG_CALLBACK, new_exchange,
                               NULL, MHD_OPTION_NOTIFY_COMPLETED, end_exchange, NULL, MHD_OPTION_NOTIFY_CONNECTION, connection_event, NULL,
                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                               MHD_OPTION_END);
    if (daemon_ == NULL)
        return -ENOMEM;
    int error = listen_start(options->host, options->port, accepted);
    if (error != 0)
        return error;
    error = loop_watch(&daemon_watch, MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, EPOLLIN, daemon_ready);
    if (error != 0)
        return error;
    loop_hook(run_hook, NULL);
    loop_limit(run_limit, NULL);
    return 0;
}

uint16_t server_port(void)
{
    return listen_port();
}

void server_answer_parked(int status, const char *content_type, const char *body, const struct exchange *except)
{
    struct exchange_private *next;

    for (struct exchange_private *exchange = TAILQ_FIRST(&exchanges); exchange != NULL; exchange = next) {
        next = TAILQ_NEXT(exchange, all);
        if (!exchange->is_complete || exchange->answer != ANSWER_NONE || &exchange->public == except)
            continue;
        exchange_status(&exchange->public, status);
        exchange_set_header(&exchange->public, "Content-Type", content_type);
        exchange_close_after(&exchange->public);
        exchange_answer(&exchange->public, bytes_of(arena_text(exchange->public.arena, body)));
    }
}

size_t server_open_requests(const char *local_address)
{
    size_t count = 0;
    struct exchange_private *exchange;

    TAILQ_FOREACH(exchange, &exchanges, all)
        if (exchange->answer == ANSWER_NONE && (local_address == NULL || text_equal(exchange->public.local_address, local_address)))
            count++;
    return count;
}

/* MHD aborts when it is stopped with suspended connections: all are answered or dropped first, and what is being sent gets a moment. */
void server_stop(void)
{
    struct exchange_private *exchange;

    if (daemon_ == NULL)
        return;
    listen_stop();
    TAILQ_FOREACH(exchange, &exchanges, all) {
        if (exchange->answer == ANSWER_NONE)
            exchange->answer = ANSWER_DROP;
        exchange->stream_ended = true;
        server_wake(exchange);
    }
    for (int round = 0; round < STOP_ROUNDS && (round < 2 || !TAILQ_EMPTY(&exchanges)); round++) {
        struct pollfd fd = {.fd = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN};

        (void)MHD_run(daemon_);
        (void)poll(&fd, 1, round < 2 ? 0 : 5);
    }
    loop_unwatch(&daemon_watch);
    MHD_stop_daemon(daemon_);
    daemon_ = NULL;
}
