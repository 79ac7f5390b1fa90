#include "services/apigw/gateway.h"

#include <string.h>
#include <sys/queue.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/call.h"
#include "emulator/aws/identity.h"
#include "emulator/aws/journal.h"
#include "emulator/base/encoding.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "services/apigw/address.h"
#include "services/apigw/cors.h"
#include "services/apigw/deployment.h"
#include "services/apigw/event.h"
#include "services/apigw/integration.h"
#include "services/apigw/permission.h"
#include "services/apigw/response.h"

/* AWS's quotas for HTTP APIs: the payload, and request line and headers together. */
enum { BODY_LIMIT = 10 * 1024 * 1024, HEAD_LIMIT = 10240 };

/* A request from its arrival to its answer; in the exchange's arena, which may go as soon as the answer is given. */
struct request {
    LIST_ENTRY(request) others;
    bool is_open; /* in the list */
    struct exchange *exchange;
    struct arena *arena;
    struct address address;
    struct place place;
    struct route_match match;
    struct target target; /* a copy: the deployment's may go meanwhile */
    const char *function, *source_arn, *request_id, *trace_header;
    struct value cors; /* map, or absent */
    struct timer timer;
    struct call *call; /* ours that runs, or NULL */
    uint64_t seq;
    struct form_field *query;
    size_t query_count;
};

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

static void finish(struct request *request, int status, const struct header *headers, struct bytes body, const char *error)
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

/* Errors of the gateway itself look alike. `why` is for our log: NULL when the client knows as much. */
static void refuse(struct request *request, int status, const char *message, const char *why)
{
    struct header type = {"Content-Type", "application/json", NULL};
    struct value map = value_map();

    value_put(request->arena, &map, "message", value_text(message));
    if (why != NULL)
        log_warn("apigateway: %s %s: %s", request->exchange->method,
                 request->source_arn != NULL ? request->source_arn : request->exchange->path, why);
    finish(request, status, &type, json_print(request->arena, &map), message);
}

static void fail_internally(struct request *request, const char *why)
{
    refuse(request, 500, "Internal Server Error", why);
}

