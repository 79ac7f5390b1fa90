/* The Range header of GET and HEAD (facts/services.md 2.6) and x-amz-copy-source-range. Pure: no call, no store. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum range_result {
    RANGE_IGNORED,       /* none, another unit, several ranges, or nonsense: the whole object with 200 */
    RANGE_PART,          /* [*first, *first + *length) with 206 */
    RANGE_UNSATISFIABLE, /* 416 */
};
enum range_result range_parse(const char *header, int64_t size, int64_t *first, int64_t *length);

/* Strictly bytes=first-last, both given, first <= last. Whether it lies within the source is the caller's question. */
bool range_parse_copy(const char *header, int64_t *first, int64_t *last);
