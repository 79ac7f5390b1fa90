/* From a request with its route to the function, and from its result to the answer. */
#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/apigw/event.h"
#include "services/apigw/permission.h"
#include "services/apigw/request.h"
#include "services/apigw/response.h"

static void invoked(struct call *call, void *context)
{
    struct request *request = context;
    const struct value *result, *payload;
    struct response *response;
    const char *why;

    request->call = NULL;
    if (call->error != NULL) {
        if (call->error->status == 429) /* throttled */
            request_refuse(request, 503, "Service Unavailable", call->error_message);
        else
            request_fail(request, arena_print(request->arena, "Invoke failed: %s: %s", call->error->code, call->error_message));
        return;
    }
    result = call_result(call);
    payload = value_find(result, "Payload");
    if (value_find(result, "FunctionError") != NULL) {
        request_fail(request, "the function ended with an error; see its log");
        return;
    }
    response = response_read(request->arena, request->target.format,
                             payload == NULL ? (struct bytes){"", 0} : value_as_bytes(payload), &why);
    if (response == NULL) {
        request_fail(request, why);
        return;
    }
    /* The call goes before the answer is sent. */
    response->body = (struct bytes){arena_copy(request->arena, response->body.at, response->body.size), response->body.size};
    request_finish(request, response->status, response->headers, response->body, NULL);
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
        .variables = request->variables,
        .query = request->query,
        .query_count = request->query_count,
    };
    struct value input = value_map(), built;

    check(percent_decode(request->arena, bytes_of(request->place.event_path), /* plus_is_space */ false, &path));
    event.path = path.at;
    built = text_equal(request->target.format, "1.0") ? event_1(&event) : event_2(&event);
    value_put(request->arena, &input, "FunctionName", value_text(request->function));
    value_put(request->arena, &input, "InvocationType", value_text("RequestResponse"));
    value_put(request->arena, &input, "Payload", value_bytes(json_print(request->arena, &built)));
    request->call = ask_lambda(request, "Invoke", input, invoked);
}

/* AWS wants a policy. Who has written none gets by without one here, and is told once; a policy that is there counts, and --strict wants one. */
static bool gets_by_without(const struct request *request, const struct call *call, const char *policy)
{
    static bool is_told;

    if (protocol_strict || policy != NULL || call->error == NULL || strstr(call->error_message, "Function not found") != NULL)
        return false;
    if (!is_told)
        log_warn("%s has no policy: on AWS API Gateway could not invoke it before aws lambda add-permission --principal apigateway.amazonaws.com"
                 " --action lambda:InvokeFunction; with --strict it cannot here either",
                 request->function);
    is_told = true;
    return true;
}

/* The function's policy. It is asked for each time, so that a change counts at once; nobody wants to read that in the journal. */
static void policy_known(struct call *call, void *context)
{
    struct request *request = context;
    const char *policy = call->error == NULL ? value_find_text(call_result(call), "Policy") : NULL;

    request->call = NULL;
    journal_discard(call->seq);
    if (permission_allows(request->arena, policy, request->source_arn, request->place.account) || gets_by_without(request, call, policy)) {
        invoke(request);
        return;
    }
    if (call->error != NULL && policy == NULL && strstr(call->error_message, "Function not found") != NULL)
        request_fail(request, call->error_message);
    else
        request_fail(request,
                     arena_print(request->arena,
                                 "the policy of %s does not let API Gateway invoke it; aws lambda add-permission with --principal"
                                 " apigateway.amazonaws.com --action lambda:InvokeFunction changes that",
                                 request->function));
}

void request_forward(struct request *request)
{
    struct value input = value_map();

    if (request->target.credentials != NULL) { /* a role's permissions count then, and these are not evaluated */
        invoke(request);
        return;
    }
    value_put(request->arena, &input, "FunctionName", value_text(request->function));
    request->call = ask_lambda(request, "GetPolicy", input, policy_known);
}
