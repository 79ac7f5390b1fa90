/* The errors of API Gateway's control plane, each listed once. Codes and statuses: AWS's model. */
#pragma once
#include "emulator/aws/call.h"

extern const struct aws_error gateway_not_found, gateway_conflict, gateway_bad_request, gateway_not_implemented;
