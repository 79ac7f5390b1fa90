#include "services/lambda/invoke.h"

#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/lambda/async.h"
#include "services/lambda/concurrency.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"

enum { CONTEXT_LIMIT = 3583, LEGACY_EVENT_LIMIT = 256 * 1024, RECURSION_DEPTH = 64, CHAIN_SHOWN = 8 };

static const struct aws_error recursive_invocation = {.code = "RecursiveInvocationException", .status = 400};

/* --- what is refused --- */

static bool has_valid_payload(struct call *call, struct bytes payload, size_t limit)
{
    struct json_problem problem;

    if (payload.size > limit) {
        (void)lambda_fail(call, &lambda_request_too_large,
                          "Request must be smaller than %zu bytes for the InvokeFunction operation", limit);
        return false;
    }
    if (payload.size > 0 && json_check(payload, &problem) != 0) {
        (void)lambda_fail(call, &lambda_invalid_request_content,
                          "Could not parse request body into json: Could not parse payload into json: %s (at byte %zu)",
                          problem.message, problem.offset);
        return false;
    }
    return true;
}

/* "PutObject arn -> Invoke arn -> ...": the last links of what led here, oldest first. */
static const char *chain(struct arena *arena, uint64_t cause)
{
    const char *text = "";

    for (int i = 0; i < CHAIN_SHOWN && cause != 0; i++) {
        struct value list;

        if (journal_read(arena, cause - 1, 1, &list) != 0 || list.size == 0)
            break;
        const struct value *record = &list.items[0], *next = value_find(record, "cause");
        const char *operation = value_find_text(record, "operation"), *arn = value_find_text(record, "arn");

        text = arena_print(arena, "%s%s%s%s%s", operation != NULL ? operation : value_find_text(record, "kind"),
                           arn != NULL ? " " : "", arn != NULL ? arn : "", text[0] != '\0' ? " -> " : "", text);
        cause = value_is(next, VALUE_INTEGER) ? (uint64_t)next->integer : 0;
    }
    return text;
}

/* AWS breaks loops of S3, SQS, SNS and Lambda after about sixteen rounds. */
static bool is_recursive(struct call *call, const struct function *function)
{
    int depth = journal_depth(call->cause);

    if (depth <= RECURSION_DEPTH)
        return false;
    const char *text = chain(call->arena, call->cause);
    log_warn("%s is invoked in a loop: the chain of causes has %d links, at last %s", function->arn, depth, text);
    fail_field(call, "Type", "User");
    (void)fail(call, &recursive_invocation,
               "Lambda has detected that the function %s is invoked in a recursive loop and has stopped it. The chain of causes "
               "has %d links, at last %s",
               function->arn, depth, text);
    return true;
}

static bool read_client_context(struct call *call, const char **json)
{
    const char *given = input_text(call, InvocationRequest_ClientContext);
    struct bytes decoded;

    *json = NULL;
    if (given == NULL || given[0] == '\0')
        return true;
    if (strlen(given) > CONTEXT_LIMIT) {
        (void)lambda_fail(call, &lambda_invalid_request_content, "Client context must be at most %d bytes long", CONTEXT_LIMIT);
        return false;
    }
    if (!base64_decode(call->arena, bytes_of(given), &decoded) || json_check(decoded, NULL) != 0) {
        (void)lambda_fail(call, &lambda_invalid_request_content, "Client context must be a valid Base64-encoded JSON object.");
        return false;
    }
    /* It travels in a header: line breaks between its tokens become blanks. */
    char *text = arena_copy(call->arena, decoded.at, decoded.size);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    *json = text;
    return true;
}

/* False: fail() was called, or *outcome says that the call waits. */
static bool is_runnable(struct call *call, const struct function *function, enum outcome *outcome)
{
    *outcome = FAILED;
    if (text_equal(function->state, "Failed")) {
        (void)lambda_fail(
            call, &lambda_resource_conflict,
            "The operation cannot be performed at this time. The function is currently in the following state: Failed%s%s",
            function->state_reason != NULL ? ": " : "", function->state_reason != NULL ? function->state_reason : "");
        return false;
    }
    if (function->package == NULL || text_equal(function->state, "Pending")) {
        *outcome = PARKED;
        function_when_ready(function->id, call, lambda_invoke);
        return false;
    }
    return true;
}

/* --- synchronous --- */

/* What the answer needs, in the call's arena. */
struct answered {
    struct result result;
    const char *version;
    struct invocation *invocation; /* NULL when it is over */
};

static enum outcome throttle(struct call *call, const char *reason)
{
    fail_field(call, "Reason", reason);
    return lambda_fail(call, &lambda_too_many_requests, "Rate Exceeded.");
}

static enum outcome finish(struct call *call)
{
    const struct answered *answered = call->context;
    const struct result *result = &answered->result;

