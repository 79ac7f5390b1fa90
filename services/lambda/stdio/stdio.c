/* lowcloud-stdio: runs a plain executable once for each event. The event is its standard input, its standard output is the answer,
 * its standard error is the log; an exit status other than 0, or a signal, is an error.
 *
 * Usage: lowcloud-stdio NAME, in an execution environment: AWS_LAMBDA_RUNTIME_API says where the events come from,
 * LAMBDA_TASK_ROOT/NAME is run. What the program prints on success must be JSON, as any answer of a handler: if it is not, it is
 * sent as a JSON string. Nothing printed is null. A static program of its own, and it may block: of the
 * server's code it has only what explains a failed exec. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/loop/launcher.h"

enum { ANSWER_LIMIT = 7 * 1024 * 1024, HEAD_LIMIT = 256 * 1024 };

struct text {
    char *at;
    size_t size, room;
};

static void give_up(const char *what)
{
    fprintf(stderr, "lowcloud-stdio: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void add(struct text *text, const void *at, size_t size)
{
    if (text->size + size + 1 > text->room) {
        size_t room = (text->size + size + 1) * 2;
        char *more = realloc(text->at, room);
        if (more == NULL)
            give_up("out of memory");
        text->at = more;
        text->room = room;
    }
    memcpy(text->at + text->size, at, size);
    text->size += size;
    text->at[text->size] = '\0';
}

static void add_text(struct text *text, const char *at)
{
    add(text, at, strlen(at));
}

static void clear(struct text *text)
{
    text->size = 0;
    add(text, "", 0);
}

/* As a quoted JSON string; bytes that are not UTF-8 become U+FFFD. */
static void add_quoted(struct text *text, const char *at, size_t size)
{
    add_text(text, "\"");
    for (size_t i = 0; i < size;) {
        unsigned char c = (unsigned char)at[i];
        char escape[8];
        size_t length = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
        bool valid = length > 0 && i + length <= size;
        for (size_t k = 1; valid && k < length; k++)
            valid = ((unsigned char)at[i + k] & 0xc0) == 0x80;
        if (valid && length == 3)
            valid = !(c == 0xe0 && (unsigned char)at[i + 1] < 0xa0) && !(c == 0xed && (unsigned char)at[i + 1] > 0x9f);
        if (valid && length == 4)
            valid = !(c == 0xf0 && (unsigned char)at[i + 1] < 0x90) && !(c == 0xf4 && (unsigned char)at[i + 1] > 0x8f);
        if (!valid) {
            add_text(text, "\xef\xbf\xbd");
            i++;
            continue;
        }
        if (c == '"' || c == '\\') {
            escape[0] = '\\';
            escape[1] = (char)c;
            add(text, escape, 2);
        } else if (c < 0x20 || c == 0x7f) {
            snprintf(escape, sizeof escape, "\\u%04x", c);
            add_text(text, escape);
        } else {
            add(text, at + i, length);
        }
        i += length;
    }
    add_text(text, "\"");
}

/* --- Is it JSON? A reader that only walks, with a bound on depth. --- */

static const char *blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

static const char *walk_string(const char *at, const char *end)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && ++at == end)
            return NULL;
        if ((unsigned char)*at < 0x20)
            return NULL;
    }
    return NULL;
}

