#include "emulator/base/text.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/log.h"

struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, text != NULL ? strlen(text) : 0};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Not tolower(): the locale must not count. */
static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

bool text_equal_fold(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool text_starts(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

bool text_starts_fold(const char *text, const char *start)
{
    if (text == NULL)
        return false;
    while (*start != '\0') {
        if (lower(*text++) != lower(*start++))
            return false;
    }
    return true;
}

bool text_ends(const char *text, const char *end)
{
    if (text == NULL)
        return false;
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && memcmp(text + size - end_size, end, end_size) == 0;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Reads a run of digits as -magnitude, because INT64_MIN has no positive twin. NULL on overflow or when there is none. */
static const char *digits_negative(const char *text, int64_t *number)
{
    if (!is_digit(*text))
        return NULL;
    int64_t negative = 0;
    for (; is_digit(*text); text++) {
        if (__builtin_mul_overflow(negative, 10, &negative) || __builtin_sub_overflow(negative, *text - '0', &negative))
            return NULL;
    }
    *number = negative;
    return text;
}

bool text_integer(const char *text, int64_t *number)
{
    if (text == NULL)
        return false;
    bool minus = *text == '-';
    int64_t negative;
    const char *end = digits_negative(minus ? text + 1 : text, &negative);
    if (end == NULL || *end != '\0' || (!minus && negative == INT64_MIN))
        return false;
    *number = minus ? negative : -negative;
    return true;
}

/* [-]digits[.digits][e[+-]digits]: strtod alone would take blanks, hexadecimal, "inf" and "nan" too. */
static bool looks_like_a_number(const char *text)
{
    if (*text == '-')
        text++;
    if (!is_digit(*text))
        return false;
    while (is_digit(*text))
        text++;
    if (*text == '.') {
        text++;
        if (!is_digit(*text))
            return false;
        while (is_digit(*text))
            text++;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '+' || *text == '-')
            text++;
        if (!is_digit(*text))
            return false;
        while (is_digit(*text))
            text++;
    }
    return *text == '\0';
}

bool text_double(const char *text, double *number)
{
    static locale_t plain;
    if (text == NULL || !looks_like_a_number(text))
        return false;
    if (plain == (locale_t)0) {
        plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        check(plain != (locale_t)0);
    }
    double read = strtod_l(text, NULL, plain);
    if (!isfinite(read))
        return false;
    *number = read;
    return true;
}

/* Length of the well-formed sequence at `at`, 0 when there is none (Unicode, table 3-7). */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    unsigned char first = at[0], low = 0x80, high = 0xBF;
    size_t size;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF) {
        size = 2;
    } else if ((first & 0xF0) == 0xE0) {
        size = 3;
        if (first == 0xE0)
            low = 0xA0;
        if (first == 0xED)
            high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        size = 4;
        if (first == 0xF0)
            low = 0x90;
        if (first == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if (left < size || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return size;
}

bool utf8_is_valid(struct bytes bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    size_t left = bytes.size;
    while (left > 0) {
        uint64_t eight;
        while (left >= sizeof eight) {
            memcpy(&eight, at, sizeof eight);
            if ((eight & 0x8080808080808080u) != 0)
                break;
            at += sizeof eight;
            left -= sizeof eight;
        }
        if (left == 0)
            break;
        size_t size = utf8_sequence(at, left);
        if (size == 0)
            return false;
        at += size;
        left -= size;
    }
    return true;
}

uint32_t utf8_next(struct bytes bytes, size_t *offset)
{
    check(*offset < bytes.size);
    const unsigned char *at = (const unsigned char *)bytes.at + *offset;
    size_t size = utf8_sequence(at, bytes.size - *offset);
    check(size > 0);
    *offset += size;
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = at[0] & first_bits[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (at[i] & 0x3F);
    return point;
}

bool duration_parse(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {"d", 24 * 60 * 60 * 1000}};
    if (text == NULL)
        return false;
    int64_t negative, total;
    const char *unit = digits_negative(text, &negative);
    if (unit == NULL || negative == INT64_MIN)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].unit) == 0) {
            if (__builtin_mul_overflow(-negative, units[i].ms, &total))
                return false;
            *ms = total;
            return true;
        }
    }
    return false;
}
