#include "emulator/aws/constraint.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/json.h"
#include "emulator/base/log.h"

/* Patterns are compiled when first needed and kept for good: there are as many as the models have. */
struct pattern {
    const char *regex; /* its place in the model's strings is its identity */
    pcre2_code *code;  /* NULL: does not compile, matches all */
    struct pattern *next;
};
enum { PATTERN_BUCKETS = 256, MATCH_LIMIT = 100000 };
static struct pattern *patterns[PATTERN_BUCKETS];
static pcre2_match_context *limits;
static pcre2_match_data *match_data;

static pcre2_code *compile(const char *regex)
{
    int error;
    size_t offset;
    /* AWS matches the whole text, whether a pattern has its own anchors or not. */
    pcre2_code *code = pcre2_compile(
        (PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
        PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &error, &offset, NULL);
    if (code != NULL)
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    return code;
}

bool constraint_pattern_is_good(const char *regex)
{
    pcre2_code *code = compile(regex);
    bool is_good = code != NULL;
    pcre2_code_free(code);
    return is_good;
}

static pcre2_code *find_pattern(const char *regex)
{
    struct pattern **bucket = &patterns[(uintptr_t)regex / 4 % PATTERN_BUCKETS];
    for (struct pattern *pattern = *bucket; pattern != NULL; pattern = pattern->next)
        if (pattern->regex == regex)
            return pattern->code;
    struct pattern *pattern = calloc(1, sizeof *pattern);
    check(pattern != NULL);
    pattern->regex = regex;
    pattern->code = compile(regex);
    pattern->next = *bucket;
    *bucket = pattern;
    return pattern->code;
}

static bool fits(const char *regex, struct bytes text)
{
    pcre2_code *code = find_pattern(regex);
    if (code == NULL)
        return true;
    if (limits == NULL) {
        limits = pcre2_match_context_create(NULL);
        match_data = pcre2_match_data_create(1, NULL);
        check(limits != NULL && match_data != NULL);
        pcre2_set_match_limit(limits, MATCH_LIMIT);
    }
    /* Out of its limit, a match says nothing: only "no match" is a finding. Text has been checked to be UTF-8. */
    return pcre2_match(code, (PCRE2_SPTR)(text.at != NULL ? text.at : ""), text.size, 0, PCRE2_NO_UTF_CHECK, match_data, limits) !=
           PCRE2_ERROR_NOMATCH;
}

static bool is_number(const struct shape *shape)
{
    return shape->type == SHAPE_TYPE_INTEGER || shape->type == SHAPE_TYPE_LONG || shape->type == SHAPE_TYPE_FLOAT ||
           shape->type == SHAPE_TYPE_DOUBLE;
}

/* Characters of text, bytes of blobs, items of lists and maps. */
static int64_t length_of(const struct value *value)
{
    int64_t count = 0;
    if (value->kind != VALUE_TEXT)
        return value->size;
    for (uint32_t i = 0; i < value->size; i++)
        count += ((unsigned char)value->text[i] & 0xc0) != 0x80;
    return count;
}

static bool is_listed(const struct model *model, const struct shape *shape, const char *text)
{
    for (int i = 0; i < shape->value_count; i++)
        if (strcmp(model_string(model, model->enumerations[shape->first_value + (uint32_t)i]), text) == 0)
            return true;
    return false;
}

bool constraint_exists(const struct model *model, uint16_t number, enum constraint constraint)
{
    const struct shape *shape = &model->shapes[number];
    switch (constraint) {
    case CONSTRAINT_PATTERN:
        return shape->regex != 0;
    case CONSTRAINT_ENUMERATION:
        return shape->value_count > 0;
    case CONSTRAINT_MAXIMUM:
        return (shape->flags & SHAPE_HAS_MAX) != 0;
    case CONSTRAINT_MINIMUM:
        return (shape->flags & SHAPE_HAS_MIN) != 0;
    default:
        return false;
    }
}

bool constraint_is_broken(const struct model *model, uint16_t number, enum constraint constraint, const struct value *value)
{
    const struct shape *shape = &model->shapes[number];
    if (!constraint_exists(model, number, constraint))
        return false;
    switch (constraint) {
    case CONSTRAINT_PATTERN:
        return value->kind == VALUE_TEXT && !fits(model_string(model, shape->regex), value_as_bytes(value));
    case CONSTRAINT_ENUMERATION:
        return value->kind == VALUE_TEXT && !is_listed(model, shape, value->text);
    case CONSTRAINT_MAXIMUM:
        if (!is_number(shape))
            return length_of(value) > shape->maximum;
        return value->kind == VALUE_DOUBLE ? value->number > (double)shape->maximum : value->integer > shape->maximum;
    case CONSTRAINT_MINIMUM:
        if (!is_number(shape))
            return length_of(value) < shape->minimum;
        return value->kind == VALUE_DOUBLE ? value->number < (double)shape->minimum : value->integer < shape->minimum;
    default:
        return false;
    }
}

void constraint_describe(struct buffer *buffer, const struct model *model, uint16_t number, enum constraint constraint)
{
    const struct shape *shape = &model->shapes[number];
    switch (constraint) {
    case CONSTRAINT_PATTERN:
        buffer_print(buffer, "Member must satisfy regular expression pattern: %s", model_string(model, shape->pattern));
        return;
    case CONSTRAINT_ENUMERATION:
        buffer_text(buffer, "Member must satisfy enum value set: [");
        for (int i = 0; i < shape->value_count; i++)
            buffer_print(buffer, "%s%s", i > 0 ? ", " : "",
                         model_string(model, model->enumerations[shape->first_value + (uint32_t)i]));
        buffer_char(buffer, ']');
        return;
    case CONSTRAINT_MAXIMUM:
        buffer_print(buffer, "Member must have %s less than or equal to %lld", is_number(shape) ? "value" : "length",
                     (long long)shape->maximum);
        return;
    case CONSTRAINT_MINIMUM:
        buffer_print(buffer, "Member must have %s greater than or equal to %lld", is_number(shape) ? "value" : "length",
                     (long long)shape->minimum);
        return;
    default:
        return;
    }
}

void constraint_print_name(struct buffer *buffer, const char *name)
{
    buffer_char(buffer, (char)tolower((unsigned char)name[0]));
    if (name[0] != '\0')
        buffer_text(buffer, name + 1);
}

/* As the framework's objects print themselves. */
void constraint_print_value(struct buffer *buffer, const struct model *model, uint16_t number, const struct value *value)
{
    const struct shape *shape = &model->shapes[number];
    switch (value->kind) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        buffer_text(buffer, "null");
        return;
    case VALUE_STRUCT:
        buffer_text(buffer, model_string(model, shape->name));
        buffer_char(buffer, '(');
        for (uint32_t i = 0; i < value->size; i++) {
            const struct member *member = &model->members[shape->first_member + i];
            buffer_text(buffer, i > 0 ? ", " : "");
            constraint_print_name(buffer, model_string(model, member->name));
            buffer_char(buffer, '=');
            constraint_print_value(buffer, model, member->shape, &value->items[i]);
        }
        buffer_char(buffer, ')');
        return;
    case VALUE_LIST:
        buffer_char(buffer, '[');
        for (uint32_t i = 0; i < value->size; i++) {
            buffer_text(buffer, i > 0 ? ", " : "");
            constraint_print_value(buffer, model, shape->element, &value->items[i]);
        }
        buffer_char(buffer, ']');
        return;
    case VALUE_MAP:
        buffer_char(buffer, '{');
        for (uint32_t i = 0; i < value->size; i++) {
            buffer_print(buffer, "%s%s=", i > 0 ? ", " : "", value->items[2 * i].text);
            constraint_print_value(buffer, model, shape->element, &value->items[2 * i + 1]);
        }
        buffer_char(buffer, '}');
        return;
    case VALUE_TEXT:
    case VALUE_RAW:
        buffer_add(buffer, value->text, value->size);
        return;
    case VALUE_BYTES:
        buffer_print(buffer, "java.nio.HeapByteBuffer[pos=0 lim=%u cap=%u]", value->size, value->size);
        return;
    default:
        json_write(buffer, value);
    }
}
