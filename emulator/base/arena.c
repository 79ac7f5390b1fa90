#include "emulator/base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/log.h"

#if defined(__SANITIZE_ADDRESS__)
#define ONE_MALLOC_EACH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_MALLOC_EACH 1
#endif
#endif
#ifndef ONE_MALLOC_EACH
#define ONE_MALLOC_EACH 0
#endif

enum {
    FIRST_CHUNK = 4096,
    LARGEST_CHUNK = 64 * 1024,
    OWN_CHUNK = 16 * 1024, /* an allocation of this size gets a chunk of its own: it would waste the rest of a shared one */
    KEPT_CHUNKS = 64,
    ALIGNMENT = 16,
};

struct chunk {
    struct chunk *next;
    size_t unused; /* keeps what follows aligned */
};

struct deferred {
    void (*release)(void *object);
    void *object;
    struct deferred *next;
};

/* Stands behind the chunk header of its first chunk, so that an arena is one malloc. */
struct arena {
    char *at; /* the free part of the current chunk */
    size_t left;
    size_t next_chunk;    /* size of the next shared chunk */
    struct chunk *chunks; /* all but the first */
    struct deferred *deferred;
    size_t size;
};

_Static_assert(sizeof(struct chunk) % ALIGNMENT == 0, "allocations behind a chunk header must stay aligned");
_Static_assert(_Alignof(max_align_t) <= ALIGNMENT, "any type");

/* First chunks of arenas that are gone: a request makes and drops an arena or two, and malloc would show. */
static struct chunk *kept;
static unsigned kept_count;

static void *memory(size_t size)
{
    void *memory_at = malloc(size);
    check(memory_at != NULL);
    return memory_at;
}

static size_t aligned(size_t size)
{
    return (size + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1);
}

struct arena *arena_new(void)
{
    struct chunk *first = kept;
    if (first != NULL) {
        kept = first->next;
        kept_count--;
    } else {
        first = memory(FIRST_CHUNK);
    }
    struct arena *arena = (struct arena *)(void *)(first + 1);
    size_t head = sizeof *first + aligned(sizeof *arena);
    *arena = (struct arena){.at = (char *)first + head, .left = FIRST_CHUNK - head, .next_chunk = (size_t)2 * FIRST_CHUNK};
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    /* A release may still allocate or defer in this arena. */
    while (arena->deferred != NULL) {
        struct deferred *deferred = arena->deferred;
        arena->deferred = deferred->next;
        deferred->release(deferred->object);
    }
    while (arena->chunks != NULL) {
        struct chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
    struct chunk *first = (struct chunk *)(void *)arena - 1;
    if (kept_count < KEPT_CHUNKS && !ONE_MALLOC_EACH) {
        first->next = kept;
        kept = first;
        kept_count++;
    } else {
        free(first);
    }
}

/* A chunk of `size` bytes behind its header, freed with the arena. */
static char *chunk_new(struct arena *arena, size_t size)
{
    struct chunk *chunk = memory(sizeof *chunk + size);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return (char *)(chunk + 1);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    check(size <= SIZE_MAX / 2);
    arena->size += size;
    /* Not rounded up for a chunk of its own: the sanitizer then sees the first byte behind it. */
    if (ONE_MALLOC_EACH || size >= OWN_CHUNK)
        return memset(chunk_new(arena, size), 0, size);
    size_t room = aligned(size > 0 ? size : 1);
    if (room > arena->left) {
        while (arena->next_chunk < room)
            arena->next_chunk *= 2;
        arena->at = chunk_new(arena, arena->next_chunk);
        arena->left = arena->next_chunk;
        if (arena->next_chunk < LARGEST_CHUNK)
            arena->next_chunk *= 2;
    }
    void *at = arena->at;
    arena->at += room;
    arena->left -= room;
    return memset(at, 0, room);
}

void *arena_copy(struct arena *arena, const void *at, size_t size)
{
    check(size < SIZE_MAX / 2);
    if (size < OWN_CHUNK) {
        char *copy = arena_alloc(arena, size + 1);
        if (size > 0)
            memcpy(copy, at, size);
        return copy;
    }
    /* A large one is not cleared first. */
    char *copy = chunk_new(arena, size + 1);
    arena->size += size + 1;
    memcpy(copy, at, size);
    copy[size] = '\0';
    return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
    return text != NULL ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    check(length >= 0);
    size_t size = (size_t)length;
    if (size < sizeof small)
        return arena_copy(arena, small, size);
    char *text = arena_alloc(arena, size + 1);
    va_start(arguments, format);
    vsnprintf(text, size + 1, format, arguments);
    va_end(arguments);
    return text;
}

void arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
    struct deferred *deferred = arena_alloc(arena, sizeof *deferred);
    *deferred = (struct deferred){release, object, arena->deferred};
    arena->deferred = deferred;
}

size_t arena_size(const struct arena *arena)
{
    return arena->size;
}
