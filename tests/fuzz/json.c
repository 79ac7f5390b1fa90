/* JSON bodies: the first byte chooses the operation. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        int service;
        const char *operation;
    } operations[] = {
        {FUZZ_SQS, "SendMessage"},        {FUZZ_SQS, "SendMessageBatch"},  {FUZZ_SQS, "CreateQueue"},
        {FUZZ_SQS, "ReceiveMessage"},     {FUZZ_LAMBDA, "CreateFunction"}, {FUZZ_LAMBDA, "CreateEventSourceMapping"},
        {FUZZ_LOGS, "PutLogEvents"},      {FUZZ_LOGS, "FilterLogEvents"},  {FUZZ_APIGATEWAY, "CreateApi"},
        {FUZZ_APIGATEWAY, "CreateStage"}, {FUZZ_LOGS, "PutMetricFilter"},  {FUZZ_LAMBDA, "PutFunctionEventInvokeConfig"},
    };
    if (size == 0)
        return 0;
    size_t which = data[0] % (sizeof operations / sizeof operations[0]);
    struct call *call = request(fuzz_service(operations[which].service), "POST", "/", "");
    struct bytes body = {arena_copy(call->arena, data + 1, size - 1), size - 1};
    struct json_problem problem;
    struct value value;
    /* The check and the parser agree. */
    int parsed = json_parse(call->arena, body, &value, &problem), checked = json_check(body, &problem);
    check(parsed == checked);
    if (parsed == 0) {
        struct value again;
        check(json_parse(call->arena, json_print(call->arena, &value), &again, NULL) == 0);
    }
    int operation = model_find_operation(call->service->model, operations[which].operation);
    check(operation >= 0);
    call->operation = (uint16_t)operation;
    if (operation_of(call)->input != NO_SHAPE)
        call->input = model_struct(call->service->model, call->arena, operation_of(call)->input);
    fuzz_finish(call, protocol_body(call, body) && protocol_validate(call));
    end(call);
    return 0;
}
