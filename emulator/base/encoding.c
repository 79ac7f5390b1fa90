#include "emulator/base/encoding.h"

#include <string.h>

#include "emulator/base/log.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char hex_lower[] = "0123456789abcdef";
static const char hex_upper[] = "0123456789ABCDEF";

static size_t base64_size(size_t size)
{
    check(size < SIZE_MAX / 2);
    return (size + 2) / 3 * 4;
}

/* Writes base64_size() characters, or as many as there are without padding; returns the end. */
static char *base64_to(char *out, struct bytes bytes, const char *alphabet, bool padded)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t left = bytes.size;
    for (; left >= 3; left -= 3, at += 3) {
        *out++ = alphabet[at[0] >> 2];
        *out++ = alphabet[(at[0] & 3) << 4 | at[1] >> 4];
        *out++ = alphabet[(at[1] & 15) << 2 | at[2] >> 6];
        *out++ = alphabet[at[2] & 63];
    }
    if (left > 0) {
        unsigned second = left == 2 ? at[1] : 0;
        *out++ = alphabet[at[0] >> 2];
        *out++ = alphabet[(at[0] & 3u) << 4 | second >> 4];
        if (left == 2)
            *out++ = alphabet[(second & 15) << 2];
        else if (padded)
            *out++ = '=';
        if (padded)
            *out++ = '=';
    }
    return out;
}

char *base64_encode(struct arena *arena, struct bytes bytes)
{
    char *text = arena_alloc(arena, base64_size(bytes.size) + 1);
    *base64_to(text, bytes, standard, true) = '\0';
    return text;
}

char *base64url_encode(struct arena *arena, struct bytes bytes)
{
    char *text = arena_alloc(arena, base64_size(bytes.size) + 1);
    *base64_to(text, bytes, url_safe, false) = '\0';
    return text;
}

void base64_write(struct buffer *buffer, struct bytes bytes)
{
    char *space = buffer_space(buffer, base64_size(bytes.size));
    if (space != NULL)
        base64_to(space, bytes, standard, true);
}

enum { NOT_A_DIGIT = 64 };

struct digits {
    bool ready;
    unsigned char value[256];
};

static const unsigned char *digit_values(struct digits *digits, const char *alphabet)
{
    if (!digits->ready) {
        memset(digits->value, NOT_A_DIGIT, sizeof digits->value);
        for (unsigned i = 0; i < 64; i++)
            digits->value[(unsigned char)alphabet[i]] = (unsigned char)i;
        digits->ready = true;
    }
    return digits->value;
}

/* Text without padding. Bits that encode nothing must be zero, so that every value has one text (RFC 4648, 3.5). */
static bool base64_from(struct arena *arena, struct bytes text, const unsigned char *values, struct bytes *bytes)
{
    const unsigned char *at = (const unsigned char *)text.at;
    size_t left = text.size;
    if (left % 4 == 1)
        return false;
    unsigned char *out = arena_alloc(arena, left / 4 * 3 + 3), *end = out;
    for (; left >= 4; left -= 4, at += 4) {
        unsigned a = values[at[0]], b = values[at[1]], c = values[at[2]], d = values[at[3]];
        if ((a | b | c | d) >= NOT_A_DIGIT)
            return false;
        *end++ = (unsigned char)(a << 2 | b >> 4);
        *end++ = (unsigned char)((b & 15) << 4 | c >> 2);
        *end++ = (unsigned char)((c & 3) << 6 | d);
    }
    if (left > 0) {
        unsigned a = values[at[0]], b = values[at[1]], c = left == 3 ? values[at[2]] : 0;
        if ((a | b | c) >= NOT_A_DIGIT || (left == 3 ? c & 3 : b & 15) != 0)
            return false;
        *end++ = (unsigned char)(a << 2 | b >> 4);
        if (left == 3)
            *end++ = (unsigned char)((b & 15) << 4 | c >> 2);
    }
    *end = '\0';
    *bytes = (struct bytes){(const char *)out, (size_t)(end - out)};
    return true;
}

bool base64_decode(struct arena *arena, struct bytes text, struct bytes *bytes)
{
    static struct digits digits;
    if (text.size % 4 != 0)
        return false;
    for (int padding = 0; padding < 2 && text.size > 0 && text.at[text.size - 1] == '='; padding++)
        text.size--;
    return base64_from(arena, text, digit_values(&digits, standard), bytes);
}

