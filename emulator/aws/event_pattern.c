#include "emulator/aws/event_pattern.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>
#include <strings.h>

enum { NUMERIC_PARTS = 4 };

static bool is_text(const struct value *value)
{
    return value->kind == VALUE_TEXT;
}

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INTEGER || value->kind == VALUE_DOUBLE;
}

static double number_of(const struct value *value)
{
    return value->kind == VALUE_INTEGER ? (double)value->integer : value->number;
}

static bool is_scalar(const struct value *value)
{
    return is_text(value) || is_number(value) || value->kind == VALUE_BOOL || value->kind == VALUE_NULL;
}

/* {"name": argument}: an operator has exactly one member. */
static const char *operator_of(const struct value *value, const struct value **argument)
{
    if (value->kind != VALUE_MAP || value->size != 1)
        return NULL;
    *argument = &value->items[1];
    return value->items[0].text;
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* A text, or a list of at least one, each accepted. */
static bool each(const struct value *value, bool (*accepts)(const struct value *))
{
    if (value->kind != VALUE_LIST)
        return accepts(value);
    for (uint32_t i = 0; i < value->size; i++)
        if (!accepts(&value->items[i]))
            return false;
    return value->size > 0;
}

/* --- is it one? --- */

static bool is_filled_text(const struct value *value)
{
    return is_text(value) && value->size > 0;
}

static bool is_text_or_number(const struct value *value)
{
    return is_text(value) || is_number(value);
}

/* Two stars in a row are refused; a backslash escapes a star or itself. */
static bool is_wildcard(const struct value *value)
{
    if (!is_text(value))
        return false;
    for (const char *at = value->text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '*' && at[1] != '\\')
            return false;
        if (*at == '\\')
            at++;
        else if (at[0] == '*' && at[1] == '*')
            return false;
    }
    return true;
}

/* The network's bytes and its prefix. */
static bool read_cidr(const char *text, int *family, unsigned char address[16], int *prefix)
{
    char host[64];
    const char *slash = strchr(text, '/');
    int64_t bits;

    if (slash == NULL || (size_t)(slash - text) >= sizeof host || !text_integer(slash + 1, &bits))
        return false;
    memcpy(host, text, (size_t)(slash - text));
    host[slash - text] = '\0';
    *family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
    *prefix = (int)bits;
    return bits >= 0 && bits <= (*family == AF_INET6 ? 128 : 32) && inet_pton(*family, host, address) == 1;
}

static bool is_cidr(const struct value *value)
{
    unsigned char address[16];
    int family, prefix;

    return is_text(value) && read_cidr(value->text, &family, address, &prefix);
}

static bool is_affix(const struct value *value)
{
    const struct value *argument;
    const char *name = operator_of(value, &argument);

    return is_text(value) || (name != NULL && is(name, "equals-ignore-case") && is_text(argument));
}

/* A bound from below, a bound from above, or both in this order; or "=" alone. */
static bool is_numeric(const struct value *list)
{
    if (list->kind != VALUE_LIST || (list->size != 2 && list->size != NUMERIC_PARTS))
        return false;
    for (uint32_t i = 0; i < list->size; i += 2) {
        const struct value *comparison = &list->items[i];

        if (!is_text(comparison) || !is_number(&list->items[i + 1]))
            return false;
        bool is_below = is(comparison->text, "<") || is(comparison->text, "<="),
             is_above = is(comparison->text, ">") || is(comparison->text, ">=");
        if (list->size == NUMERIC_PARTS ? !(i == 0 ? is_above : is_below) : !(is_below || is_above || is(comparison->text, "=")))
            return false;
    }
    return list->size == 2 || number_of(&list->items[1]) < number_of(&list->items[3]);
}

static bool is_anything_but(const struct value *value)
{
    const struct value *argument;
    const char *name = operator_of(value, &argument);

    if (name == NULL)
        return each(value, is_text_or_number);
    if (is(name, "prefix") || is(name, "suffix"))
        return each(argument, is_filled_text);
    if (is(name, "wildcard"))
        return each(argument, is_wildcard);
    return is(name, "equals-ignore-case") && each(argument, is_text);
}

