/* The commands that are one control request: wait, reset, clock, idle, journal, queues, stop. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "emulator/base/buffer.h"
#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/loop/clock.h"

enum { WAIT_STEP_MS = 20, WAIT_DEFAULT_MS = 30000, WAIT_LONGEST_MS = 24 * 3600 * 1000, STOP_PATIENCE_MS = 15000 };

static int simple(const char *endpoint, const char *method, const char *target, const char *body)
{
    struct arena *arena = command_arena();
    struct reply reply;
    int code = 1;

    if (client_send(arena, endpoint, method, target, "", bytes_of(body), &reply))
        code = client_print(&reply);
    return code;
}

static int no_more_words(int count, char **words)
{
    if (has_unknown_option(count, words))
        return 2;
    return count > 1 ? usage_error(words[0], "what is '%s'?", words[1]) : 0;
}

/* A server that is still starting does not listen yet, and nothing tells us when it will: the one place that looks again and again. */
int wait_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words), *text = take_option(&count, words, "--timeout");
    int64_t timeout = WAIT_DEFAULT_MS;
    struct arena *arena = command_arena();
    struct reply reply;
    bool is_ready = false;

    if (text != NULL && (!duration_parse(text, &timeout) || timeout < 0 || timeout > WAIT_LONGEST_MS))
        return usage_error(words[0], "--timeout %s is not a duration such as 30s, at most 24h", text);
    if (no_more_words(count, words) != 0 || !client_endpoint_is_good(endpoint))
        return 2;
    const char *said = "nothing answers there";
    for (int64_t end = clock_real_ns() / 1000000 + timeout, left = timeout; left >= 0 && !is_ready; left = end - clock_real_ns() / 1000000) {
        bool answers = client_try(arena, endpoint, "/_lowcloud/ready", left, &reply);

        is_ready = answers && reply.status == 200;
        said = !answers ? "nothing answers there" : reply.status == 503 ? "its init scripts still run" : "what answers there is no lowcloud";
        if (!is_ready)
            (void)poll(NULL, 0, WAIT_STEP_MS);
    }
    if (!is_ready)
        (void)fprintf(stderr, "lowcloud wait: nothing is ready at %s: %s\n", endpoint, said);
    return is_ready ? 0 : 1;
}

int reset_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words);

    return no_more_words(count, words) != 0 ? 2 : simple(endpoint, "POST", "/_lowcloud/reset", "");
}

/* Until the process has ended, so that its port and its directory are free. One of another machine or container cannot be seen. */
static void await_end(struct arena *arena, struct bytes body)
{
    struct value answer;
    const struct value *pid = json_parse(arena, body, &answer, NULL) == 0 ? value_find(&answer, "pid") : NULL;
    struct pollfd process = {.fd = pid == NULL ? -1 : (int)syscall(SYS_pidfd_open, (pid_t)pid->integer, 0), .events = POLLIN};

    if (process.fd < 0)
        return;
    if (poll(&process, 1, STOP_PATIENCE_MS) == 0)
        (void)fputs("lowcloud stop: it has not ended yet\n", stderr);
    (void)close(process.fd);
}

int stop_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words);

    if (no_more_words(count, words) != 0)
        return 2;
    struct arena *arena = command_arena();
    struct reply reply;
    int code = 1;

    if (client_send(arena, endpoint, "POST", "/_lowcloud/stop", "", bytes_of(""), &reply))
        code = client_print(&reply);
    if (code == 0)
        await_end(arena, reply.body);
    return code;
}