bool base64url_decode(struct arena *arena, struct bytes text, struct bytes *bytes)
{
    static struct digits digits;
    return base64_from(arena, text, digit_values(&digits, url_safe), bytes);
}

char *hex_encode(struct arena *arena, struct bytes bytes)
{
    check(bytes.size < SIZE_MAX / 2);
    char *text = arena_alloc(arena, 2 * bytes.size + 1);
    for (size_t i = 0; i < bytes.size; i++) {
        text[2 * i] = hex_lower[(unsigned char)bytes.at[i] >> 4];
        text[2 * i + 1] = hex_lower[(unsigned char)bytes.at[i] & 15];
    }
    return text;
}

/* -1 when it is none. */
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

/* The byte that two hexadecimal digits make, -1 when they are none. */
static int hex_byte(const char *at)
{
    int high = hex_digit(at[0]), low = hex_digit(at[1]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool hex_decode(struct arena *arena, struct bytes text, struct bytes *bytes)
{
    if (text.size % 2 != 0)
        return false;
    size_t size = text.size / 2;
    char *out = arena_alloc(arena, size + 1);
    for (size_t i = 0; i < size; i++) {
        int byte = hex_byte(text.at + 2 * i);
        if (byte < 0)
            return false;
        out[i] = (char)byte;
    }
    *bytes = (struct bytes){out, size};
    return true;
}

bool percent_decode(struct arena *arena, struct bytes text, bool plus_is_space, struct bytes *bytes)
{
    char *out = arena_alloc(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char character = text.at[i];
        if (character == '%') {
            int byte = text.size - i > 2 ? hex_byte(text.at + i + 1) : -1;
            if (byte < 0)
                return false;
            character = (char)byte;
            i += 2;
        } else if (character == '+' && plus_is_space) {
            character = ' ';
        }
        out[size++] = character;
    }
    out[size] = '\0';
    *bytes = (struct bytes){out, size};
    return true;
}

static bool is_unreserved(char character)
{
    return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '_' || character == '.' || character == '~';
}

char *percent_encode(struct arena *arena, struct bytes bytes, const char *keep)
{
    check(bytes.size < SIZE_MAX / 4);
    char *text = arena_alloc(arena, 3 * bytes.size + 1), *end = text;
    for (size_t i = 0; i < bytes.size; i++) {
        char character = bytes.at[i];
        /* strchr() would find the NUL of `keep`. */
        if (is_unreserved(character) || (character != '\0' && strchr(keep, character) != NULL)) {
            *end++ = character;
        } else {
            *end++ = '%';
            *end++ = hex_upper[(unsigned char)character >> 4];
            *end++ = hex_upper[(unsigned char)character & 15];
        }
    }
    return text;
}

/* NULL on a broken escape, invalid UTF-8 or a NUL byte. */
static const char *field_text(struct arena *arena, const char *start, const char *end, bool plus_is_space)
{
    struct bytes text;
    if (start == end)
        return "";
    if (!percent_decode(arena, (struct bytes){start, (size_t)(end - start)}, plus_is_space, &text) || !utf8_is_valid(text) ||
        memchr(text.at, '\0', text.size) != NULL)
        return NULL;
    return text.at;
}

/* The end of the piece that begins at `at`: the next '&' or the end of all. */
static const char *piece_end(const char *at, const char *end)
{
    const char *stop = memchr(at, '&', (size_t)(end - at));
    return stop != NULL ? stop : end;
}

struct form_field *form_parse(struct arena *arena, struct bytes text, bool plus_is_space, size_t *count)
{
    const char *start = text.size > 0 ? text.at : "", *end = start + text.size, *stop;
    *count = 0;
    size_t pieces = 0;
    for (const char *at = start; at < end; at = stop + 1) {
        stop = piece_end(at, end);
        pieces += stop > at; /* "a&&b" and "a&" have no empty field */
    }
    if (pieces > FORM_FIELDS)
        return NULL;
    struct form_field *fields = arena_alloc(arena, sizeof *fields * pieces), *field = fields;
    for (const char *at = start; at < end; at = stop + 1) {
        stop = piece_end(at, end);
        if (stop == at)
            continue;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        field->has_value = equals != NULL;
        field->name = field_text(arena, at, equals != NULL ? equals : stop, plus_is_space);
        field->value = equals != NULL ? field_text(arena, equals + 1, stop, plus_is_space) : "";
        if (field->name == NULL || field->value == NULL)
            return NULL;
        field++;
    }
    *count = pieces;
    return fields;
}
