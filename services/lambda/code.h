/* Where a function's code comes from: a zip in the request, an object in S3, or a directory of the user's own (bucket
 * "hot-reload"). */
#pragma once
#include "services/lambda/package.h"
#include "services/lambda/function.h"

/* Members as sent; NULL: not sent. */
struct code_source {
    const struct value *zip;
    const char *bucket, *key;
};

/* Takes the code and goes on with `then`, at once or, when it has to be fetched, after the call was parked. `then` finds its input
 * as it was; what it needs besides it looks up again. */
enum outcome code_take(struct call *call, const struct code_source *source,
                       enum outcome (*then)(struct call *call, const struct code *code));
