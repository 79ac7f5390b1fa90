/* Decoder of aws-chunked bodies (facts/services.md 2.5), fed with pieces cut anywhere. Pure: no call, no store.
 *
 *     <hex>[;chunk-signature=...]\r\n<data>\r\n ... 0[;chunk-signature=...]\r\n[name:value\r\n ...]\r\n
 *
 * As AWS does, it takes \n for \r\n, blanks around a trailer's colon, and a missing last line end. Chunk signatures are read over, not verified.
 * Life cycle: zeroed, then chunked_take() as bytes arrive, then chunked_end() once. The data goes to `data` as it comes; `trailer` is called for
 * each trailer, name in lower case. Both may refuse by returning non-zero, which chunked_take() and chunked_end() pass on. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNKED_LINE = 8192 }; /* longest chunk header or trailer line */

enum chunked_state { CHUNKED_HEADER, CHUNKED_DATA, CHUNKED_DATA_END, CHUNKED_TRAILER, CHUNKED_DONE };

struct chunked {
    int (*data)(void *context, const char *at, size_t size);
    int (*trailer)(void *context, const char *name, const char *value);
    void *context;

    enum chunked_state state;
    int64_t left; /* of the chunk's data */
    size_t line_size;
    char line[CHUNKED_LINE];
};

/* 0, -EINVAL for broken framing, or what a callback returned. */
int chunked_take(struct chunked *chunked, const char *at, size_t size);
/* After the last byte: 0, or -EINVAL when the body is cut off. */
int chunked_end(struct chunked *chunked);
