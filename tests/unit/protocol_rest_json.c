/* REST-JSON with Lambda and API Gateway v2. Sources: facts/lambda.md 6, facts/services.md 4.1 and appendices D and F. */
#include "tests/unit/protocol_stub.h"

#include "services/lambda/lambda_model.h"

/* Only one model's names fit into a file. */
extern const struct model apigatewayv2_model;

static struct service lambda = {.name = "lambda"}, apigateway = {.name = "apigatewayv2"};

static void routes(void **state)
{
    static const struct {
        const char *method, *target;
        int operation;
    } rows[] = {
        {"GET", "/2015-03-31/functions", OP_ListFunctions},
        {"GET", "/2015-03-31/functions/", OP_ListFunctions},
        {"POST", "/2015-03-31/functions", OP_CreateFunction},
        {"GET", "/2015-03-31/functions/f", OP_GetFunction},
        {"GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af", OP_GetFunction},
        {"POST", "/2015-03-31/functions/f/invocations?Qualifier=%24LATEST", OP_Invoke},
        {"POST", "/2014-11-13/functions/f/invoke-async/", OP_InvokeAsync},
        {"GET", "/2019-09-25/functions/f/event-invoke-config/list", OP_ListFunctionEventInvokeConfigs},
        {"GET", "/2018-10-31/layers?find=LayerVersion&Arn=a", OP_GetLayerVersionByArn},
        {"GET", "/2018-10-31/layers", OP_ListLayers},
        {"GET", "/2019-09-30/functions/f/provisioned-concurrency?List=ALL", OP_ListProvisionedConcurrencyConfigs},
        {"GET", "/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1", OP_GetProvisionedConcurrencyConfig},
        {"DELETE", "/2017-03-31/tags/arn%3Aaws%3Alambda%3Ax%2Fy?tagKeys=a", OP_UntagResource},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call *call = request(&lambda, rows[i].method, rows[i].target, "");
        if (!protocol_find(call, call->exchange->path))
            print_error("%s %s: %s\n", rows[i].method, rows[i].target, call->error_message);
        assert_int_equal(call->operation, rows[i].operation);
        end(call);
    }
    struct call *call = request(&lambda, "GET", "/2015-03-31/nothing", "");
    assert_refused(call, "", 404, "UnknownOperationException", NULL);
    assert_string_equal(answer_header("x-amzn-ErrorType"), "UnknownOperationException");
    end(call);
    call = request(&lambda, "PATCH", "/2015-03-31/functions", "");
    assert_refused(call, "", 405, "MethodNotAllowedException", NULL);
    end(call);
}

static void labels_query_and_headers(void **state)
{
    struct call *call = request(
        &lambda, "POST",
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af/invocations?Qualifier=%24LATEST",
        "X-Amz-Invocation-Type: Event\nx-amz-log-type: Tail\n");
    (void)state;
    assert_true(accepted(call, "{\"a\": 1.0}"));
    assert_string_equal(text_at(&call->input, InvocationRequest_FunctionName), "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert_string_equal(text_at(&call->input, InvocationRequest_Qualifier), "$LATEST");
    assert_string_equal(text_at(&call->input, InvocationRequest_InvocationType), "Event");
    assert_string_equal(text_at(&call->input, InvocationRequest_LogType), "Tail");
    const struct value *payload = slot(&call->input, InvocationRequest_Payload);
    assert_int_equal(payload->kind, VALUE_BYTES);
    assert_string_equal(payload->text, "{\"a\": 1.0}");
    put(call, InvocationResponse_StatusCode, value_integer(202));
    put(call, InvocationResponse_ExecutedVersion, value_text("$LATEST"));
    call->payload.bytes = bytes_of("null");
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.status, 202);
    assert_string_equal(answer_header("X-Amz-Executed-Version"), "$LATEST");
    assert_null(answer_header("X-Amz-Function-Error"));
    assert_string_equal(answered.body, "null");
    assert_string_equal(answer_header("Content-Type"), "application/json");
    assert_string_equal(answer_header("x-amzn-RequestId"), call->request_id);
    end(call);
    call = request(&lambda, "DELETE",
                   "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af?tagKeys=a&tagKeys=b%20c", "");
    assert_true(accepted(call, ""));
    const struct value *keys = slot(&call->input, UntagResourceRequest_TagKeys);
    assert_int_equal(keys->size, 2);
    assert_string_equal(keys->items[1].text, "b c");
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.status, 204);
    assert_int_equal(answered.size, 0);
    assert_null(answer_header("Content-Type"));
    end(call);
}