static bool is_leaf(const struct value *value)
{
    const struct value *argument;
    const char *name = operator_of(value, &argument);

    if (name == NULL)
        return is_scalar(value);
    if (is(name, "prefix") || is(name, "suffix"))
        return is_affix(argument);
    if (is(name, "anything-but"))
        return is_anything_but(argument);
    if (is(name, "numeric"))
        return is_numeric(argument);
    if (is(name, "exists"))
        return argument->kind == VALUE_BOOL;
    if (is(name, "equals-ignore-case"))
        return is_text(argument);
    if (is(name, "wildcard"))
        return is_wildcard(argument);
    return is(name, "cidr") && is_cidr(argument);
}

static bool is_part(const struct value *pattern)
{
    if (pattern->kind == VALUE_LIST)
        return each(pattern, is_leaf);
    if (pattern->kind != VALUE_MAP || pattern->size == 0)
        return false;
    for (uint32_t i = 0; i < pattern->size; i++) {
        const struct value *inner = &pattern->items[2 * i + 1];

        if (is(pattern->items[2 * i].text, "$or") && inner->kind == VALUE_LIST && inner->size >= 2) {
            for (uint32_t k = 0; k < inner->size; k++)
                if (inner->items[k].kind != VALUE_MAP || !is_part(&inner->items[k]))
                    return false;
        } else if (!is_part(inner)) {
            return false;
        }
    }
    return true;
}

bool event_pattern_is_valid(const struct value *pattern)
{
    return pattern->kind == VALUE_MAP && is_part(pattern);
}

/* --- does it match? --- */

static bool equals(const struct value *a, const struct value *b)
{
    if (is_number(a) && is_number(b))
        return fabs(number_of(a) - number_of(b)) == 0.0;
    return a->kind == b->kind && (a->kind == VALUE_NULL || (a->kind == VALUE_BOOL && a->boolean == b->boolean) ||
                                  (is_text(a) && bytes_equal(value_as_bytes(a), value_as_bytes(b))));
}

