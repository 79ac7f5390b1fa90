#include "emulator/base/json_scan.h"

#include <errno.h>
#include <float.h>
#include <string.h>

enum {
    EXACT_DIGITS = 15,    /* any integer of so many digits is exact as a double */
    LONGEST_INTEGER = 20, /* characters of INT64_MIN */
    CJSON_NUMBER = 60,    /* cJSON reads no more than 63 characters of a number */
};

struct reader {
    const char *start, *at, *end;
    struct json_scan *result;
    struct json_fix **next_fix;
    struct json_number **next_number;
    size_t numbers, nodes;
    unsigned depth;
    int error;
    const char *message;
};

static bool stop(struct reader *reader, const char *message)
{
    reader->error = -EINVAL;
    reader->message = message;
    return false;
}

static bool over_limit(struct reader *reader, const char *message)
{
    reader->error = -E2BIG;
    reader->message = message;
    return false;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

static bool next_is(const struct reader *reader, char character)
{
    return reader->at < reader->end && *reader->at == character;
}

static void add_fix(struct reader *reader, const char *at, size_t size, bool number)
{
    struct arena *arena = reader->result->arena;
    if (arena == NULL)
        return;
    struct json_fix *fix = arena_alloc(arena, sizeof *fix);
    *fix = (struct json_fix){.offset = (size_t)(at - reader->start), .size = size, .number = number};
    *reader->next_fix = fix;
    reader->next_fix = &fix->next;
}

static void add_number(struct reader *reader, struct value value)
{
    struct json_number *number = arena_alloc(reader->result->arena, sizeof *number);
    *number = (struct json_number){.ordinal = reader->numbers, .value = value};
    *reader->next_number = number;
    reader->next_number = &number->next;
}

static size_t skip_digits(struct reader *reader)
{
    const char *from = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - from);
}

/* Notes the number from `from` to here when cJSON would not read it exactly. */
static void keep_number(struct reader *reader, const char *from, bool integer)
{
    size_t size = (size_t)(reader->at - from);
    struct arena *arena = reader->result->arena;
    if (arena == NULL)
        return;
    if (integer && size > EXACT_DIGITS && size <= LONGEST_INTEGER) {
        char text[LONGEST_INTEGER + 1] = {0};
        int64_t exact;
        memcpy(text, from, size);
        if (text_integer(text, &exact)) {
            add_number(reader, value_integer(exact));
            return;
        }
    }
    if (size > CJSON_NUMBER) {
        double number;
        /* Refused only when it is too large for a double; the largest one stands for it, as JSON has no infinity. */
        if (!text_double(arena_copy(arena, from, size), &number))
            number = *from == '-' ? -DBL_MAX : DBL_MAX;
        add_number(reader, value_double(number));
        add_fix(reader, from, size, true);
    }
}

static bool scan_number(struct reader *reader)
{
    const char *from = reader->at;
    bool integer = true;
    if (next_is(reader, '-'))
        reader->at++;
    if (next_is(reader, '0'))
        reader->at++;
    else if (skip_digits(reader) == 0)
        return stop(reader, from == reader->at ? "expected a value" : "expected a digit");
    if (next_is(reader, '.')) {
        integer = false;
        reader->at++;
        if (skip_digits(reader) == 0)
            return stop(reader, "expected a digit");
    }
    if (next_is(reader, 'e') || next_is(reader, 'E')) {
        integer = false;
        reader->at++;
        if (next_is(reader, '+') || next_is(reader, '-'))
            reader->at++;
        if (skip_digits(reader) == 0)
            return stop(reader, "expected a digit");
    }
    keep_number(reader, from, integer);
    reader->numbers++;
    return true;
}