int clock_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words), *verb, *value;
    struct arena *arena = command_arena();
    struct value body = value_map();
    int code;

    if (has_unknown_option(count, words))
        return 2;
    verb = count > 1 ? words[1] : NULL;
    value = count > 2 ? words[2] : NULL;
    if (verb == NULL)
        return simple(endpoint, "GET", "/_lowcloud/clock", "");
    if (text_equal(verb, "freeze") || text_equal(verb, "resume") || text_equal(verb, "next"))
        value_put(arena, &body, verb, value_bool(true));
    else if (text_equal(verb, "advance") && value != NULL)
        value_put(arena, &body, "advance", value_text(value));
    else if ((text_equal(verb, "advance-to") || text_equal(verb, "advance_to")) && value != NULL)
        value_put(arena, &body, "advance_to", value_text(value));
    else if (text_equal(verb, "scale") && value != NULL) {
        double scale;

        if (!text_double(value, &scale))
            return usage_error(words[0], "scale %s is not a number", value);
        value_put(arena, &body, "scale", value_double(scale));
    } else
        return usage_error(words[0], "'%s' is none of freeze, resume, next, advance 90s, advance-to TIME, scale N", verb);
    code = simple(endpoint, "POST", "/_lowcloud/clock", json_print(arena, &body).at);
    return code;
}

static char *with_query(struct arena *arena, const char *path, const char *const *pairs)
{
    char *target = arena_text(arena, path);
    char separator = '?';

    for (; *pairs != NULL; pairs += 2) {
        if (pairs[1] == (const char *)1)
            continue;
        target = arena_print(arena, "%s%c%s=%s", target, separator, pairs[0], percent_encode(arena, bytes_of(pairs[1]), ""));
        separator = '&';
    }
    return target;
}

/* An absent value is marked by 1, since NULL ends the list. */
static const char *given(const char *value)
{
    return value == NULL ? (const char *)1 : value;
}

int idle_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words), *timeout = take_option(&count, words, "--timeout");
    struct arena *arena = command_arena();
    int code = no_more_words(count, words);

    if (code == 0)
        code = simple(endpoint, "GET", with_query(arena, "/_lowcloud/idle", (const char *const[]){"timeout", given(timeout), NULL}), "");
    return code;
}

int journal_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words), *after = take_option(&count, words, "--after"),
               *limit = take_option(&count, words, "--limit");
    struct arena *arena = command_arena();
    int code = no_more_words(count, words);

    if (code == 0)
        code = simple(endpoint, "GET",
                      with_query(arena, "/_lowcloud/journal", (const char *const[]){"after", given(after), "limit", given(limit), NULL}), "");
    return code;
}

static int list_queues(struct arena *arena, const char *endpoint, const char *account, const char *region)
{
    struct reply reply;
    struct value answer;
    const char *headers = arena_print(arena, "X-Amz-Target: AmazonSQS.ListQueues\r\nContent-Type: application/x-amz-json-1.0\r\n%s",
                                      client_authorization(arena, account, region, "sqs"));

    if (!client_send(arena, endpoint, "POST", "/", headers, bytes_of("{}"), &reply))
        return 1;
    if (reply.status != 200 || json_parse(arena, reply.body, &answer, NULL) != 0)
        return client_print(&reply);
    const struct value *urls = value_find(&answer, "QueueUrls");
    for (uint32_t i = 0; urls != NULL && i < urls->size; i++)
        (void)puts(strrchr(urls->items[i].text, '/') + 1);
    return 0;
}

int queues_command(int count, char **words)
{
    const char *endpoint = client_endpoint(&count, words), *account = take_option(&count, words, "--account"),
               *region = take_option(&count, words, "--region");
    struct arena *arena = command_arena();
    int code = 2;

    if (!has_unknown_option(count, words) && count <= 1)
        code = list_queues(arena, endpoint, account == NULL ? "000000000000" : account, region == NULL ? "us-east-1" : region);
    else if (count > 1)
        code = simple(endpoint, "GET",
                      with_query(arena, arena_print(arena, "/_lowcloud/queues/%s/messages", percent_encode(arena, bytes_of(words[1]), "")),
                                 (const char *const[]){"account", given(account), "region", given(region), NULL}),
                      "");
    return code;
}
