/* lowcloud invoke and lowcloud logs: AWS's own interface, spoken for the user. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "emulator/base/buffer.h"
#include "emulator/base/dates.h"
#include "emulator/base/encoding.h"
#include "emulator/base/json.h"

enum { PAYLOAD_LIMIT = 64 * 1024 * 1024 };

static bool read_file(struct arena *arena, const char *path, struct bytes *bytes)
{
    FILE *file = text_equal(path, "-") ? stdin : fopen(path, "rbe");
    struct buffer buffer;
    char piece[65536];
    size_t done;

    if (file == NULL) {
        (void)fprintf(stderr, "lowcloud invoke: %s cannot be read\n", path);
        return false;
    }
    buffer_init(&buffer, PAYLOAD_LIMIT);
    while ((done = fread(piece, 1, sizeof piece, file)) > 0)
        buffer_add(&buffer, piece, done);
    if (file != stdin)
        (void)fclose(file);
    *bytes = buffer_detach(&buffer, arena);
    return true;
}

static const char *or_default(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

int invoke_command(int count, char **words)
{
    struct arena *arena = command_arena();
    const char *endpoint = client_endpoint(&count, words), *account = take_option(&count, words, "--account"),
               *region = take_option(&count, words, "--region"), *qualifier = take_option(&count, words, "--qualifier");
    bool is_event = take_flag(&count, words, "--event"), tails = take_flag(&count, words, "--tail");
    struct bytes payload = bytes_of("{}"), log;
    struct reply reply;
    int code = 1;

    if (has_unknown_option(count, words))
        return 2;
    if (count < 2 || count > 3)
        return usage_error(words[0], "say which function, and at most one payload");
    if (count == 3 && (words[2][0] == '@' || text_equal(words[2], "-"))) {
        if (!read_file(arena, words[2][0] == '@' ? words[2] + 1 : "-", &payload))
            return 2;
    } else if (count == 3)
        payload = bytes_of(words[2]);
    const char *target = arena_print(arena, "/2015-03-31/functions/%s/invocations%s%s", percent_encode(arena, bytes_of(words[1]), ":"),
                                     qualifier == NULL ? "" : "?Qualifier=", qualifier == NULL ? "" : qualifier);
    const char *headers = arena_print(
        arena, "X-Amz-Invocation-Type: %s\r\n%s%s", is_event ? "Event" : "RequestResponse", tails ? "X-Amz-Log-Type: Tail\r\n" : "",
        client_authorization(arena, or_default(account, "000000000000"), or_default(region, "us-east-1"), "lambda"));
    if (client_send(arena, endpoint, "POST", target, headers, payload, &reply)) {
        const char *tail = client_header(arena, &reply, "X-Amz-Log-Result");

        if (tail != NULL && base64_decode(arena, bytes_of(tail), &log))
            (void)fwrite(log.at, 1, log.size, stderr);
        code = client_print(&reply);
        if (client_header(arena, &reply, "X-Amz-Function-Error") != NULL)
            code = 1;
    }
    return code;
}

static void print_events(struct arena *arena, const struct value *events)
{
    for (uint32_t i = 0; events != NULL && i < events->size; i++) {
        const struct value *time = value_find(&events->items[i], "timestamp");
        const char *message = value_find_text(&events->items[i], "message");
        size_t size = message == NULL ? 0 : strcspn(message, "\n");

        (void)printf("%s %.*s\n", time == NULL ? "" : date_iso8601(arena, time->integer), (int)size, message == NULL ? "" : message);
    }
}

int logs_command(int count, char **words)
{
    struct arena *arena = command_arena();
    const char *endpoint = client_endpoint(&count, words), *account = take_option(&count, words, "--account"),
               *region = take_option(&count, words, "--region"), *filter = take_option(&count, words, "--filter");
    struct reply reply;
    const char *token = NULL;
    int code = 0;

    if (has_unknown_option(count, words))
        return 2;
    if (count != 2)
        return usage_error(words[0], "say which function or log group");
    do {
        struct value body = value_map(), answer;

        value_put(arena, &body, "logGroupName",
                  value_text(words[1][0] == '/' ? words[1] : arena_print(arena, "/aws/lambda/%s", words[1])));
        if (filter != NULL)
            value_put(arena, &body, "filterPattern", value_text(filter));
        if (token != NULL)
            value_put(arena, &body, "nextToken", value_text(token));
        const char *headers =
            arena_print(arena, "X-Amz-Target: Logs_20140328.FilterLogEvents\r\nContent-Type: application/x-amz-json-1.1\r\n%s",
                        client_authorization(arena, or_default(account, "000000000000"), or_default(region, "us-east-1"), "logs"));
        if (!client_send(arena, endpoint, "POST", "/", headers, json_print(arena, &body), &reply))
            code = 1;
        else if (reply.status != 200 || json_parse(arena, reply.body, &answer, NULL) != 0)
            code = client_print(&reply) | 1;
        else {
            print_events(arena, value_find(&answer, "events"));
            token = value_find_text(&answer, "nextToken");
        }
    } while (code == 0 && token != NULL);
    return code;
}
