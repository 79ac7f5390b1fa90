/* Small things that C's library lacks for text, and `struct bytes` for what is not text.
 *
 * Text is NUL-terminated UTF-8. struct bytes borrows: it never owns what it points at. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const char *at; /* not NULL when size > 0 */
    size_t size;
};

struct bytes bytes_of(const char *text); /* without the NUL; NULL gives no bytes */
bool bytes_equal(struct bytes a, struct bytes b);

bool text_equal(const char *a, const char *b);       /* NULL equals only NULL */
bool text_equal_fold(const char *a, const char *b);  /* ASCII case does not count */
bool text_starts(const char *text, const char *start);
bool text_starts_fold(const char *text, const char *start);
bool text_ends(const char *text, const char *end);

/* Decimal integers, whole text, an optional '-'. False, and *number untouched, on anything else or overflow. */
bool text_integer(const char *text, int64_t *number);
bool text_double(const char *text, double *number); /* finite; locale never counts */

bool utf8_is_valid(struct bytes bytes); /* surrogates, overlong forms and > U+10FFFF are not */

/* Reads one code point at *offset of valid UTF-8 and moves *offset behind it. */
uint32_t utf8_next(struct bytes bytes, size_t *offset);

/* A duration: an integer with ms, s, m, h or d behind it ("90s"). Milliseconds in *ms; false on anything else. */
bool duration_parse(const char *text, int64_t *ms);
