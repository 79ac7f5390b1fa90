/* What an execution environment prints: live on our stderr, in the tail of the running invocation, and in CloudWatch Logs.
 *
 * Bytes are cut at line feeds; a carriage return within a line is a line break within one log event (the runtimes send traces so). CloudWatch is reached
 * through the logs service like by any other client, in batches: at the end of an invocation, and shortly after something was printed while it runs. */
#pragma once
#include "services/lambda/function.h"

struct output;

struct output *output_new(const struct function *function, const char *stream_name);
void output_free(struct output *output); /* sends what is left; NULL is allowed */
void output_drop(struct output *output); /* the same without sending: for a reset */

/* Which invocation the following lines belong to; its tail begins anew. NULL: none. */
void output_begin(struct output *output, const char *request_id);
void output_add(struct output *output, int stream, struct bytes bytes);
/* One log event of the platform's, without its line feed at the end. What the process has printed so far is put before it. */
void output_line(struct output *output, const char *line);

struct bytes output_tail(struct output *output, struct arena *arena); /* at most the last 4096 bytes since output_begin() */
void output_send(struct output *output);

/* Lines that CloudWatch has not got yet: they will be sent soon, by themselves. */
bool output_is_waiting(const struct output *output);