static void timed_out(struct timer *timer)
{
    struct request *request = (struct request *)((char *)timer - offsetof(struct request, timer));

    refuse(request, 503, "Service Unavailable",
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

/* Invoke. */

static void invoked(struct call *call, void *context)
{
    struct request *request = context;
    const struct value *result, *payload;
    struct response *response;
    const char *why;

    request->call = NULL;
    if (call->error != NULL) {
        if (call->error->status == 429) /* throttled */
            refuse(request, 503, "Service Unavailable", call->error_message);
        else
            fail_internally(request, arena_print(request->arena, "Invoke failed: %s: %s", call->error->code, call->error_message));
        return;
    }
    result = call_result(call);
    payload = value_find(result, "Payload");
    if (value_find(result, "FunctionError") != NULL) {
        fail_internally(request, "the function ended with an error; see its log");
        return;
    }
    response = response_read(request->arena, request->target.format,
                             payload == NULL ? (struct bytes){"", 0} : value_as_bytes(payload), &why);
    if (response == NULL) {
        fail_internally(request, why);
        return;
    }
    /* The call goes before the answer is sent. */
    response->body = (struct bytes){arena_copy(request->arena, response->body.at, response->body.size), response->body.size};
    finish(request, response->status, response->headers, response->body, NULL);
}

static struct call *ask_lambda(struct request *request, const char *operation, struct value input,
                               void (*done)(struct call *, void *))
{
    return call_queue(&(struct call_request){
        .service = "lambda",
        .operation = operation,
        .account = request->place.account,
        .region = request->place.region,
        .actor = "apigateway",
        .cause = request->seq,
        .trace_header = request->trace_header,
        .input = input,
        .done = done,
        .context = request,
    });
}

static bool read_json_map(struct arena *arena, const char *json, struct value *map)
{
    *map = value_map();
    if (json != NULL)
        check(json_parse(arena, bytes_of(json), map, NULL) == 0);
    return json != NULL;
}

static void invoke(struct request *request)
{
    struct exchange *exchange = request->exchange;
    struct bytes path;
    struct event event = {
        .exchange = exchange,
        .account = request->place.account,
        .api = request->address.api,
        .stage = request->place.stage,
        .route_key = request->match.key,
        .resource = request->match.path,
        .domain = exchange->host,
        .domain_prefix = request->address.api,
        .request_id = request->request_id,
        .trace_header = request->trace_header,
        .time = clock_now(),
        .parameters = request->match.parameters,
        .query = request->query,
        .query_count = request->query_count,
    };
    struct value input = value_map(), built;

    check(percent_decode(request->arena, bytes_of(request->place.event_path), /* plus_is_space */ false, &path));
    event.path = path.at;
    (void)read_json_map(request->arena, request->place.variables, &event.variables);
    built = text_equal(request->target.format, "1.0") ? event_1(&event) : event_2(&event);
    value_put(request->arena, &input, "FunctionName", value_text(request->function));
    value_put(request->arena, &input, "InvocationType", value_text("RequestResponse"));
    value_put(request->arena, &input, "Payload", value_bytes(json_print(request->arena, &built)));
    request->call = ask_lambda(request, "Invoke", input, invoked);
}

/* The function's policy. It is asked for each time, so that a change counts at once; nobody wants to read that in the journal. */
static void policy_known(struct call *call, void *context)
{
    struct request *request = context;
    const char *policy = call->error == NULL ? value_find_text(call_result(call), "Policy") : NULL;

    request->call = NULL;
    journal_discard(call->seq);
    if (permission_allows(request->arena, policy, request->source_arn, request->place.account)) {
        invoke(request);
        return;
    }
    if (call->error != NULL && policy == NULL && strstr(call->error_message, "Function not found") != NULL)
        fail_internally(request, call->error_message);
    else
        fail_internally(
            request, arena_print(request->arena,
                                 "the policy of %s does not let API Gateway invoke it; aws lambda add-permission with --principal"
                                 " apigateway.amazonaws.com --action lambda:InvokeFunction changes that",
                                 request->function));
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

/* Finds the route and its function. False: it has been answered. */
static bool find_route(struct request *request)
{
    struct value variables;
    bool is_bad = false;

    if (request->place.stage == NULL || request->place.deployment == 0 ||
        !table_find(deployment_routes(request->place.deployment), request->arena, request->exchange->method,
                    request->place.route_path, &request->match, &is_bad)) {
        open_journal(request);
        refuse(request, is_bad ? 400 : 404, is_bad ? "Bad Request" : "Not Found", NULL);
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
    (void)read_json_map(request->arena, request->place.variables, &variables);
    request->function = request->target.uri == NULL ? NULL : integration_function(request->arena, request->target.uri, &variables);
    if (request->function != NULL)
        return true;
    fail_internally(request, request->target.uri == NULL ? "the route has no integration"
                                                         : "the integration's URI is not a Lambda function's ARN");
    return false;
}

static void start(struct request *request)
{
    struct value input = value_map();

    if (!find_route(request))
        return;
    request->query =
        form_parse(request->arena, bytes_of(request->exchange->query), /* plus_is_space */ true, &request->query_count);
    if (request->query == NULL && request->exchange->query[0] != '\0') {
        refuse(request, 400, "Bad Request", NULL);
        return;
    }
    timer_set(&request->timer, CLOCK_REAL, clock_real_ms() + request->target.timeout_ms, timed_out);
    if (request->target.credentials != NULL) { /* a role's permissions count then, and these are not evaluated */
        invoke(request);
        return;
    }
    value_put(request->arena, &input, "FunctionName", value_text(request->function));
    request->call = ask_lambda(request, "GetPolicy", input, policy_known);
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
        finish(request, 204, NULL, (struct bytes){"", 0}, NULL);
    } else if (exists && !request->place.is_disabled && exchange->path[0] == '/' && !exchange->body_too_large &&
               head_size(exchange) <= HEAD_LIMIT)
        start(request);
    else {
        open_journal(request);
        if (!exists)
            refuse(request, 404,
                   arena_print(request->arena, "There is no API with the id '%s'%s%s", request->address.api,
                               request->address.region != NULL ? " in " : "",
                               request->address.region != NULL ? request->address.region : ""),
                   NULL);
        else if (request->place.is_disabled)
            refuse(request, 403, "Forbidden", NULL);
        else if (exchange->body_too_large)
            refuse(request, 413, "Request Entity Too Large", NULL);
        else if (exchange->path[0] != '/')
            refuse(request, 400, "Bad Request", NULL);
        else
            refuse(request, 431, "Request Header Fields Too Large", NULL);
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