static const char *walk_value(const char *at, const char *end, int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    at = blanks(at, end);
    if (at == end || depth > 200)
        return NULL;
    if (*at == '"')
        return walk_string(at, end);
    if (*at == '{' || *at == '[') {
        bool is_map = *at == '{';
        char close = is_map ? '}' : ']';
        at = blanks(at + 1, end);
        if (at < end && *at == close)
            return at + 1;
        for (;;) {
            if (is_map) {
                at = blanks(at, end);
                if (at == end || *at != '"' || (at = walk_string(at, end)) == NULL)
                    return NULL;
                at = blanks(at, end);
                if (at == end || *at++ != ':')
                    return NULL;
            }
            if ((at = walk_value(at, end, depth + 1)) == NULL)
                return NULL;
            at = blanks(at, end);
            if (at == end || (*at != ',' && *at != close))
                return NULL;
            if (*at++ == close)
                return at;
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((size_t)(end - at) >= strlen(words[i]) && memcmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    const char *start = at;
    if (at < end && *at == '-')
        at++;
    const char *digits = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    if (at == digits || (*digits == '0' && at > digits + 1))
        return NULL;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        if (at == fraction)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        const char *exponent = at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        if (at == exponent)
            return NULL;
    }
    return at > start ? at : NULL;
}

static bool is_json(const char *at, size_t size)
{
    const char *end = at + size;
    const char *rest = walk_value(at, end, 0);
    return rest != NULL && blanks(rest, end) == end;
}

/* --- The Runtime API. --- */

static int connection = -1;
static struct sockaddr_in api_address;
static char api_host[128];

static void connect_api(void)
{
    connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0 || connect(connection, (struct sockaddr *)&api_address, sizeof api_address) < 0)
        give_up("cannot reach the Runtime API");
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static void find_api(void)
{
    const char *given = getenv("AWS_LAMBDA_RUNTIME_API");
    const char *colon = given != NULL ? strrchr(given, ':') : NULL;
    if (colon == NULL || (size_t)(colon - given) >= sizeof api_host) {
        fprintf(stderr, "lowcloud-stdio: AWS_LAMBDA_RUNTIME_API must be HOST:PORT\n");
        exit(1);
    }
    char host[sizeof api_host];
    memcpy(host, given, (size_t)(colon - given));
    host[colon - given] = '\0';
    snprintf(api_host, sizeof api_host, "%s", given);
    api_address.sin_family = AF_INET;
    api_address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &api_address.sin_addr) != 1) {
        fprintf(stderr, "lowcloud-stdio: AWS_LAMBDA_RUNTIME_API must begin with an IPv4 address\n");
        exit(1);
    }
}

static void send_all(const char *at, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(connection, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            give_up("the Runtime API is gone");
        at += sent;
        size -= (size_t)sent;
    }
}

/* Until `size` bytes of `answer` are there. */
static void receive(struct text *answer, size_t size)
{
    char piece[65536];
    while (answer->size < size) {
        ssize_t got = recv(connection, piece, sizeof piece, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            give_up("the Runtime API closed the connection");
        add(answer, piece, (size_t)got);
    }
}

/* A header's value in `head`, cut at its line's end; NULL. The head is changed. */
static char *header(char *head, const char *name)
{
    size_t length = strlen(name);
    for (char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) != 0 || line[2 + length] != ':')
            continue;
        char *value = line + 3 + length;
        value += strspn(value, " \t");
        char *end = strstr(value, "\r\n");
        return strndup(value, end != NULL ? (size_t)(end - value) : strlen(value));
    }
    return NULL;
}

/* One exchange. The head (status line and headers) and the body of the answer; returns the status. */
static int exchange(const struct text *request, const struct text *body, struct text *head, struct text *answer)
{
    if (connection < 0)
        connect_api();
    send_all(request->at, request->size);
    if (body != NULL)
        send_all(body->at, body->size);
    struct text all = {0};
    clear(&all);
    char *end = NULL;
    while ((end = strstr(all.at, "\r\n\r\n")) == NULL) {
        if (all.size > HEAD_LIMIT) {
            errno = EMSGSIZE;
            give_up("the Runtime API's headers");
        }
        receive(&all, all.size + 1);
    }
    size_t head_size = (size_t)(end - all.at) + 4;
    clear(head);
    add(head, all.at, head_size);
    char *length = header(head->at, "Content-Length");
    size_t size = length != NULL ? strtoul(length, NULL, 10) : 0;
    free(length);
    receive(&all, head_size + size);
    clear(answer);
    add(answer, all.at + head_size, size);
    free(all.at);
    char *persistence = header(head->at, "Connection");
    if (persistence != NULL && strcasecmp(persistence, "close") == 0) {
        close(connection);
        connection = -1;
    }
    free(persistence);
    const char *space = strchr(head->at, ' ');
    return space != NULL ? (int)strtol(space + 1, NULL, 10) : 0;
}

