#include "services/lambda/runtime_api.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/lambda/concurrency.h"

enum { ERROR_LIMIT = RESPONSE_LIMIT };

/* --- answers --- */

static void answer_json(struct exchange *exchange, int status, const struct value *body)
{
    struct bytes text = json_print(exchange->arena, body);

    exchange_status(exchange, status);
    exchange_set_header(exchange, "Content-Type", "application/json");
    exchange_answer(exchange, bytes_of(arena_print(exchange->arena, "%s\n", text.at)));
}

static void accept(struct exchange *exchange)
{
    struct value body = value_map();

    value_put(exchange->arena, &body, "status", value_text("OK"));
    answer_json(exchange, 202, &body);
}

static void refuse(struct exchange *exchange, int status, const char *type, const char *message)
{
    struct value body = value_map();

    value_put(exchange->arena, &body, "errorMessage", value_text(message));
    value_put(exchange->arena, &body, "errorType", value_text(type));
    answer_json(exchange, status, &body);
}

static void refuse_state(struct exchange *exchange, const struct environment *environment, const char *to)
{
    refuse(exchange, 403, "InvalidStateTransition",
           arena_print(exchange->arena, "State transition from %s to %s failed for runtime. Error: State transition is not allowed",
                       environment_runtime_state(environment), to));
}

static void reply(struct exchange *exchange, const struct environment *environment, enum reply given, const char *to)
{
    switch (given) {
    case REPLY_ACCEPTED:
        accept(exchange);
        break;
    case REPLY_PARKED:
        break;
    case REPLY_WRONG_STATE:
        refuse_state(exchange, environment, to);
        break;
    case REPLY_WRONG_ID:
        refuse(exchange, 400, "InvalidRequestID", "Invalid request ID");
        break;
    }
}

/* --- routes: each is called with the whole body --- */

static void next_gone(struct exchange *exchange)
{
    if (exchange->context != NULL)
        environment_next_gone(exchange->context, exchange);
    exchange->context = NULL;
}

static void next(struct exchange *exchange, struct environment *environment)
{
    exchange->on_gone = next_gone;
    exchange->on_end = next_gone;
    exchange->context = NULL;
    reply(exchange, environment, environment_next(environment, exchange), "Ready");
}

/* ".../invocation/ID/response" */
static const char *request_id(const struct exchange *exchange)
{
    const char *at = strstr(exchange->path, "/invocation/") + strlen("/invocation/");

    return arena_copy(exchange->arena, at, strcspn(at, "/"));
}

static const char *header_or_trailer(const struct exchange *exchange, const char *name)
{
    for (const struct header *header = exchange->trailers; header != NULL; header = header->next)
        if (text_equal_fold(header->name, name))
            return header->value;
    return exchange_header(exchange, name);
}

/* Runtime.X and Function.X pass, another Function.* is Function.Unknown, everything else Runtime.Unknown. */
static const char *error_type(const struct exchange *exchange)
{
    const char *given = header_or_trailer(exchange, "Lambda-Runtime-Function-Error-Type");
    const char *dot = given == NULL ? NULL : strchr(given, '.');
    bool is_function = given != NULL && text_starts(given, "Function.");
    bool is_type = (is_function || (given != NULL && text_starts(given, "Runtime."))) && isupper((unsigned char)dot[1]);

    for (const char *at = is_type ? dot + 1 : ""; *at != '\0'; at++)
        is_type = is_type && isalpha((unsigned char)*at);
    return is_type ? given : is_function ? "Function.Unknown" : "Runtime.Unknown";
}

static void respond(struct exchange *exchange, struct environment *environment)
{
    const char *mode = exchange_header(exchange, "Lambda-Runtime-Function-Response-Mode");
    struct bytes body = exchange->body, decoded;
    const char *trailer = NULL, *error_body = NULL;

    if (mode != NULL && !text_equal_fold(mode, "streaming")) {
        refuse(exchange, 400, "InvalidFunctionResponseMode", "Invalid function response mode");
        return;
    }
    for (const struct header *header = exchange->trailers; header != NULL; header = header->next) {
        if (text_equal_fold(header->name, "Lambda-Runtime-Function-Error-Type"))
            trailer = header->value;
        else if (text_equal_fold(header->name, "Lambda-Runtime-Function-Error-Body"))
            error_body = header->value;
    }
    bool is_error = trailer != NULL && trailer[0] != '\0';
    if (is_error && error_body != NULL && base64_decode(exchange->arena, bytes_of(error_body), &decoded))
        body = decoded;
    enum reply given = environment_answer(environment, request_id(exchange), body, exchange->body_too_large, is_error,
                                          is_error ? error_type(exchange) : NULL);
    if (given == REPLY_ACCEPTED && exchange->body_too_large)
        refuse(exchange, 413, "RequestEntityTooLarge",
               arena_print(exchange->arena, "Exceeded maximum allowed payload size (%d bytes).", RESPONSE_LIMIT));
    else
        reply(exchange, environment, given, "InvocationResponse");
}

static void fail_event(struct exchange *exchange, struct environment *environment)
{
    enum reply given =
        environment_answer(environment, request_id(exchange), exchange->body, exchange->body_too_large, true, error_type(exchange));

    reply(exchange, environment, given, "InvocationErrorResponse");
}

