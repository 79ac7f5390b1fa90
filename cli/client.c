#include "cli/client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/command.h"
#include "emulator/base/buffer.h"

enum { ANSWER_LIMIT = 256 * 1024 * 1024 };

const char *client_endpoint(int *count, char **words)
{
    const char *endpoint = take_option(count, words, "--endpoint");

    if (endpoint == NULL)
        endpoint = getenv("AWS_ENDPOINT_URL");
    return endpoint == NULL || endpoint[0] == '\0' ? "http://127.0.0.1:4566" : endpoint;
}

static bool split_endpoint(struct arena *arena, const char *endpoint, const char **host, const char **port)
{
    if (!text_starts(endpoint, "http://"))
        return false;
    char *authority = arena_copy(arena, endpoint + 7, strcspn(endpoint + 7, "/"));
    char *colon = strrchr(authority, ':');

    if (authority[0] == '[') {
        char *end = strchr(authority, ']');

        if (end == NULL)
            return false;
        *port = end[1] == ':' ? end + 2 : "80";
        *end = '\0';
        *host = authority + 1;
        return true;
    }
    *port = colon == NULL ? "80" : colon + 1;
    if (colon != NULL)
        *colon = '\0';
    *host = authority;
    return authority[0] != '\0';
}

static int open_socket(const char *host, const char *port, int64_t patience_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct timeval patience = {.tv_sec = patience_ms / 1000, .tv_usec = patience_ms % 1000 * 1000};
    int fd = -1;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && patience_ms > 0) { /* connect() heeds the second as well */
            (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        }
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static bool send_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t done = send(fd, bytes.at, bytes.size, MSG_NOSIGNAL);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes.at += done;
        bytes.size -= (size_t)done;
    }
    return true;
}

static void read_all(int fd, struct buffer *buffer)
{
    char piece[65536];
    ssize_t done;

    while ((done = read(fd, piece, sizeof piece)) > 0 || (done < 0 && errno == EINTR))
        if (done > 0)
            buffer_add(buffer, piece, (size_t)done);
}

const char *client_header(struct arena *arena, const struct reply *reply, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = reply->headers; line != NULL; line = strstr(line, "\r\n")) {
        if (text_starts(line, "\r\n"))
            line += 2;
        if (text_starts_fold(line, name) && line[size] == ':') {
            line += size + 1;
            line += strspn(line, " ");
            return arena_copy(arena, line, strcspn(line, "\r"));
        }
    }
    return NULL;
}

static struct bytes join_chunks(struct arena *arena, struct bytes body)
{
    char *joined = arena_alloc(arena, body.size + 1);
    size_t size = 0;
    const char *at = body.at, *end = body.at + body.size;

    while (at < end) {
        size_t chunk = (size_t)strtoull(at, NULL, 16);
        const char *line = memchr(at, '\n', (size_t)(end - at));

        if (chunk == 0 || line == NULL || (size_t)(end - line) <= chunk)
            break;
        memcpy(joined + size, line + 1, chunk);
        size += chunk;
        at = line + 1 + chunk + 2;
    }
    return (struct bytes){joined, size};
}

static bool read_reply(struct arena *arena, int fd, struct reply *reply)
{
    struct buffer buffer;
    char *end;

    buffer_init(&buffer, ANSWER_LIMIT);
    read_all(fd, &buffer);
    struct bytes all = buffer_detach(&buffer, arena);
    end = strstr(all.at, "\r\n\r\n");
    if (end == NULL || sscanf(all.at, "HTTP/1.%*d %d", &reply->status) != 1)
        return false;
    reply->headers = arena_copy(arena, all.at, (size_t)(end - all.at) + 2);
    reply->body = (struct bytes){end + 4, all.size - (size_t)(end + 4 - all.at)};
    const char *encoding = client_header(arena, reply, "Transfer-Encoding");
    if (encoding != NULL && text_equal_fold(encoding, "chunked"))
        reply->body = join_chunks(arena, reply->body);
    return true;
}

static bool exchange(struct arena *arena, const char *endpoint, const char *method, const char *target, const char *headers, struct bytes body,
                     int64_t patience_ms, struct reply *reply)
{
    const char *host, *port;

    if (!split_endpoint(arena, endpoint, &host, &port))
        return false;
    int fd = open_socket(host, port, patience_ms);
    if (fd < 0)
        return false;
    const char *head = arena_print(arena, "%s %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n", method, target, host,
                                   port, body.size, headers);
    bool good = send_all(fd, bytes_of(head)) && send_all(fd, body) && read_reply(arena, fd, reply);
    (void)close(fd);
    return good;
}

bool client_try(struct arena *arena, const char *endpoint, const char *target, int64_t patience_ms, struct reply *reply)
{
    return exchange(arena, endpoint, "GET", target, "", bytes_of(""), patience_ms < 1 ? 1 : patience_ms, reply);
}

bool client_endpoint_is_good(const char *endpoint)
{
    struct arena *arena = arena_new();
    const char *host, *port;
    int64_t number;
    bool good = split_endpoint(arena, endpoint, &host, &port) && text_integer(port, &number) && number > 0 && number < 65536;

    arena_free(arena);
    if (!good)
        (void)fprintf(stderr, "lowcloud: '%s' is no endpoint: it has the form http://HOST:PORT (there is no TLS here)\n", endpoint);
    return good;
}

bool client_send(struct arena *arena, const char *endpoint, const char *method, const char *target, const char *headers, struct bytes body,
                 struct reply *reply)
{
    if (!client_endpoint_is_good(endpoint))
        return false;
    if (exchange(arena, endpoint, method, target, headers, body, 0, reply))
        return true;
    (void)fprintf(stderr, "lowcloud: nothing answers at %s; start it with 'lowcloud start', or name another with --endpoint or AWS_ENDPOINT_URL\n",
                  endpoint);
    return false;
}

char *client_authorization(struct arena *arena, const char *account, const char *region, const char *service)
{
    return arena_print(arena, "Authorization: AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=none\r\n", account,
                       region, service);
}

int client_print(const struct reply *reply)
{
    bool is_good = reply->status >= 200 && reply->status < 300;
    FILE *file = is_good || reply->status == 408 ? stdout : stderr; /* what is still pending is an answer, too */

    (void)fwrite(reply->body.at, 1, reply->body.size, file);
    if (reply->body.size > 0 && reply->body.at[reply->body.size - 1] != '\n')
        (void)fputc('\n', file);
    return is_good ? 0 : 1;
}
