/* Encodings between bytes and text. What they return lives in the arena and is NUL-terminated. */
#pragma once
#include "emulator/base/buffer.h"

char *base64_encode(struct arena *arena, struct bytes bytes);
/* False on anything that is not strict base64 with padding; blanks are not allowed. */
bool base64_decode(struct arena *arena, struct bytes text, struct bytes *bytes);
void base64_write(struct buffer *buffer, struct bytes bytes);

char *base64url_encode(struct arena *arena, struct bytes bytes); /* no padding */
bool base64url_decode(struct arena *arena, struct bytes text, struct bytes *bytes);

char *hex_encode(struct arena *arena, struct bytes bytes); /* lower case */
bool hex_decode(struct arena *arena, struct bytes text, struct bytes *bytes);

/* %XX once; with plus_is_space, '+' too (forms). A broken escape gives false. The result may hold any byte. */
bool percent_decode(struct arena *arena, struct bytes text, bool plus_is_space, struct bytes *bytes);

/* Everything but A-Z a-z 0-9 - _ . ~ and the characters of `keep` becomes %XX (upper case). */
char *percent_encode(struct arena *arena, struct bytes bytes, const char *keep);

/* One name=value pair of a query or a form, decoded. */
struct form_field {
    const char *name, *value; /* value is "" when there is no '=' */
    bool has_value;           /* there was a '=' */
};

/* Splits at '&'. NULL (and *count 0) on a broken escape, on invalid UTF-8, on a NUL byte or on more than FORM_FIELDS. */
enum { FORM_FIELDS = 10000 };
struct form_field *form_parse(struct arena *arena, struct bytes text, bool plus_is_space, size_t *count);
