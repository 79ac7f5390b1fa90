#include "services/apigw/gateway.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/identity.h"
#include "emulator/aws/journal.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/apigw/cors.h"
#include "services/apigw/integration.h"
#include "services/apigw/request.h"

/* AWS's quotas for HTTP APIs: the payload, and request line and headers together. */
enum { BODY_LIMIT = 10 * 1024 * 1024, HEAD_LIMIT = 10240 };

static LIST_HEAD(request_list, request) requests = LIST_HEAD_INITIALIZER(requests);

static void leave(struct request *request)
{
    if (!request->is_open)
        return;
    request->is_open = false;
    LIST_REMOVE(request, others);
    timer_cancel(&request->timer);
    if (request->call != NULL)
        call_forget(request->call); /* the function goes on, as on AWS */
    request->call = NULL;
}

/* The end. */

void request_finish(struct request *request, int status, const struct header *headers, struct bytes body, const char *error)
{
    struct exchange *exchange = request->exchange;
    bool has_cors = request->cors.kind == VALUE_MAP;

    leave(request);
    exchange_status(exchange, status);
    for (const struct header *header = headers; header != NULL; header = header->next)
        if (!has_cors || !cors_owns_header(header->name))
            exchange_set_header(exchange, header->name, header->value);
    if (has_cors)
        cors_set_headers(&request->cors, exchange, cors_is_preflight(exchange) && status == 204 && headers == NULL);
    exchange_set_header(exchange, "Apigw-Requestid", request->request_id);
    journal_close(request->seq, &(struct journal_end){.status = status, .error = error, .duration_us = -1});
    exchange_answer(exchange, status == 204 || status == 304 ? (struct bytes){"", 0} : body);
}

/* For the journal. */
static const char *code_of(int status)
{
    static const struct {
        int status;
        const char *code;
    } codes[] = {{400, "BadRequest"},
                 {403, "Forbidden"},
                 {404, "NotFound"},
                 {413, "RequestEntityTooLarge"},
                 {431, "RequestHeaderFieldsTooLarge"},
                 {503, "ServiceUnavailable"}};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i].status == status)
            return codes[i].code;
    return "InternalServerError";
}

/* Errors of the gateway itself look alike. `why` is for our log: NULL when the client knows as much. */
void request_refuse(struct request *request, int status, const char *message, const char *why)
{
    struct header type = {"Content-Type", "application/json", NULL};
    struct value map = value_map();

    value_put(request->arena, &map, "message", value_text(message));
    if (why != NULL)
        log_warn("apigateway: %s %s: %s", request->exchange->method,
                 request->source_arn != NULL ? request->source_arn : request->exchange->path, why);
    request_finish(request, status, &type, json_print(request->arena, &map), code_of(status));
}

void request_fail(struct request *request, const char *why)
{
    request_refuse(request, 500, "Internal Server Error", why);
}

static void timed_out(struct timer *timer)
{
    struct request *request = (struct request *)((char *)timer - offsetof(struct request, timer));

    request_refuse(
        request, 503, "Service Unavailable",
        arena_print(request->arena, "the function has not answered within %lld ms", (long long)request->target.timeout_ms));
}

static void client_gone(struct exchange *exchange)
{
    struct request *request = exchange->context;

    if (!request->is_open)
        return;
    leave(request);
    journal_close(request->seq, &(struct journal_end){.status = 499, .error = "ClientHungUp", .duration_us = -1});
}

/* The request. */

/* Root=1-SECONDS-24 digits: the client's if it has one. */
static const char *trace_of(struct request *request)
{
    const char *given = exchange_header(request->exchange, "X-Amzn-Trace-Id");

    if (given != NULL && strstr(given, "Root=") != NULL)
        return given;
    return arena_print(request->arena, "Root=1-%08llx-%s", (unsigned long long)(clock_now() / 1000), id_hex(request->arena, 24));
}

/* Who calls matters for the journal only: a handler's request has its invocation as its cause. */
static void open_journal(struct request *request)
{
    struct call caller = {.arena = request->arena,
                          .exchange = request->exchange,
                          .trace_header = exchange_header(request->exchange, "X-Amzn-Trace-Id")};
    struct signature signature;

    signature_parse(request->exchange, &signature);
    identity_resolve(&caller, &signature);
    request->seq = journal_open(&(struct journal_record){
        .kind = JOURNAL_CALL,
        .cause = caller.cause,
        .actor = caller.actor,
        .account = request->place.account,
        .region = request->place.region,
        .service = "execute-api",
        .operation = request->match.key != NULL
                         ? request->match.key
                         : arena_print(request->arena, "%s %s", request->exchange->method, request->address.path),
        .arn = request->source_arn,
        .request_id = request->request_id,
    });
}

/* .../STAGE/METHOD/PATH of the route, with the request's method for ANY; .../STAGE/$default. */
static const char *source_arn(struct request *request)
{
    bool is_default = request->match.path[0] == '$';

    return arn_print(request->arena, "execute-api", request->place.region, request->place.account, "%s/%s/%s%s",
                     request->address.api, request->place.stage, is_default ? "" : request->exchange->method, request->match.path);
}

