/* Leaves as text, and what they are called. */
#include <math.h>

#include "emulator/aws/wire.h"
#include "emulator/base/dates.h"
#include "emulator/base/json.h"

static bool is_time(const char *text, uint8_t format, int64_t *ms)
{
    /* Clients mix the formats up and AWS reads all of them, so the declared one only comes first. */
    double seconds;
    if (format == TIMESTAMP_RFC1123 && date_parse_rfc1123(text, ms))
        return true;
    if (date_parse_iso8601(text, ms) || date_parse_rfc1123(text, ms))
        return true;
    if (!text_double(text, &seconds) || fabs(seconds) > 1e13)
        return false;
    *ms = (int64_t)llround(seconds * 1000);
    return true;
}

bool scalar_read(struct arena *arena, const struct shape *shape, uint8_t timestamp, const char *text, struct value *value)
{
    int64_t integer;
    double number;
    struct bytes bytes;
    switch (shape->type) {
    case SHAPE_TYPE_STRING:
        *value = value_text(text);
        return true;
    case SHAPE_TYPE_INTEGER:
    case SHAPE_TYPE_LONG:
        if (!text_integer(text[0] == '+' ? text + 1 : text, &integer))
            return false;
        if (shape->type == SHAPE_TYPE_INTEGER && (integer < INT32_MIN || integer > INT32_MAX))
            return false;
        *value = value_integer(integer);
        return true;
    case SHAPE_TYPE_FLOAT:
    case SHAPE_TYPE_DOUBLE:
        if (!text_double(text, &number))
            return false;
        *value = value_double(number);
        return true;
    case SHAPE_TYPE_BOOLEAN:
        if (!text_equal_fold(text, "true") && !text_equal_fold(text, "false"))
            return false;
        *value = value_bool(text_equal_fold(text, "true"));
        return true;
    case SHAPE_TYPE_BLOB:
        if (!base64_decode(arena, bytes_of(text), &bytes))
            return false;
        *value = value_bytes(bytes);
        return true;
    case SHAPE_TYPE_TIMESTAMP:
        if (!is_time(text, timestamp != TIMESTAMP_DEFAULT ? timestamp : shape->timestamp, &integer))
            return false;
        *value = value_time(integer);
        return true;
    default:
        return false;
    }
}

static void write_time(struct buffer *buffer, struct arena *arena, uint8_t format, const struct value *value)
{
    if (format == TIMESTAMP_RFC1123)
        buffer_text(buffer, date_rfc1123(arena, value->integer));
    else if (format == TIMESTAMP_ISO8601_MS)
        buffer_text(buffer, date_iso8601(arena, value->integer));
    else if (format == TIMESTAMP_ISO8601)
        buffer_text(buffer, date_iso8601_s(arena, value->integer));
    else
        json_write(buffer, value); /* seconds with a fraction */
}

void scalar_write(struct buffer *buffer, struct arena *arena, const struct shape *shape, uint8_t timestamp,
                  const struct value *value)
{
    switch (value->kind) {
    case VALUE_BOOL:
        buffer_text(buffer, value->boolean ? "true" : "false");
        return;
    case VALUE_INTEGER:
    case VALUE_DOUBLE:
        json_write(buffer, value);
        return;
    case VALUE_TIME:
        write_time(buffer, arena, timestamp != TIMESTAMP_DEFAULT ? timestamp : shape->timestamp, value);
        return;
    case VALUE_TEXT:
    case VALUE_RAW:
        buffer_add(buffer, value->text, value->size);
        return;
    case VALUE_BYTES:
        base64_write(buffer, value_as_bytes(value));
        return;
    default:
        return;
    }
}

const char *scalar_name(const struct shape *shape)
{
    switch (shape->type) {
    case SHAPE_TYPE_INTEGER:
        return "an Integer";
    case SHAPE_TYPE_LONG:
        return "a Long";
    case SHAPE_TYPE_FLOAT:
        return "a Float";
    case SHAPE_TYPE_DOUBLE:
        return "a Double";
    case SHAPE_TYPE_BOOLEAN:
        return "a Boolean";
    case SHAPE_TYPE_BLOB:
        return "a Blob";
    case SHAPE_TYPE_TIMESTAMP:
        return "a Timestamp";
    default:
        return "a String";
    }
}
