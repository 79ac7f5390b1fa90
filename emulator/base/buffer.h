/* Text or bytes that grow, up to a limit.
 *
 * Life cycle: buffer_init() with the limit, add, look once at `overflow` at the end, buffer_free() (or buffer_detach()
 * to hand the memory to an arena). `text` is always NUL-terminated and never NULL. When an addition would pass the limit,
 * nothing of it is added, `overflow` becomes true and stays so. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "emulator/base/arena.h"
#include "emulator/base/text.h"

struct buffer {
    char *text;
    size_t size; /* without the NUL */
    size_t room;
    size_t limit;
    bool overflow;
};

void buffer_init(struct buffer *buffer, size_t limit);
void buffer_free(struct buffer *buffer);

void buffer_add(struct buffer *buffer, const void *at, size_t size);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_char(struct buffer *buffer, char character);
void buffer_print(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_clear(struct buffer *buffer); /* keeps the memory, forgets an overflow */

/* `size` bytes to write into, counted as added; NULL on overflow. */
char *buffer_space(struct buffer *buffer, size_t size);

struct bytes buffer_bytes(const struct buffer *buffer);

/* The memory now belongs to the arena; the buffer is empty and must not be used again. */
struct bytes buffer_detach(struct buffer *buffer, struct arena *arena);