static void fail_init(struct exchange *exchange, struct environment *environment)
{
    reply(exchange, environment, environment_init_error(environment, exchange->body, error_type(exchange)), "InitError");
}

static void ping(struct exchange *exchange, struct environment *environment)
{
    (void)environment;
    exchange_status(exchange, 200);
    exchange_set_header(exchange, "Content-Type", "text/plain");
    exchange_answer(exchange, bytes_of("pong"));
}

static void no_snapshots(struct exchange *exchange, struct environment *environment)
{
    (void)environment;
    refuse(exchange, 404, "NotSupported", "lowcloud has no SnapStart: there is nothing to restore");
}

/* Extensions need a process of their own in /opt/extensions, hence a layer; a runtime that registers one inside itself is told so.
 */
static void no_extensions(struct exchange *exchange, struct environment *environment)
{
    (void)environment;
    refuse(exchange, 403, "Extension.RegistrationClosed", "lowcloud does not run extensions yet");
}

/* The answer of AWS's own emulator, which extensions and libraries expect. */
static void no_telemetry(struct exchange *exchange, struct environment *environment)
{
    struct value body = value_map();

    (void)environment;
    value_put(exchange->arena, &body, "errorType", value_text("Telemetry.NotSupported"));
    value_put(exchange->arena, &body, "errorMessage", value_text("Telemetry API is not supported"));
    answer_json(exchange, 202, &body);
}

static void no_logs(struct exchange *exchange, struct environment *environment)
{
    struct value body = value_map();

    (void)environment;
    value_put(exchange->arena, &body, "errorType", value_text("Logs.NotSupported"));
    value_put(exchange->arena, &body, "errorMessage", value_text("Logs API is not supported"));
    answer_json(exchange, 202, &body);
}

struct route {
    const char *method, *path; /* '*': one segment; a '/' at the end: everything below */
    void (*run)(struct exchange *exchange, struct environment *environment);
};

static const struct route routes[] = {
    {"GET", "/2018-06-01/runtime/invocation/next", next},
    {"POST", "/2018-06-01/runtime/invocation/*/response", respond},
    {"POST", "/2018-06-01/runtime/invocation/*/error", fail_event},
    {"POST", "/2018-06-01/runtime/init/error", fail_init},
    {"GET", "/2018-06-01/runtime/restore/next", no_snapshots},
    {"POST", "/2018-06-01/runtime/restore/error", no_snapshots},
    {"GET", "/2018-06-01/ping", ping},
    {NULL, "/2021-04-23/", no_snapshots},
    {NULL, "/2020-01-01/extension/", no_extensions},
    {"PUT", "/2020-08-15/logs", no_logs},
    {"PUT", "/2022-07-01/telemetry", no_telemetry},
};

static bool matches(const char *pattern, const char *path)
{
    while (*pattern != '\0') {
        if (*pattern == '*') {
            size_t size = strcspn(path, "/");

            if (size == 0)
                return false;
            path += size;
            pattern++;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0' || pattern[-1] == '/';
}

static void complete(struct exchange *exchange)
{
    struct environment *environment = concurrency_environment_at(exchange->local_address);
    bool has_path = false;

    if (environment == NULL || environment->state == ENVIRONMENT_STOPPING || environment->state == ENVIRONMENT_VACANT) {
        refuse(exchange, 403, "InvalidEnvironment", "This execution environment has ended");
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!matches(routes[i].path, exchange->path))
            continue;
        has_path = true;
        if (routes[i].method == NULL || text_equal(routes[i].method, exchange->method)) {
            routes[i].run(exchange, environment);
            return;
        }
    }
    if (has_path)
        refuse(exchange, 405, "MethodNotAllowed", "Method not allowed");
    else
        refuse(exchange, 404, "NotFound", "Not found");
}

static bool is_our_path(const char *path)
{
    static const char *const prefixes[] = {"/2018-06-01/runtime/", "/2018-06-01/ping",      "/2020-01-01/extension/",
                                           "/2020-08-15/logs",     "/2022-07-01/telemetry", "/2021-04-23/credentials"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (text_starts(path, prefixes[i]))
            return true;
    return false;
}

/* 127.1.0.0 and above are addresses of environments. */
static bool is_environment_address(const char *address)
{
    return text_starts(address, "127.") && !text_starts(address, "127.0.");
}

/* A URL that a handler has signed and handed on: whoever has it may use it longer than the environment lives. */
static bool is_presigned(const struct exchange *exchange)
{
    return strstr(exchange->query, "X-Amz-Signature=") != NULL || strstr(exchange->query, "&Signature=") != NULL ||
           text_starts(exchange->query, "Signature=");
}

bool runtime_api_claim(struct exchange *exchange)
{
    const struct environment *environment;

    if (!is_environment_address(exchange->local_address))
        return false;
    environment = concurrency_environment_at(exchange->local_address);
    bool is_over = environment == NULL || environment->state == ENVIRONMENT_STOPPING || environment->state == ENVIRONMENT_VACANT;
    if (!is_over && !is_our_path(exchange->path))
        return false;
    if (is_over && (!environment_was_here(exchange->local_address) || is_presigned(exchange)))
        return false;
    exchange_body_memory(exchange, ERROR_LIMIT);
    exchange->on_complete = complete;
    return true;
}
