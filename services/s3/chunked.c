#include "services/s3/chunked.h"

#include <errno.h>
#include <string.h>

enum { HEX_DIGITS = 15 }; /* of a chunk's size: fits an int64_t */

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

static int hex_digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    if (character >= 'A' && character <= 'F')
        return character - 'A' + 10;
    return -1;
}

/* The line is complete, without its end: "<hex>" or "<hex>;extension". */
static int chunk_header(struct chunked *chunked)
{
    size_t i = 0;
    int64_t size = 0;

    for (; i < chunked->line_size && hex_digit(chunked->line[i]) >= 0; i++) {
        if (i == HEX_DIGITS)
            return -EINVAL;
        size = size * 16 + hex_digit(chunked->line[i]);
    }
    if (i == 0)
        return -EINVAL;
    while (i < chunked->line_size && is_blank(chunked->line[i]))
        i++;
    if (i < chunked->line_size && chunked->line[i] != ';')
        return -EINVAL;
    chunked->left = size;
    chunked->state = size > 0 ? CHUNKED_DATA : CHUNKED_TRAILER;
    return 0;
}

static int trailer_line(struct chunked *chunked)
{
    char *line = chunked->line;
    size_t size = chunked->line_size;

    line[size] = '\0';
    if (strlen(line) != size)
        return -EINVAL;
    if (size == 0) {
        chunked->state = CHUNKED_DONE;
        return 0;
    }
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return -EINVAL;

    char *end = colon;
    while (end > line && is_blank(end[-1]))
        end--;
    *end = '\0';
    while (is_blank(*line))
        line++;
    if (*line == '\0')
        return -EINVAL;
    for (char *at = line; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    char *value = colon + 1;
    while (is_blank(*value))
        value++;
    for (char *last = value + strlen(value); last > value && is_blank(last[-1]);)
        *--last = '\0';
    return chunked->trailer(chunked->context, line, value);
}

static int line_end(struct chunked *chunked)
{
    while (chunked->line_size > 0 && is_blank(chunked->line[chunked->line_size - 1]))
        chunked->line_size--;
    int result = 0;
    if (chunked->state == CHUNKED_HEADER)
        result = chunk_header(chunked);
    else if (chunked->state == CHUNKED_TRAILER)
        result = trailer_line(chunked);
    else if (chunked->line_size > 0) /* something between a chunk's data and its line end */
        result = -EINVAL;
    else
        chunked->state = CHUNKED_HEADER;
    chunked->line_size = 0;
    return result;
}

static int line_character(struct chunked *chunked, char character)
{
    if (character == '\n')
        return line_end(chunked);
    /* One place stays free for the NUL. Behind data nothing but the line's end may come. */
    size_t room = chunked->state == CHUNKED_DATA_END ? 1 : CHUNKED_LINE - 1;
    if (chunked->line_size == room)
        return -EINVAL;
    chunked->line[chunked->line_size++] = character;
    return 0;
}

int chunked_take(struct chunked *chunked, const char *at, size_t size)
{
    while (size > 0) {
        if (chunked->state == CHUNKED_DATA) {
            size_t piece = (uint64_t)chunked->left < size ? (size_t)chunked->left : size;
            int result = chunked->data(chunked->context, at, piece);
            if (result != 0)
                return result;
            at += piece;
            size -= piece;
            chunked->left -= (int64_t)piece;
            if (chunked->left == 0)
                chunked->state = CHUNKED_DATA_END;
            continue;
        }
        char character = *at++;
        size--;
        if (chunked->state == CHUNKED_DONE) {
            if (!is_blank(character) && character != '\n')
                return -EINVAL;
            continue;
        }
        int result = line_character(chunked, character);
        if (result != 0)
            return result;
    }
    return 0;
}

int chunked_end(struct chunked *chunked)
{
    /* The last line end may be missing: after the final chunk's header, after a trailer, or altogether. */
    if (chunked->state == CHUNKED_HEADER && chunked->line_size > 0) {
        int result = line_end(chunked);
        if (result != 0)
            return result;
    }
    if (chunked->state == CHUNKED_TRAILER && chunked->line_size > 0) {
        int result = line_end(chunked);
        if (result != 0)
            return result;
    }
    return chunked->state == CHUNKED_TRAILER || chunked->state == CHUNKED_DONE ? 0 : -EINVAL;
}