static bool matches_wildcard(const char *pattern, const char *text)
{
    const char *star = NULL, *from = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
            continue;
        }
        const char *literal = *pattern == '\\' ? pattern + 1 : pattern;
        if (*literal == *text) {
            pattern = literal + 1;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool matches_affix(const struct value *affix, const char *text, bool at_end)
{
    const struct value *argument;
    bool is_folded = operator_of(affix, &argument) != NULL;
    const char *wanted = is_folded ? argument->text : affix->text;
    size_t size = strlen(wanted), has = strlen(text);

    if (size > has)
        return false;
    if (at_end)
        text += has - size;
    return is_folded ? strncasecmp(text, wanted, size) == 0 : strncmp(text, wanted, size) == 0;
}

static bool matches_cidr(const char *cidr, const char *text)
{
    unsigned char network[16], address[16];
    int family, prefix;

    if (!read_cidr(cidr, &family, network, &prefix) || inet_pton(family, text, address) != 1)
        return false;
    for (int bit = 0; bit < prefix; bit++) {
        unsigned char mask = (unsigned char)(0x80 >> (bit % 8));

        if ((network[bit / 8] & mask) != (address[bit / 8] & mask))
            return false;
    }
    return true;
}

static bool matches_numeric(const struct value *list, double number)
{
    for (uint32_t i = 0; i < list->size; i += 2) {
        const char *comparison = list->items[i].text;
        double bound = number_of(&list->items[i + 1]);
        bool holds = comparison[0] == '<' ? number < bound : comparison[0] == '>' ? number > bound : false;

        if (!holds && !(strchr(comparison, '=') != NULL && fabs(number - bound) == 0.0))
            return false;
    }
    return true;
}

/* One text of an operator on texts; other kinds of value are none of what it says. */
static bool matches_text(const char *name, const struct value *argument, const struct value *value)
{
    if (!is_text(value))
        return false;
    if (is(name, "prefix") || is(name, "suffix"))
        return matches_affix(argument, value->text, is(name, "suffix"));
    if (is(name, "wildcard"))
        return matches_wildcard(argument->text, value->text);
    if (is(name, "cidr"))
        return matches_cidr(argument->text, value->text);
    return is(name, "equals-ignore-case") && strcasecmp(argument->text, value->text) == 0;
}

static bool is_anything_but_match(const struct value *but, const struct value *value)
{
    const struct value *argument = but;
    const char *name = operator_of(but, &argument);
    const struct value *items = argument->kind == VALUE_LIST ? argument->items : argument;
    uint32_t count = argument->kind == VALUE_LIST ? argument->size : 1;

    for (uint32_t i = 0; i < count; i++)
        if (name == NULL ? equals(&items[i], value) : matches_text(name, &items[i], value))
            return false;
    return true;
}

/* `value` is a scalar of the event; NULL: there is none. */
static bool matches_leaf(const struct value *leaf, const struct value *value)
{
    const struct value *argument;
    const char *name = operator_of(leaf, &argument);

    if (name != NULL && is(name, "exists"))
        return argument->boolean == (value != NULL);
    if (value == NULL)
        return false;
    if (name == NULL)
        return equals(leaf, value);
    if (is(name, "anything-but"))
        return is_anything_but_match(argument, value);
    if (is(name, "numeric"))
        return is_number(value) && matches_numeric(argument, number_of(value));
    return matches_text(name, argument, value);
}

static bool matches_any_leaf(const struct value *leaves, const struct value *value)
{
    for (uint32_t i = 0; i < leaves->size; i++)
        if (matches_leaf(&leaves->items[i], value))
            return true;
    return false;
}

/* A list in the event matches when one of its values does; an object, and an empty list, are no value. */
static bool matches_leaves(const struct value *leaves, const struct value *value)
{
    if (value != NULL && value->kind == VALUE_LIST && value->size > 0) {
        for (uint32_t i = 0; i < value->size; i++)
            if (matches_leaves(leaves, &value->items[i]))
                return true;
        return false;
    }
    return matches_any_leaf(leaves, value != NULL && is_scalar(value) ? value : NULL);
}

/* What the event has under `key`. An event may also write a path in one name: "a.b" for b within a. */
static const struct value *step(struct arena *arena, const struct value *event, const char *key)
{
    const struct value *found = event == NULL ? NULL : value_find(event, key);
    struct value *inner = NULL;
    size_t size = strlen(key);

    if (found != NULL || event == NULL || event->kind != VALUE_MAP)
        return found;
    for (uint32_t i = 0; i < event->size; i++) {
        const struct value *name = &event->items[2 * i];

        if (name->size <= size || name->text[size] != '.' || memcmp(name->text, key, size) != 0)
            continue;
        if (inner == NULL) {
            inner = arena_alloc(arena, sizeof *inner);
            *inner = value_map();
        }
        (void)value_put(arena, inner, name->text + size + 1, event->items[2 * i + 1]);
    }
    return inner;
}

static bool matches_part(struct arena *arena, const struct value *pattern, const struct value *event);

static bool matches_or(struct arena *arena, const struct value *alternatives, const struct value *event)
{
    for (uint32_t i = 0; i < alternatives->size; i++)
        if (matches_part(arena, &alternatives->items[i], event))
            return true;
    return false;
}

static bool matches_map(struct arena *arena, const struct value *pattern, const struct value *event)
{
    for (uint32_t i = 0; i < pattern->size; i++) {
        const char *key = pattern->items[2 * i].text;
        const struct value *inner = &pattern->items[2 * i + 1];

        if (is(key, "$or") && inner->kind == VALUE_LIST && inner->size > 0 && inner->items[0].kind == VALUE_MAP &&
            inner->size >= 2) {
            if (!matches_or(arena, inner, event))
                return false;
        } else if (!matches_part(arena, inner, step(arena, event, key))) {
            return false;
        }
    }
    return true;
}

static bool matches_part(struct arena *arena, const struct value *pattern, const struct value *event)
{
    if (pattern->kind == VALUE_LIST)
        return matches_leaves(pattern, event);
    /* A list of objects: one of them has to match as a whole. */
    if (event != NULL && event->kind == VALUE_LIST && event->size > 0) {
        for (uint32_t i = 0; i < event->size; i++)
            if (matches_part(arena, pattern, &event->items[i]))
                return true;
        return false;
    }
    return matches_map(arena, pattern, event != NULL && event->kind == VALUE_MAP ? event : NULL);
}

bool event_pattern_matches(struct arena *arena, const struct value *pattern, const struct value *event)
{
    return matches_part(arena, pattern, event);
}
