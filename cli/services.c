/* All services of this program, in one visible place. */
#include "cli/services.h"

extern const struct service sqs_service, s3_service, lambda_service, apigateway_service, iam_service, sts_service, logs_service;

const struct service *const all_services[] = {
    &sqs_service, &lambda_service, &s3_service, &apigateway_service, &iam_service, &sts_service, &logs_service, NULL,
};
