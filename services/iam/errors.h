/* The errors of IAM, each listed once. Codes and statuses: AWS's model; messages: as IAM words them. */
#pragma once
#include "emulator/aws/call.h"

extern const struct aws_error iam_no_such_entity, iam_entity_already_exists, iam_delete_conflict, iam_malformed_policy,
    iam_limit_exceeded, iam_invalid_input, iam_not_implemented;