static size_t head_size(const struct exchange *exchange)
{
    size_t size = strlen(exchange->method) + strlen(exchange->target);

    for (const struct header *header = exchange->headers; header != NULL; header = header->next)
        size += strlen(header->name) + strlen(header->value);
    return size;
}

/* A row's JSON; false, and an empty map, when there is none. */
static bool read_json_map(struct arena *arena, const char *json, struct value *map)
{
    *map = value_map();
    if (json != NULL)
        check(json_parse(arena, bytes_of(json), map, NULL) == 0);
    return json != NULL;
}

/* Finds the route and its function. False: it has been answered. */
static bool find_route(struct request *request)
{
    bool is_bad = false;

    if (request->place.stage == NULL || request->place.deployment == 0 ||
        !table_find(deployment_routes(request->place.deployment), request->arena, request->exchange->method,
                    request->place.route_path, &request->match, &is_bad)) {
        open_journal(request);
        request_refuse(request, is_bad ? 400 : 404, is_bad ? "Bad Request" : "Not Found", NULL);
        return false;
    }
    /* What the deployment's table holds does not live as long as we do. */
    const struct target *target = request->match.target;
    request->match.key = arena_text(request->arena, request->match.key);
    request->match.path = arena_text(request->arena, request->match.path);
    request->match.parameters = value_copy(request->arena, &request->match.parameters);
    request->target = (struct target){arena_text(request->arena, target->uri), arena_text(request->arena, target->format),
                                      arena_text(request->arena, target->credentials), target->timeout_ms};
    request->source_arn = source_arn(request);
    open_journal(request);
    (void)read_json_map(request->arena, request->place.variables, &request->variables);
    request->function =
        request->target.uri == NULL ? NULL : integration_function(request->arena, request->target.uri, &request->variables);
    if (request->function != NULL)
        return true;
    request_fail(request, request->target.uri == NULL ? "the route has no integration"
                                                      : "the integration's URI is not a Lambda function's ARN");
    return false;
}

static void start(struct request *request)
{
    if (!find_route(request))
        return;
    request->query =
        form_parse(request->arena, bytes_of(request->exchange->query), /* plus_is_space */ true, &request->query_count);
    if (request->query == NULL && request->exchange->query[0] != '\0') {
        request_refuse(request, 400, "Bad Request", NULL);
        return;
    }
    timer_set(&request->timer, CLOCK_REAL, clock_real_ms() + request->target.timeout_ms, timed_out);
    request_forward(request);
}

static void complete(struct exchange *exchange)
{
    struct request *request = exchange->context;
    bool exists = address_find(request->arena, &request->address, &request->place);
    bool has_cors = exists && read_json_map(request->arena, request->place.cors, &request->cors);

    request->is_open = true;
    LIST_INSERT_HEAD(&requests, request, others);
    request->request_id = arena_print(request->arena, "%s=", id_from(request->arena, id_alnum, 15));
    request->trace_header = trace_of(request);
    if (!has_cors)
        request->cors = (struct value){0};
    if (exists && !request->place.is_disabled && has_cors && cors_is_preflight(exchange)) {
        open_journal(request);
        request_finish(request, 204, NULL, (struct bytes){"", 0}, NULL);
    } else if (exists && !request->place.is_disabled && exchange->path[0] == '/' && !exchange->body_too_large &&
               head_size(exchange) <= HEAD_LIMIT)
        start(request);
    else {
        open_journal(request);
        if (!exists)
            request_refuse(request, 404, "Not Found",
                           arena_print(request->arena, "there is no API with the id '%s'%s%s", request->address.api,
                                       request->address.region != NULL ? " in " : "",
                                       request->address.region != NULL ? request->address.region : ""));
        else if (request->place.is_disabled)
            request_refuse(request, 403, "Forbidden", NULL);
        else if (exchange->body_too_large)
            request_refuse(request, 413, "Request Entity Too Large", NULL);
        else if (exchange->path[0] != '/')
            request_refuse(request, 400, "Bad Request", NULL);
        else
            request_refuse(request, 431, "Request Header Fields Too Large", NULL);
    }
}

bool gateway_claim(struct exchange *exchange)
{
    struct address address;
    struct request *request;

    if (!address_read(exchange, &address))
        return false;
    request = arena_alloc(exchange->arena, sizeof *request);
    request->exchange = exchange;
    request->arena = exchange->arena;
    request->address = address;
    exchange->context = request;
    exchange->on_complete = complete;
    exchange->on_gone = client_gone;
    exchange->on_end = client_gone;
    exchange_body_memory(exchange, BODY_LIMIT);
    return true;
}

void gateway_drop(void)
{
    struct request *request;

    while ((request = LIST_FIRST(&requests)) != NULL) {
        request->call = NULL;
        leave(request);
    }
}