/* --- One event. --- */

static void child(const char *path, const char *name, const int in[2], const int out[2], int failure)
{
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execl(path, name, (char *)NULL);
    int error = errno;
    if (write(failure, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* What the program prints up to `size` bytes at a time; 0 at its end, -1 when there is nothing now. */
static ssize_t collect(int out, struct text *printed)
{
    char piece[65536];
    ssize_t got = read(out, piece, sizeof piece);
    if (got > 0 && printed->size <= ANSWER_LIMIT)
        add(printed, piece, (size_t)got);
    return got;
}

/* Feeds the event, collects what is printed; gives the wait status, or in *error why it could not be run. The event is over when
 * the program has ended: who it leaves behind may hold its output open for ever. */
static int run(const char *path, const char *name, const struct text *event, struct text *printed, int *error)
{
    int in[2], out[2], failure[2];
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0)
        give_up("pipe");
    pid_t pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid == 0)
        child(path, name, in, out, failure[1]);
    close(in[0]);
    close(out[1]);
    close(failure[1]);
    *error = 0;
    if (read(failure[0], error, sizeof *error) < 0) /* waits for the exec, which closes it */
        give_up("pipe");
    close(failure[0]);
    int end = (int)syscall(SYS_pidfd_open, pid, 0); /* -1 on old kernels: then the end of its output has to do */
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    size_t fed = 0;
    clear(printed);
    for (;;) {
        if (in[1] >= 0 && fed == event->size) {
            close(in[1]);
            in[1] = -1;
        }
        struct pollfd ready[3] = {
            {.fd = out[0], .events = POLLIN}, {.fd = in[1], .events = POLLOUT}, {.fd = end, .events = POLLIN}};
        if (poll(ready, 3, -1) < 0 && errno != EINTR)
            give_up("poll");
        if (ready[1].revents != 0) {
            ssize_t wrote = write(in[1], event->at + fed, event->size - fed);
            if (wrote > 0)
                fed += (size_t)wrote;
            else if (wrote < 0 && errno != EAGAIN && errno != EINTR) /* a program need not read its input */
                fed = event->size;
        }
        if (ready[0].revents != 0 && collect(out[0], printed) == 0)
            break;
        if (ready[2].revents != 0) {
            while (collect(out[0], printed) > 0)
                continue;
            break;
        }
    }
    if (in[1] >= 0)
        close(in[1]);
    if (end >= 0)
        close(end);
    close(out[0]);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void post(const char *id, const char *what, const char *type, const struct text *body)
{
    char line[1024];
    struct text request = {0}, head = {0}, answer = {0};
    snprintf(line, sizeof line,
             "POST /2018-06-01/runtime/invocation/%s/%s HTTP/1.1\r\nHost: %s\r\nContent-Type: "
             "application/json\r\n%s%s%sContent-Length: %zu\r\n\r\n",
             id, what, api_host, type[0] != '\0' ? "Lambda-Runtime-Function-Error-Type: " : "", type, type[0] != '\0' ? "\r\n" : "",
             body->size);
    add_text(&request, line);
    exchange(&request, body, &head, &answer);
    free(request.at);
    free(head.at);
    free(answer.at);
}

/* {"errorType":"Runtime.InvalidEntrypoint","errorMessage":"fork/exec PATH: why"}, naming the interpreter that a script lacks. */
static void cannot_be_run(struct text *body, const char *path, int error)
{
    char culprit[1024], line[1200];
    struct text message = {0};
    exec_culprit(path, error, culprit, sizeof culprit);
    snprintf(line, sizeof line, "fork/exec %s: %s", culprit,
             error == ENOENT    ? "no such file or directory"
             : error == EACCES  ? "permission denied"
             : error == ENOEXEC ? "exec format error"
                                : strerror(error));
    fprintf(stderr, "%s\n", line);
    add_text(&message, line);
    add_text(body, "{\"errorType\":\"Runtime.InvalidEntrypoint\",\"errorMessage\":");
    add_quoted(body, message.at, message.size);
    add_text(body, "}");
    free(message.at);
}

static void finish(const char *id, const char *name, int status, const struct text *printed)
{
    struct text body = {0};
    clear(&body);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        size_t size = printed->size;
        while (size > 0 && (printed->at[size - 1] == '\n' || printed->at[size - 1] == '\r'))
            size--;
        if (size == 0)
            add_text(&body, "null");
        else if (is_json(printed->at, size))
            add(&body, printed->at, size);
        else
            add_quoted(&body, printed->at, size);
        post(id, "response", "", &body);
    } else {
        struct text message = {0};
        char line[512];
        if (WIFSIGNALED(status))
            snprintf(line, sizeof line, "%s was ended by signal %d (%s)", name, WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
            snprintf(line, sizeof line, "%s exited with status %d", name, WEXITSTATUS(status));
        add_text(&message, line);
        size_t size = printed->size < 1024 ? printed->size : 1024;
        while (size > 0 && printed->at[size - 1] == '\n')
            size--;
        if (size > 0) {
            add_text(&message, ": ");
            add(&message, printed->at, size);
        }
        add_text(&body, "{\"errorType\":\"Function.ExitError\",\"errorMessage\":");
        add_quoted(&body, message.at, message.size);
        add_text(&body, "}");
        post(id, "error", "Function.ExitError", &body);
        free(message.at);
    }
    free(body.at);
}

int main(int count, char **arguments)
{
    if (count != 2 || arguments[1][0] == '\0') {
        fprintf(stderr, "usage: lowcloud-stdio NAME (in an execution environment)\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    find_api();
    const char *root = getenv("LAMBDA_TASK_ROOT");
    char path[4096];
    int length = arguments[1][0] == '/' ? snprintf(path, sizeof path, "%s", arguments[1])
                                        : snprintf(path, sizeof path, "%s/%s", root != NULL ? root : "/var/task", arguments[1]);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        give_up(arguments[1]);
    }
    struct text request = {0}, head = {0}, event = {0}, printed = {0};
    if (access(path, X_OK) < 0) {
        struct text body = {0};
        char line[512];
        cannot_be_run(&body, path, errno);
        snprintf(line, sizeof line,
                 "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: %s\r\nContent-Type: "
                 "application/json\r\nLambda-Runtime-Function-Error-Type: "
                 "Runtime.InvalidEntrypoint\r\nContent-Length: %zu\r\n\r\n",
                 api_host, body.size);
        add_text(&request, line);
        exchange(&request, &body, &head, &event);
        return 1;
    }
    for (;;) {
        char line[512];
        clear(&request);
        snprintf(line, sizeof line, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", api_host);
        add_text(&request, line);
        int answer = exchange(&request, NULL, &head, &event);
        if (answer != 200) {
            fprintf(stderr, "lowcloud-stdio: the Runtime API answered %d to next: %s\n", answer, event.at);
            return 1;
        }
        static const char *const passed_on[][2] = {
            {"Lambda-Runtime-Trace-Id", "_X_AMZN_TRACE_ID"},
            {"Lambda-Runtime-Aws-Request-Id", "AWS_REQUEST_ID"},
            {"Lambda-Runtime-Deadline-Ms", "LAMBDA_DEADLINE_MS"},
            {"Lambda-Runtime-Invoked-Function-Arn", "LAMBDA_INVOKED_FUNCTION_ARN"},
        };
        for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++) {
            char *value = header(head.at, passed_on[i][0]);
            if (value != NULL)
                setenv(passed_on[i][1], value, 1);
            else
                unsetenv(passed_on[i][1]);
            free(value);
        }
        char *id = header(head.at, "Lambda-Runtime-Aws-Request-Id");
        if (id == NULL) {
            fprintf(stderr, "lowcloud-stdio: an event without a request id\n");
            return 1;
        }
        int error, status = run(path, arguments[1], &event, &printed, &error);
        if (error != 0) {
            struct text body = {0};
            cannot_be_run(&body, path, error);
            post(id, "error", "Runtime.InvalidEntrypoint", &body);
            free(body.at);
        } else {
            finish(id, arguments[1], status, &printed);
        }
        free(id);
    }
}