static void validation_of_lambda(void **state)
{
    static const struct {
        const char *body, *message;
    } rows[] = {
        {"{\"Code\":{\"ZipFile\":\"\"},\"FunctionName\":\"a b\",\"Role\":\"arn:aws:iam::000000000000:role/r\"}", NULL},
        {"{\"Code\":{},\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/r\",\"MemorySize\":1}",
         "1 validation error detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than "
         "or equal to 128"},
        {"{\"Code\":{},\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/r\",\"Architectures\":[\"x86\"]}",
         "1 validation error detected: Value '[x86]' at 'architectures' failed to satisfy constraint: Member must satisfy "
         "constraint: [Member must satisfy "
         "enum value set: [x86_64, arm64], Member must not be null]"},
        {"{\"Code\":{},\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/"
         "r\",\"Environment\":{\"Variables\":{\"a\":\"secret\"}}}",
         "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
         "constraint: [Member must satisfy "
         "regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"},
        {"{\"FunctionName\":\"f\",\"Role\":\"arn:aws:iam::000000000000:role/r\"}",
         "1 validation error detected: Value null at 'code' failed to satisfy constraint: Member must not be null"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call *call = request(&lambda, "POST", "/2015-03-31/functions", "Content-Type: application/json\n");
        assert_refused(call, rows[i].body, 400, "ValidationException", rows[i].message);
        assert_string_equal(answer_header("x-amzn-ErrorType"), "ValidationException");
        end(call);
    }
    struct call *call = request(&lambda, "POST", "/2015-03-31/functions", "");
    assert_refused(call, "{\"FunctionName\": 1}", 400, "SerializationException", "NUMBER_VALUE can not be converted to a String");
    end(call);
    call = request(&lambda, "POST", "/2015-03-31/functions", "");
    assert_refused(call, "{nothing", 400, "SerializationException", NULL);
    end(call);
}

static void errors_of_lambda(void **state)
{
    static const struct aws_error missing = {"ResourceNotFoundException", 404, NULL, false},
                                  invalid = {"InvalidParameterValueException", 400, NULL, false};
    struct call *call = request(&lambda, "GET", "/2015-03-31/functions/f", "");
    (void)state;
    assert_true(accepted(call, ""));
    fail(call, &missing, "Function not found: arn");
    protocol_error(call, 0, NULL);
    assert_int_equal(answered.status, 404);
    assert_string_equal(answered.body, "{\"Type\":\"User\",\"Message\":\"Function not found: arn\"}");
    assert_string_equal(answer_header("x-amzn-ErrorType"), "ResourceNotFoundException");
    fail(call, &invalid, "no");
    protocol_error(call, 0, NULL);
    assert_string_equal(answered.body, "{\"Type\":\"User\",\"message\":\"no\"}");
    end(call);
}

static void answers_of_lambda(void **state)
{
    struct call *call = request(&lambda, "GET", "/2015-03-31/event-source-mappings/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "");
    (void)state;
    assert_true(accepted(call, ""));
    put(call, EventSourceMappingConfiguration_UUID, value_text("u"));
    put(call, EventSourceMappingConfiguration_LastModified, value_time(1700000000123));
    put(call, EventSourceMappingConfiguration_BatchSize, value_integer(0));
    protocol_answer(call, 0, NULL);
    assert_non_null(strstr(answered.body, "\"UUID\":\"u\""));
    assert_non_null(strstr(answered.body, "\"LastModified\":1700000000.123"));
    assert_non_null(strstr(answered.body, "\"BatchSize\":0"));
    end(call);
}

static void api_gateway(void **state)
{
    const struct model *model = apigateway.model;
    struct call *call = request(&apigateway, "DELETE", "/v2/apis/a1/stages/%24default", "");
    (void)state;
    assert_true(accepted(call, ""));
    assert_string_equal(operation_name(model, call->operation), "DeleteStage");
    assert_string_equal(text_at(&call->input, model_find_member(model, operation_of(call)->input, "StageName")), "$default");
    end(call);
    call = request(&apigateway, "POST", "/v2/apis", "");
    assert_true(
        accepted(call, "{\"name\":\"n\",\"protocolType\":\"HTTP\",\"corsConfiguration\":{\"allowOrigins\":[\"*\"]},\"tags\":{}}"));
    assert_string_equal(text_at(&call->input, model_find_member(model, operation_of(call)->input, "Name")), "n");
    uint16_t output = operation_of(call)->output;
    call->output = model_struct(model, call->arena, output);
    call->output.items[model_find_member(model, output, "CreatedDate")] = value_time(1700000000000);
    call->output.items[model_find_member(model, output, "ApiId")] = value_text("a1");
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.status, 201);
    assert_non_null(strstr(answered.body, "\"apiId\":\"a1\""));
    assert_non_null(strstr(answered.body, "\"createdDate\":\"2023-11-14T22:13:20Z\""));
    end(call);
    call = request(&apigateway, "POST", "/v2/apis", "");
    assert_refused(call, "{\"name\":\"n\",\"protocolType\":\"FTP\"}", 400, "BadRequestException",
                   "1 validation error detected: Value 'FTP' at 'createApiInput.protocolType' failed to satisfy constraint: Member "
                   "must satisfy enum value "
                   "set: [WEBSOCKET, HTTP]");
    assert_non_null(strstr(answered.body, "{\"message\":"));
    end(call);
    call = request(&apigateway, "POST", "/v2/apis", "");
    assert_refused(call, "{\"name\":true}", 400, "SerializationException",
                   "class java.lang.Boolean can not be converted to an String");
    end(call);
    call = request(&apigateway, "GET", "/v2/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fa1", "");
    assert_true(accepted(call, ""));
    assert_string_equal(text_at(&call->input, model_find_member(model, operation_of(call)->input, "ResourceArn")),
                        "arn:aws:apigateway:us-east-1::/apis/a1");
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes),           cmocka_unit_test(labels_query_and_headers), cmocka_unit_test(validation_of_lambda),
        cmocka_unit_test(errors_of_lambda), cmocka_unit_test(answers_of_lambda),        cmocka_unit_test(api_gateway),
    };
    lambda.model = all_done(&lambda_model);
    apigateway.model = all_done(&apigatewayv2_model);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
