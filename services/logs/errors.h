/* The errors of CloudWatch Logs, each listed once. Codes and statuses: AWS's model; messages: answers recorded from AWS. */
#pragma once
#include "emulator/aws/call.h"

extern const struct aws_error log_group_not_found, log_exists, log_invalid_parameter, log_validation, log_too_many_tags,
    log_not_implemented;
