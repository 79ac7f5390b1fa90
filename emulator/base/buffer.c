#include "emulator/base/buffer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/log.h"

enum { SMALLEST_ROOM = 128 };

/* What `text` points at while the buffer has no memory (room == 0); never written to. */
static char nothing[1];

void buffer_init(struct buffer *buffer, size_t limit)
{
    *buffer = (struct buffer){.text = nothing, .limit = limit};
}

void buffer_free(struct buffer *buffer)
{
    if (buffer == NULL)
        return;
    if (buffer->room > 0)
        free(buffer->text);
    buffer_init(buffer, buffer->limit);
}

/* Makes room for `size` more and the NUL. False, with the overflow noted, when that passes the limit. */
static bool grow(struct buffer *buffer, size_t size)
{
    if (buffer->overflow || size > buffer->limit - buffer->size) {
        buffer->overflow = true;
        return false;
    }
    size_t needed = buffer->size + size;
    if (needed < buffer->room)
        return true;
    size_t room = buffer->room < SMALLEST_ROOM ? SMALLEST_ROOM : buffer->room;
    while (room <= needed) {
        check(room <= SIZE_MAX / 2);
        room *= 2;
    }
    char *text = realloc(buffer->room > 0 ? buffer->text : NULL, room);
    check(text != NULL);
    text[buffer->size] = '\0';
    buffer->text = text;
    buffer->room = room;
    return true;
}

void buffer_add(struct buffer *buffer, const void *at, size_t size)
{
    if (size == 0 || !grow(buffer, size))
        return;
    memcpy(buffer->text + buffer->size, at, size);
    buffer->size += size;
    buffer->text[buffer->size] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_char(struct buffer *buffer, char character)
{
    if (!grow(buffer, 1))
        return;
    buffer->text[buffer->size++] = character;
    buffer->text[buffer->size] = '\0';
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    if (!grow(buffer, 0))
        return;
    size_t room = buffer->room - buffer->size;
    va_start(arguments, format);
    int length = vsnprintf(buffer->text + buffer->size, room, format, arguments);
    va_end(arguments);
    check(length >= 0);
    size_t size = (size_t)length;
    /* What was printed for measure goes again; what fitted the memory may still be over the limit. */
    if (size >= room || size > buffer->limit - buffer->size) {
        buffer->text[buffer->size] = '\0';
        if (!grow(buffer, size))
            return;
        va_start(arguments, format);
        vsnprintf(buffer->text + buffer->size, size + 1, format, arguments);
        va_end(arguments);
    }
    buffer->size += size;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->overflow = false;
    if (buffer->room > 0)
        buffer->text[0] = '\0';
}

char *buffer_space(struct buffer *buffer, size_t size)
{
    if (!grow(buffer, size))
        return NULL;
    char *space = buffer->text + buffer->size;
    buffer->size += size;
    buffer->text[buffer->size] = '\0';
    return space;
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->text, buffer->size};
}

struct bytes buffer_detach(struct buffer *buffer, struct arena *arena)
{
    struct bytes bytes = buffer_bytes(buffer);
    if (buffer->room > 0)
        arena_defer(arena, free, buffer->text);
    *buffer = (struct buffer){.text = nothing};
    return bytes;
}
