/* The command line's own HTTP client: one request, one answer, over a blocking socket. */
#pragma once
#include <stdbool.h>

#include "emulator/base/arena.h"
#include "emulator/base/text.h"

struct reply {
    int status;
    const char *headers; /* raw */
    struct bytes body;
};

/* --endpoint taken out of the words, else AWS_ENDPOINT_URL, else http://127.0.0.1:4566. */
const char *client_endpoint(int *count, char **words);

/* `headers` are complete lines, each with CRLF, or "". False after a line on stderr that says what to do. */
bool client_send(struct arena *arena, const char *endpoint, const char *method, const char *target, const char *headers, struct bytes body,
                 struct reply *reply);
/* One GET without the line, for waiting: false also when no answer has come after so long. */
bool client_try(struct arena *arena, const char *endpoint, const char *target, int64_t patience_ms, struct reply *reply);
/* False after a line on stderr: it has to be http://HOST[:PORT]. */
bool client_endpoint_is_good(const char *endpoint);
const char *client_header(struct arena *arena, const struct reply *reply, const char *name);
/* An Authorization header that carries account and region, without a signature that anybody checks. */
char *client_authorization(struct arena *arena, const char *account, const char *region, const char *service);

/* Prints the body (with a newline at its end), an error's on stderr; exit code 0 for 2xx, else 1. */
int client_print(const struct reply *reply);
