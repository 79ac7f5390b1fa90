/* A load over keep-alive connections, one request at a time on each: prints requests a second and percentiles of the latency as JSON.
 *
 *   load PORT CONNECTIONS REQUESTS SCENARIO [NAME]
 *   get PATH | send QUEUE | send10 QUEUE | receive QUEUE | delete QUEUE (receives first, then deletes) | put BUCKET | read BUCKET | invoke FUNCTION | api PATH
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, BODY = 1024, BATCH = 10 };

struct connection {
    int fd;
    size_t out_size, out_sent, in_size;
    double began;
    char out[BUFFER], in[BUFFER];
};

static const char *scenario, *name;
static int port;
static long requests, sent, answered, failed;
static double *latencies;
static char **handles;
static long handle_count;

static double now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void json_call(struct connection *connection, const char *operation, const char *body)
{
    connection->out_size = (size_t)snprintf(connection->out, BUFFER,
                                            "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.%s\r\nContent-Type: application/x-amz-json-1.0\r\n"
                                            "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, "
                                            "Signature=0\r\nContent-Length: %zu\r\n\r\n%s",
                                            operation, strlen(body), body);
}

static void build(struct connection *connection, long number)
{
    char body[8192];

    if (strcmp(scenario, "get") == 0 || strcmp(scenario, "api") == 0) {
        connection->out_size = (size_t)snprintf(connection->out, BUFFER, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", name);
    } else if (strcmp(scenario, "send") == 0) {
        (void)snprintf(body, sizeof body, "{\"QueueUrl\":\"http://localhost/000000000000/%s\",\"MessageBody\":\"message %ld\"}", name, number);
        json_call(connection, "SendMessage", body);
    } else if (strcmp(scenario, "send10") == 0) {
        size_t size = (size_t)snprintf(body, sizeof body, "{\"QueueUrl\":\"http://localhost/000000000000/%s\",\"Entries\":[", name);

        for (int i = 0; i < BATCH; i++)
            size += (size_t)snprintf(body + size, sizeof body - size, "%s{\"Id\":\"%d\",\"MessageBody\":\"message %ld\"}", i > 0 ? "," : "", i, number);
        (void)snprintf(body + size, sizeof body - size, "]}");
        json_call(connection, "SendMessageBatch", body);
    } else if (strcmp(scenario, "receive") == 0) {
        (void)snprintf(body, sizeof body, "{\"QueueUrl\":\"http://localhost/000000000000/%s\",\"VisibilityTimeout\":43200}", name);
        json_call(connection, "ReceiveMessage", body);
    } else if (strcmp(scenario, "delete") == 0) {
        (void)snprintf(body, sizeof body, "{\"QueueUrl\":\"http://localhost/000000000000/%s\",\"ReceiptHandle\":\"%s\"}", name,
                       number < handle_count ? handles[number] : "x");
        json_call(connection, "DeleteMessage", body);
    } else if (strcmp(scenario, "put") == 0) {
        memset(body, 'x', BODY);
        body[BODY] = '\0';
        connection->out_size = (size_t)snprintf(connection->out, BUFFER, "PUT /%s/key-%08ld HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", name,
                                                number, BODY, body);
    } else if (strcmp(scenario, "read") == 0) {
        connection->out_size = (size_t)snprintf(connection->out, BUFFER, "GET /%s/key-%08ld HTTP/1.1\r\nHost: localhost\r\n\r\n", name, number);
    } else {
        connection->out_size = (size_t)snprintf(connection->out, BUFFER,
                                                "POST /2015-03-31/functions/%s/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}", name);
    }
    connection->out_sent = 0;
    connection->in_size = 0;
    connection->began = now_us();
}

static void keep_handle(const char *body)
{
    const char *at = strstr(body, "\"ReceiptHandle\":\"");

    if (handles == NULL || at == NULL)
        return;
    at += strlen("\"ReceiptHandle\":\"");
    handles[handle_count++] = strndup(at, strcspn(at, "\""));
}

/* Bytes that the whole answer has, or 0 when its head is not complete. */
static size_t whole(struct connection *connection)
{
    connection->in[connection->in_size] = '\0';
    char *end = strstr(connection->in, "\r\n\r\n");

    if (end == NULL)
        return 0;
    *end = '\0';
    char *length = strcasestr(connection->in, "Content-Length:");
    size_t size = (size_t)(end + 4 - connection->in) + (length == NULL ? 0 : strtoul(length + 15, NULL, 10));
    *end = '\r';
    return size;
}

