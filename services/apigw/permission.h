/* Whether a function's resource policy lets API Gateway invoke it for a route. */
#pragma once
#include "emulator/base/value.h"

/* `policy` is the document that GetPolicy gives. `source_arn` is arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH. */
bool permission_allows(struct arena *arena, const char *policy, const char *source_arn, const char *account);
