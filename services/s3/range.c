#include "services/s3/range.h"

#include <stddef.h>

#include "emulator/base/text.h"

/* Decimal digits at *at, moved behind them; -1 when there are none. Too many digits give INT64_MAX: past every object's end. */
static int64_t digits(const char **at)
{
    int64_t number = -1;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        int digit = **at - '0';
        if (number < 0)
            number = 0;
        number = number > (INT64_MAX - digit) / 10 ? INT64_MAX : number * 10 + digit;
    }
    return number;
}

enum range_result range_parse(const char *header, int64_t size, int64_t *first, int64_t *length)
{
    if (header == NULL || !text_starts(header, "bytes="))
        return RANGE_IGNORED;
    const char *at = header + 6;
    int64_t from = digits(&at);
    if (*at++ != '-')
        return RANGE_IGNORED;
    int64_t to = digits(&at);
    if (*at != '\0' || (from < 0 && to < 0))
        return RANGE_IGNORED;

    if (from < 0) { /* a suffix: the last `to` bytes */
        if (to == 0 || size == 0)
            return RANGE_UNSATISFIABLE;
        *length = to < size ? to : size;
        *first = size - *length;
        return RANGE_PART;
    }
    if (to >= 0 && to < from)
        return RANGE_IGNORED;
    if (from >= size)
        return RANGE_UNSATISFIABLE;
    if (to < 0 || to >= size)
        to = size - 1;
    *first = from;
    *length = to - from + 1;
    return RANGE_PART;
}

bool range_parse_copy(const char *header, int64_t *first, int64_t *last)
{
    if (!text_starts(header, "bytes="))
        return false;
    const char *at = header + 6;
    int64_t from = digits(&at);
    if (*at++ != '-')
        return false;
    int64_t to = digits(&at);
    if (*at != '\0' || from < 0 || to < from)
        return false;
    *first = from;
    *last = to;
    return true;
}
