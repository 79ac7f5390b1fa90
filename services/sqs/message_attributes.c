#include "services/sqs/message_attributes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/digest.h"
#include "emulator/base/log.h"
#include "services/sqs/sqs_model.h"

enum { MOST = 10, NAME_MAX_BYTES = 256, TYPE_MAX_BYTES = 256, KIND_TEXT = 1, KIND_BINARY = 2 };

/* Both structures have the same members; the code below reads system attributes by the numbers of the others. */
_Static_assert((int)MessageAttributeValue_DataType == (int)MessageSystemAttributeValue_DataType &&
                   (int)MessageAttributeValue_StringValue == (int)MessageSystemAttributeValue_StringValue &&
                   (int)MessageAttributeValue_BinaryValue == (int)MessageSystemAttributeValue_BinaryValue &&
                   (int)MessageAttributeValue_StringListValues == (int)MessageSystemAttributeValue_StringListValues &&
                   (int)MessageAttributeValue_BinaryListValues == (int)MessageSystemAttributeValue_BinaryListValues,
               "the two kinds of attributes have the same members");

struct piece {
    struct bytes name, type, value;
    unsigned char kind;
};

/* --- characters ---------------------------------------------------------------------------------------------------------------- */

bool message_text_is_valid(struct bytes text, uint32_t *character)
{
    const unsigned char *at = (const unsigned char *)text.at;

    for (size_t i = 0; i < text.size; i++) {
        if (at[i] >= 0x20 && at[i] != 0xEF)
            continue;
        if (at[i] == '\t' || at[i] == '\n' || at[i] == '\r')
            continue;
        if (at[i] < 0x20) {
            *character = at[i];
            return false;
        }
        /* U+FFFE and U+FFFF: EF BF BE and EF BF BF. Surrogates are not valid UTF-8. */
        if (i + 2 < text.size && at[i + 1] == 0xBF && at[i + 2] >= 0xBE) {
            *character = 0xFFC0u + (at[i + 2] & 0x3Fu);
            return false;
        }
    }
    return true;
}

