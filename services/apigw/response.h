/* What a function returned, as an HTTP answer.
 *
 * Format 2.0: an object with statusCode is an answer (headers, cookies, body, isBase64Encoded); anything else that is JSON is the
 * body of a 200, of type application/json. Format 1.0: an object with statusCode, headers, multiValueHeaders, body,
 * isBase64Encoded. Unknown members do not matter. */
#pragma once
#include "emulator/base/value.h"
#include "emulator/http/message.h"

struct response {
    int status;
    struct header *headers; /* in order; content-length and what else belongs to the connection is not among them */
    struct bytes body;
};

/* NULL when it is no answer: "Internal Server Error". *why is then set, for the log. */
struct response *response_read(struct arena *arena, const char *format, struct bytes payload, const char **why);
