/* Attributes of a message: checked, kept and digested in one form.
 *
 * The form is the very text that AWS digests ("Calculating the MD5 message digest for message attributes" in the developer guide): by name, each of
 * name, type and value after its length in four bytes, the value after 1 (text) or 2 (binary). So the digest of what is kept is the attribute digest, and a selection
 * of attributes is a selection of pieces. */
#pragma once
#include "services/sqs/errors.h"

/* Checks a map of name -> MessageAttributeValue (or MessageSystemAttributeValue: the same members) and brings it into that form. `map` may be NULL. *size is
 * what counts against the limit of a message. */
bool message_attributes_encode(struct arena *arena, const struct value *map, bool is_system, struct bytes *encoded, int64_t *size,
                               struct problem *problem);

/* MD5 in hex; NULL when there is none. */
char *message_attributes_digest(struct arena *arena, struct bytes encoded);

/* The attributes that `names` (a list of text: All, .*, *, prefix.*, or exact) asks for, as an output map, and their digest; an empty map when there are none. */
struct value message_attributes_select(struct call *call, struct bytes encoded, const struct value *names, char **digest);
/* The same for people: a map of name -> {data_type, value}. */
struct value message_attributes_show(struct arena *arena, struct bytes encoded);

/* Only characters that XML 1.0 can hold: what AWS accepts in bodies and text values. `text` is valid UTF-8; *character is the first bad one. */
bool message_text_is_valid(struct bytes text, uint32_t *character);