/* The code unit of the four digits at `at`; -1 when they are none. */
static int code_unit(const char *at, const char *end)
{
    int unit = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char digit = at[i];
        if (digit >= '0' && digit <= '9')
            unit = unit << 4 | (digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            unit = unit << 4 | ((digit | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return unit;
}

/* At a backslash. */
static bool scan_escape(struct reader *reader)
{
    if (reader->end - reader->at < 2 || reader->at[1] == '\0' || strchr("\"\\/bfnrtu", reader->at[1]) == NULL)
        return stop(reader, "unknown escape in a string");
    if (reader->at[1] != 'u') {
        reader->at += 2;
        return true;
    }
    const char *digits = reader->at + 2;
    int unit = code_unit(digits, reader->end);
    if (unit < 0)
        return stop(reader, "expected four hexadecimal digits");
    reader->at += 6;
    if (unit >= 0xD800 && unit <= 0xDBFF && reader->end - reader->at >= 6 && reader->at[0] == '\\' && reader->at[1] == 'u') {
        int low = code_unit(reader->at + 2, reader->end);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            reader->at += 6;
            return true;
        }
    }
    if (unit == 0 || (unit >= 0xD800 && unit <= 0xDFFF))
        add_fix(reader, digits, 4, false);
    return true;
}

/* Eight bytes at a time over what is plain in a string: no quote, backslash, control character or byte of 0x80 and more. Large
 * values (base64, payloads) are nearly all of that. */
static void skip_plain(struct reader *reader)
{
    static const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

    while (reader->end - reader->at >= 8) {
        uint64_t eight, quotes, backslashes;

        memcpy(&eight, reader->at, 8);
        quotes = eight ^ ones * '"';
        backslashes = eight ^ ones * '\\';
        if (((eight | (eight - ones * 0x20) | (quotes - ones) | (backslashes - ones)) & highs) != 0)
            return; /* or, seldom, a borrow: the slow way finds out */
        reader->at += 8;
    }
}

static bool scan_text(struct reader *reader)
{
    reader->at++;
    while (reader->at < reader->end) {
        skip_plain(reader);
        if (reader->at == reader->end)
            break;
        unsigned char character = (unsigned char)*reader->at;
        if (character == '"') {
            reader->at++;
            return true;
        }
        if (character < 0x20)
            return stop(reader, "control character in a string");
        if (character == '\\') {
            if (!scan_escape(reader))
                return false;
        } else if (character < 0x80) {
            reader->at++;
        } else {
            const char *from = reader->at;
            while (reader->at < reader->end && ((unsigned char)*reader->at & 0x80) != 0)
                reader->at++;
            if (!utf8_is_valid((struct bytes){from, (size_t)(reader->at - from)})) {
                reader->at = from;
                return stop(reader, "invalid UTF-8");
            }
        }
    }
    return stop(reader, "unterminated string");
}

static bool scan_value(struct reader *reader);

/* One entry of an array, or of an object with its key. */
static bool scan_entry(struct reader *reader, char close)
{
    if (close == '}') {
        skip_blanks(reader);
        if (!next_is(reader, '"'))
            return stop(reader, "expected a key");
        if (!scan_text(reader))
            return false;
        skip_blanks(reader);
        if (!next_is(reader, ':'))
            return stop(reader, "expected ':'");
        reader->at++;
    }
    return scan_value(reader);
}

static bool scan_container(struct reader *reader, char close)
{
    if (++reader->depth > JSON_DEPTH)
        return over_limit(reader, "nested too deeply");
    reader->at++;
    skip_blanks(reader);
    if (!next_is(reader, close)) {
        for (;;) {
            if (!scan_entry(reader, close))
                return false;
            skip_blanks(reader);
            if (!next_is(reader, ','))
                break;
            reader->at++;
        }
        if (!next_is(reader, close))
            return stop(reader, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    reader->at++;
    reader->depth--;
    return true;
}

static bool scan_word(struct reader *reader, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
        return stop(reader, "expected a value");
    reader->at += size;
    return true;
}

static bool scan_value(struct reader *reader)
{
    skip_blanks(reader);
    if (++reader->nodes > JSON_NODES && reader->result->arena != NULL)
        return over_limit(reader, "too many values");
    if (reader->at == reader->end)
        return stop(reader, "expected a value");
    switch (*reader->at) {
    case '{':
        return scan_container(reader, '}');
    case '[':
        return scan_container(reader, ']');
    case '"':
        return scan_text(reader);
    case 't':
        return scan_word(reader, "true");
    case 'f':
        return scan_word(reader, "false");
    case 'n':
        return scan_word(reader, "null");
    default:
        return scan_number(reader);
    }
}

int json_scan(struct json_scan *scan, struct bytes json, struct json_problem *problem)
{
    const char *start = json.size > 0 ? json.at : "";
    struct reader reader = {.start = start,
                            .at = start,
                            .end = start + json.size,
                            .result = scan,
                            .next_fix = &scan->fixes,
                            .next_number = &scan->numbers};
    if (scan_value(&reader)) {
        skip_blanks(&reader);
        if (reader.at == reader.end)
            return 0;
        stop(&reader, "something follows the value");
    }
    if (problem != NULL)
        *problem = (struct json_problem){(size_t)(reader.at - start), reader.message};
    return reader.error;
}
