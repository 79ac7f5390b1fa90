#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"

static void write_digits(struct buffer *buffer, uint64_t number)
{
    char text[20], *at = text + sizeof text;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(buffer, at, (size_t)(text + sizeof text - at));
}

static void write_integer(struct buffer *buffer, int64_t integer)
{
    if (integer < 0)
        buffer_char(buffer, '-');
    write_digits(buffer, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

/* Of those that are exact; json.c reads them as integers, too. */
static bool is_whole(double number)
{
    return fabs(number) < 9007199254740992.0 /* 2^53 */ && number >= floor(number) && number <= floor(number);
}

/* The shortest text that reads back as the same number. */
static void write_double(struct buffer *buffer, double number)
{
    char text[40];
    if (!isfinite(number)) {
        buffer_text(buffer, "null"); /* as JavaScript does; JSON has no other word for it */
        return;
    }
    if (is_whole(number)) {
        write_integer(buffer, (int64_t)number);
        return;
    }
    /* 15 digits are always exact one way, except that numbers next to zero have fewer. */
    for (int precision = fabs(number) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, number);
        double back = strtod(text, NULL);
        if (back >= number && back <= number)
            break;
    }
    buffer_text(buffer, text);
}

static void write_time(struct buffer *buffer, int64_t ms)
{
    uint64_t absolute = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    unsigned rest = (unsigned)(absolute % 1000);
    if (ms < 0)
        buffer_char(buffer, '-');
    write_digits(buffer, absolute / 1000);
    if (rest != 0)
        buffer_print(buffer, ".%03u", rest);
}

static void write_escape(struct buffer *buffer, unsigned char character)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[][2] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\b', 'b'}, {'\f', 'f'}};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (letters[i][0] == (char)character) {
            const char escape[] = {'\\', letters[i][1]};
            buffer_add(buffer, escape, sizeof escape);
            return;
        }
    }
    const char escape[] = {'\\', 'u', '0', '0', hex[character >> 4], hex[character & 15]};
    buffer_add(buffer, escape, sizeof escape);
}

void json_write_text(struct buffer *buffer, struct bytes text)
{
    buffer_char(buffer, '"');
    size_t from = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char character = (unsigned char)text.at[i];
        if (character >= 0x20 && character != '"' && character != '\\')
            continue;
        buffer_add(buffer, text.at + from, i - from);
        write_escape(buffer, character);
        from = i + 1;
    }
    if (from < text.size)
        buffer_add(buffer, text.at + from, text.size - from);
    buffer_char(buffer, '"');
}

static void write_list(struct buffer *buffer, const struct value *list)
{
    buffer_char(buffer, '[');
    for (uint32_t i = 0; i < list->size; i++) {
        if (i > 0)
            buffer_char(buffer, ',');
        json_write(buffer, &list->items[i]);
    }
    buffer_char(buffer, ']');
}

static void write_map(struct buffer *buffer, const struct value *map)
{
    bool first = true;
    buffer_char(buffer, '{');
    for (size_t i = 0; i < map->size; i++) {
        const struct value *entry = map->items + 2 * i;
        if (entry[1].kind == VALUE_ABSENT)
            continue;
        if (!first)
            buffer_char(buffer, ',');
        first = false;
        json_write_text(buffer, value_as_bytes(entry));
        buffer_char(buffer, ':');
        json_write(buffer, entry + 1);
    }
    buffer_char(buffer, '}');
}

void json_write(struct buffer *buffer, const struct value *value)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_ABSENT: /* outside a map there is nothing to leave out */
    case VALUE_NULL:
        buffer_text(buffer, "null");
        break;
    case VALUE_BOOL:
        buffer_text(buffer, value->boolean ? "true" : "false");
        break;
    case VALUE_INTEGER:
        write_integer(buffer, value->integer);
        break;
    case VALUE_DOUBLE:
        write_double(buffer, value->number);
        break;
    case VALUE_TEXT:
        json_write_text(buffer, value_as_bytes(value));
        break;
    case VALUE_BYTES:
        buffer_char(buffer, '"');
        base64_write(buffer, value_as_bytes(value));
        buffer_char(buffer, '"');
        break;
    case VALUE_TIME:
        write_time(buffer, value->integer);
        break;
    case VALUE_RAW:
        if (value->size > 0)
            buffer_add(buffer, value->text, value->size);
        else
            buffer_text(buffer, "null"); /* an empty payload */
        break;
    case VALUE_LIST:
        write_list(buffer, value);
        break;
    case VALUE_MAP:
        write_map(buffer, value);
        break;
    case VALUE_STRUCT:
        check(value->kind != VALUE_STRUCT); /* its member names are its shape's: the renderer writes it */
        break;
    }
}

struct bytes json_print(struct arena *arena, const struct value *value)
{
    struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX);
    json_write(&buffer, value);
    return buffer_detach(&buffer, arena);
}
