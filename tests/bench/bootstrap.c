/* The least runtime there is: one keep-alive connection to the Runtime API, an empty object for every event. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static char in[1 << 16];

/* One answer, whole; false at the end. */
static int take(int fd)
{
    size_t size = 0;

    for (;;) {
        ssize_t done = read(fd, in + size, sizeof in - 1 - size);

        if (done <= 0)
            return 0;
        size += (size_t)done;
        in[size] = '\0';
        char *end = strstr(in, "\r\n\r\n");
        if (end == NULL)
            continue;
        char *length = strcasestr(in, "Content-Length:");
        if (size >= (size_t)(end + 4 - in) + (length == NULL ? 0 : strtoul(length + 15, NULL, 10)))
            return 1;
    }
}

int main(void)
{
    static const char next[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: r\r\n\r\n";
    char host[64], out[512];
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    struct sockaddr_in address = {.sin_family = AF_INET};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)snprintf(host, sizeof host, "%.*s", (int)strcspn(api, ":"), api);
    address.sin_port = htons((unsigned short)strtol(strchr(api, ':') + 1, NULL, 10));
    (void)inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (;;) {
        if (write(fd, next, sizeof next - 1) < 0 || !take(fd))
            return 1;
        char *id = strcasestr(in, "Lambda-Runtime-Aws-Request-Id: ");
        if (id == NULL)
            return 1;
        int size = snprintf(out, sizeof out, "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\nHost: r\r\nContent-Length: 2\r\n\r\n{}",
                            (int)strcspn(id + 31, "\r"), id + 31);
        if (write(fd, out, (size_t)size) < 0 || !take(fd))
            return 1;
    }
}