static bool next_request(struct connection *connection)
{
    if (sent == requests)
        return false;
    build(connection, sent++);
    return true;
}

static void flush(struct connection *connection)
{
    while (connection->out_sent < connection->out_size) {
        ssize_t done = write(connection->fd, connection->out + connection->out_sent, connection->out_size - connection->out_sent);

        if (done <= 0)
            return;
        connection->out_sent += (size_t)done;
    }
}

/* False when the connection has died. */
static bool take(struct connection *connection)
{
    ssize_t done = read(connection->fd, connection->in + connection->in_size, BUFFER - 1 - connection->in_size);

    if (done <= 0)
        return done < 0 && errno == EAGAIN;
    connection->in_size += (size_t)done;
    size_t size = whole(connection);
    if (size == 0 || connection->in_size < size)
        return true;
    latencies[answered++] = now_us() - connection->began;
    if (strncmp(connection->in, "HTTP/1.1 2", 10) != 0 && failed++ == 0)
        (void)fprintf(stderr, "%s: %.400s\n", scenario, connection->in);
    keep_handle(connection->in);
    if (next_request(connection))
        flush(connection);
    return true;
}

static int compare(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : 1;
}

static int run(int count)
{
    struct connection *connections = calloc((size_t)count, sizeof *connections);
    int epoll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

    sent = answered = failed = 0;
    for (int i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &connections[i]}};
        int on = 1;

        connections[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(connections[i].fd, (struct sockaddr *)&address, sizeof address) != 0)
            return -1;
        (void)setsockopt(connections[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
    }
    double began = now_us();
    for (int i = 0; i < count; i++)
        if (next_request(&connections[i]))
            flush(&connections[i]);
    bool lives = true;
    while (answered < requests && lives) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 30000);

        lives = ready > 0;
        for (int i = 0; i < ready && lives; i++)
            lives = take(events[i].data.ptr);
    }
    double seconds = (now_us() - began) / 1e6;
    for (int i = 0; i < count; i++)
        (void)close(connections[i].fd);
    (void)close(epoll);
    free(connections);
    if (answered == 0)
        return -1;
    qsort(latencies, (size_t)answered, sizeof *latencies, compare);
    (void)printf("{\"scenario\":\"%s\",\"rate\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"answered\":%ld,\"failed\":%ld}\n", scenario, (double)answered / seconds,
                 latencies[answered / 2], latencies[answered * 99 / 100], answered, failed);
    return failed == 0 && answered == requests ? 0 : 1;
}

int main(int count, char **words)
{
    if (count < 5)
        return 2;
    port = (int)strtol(words[1], NULL, 10);
    int connections = (int)strtol(words[2], NULL, 10), result;
    requests = strtol(words[3], NULL, 10);
    scenario = words[4];
    name = count > 5 ? words[5] : "/";
    latencies = calloc((size_t)requests + 1, sizeof *latencies);
    if (strcmp(scenario, "delete") == 0) {
        handles = calloc((size_t)requests + 1, sizeof *handles);
        scenario = "receive";
        result = run(connections);
        scenario = "delete";
        requests = handle_count;
        if (result != 0 || requests == 0)
            return 1;
    }
    result = run(connections);
    for (long i = 0; i < handle_count; i++)
        free(handles[i]);
    free(handles);
    free(latencies);
    return result == 0 ? 0 : 1;
}
