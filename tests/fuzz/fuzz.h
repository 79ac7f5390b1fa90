/* What the fuzz targets share: a service by number with everything done, and a request taken as far as an operation would take it.
 * Whatever comes in, a request ends in exactly one answer. */
#pragma once
#include "tests/unit/protocol_exchange.h"

#include "emulator/base/json.h"
#include "emulator/base/log.h"

extern const struct model sqs_model, lambda_model, s3_model, apigatewayv2_model, iam_model, sts_model, logs_model;

enum { FUZZ_SQS, FUZZ_LAMBDA, FUZZ_S3, FUZZ_APIGATEWAY, FUZZ_IAM, FUZZ_STS, FUZZ_LOGS, FUZZ_SERVICES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct service *fuzz_service(int which)
{
    static struct service services[FUZZ_SERVICES] = {{.name = "sqs"}, {.name = "lambda"}, {.name = "s3"},  {.name = "apigatewayv2"},
                                                     {.name = "iam"}, {.name = "sts"},    {.name = "logs"}};
    static const struct model *const models[] = {&sqs_model, &lambda_model, &s3_model,  &apigatewayv2_model,
                                                 &iam_model, &sts_model,    &logs_model};
    if (services[which].model == NULL)
        services[which].model = all_done(models[which]);
    return &services[which];
}

/* The answer of an operation that returns nothing, or the error. Then the input goes to a map, to JSON and back. */
static void fuzz_finish(struct call *call, bool accepted_it)
{
    const struct model *model = call->service->model;
    const char *problem = NULL;
    struct value map, again;
    check(accepted_it == (call->error == NULL));
    if (!accepted_it) {
        protocol_error(call, 0, NULL);
        check(answered.ends == 1 && answered.status >= 400);
        return;
    }
    protocol_answer(call, 0, NULL);
    check(answered.ends == 1 && answered.status >= 200 && answered.status < 300);
    if (call->input.kind != VALUE_STRUCT)
        return;
    map = model_to_map(model, call->arena, operation_of(call)->input, &call->input);
    check(model_from_map(model, call->arena, operation_of(call)->input, &map, &again, &problem) == 0);
    check(json_check(json_print(call->arena, &map), NULL) == 0);
}