static bool is_number(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t digits = strspn(at, "0123456789");

    at += digits;
    if (*at == '.') {
        size_t fraction = strspn(at + 1, "0123456789");

        digits += fraction;
        at += 1 + fraction;
    }
    if (digits == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        digits = strspn(at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    return *at == '\0';
}

/* --- checking ------------------------------------------------------------------------------------------------------------------ */

static bool check_name(struct arena *arena, const char *name, struct problem *problem)
{
    size_t size = strlen(name);

    if (size == 0 || size > NAME_MAX_BYTES)
        return problem_set(problem, arena, &invalid_parameter_value, "Message (user) attribute name must be 1 to 256 characters long.");
    if (text_starts_fold(name, "AWS.") || text_starts_fold(name, "Amazon."))
        return problem_set(problem, arena, &invalid_parameter_value,
                           "Message (user) attribute name '%s' must not start with the reserved prefix AWS. or Amazon.", name);
    bool has_odd_dots = name[0] == '.' || name[size - 1] == '.' || strstr(name, "..") != NULL;
    for (size_t i = 0; i < size && !has_odd_dots; i++) {
        unsigned char character = (unsigned char)name[i];

        /* Recorded: letters beyond ASCII are accepted, whatever the documentation says. */
        if (character < 0x80 && !isalnum(character) && strchr("_-.", character) == NULL)
            has_odd_dots = true;
    }
    if (has_odd_dots)
        return problem_set(problem, arena, &invalid_parameter_value,
                           "Message (user) attribute name '%s' is invalid: it can contain letters, digits, hyphen, underscore and single inner periods.", name);
    return true;
}

static bool is_type(const char *type, const char *base)
{
    size_t size = strlen(base);

    return text_starts(type, base) && (type[size] == '\0' || (type[size] == '.' && type[size + 1] != '\0'));
}

static bool read_piece(struct arena *arena, const char *name, const struct value *attribute, const char *whose, struct piece *piece,
                       struct problem *problem)
{
    const char *type = at_text(attribute, MessageAttributeValue_DataType);
    const char *text = at_text(attribute, MessageAttributeValue_StringValue);
    const struct value *binary = at(attribute, MessageAttributeValue_BinaryValue);
    uint32_t character;

    if (at(attribute, MessageAttributeValue_StringListValues) != NULL || at(attribute, MessageAttributeValue_BinaryListValues) != NULL)
        return problem_set(problem, arena, &unsupported_operation, "Message attribute list values in SendMessage operation are not supported.");
    if (type == NULL || type[0] == '\0')
        return problem_set(problem, arena, &invalid_parameter_value, "The message attribute '%s' must contain non-empty message attribute type.", name);
    if (!is_type(type, "String") && !is_type(type, "Number") && !is_type(type, "Binary"))
        return problem_set(problem, arena, &invalid_parameter_value,
                           "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
                           name);
    if (strlen(type) > TYPE_MAX_BYTES)
        return problem_set(problem, arena, &invalid_parameter_value, "The message attribute type of '%s' must be at most 256 characters long.", name);
    *piece = (struct piece){.name = bytes_of(name), .type = bytes_of(type), .kind = is_type(type, "Binary") ? KIND_BINARY : KIND_TEXT};
    if (piece->kind == KIND_BINARY)
        piece->value = binary == NULL ? (struct bytes){NULL, 0} : value_as_bytes(binary);
    else
        piece->value = bytes_of(text);
    if (piece->value.size == 0)
        return problem_set(problem, arena, &invalid_parameter_value, "Message (%s) attribute '%s' must contain a non-empty value of type '%s'.", whose, name,
                           piece->kind == KIND_BINARY ? "Binary" : "String");
    if (piece->kind == KIND_TEXT && binary != NULL)
        return problem_set(problem, arena, &invalid_parameter_value, "Message (%s) attribute '%s' has a value of another type than its DataType.", whose, name);
    if (piece->kind == KIND_TEXT && !message_text_is_valid(piece->value, &character))
        return problem_set(problem, arena, &invalid_message_contents,
                           "Invalid binary character '#x%X' was found in the message attribute '%s' value, the set of allowed characters is"
                           " #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
                           character, name);
    if (is_type(type, "Number") && !is_number(text))
        return problem_set(problem, arena, &invalid_parameter_value, "Can't cast the value of message (%s) attribute '%s' to a number.", whose, name);
    return true;
}

/* --- the form ------------------------------------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    const struct bytes *one = &((const struct piece *)a)->name, *other = &((const struct piece *)b)->name;
    int order = memcmp(one->at, other->at, one->size < other->size ? one->size : other->size);

    return order != 0 ? order : (one->size > other->size) - (one->size < other->size);
}

static char *put(char *at, struct bytes bytes)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (char)(bytes.size >> shift);
    memcpy(at, bytes.at, bytes.size);
    return at + bytes.size;
}

bool message_attributes_encode(struct arena *arena, const struct value *map, bool is_system, struct bytes *encoded, int64_t *size,
                               struct problem *problem)
{
    struct piece pieces[MOST];

    *encoded = (struct bytes){NULL, 0};
    *size = 0;
    if (map == NULL || map->size == 0)
        return true;
    if (map->size > MOST)
        return problem_set(problem, arena, &invalid_parameter_value, "Number of message attributes [%u] exceeds the allowed maximum [%d].", map->size,
                           MOST);
    for (uint32_t i = 0; i < map->size; i++) {
        const char *name = map->items[2 * i].text;

        if (!is_system && !check_name(arena, name, problem))
            return false;
        if (!read_piece(arena, name, &map->items[2 * i + 1], is_system ? "system" : "user", &pieces[i], problem))
            return false;
        *size += (int64_t)(pieces[i].name.size + pieces[i].type.size + pieces[i].value.size);
    }
    qsort(pieces, map->size, sizeof *pieces, by_name);
    size_t bytes = (size_t)*size + 13 * (size_t)map->size;
    char *form = arena_alloc(arena, bytes);
    char *end = form;
    for (uint32_t i = 0; i < map->size; i++) {
        end = put(end, pieces[i].name);
        end = put(end, pieces[i].type);
        *end++ = (char)pieces[i].kind;
        end = put(end, pieces[i].value);
    }
    check(end == form + bytes);
    *encoded = (struct bytes){form, bytes};
    return true;
}

char *message_attributes_digest(struct arena *arena, struct bytes encoded)
{
    return encoded.size == 0 ? NULL : digest_hex(arena, DIGEST_MD5, encoded);
}

static struct bytes take(const char **at, const char *end)
{
    size_t size = 0;

    check(end - *at >= 4);
    for (int i = 0; i < 4; i++)
        size = size << 8 | (unsigned char)*(*at)++;
    check((size_t)(end - *at) >= size);
    struct bytes bytes = {*at, size};
    *at += size;
    return bytes;
}

static struct piece take_piece(const char **at, const char *end)
{
    struct piece piece;

    piece.name = take(at, end);
    piece.type = take(at, end);
    check(*at < end);
    piece.kind = (unsigned char)*(*at)++;
    piece.value = take(at, end);
    return piece;
}

/* --- choosing ------------------------------------------------------------------------------------------------------------------ */

static bool is_wanted(const struct value *names, struct bytes name)
{
    for (uint32_t i = 0; i < names->size; i++) {
        const char *wanted = names->items[i].text;
        size_t size = names->items[i].size;

        if (text_equal(wanted, "All") || text_equal(wanted, ".*") || text_equal(wanted, "*"))
            return true;
        if (size > 2 && text_ends(wanted, ".*")) {
            if (name.size >= size - 2 && memcmp(name.at, wanted, size - 2) == 0)
                return true;
        } else if (bytes_equal((struct bytes){wanted, size}, name)) {
            return true;
        }
    }
    return false;
}

static struct value text_copy(struct arena *arena, struct bytes bytes)
{
    return value_text_of((struct bytes){arena_copy(arena, bytes.at, bytes.size), bytes.size});
}

struct value message_attributes_select(struct call *call, struct bytes encoded, const struct value *names, char **digest)
{
    struct value map = value_map();
    struct buffer chosen;

    *digest = NULL;
    if (encoded.size == 0 || names == NULL || names->size == 0)
        return map;
    buffer_init(&chosen, encoded.size + 1);
    const char *at = encoded.at, *end = encoded.at + encoded.size;
    while (at < end) {
        const char *start = at;
        struct piece piece = take_piece(&at, end);

        if (!is_wanted(names, piece.name))
            continue;
        struct value attribute = call_struct(call, SHAPE_MessageAttributeValue);
        set(&attribute, MessageAttributeValue_DataType, text_copy(call->arena, piece.type));
        if (piece.kind == KIND_BINARY)
            set(&attribute, MessageAttributeValue_BinaryValue, value_bytes(piece.value));
        else
            set(&attribute, MessageAttributeValue_StringValue, text_copy(call->arena, piece.value));
        value_put(call->arena, &map, arena_copy(call->arena, piece.name.at, piece.name.size), attribute);
        buffer_add(&chosen, start, (size_t)(at - start));
    }
    *digest = message_attributes_digest(call->arena, buffer_bytes(&chosen));
    buffer_free(&chosen);
    return map;
}

struct value message_attributes_show(struct arena *arena, struct bytes encoded)
{
    struct value map = value_map();
    const char *at = encoded.at, *end = encoded.at + encoded.size;

    while (at < end) {
        struct piece piece = take_piece(&at, end);
        struct value attribute = value_map();

        value_put(arena, &attribute, "data_type", text_copy(arena, piece.type));
        value_put(arena, &attribute, "value", piece.kind == KIND_BINARY ? value_bytes(piece.value) : text_copy(arena, piece.value));
        value_put(arena, &map, arena_copy(arena, piece.name.at, piece.name.size), attribute);
    }
    return map;
}