    call_status(call, 200);
    output_integer(call, InvocationResponse_StatusCode, 200);
    output_text(call, InvocationResponse_ExecutedVersion, answered->version);
    output_set(call, InvocationResponse_Payload, value_bytes(result->payload));
    if (result->is_error)
        output_text(call, InvocationResponse_FunctionError, "Unhandled");
    if (text_equal(input_text(call, InvocationRequest_LogType), "Tail"))
        output_text(call, InvocationResponse_LogResult, base64_encode(call->arena, result->log));
    return answer(call);
}

static void is_answered(struct invocation *invocation, const struct result *result)
{
    struct call *call = invocation->context;
    struct answered *answered = call->context;

    answered->invocation = NULL;
    answered->result = *result;
    answered->result.payload.at = arena_copy(call->arena, result->payload.at, result->payload.size);
    answered->result.log.at = arena_copy(call->arena, result->log.at, result->log.size);
    call_wake(call, finish);
}

/* The client hung up: the function goes on, nobody listens. */
static void is_gone(struct call *call)
{
    struct answered *answered = call->context;

    if (answered->invocation != NULL)
        answered->invocation->answered = NULL;
    answered->invocation = NULL;
}

static struct bytes copy_payload(struct arena *arena, struct bytes payload)
{
    if (payload.size == 0)
        return bytes_of("{}"); /* what AWS hands over when nothing was sent */
    return (struct bytes){arena_copy(arena, payload.at, payload.size), payload.size};
}

static enum outcome run(struct call *call, const struct function *function, struct bytes payload)
{
    const char *context, *reason = concurrency_refuses(function);
    struct answered *answered = arena_alloc(call->arena, sizeof *answered);

    if (!read_client_context(call, &context))
        return FAILED;
    if (reason != NULL)
        return throttle(call, reason);
    struct invocation *invocation = invocation_new();
    if (!function_load(invocation->arena, function->id, &invocation->function)) {
        invocation_free(invocation);
        return lambda_fail(call, &lambda_resource_not_found, "Function not found: %s", function->arn);
    }
    invocation->function.invoked_arn = arena_text(invocation->arena, function->invoked_arn);
    invocation->payload = copy_payload(invocation->arena, payload);
    invocation->request_id = arena_text(invocation->arena, call->request_id);
    invocation->trace_header = invocation_trace(invocation->arena, arena_text(invocation->arena, call->trace_header));
    invocation->client_context = arena_text(invocation->arena, context);
    invocation->actor = arena_text(invocation->arena, call->actor);
    invocation->cause = call->seq;
    invocation->wants_log = text_equal(input_text(call, InvocationRequest_LogType), "Tail");
    invocation->answered = is_answered;
    invocation->context = call;
    answered->invocation = invocation;
    answered->version = arena_text(call->arena, function->version);
    call->context = answered;
    concurrency_submit(invocation);
    return park(call, -1, NULL, is_gone);
}

/* --- the operations --- */

static enum outcome accept_event(struct call *call, const struct function *function, struct bytes payload)
{
    async_add(call, function, payload);
    call_status(call, 202);
    return answer(call);
}

enum outcome lambda_invoke(struct call *call)
{
    const char *type = input_text(call, InvocationRequest_InvocationType);
    const struct value *given = input_at(call, InvocationRequest_Payload);
    struct bytes payload = given != NULL ? value_as_bytes(given) : (struct bytes){NULL, 0};
    bool is_event = text_equal(type, "Event");
    struct function function;
    enum outcome outcome;

    if (!function_resolve(call, input_text(call, InvocationRequest_FunctionName), input_text(call, InvocationRequest_Qualifier),
                          &function))
        return FAILED;
    call->arn = function.invoked_arn;
    if (text_equal(type, "DryRun")) {
        output_integer(call, InvocationResponse_StatusCode, 204);
        call_status(call, 204);
        return answer(call);
    }
    if (!has_valid_payload(call, payload, is_event ? EVENT_LIMIT : PAYLOAD_LIMIT) || is_recursive(call, &function))
        return FAILED;
    if (is_event) {
        output_integer(call, InvocationResponse_StatusCode, 202);
        return accept_event(call, &function, payload);
    }
    if (!is_runnable(call, &function, &outcome))
        return outcome;
    return run(call, &function, payload);
}

enum outcome lambda_invoke_async_legacy(struct call *call)
{
    const struct value *given = input_at(call, InvokeAsyncRequest_InvokeArgs);
    struct bytes payload = given != NULL ? value_as_bytes(given) : call->payload.bytes;
    struct function function;

    if (!function_resolve(call, input_text(call, InvokeAsyncRequest_FunctionName), NULL, &function))
        return FAILED;
    call->arn = function.invoked_arn;
    if (!has_valid_payload(call, payload, LEGACY_EVENT_LIMIT) || is_recursive(call, &function))
        return FAILED;
    output_integer(call, InvokeAsyncResponse_Status, 202);
    return accept_event(call, &function, payload);
}
