/* Memory that lives as long as one thing does: a call, an exchange, a start-up.
 *
 * Life cycle: arena_new(), then any number of allocations, then arena_free() gives everything back at once,
 * after running what arena_defer() registered, last first. Nothing in an arena is freed alone.
 * Allocations are zeroed and aligned for any type; running out of memory ends the program.
 * Under AddressSanitizer each allocation is its own malloc, so that overruns are seen. */
#pragma once
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is allowed */

void *arena_alloc(struct arena *arena, size_t size);
void *arena_copy(struct arena *arena, const void *at, size_t size); /* with a NUL added behind */
char *arena_text(struct arena *arena, const char *text);            /* NULL gives NULL */
char *arena_print(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs release(object) when the arena goes: for what has to be closed or freed elsewhere. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

/* Bytes handed out so far; for limits and for the memory tests. */
size_t arena_size(const struct arena *arena);
