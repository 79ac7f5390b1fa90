/* JSON filter patterns: { expression }, where an expression is comparisons of properties joined by && and ||, with parentheses. */
#include <ctype.h>
#include <string.h>

#include "services/logs/pattern.h"

enum { STEPS = 32, NESTING = 32 };
enum node_kind { AND, OR, COMPARE, NOT_EXISTS, IS_NULL, IS_TRUE, IS_FALSE };
enum comparison { EQUAL, UNEQUAL, LESS, LESS_OR_EQUAL, MORE, MORE_OR_EQUAL };

/* .name or [index] */
struct step {
    const char *name; /* NULL: index */
    int64_t index;
};

struct selector_node {
    enum node_kind kind;
    struct selector_node *left, *right;
    struct step steps[STEPS];
    size_t step_count;
    enum comparison comparison;
    const char *text; /* what to compare with; '*' stands for anything */
    bool is_number;
    double number;
};

struct reader {
    struct arena *arena;
    const char *at;
    enum pattern_problem problem;
    int nesting;
};

static void skip_blanks(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

static bool take(struct reader *reader, const char *text)
{
    skip_blanks(reader);
    if (!text_starts(reader->at, text))
        return false;
    reader->at += strlen(text);
    return true;
}

/* A word in any case, not the beginning of a longer one. */
static bool take_word(struct reader *reader, const char *word)
{
    size_t size = strlen(word);

    skip_blanks(reader);
    if (!text_starts_fold(reader->at, word) || isalnum((unsigned char)reader->at[size]))
        return false;
    reader->at += size;
    return true;
}

static void *problem(struct reader *reader, enum pattern_problem kind)
{
    if (reader->problem == PATTERN_GOOD)
        reader->problem = kind;
    return NULL;
}

/* Properties: $.a.b[0] and $['a']. */

static bool read_index(struct reader *reader, struct step *step)
{
    size_t size;

    if (*reader->at == '*') {
        (void)problem(reader, PATTERN_NOT_DONE);
        return false;
    }
    if (*reader->at == '\'' || *reader->at == '"') {
        char quote[2] = {*reader->at++, '\0'};

        size = strcspn(reader->at, quote);
        step->name = arena_copy(reader->arena, reader->at, size);
        reader->at += size;
        if (*reader->at++ == '\0')
            return false;
    } else {
        size = strspn(reader->at, "0123456789");
        if (!text_integer(arena_copy(reader->arena, reader->at, size), &step->index))
            return false;
        reader->at += size;
    }
    return *reader->at++ == ']';
}

static bool read_step(struct reader *reader, struct step *step)
{
    if (*reader->at++ == '[')
        return read_index(reader, step);
    size_t size = strcspn(reader->at, " \t\r\n.[]=!<>()&|{}\"");
    if (size == 0)
        return false;
    if (memchr(reader->at, '*', size) != NULL) {
        (void)problem(reader, PATTERN_NOT_DONE);
        return false;
    }
    step->name = arena_copy(reader->arena, reader->at, size);
    reader->at += size;
    return true;
}

static bool read_property(struct reader *reader, struct selector_node *node)
{
    if (!take(reader, "$"))
        return false;
    while (*reader->at == '.' || *reader->at == '[')
        if (node->step_count == STEPS || !read_step(reader, &node->steps[node->step_count++]))
            return false;
    return node->step_count > 0;
}

/* Comparisons. */

static bool read_operator(struct reader *reader, enum comparison *comparison)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } operators[] = {{"!=", UNEQUAL}, {"<=", LESS_OR_EQUAL}, {">=", MORE_OR_EQUAL}, {"=", EQUAL}, {"<", LESS}, {">", MORE}};

    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (take(reader, operators[i].text)) {
            *comparison = operators[i].comparison;
            return true;
        }
    return false;
}

static bool read_literal(struct reader *reader, struct selector_node *node)
{
    size_t size;

    skip_blanks(reader);
    if (*reader->at == '%') {
        (void)problem(reader, PATTERN_NOT_DONE);
        return false;
    }
    if (*reader->at == '"') {
        size = strcspn(++reader->at, "\"");
        node->text = arena_copy(reader->arena, reader->at, size);
        reader->at += size;
        return *reader->at++ == '"';
    }
    size = strcspn(reader->at, " \t\r\n()&|{}=<>!\"");
    if (size == 0)
        return false;
    node->text = arena_copy(reader->arena, reader->at, size);
    node->is_number = text_double(node->text, &node->number);
    reader->at += size;
    return true;
}

static struct selector_node *read_condition(struct reader *reader)
{
    struct selector_node *node = arena_alloc(reader->arena, sizeof *node);

    if (!read_property(reader, node))
        return problem(reader, PATTERN_INVALID);
    if (take_word(reader, "NOT")) {
        node->kind = NOT_EXISTS;
        return take_word(reader, "EXISTS") ? node : problem(reader, PATTERN_INVALID);
    }
    if (take_word(reader, "IS")) {
        if (take_word(reader, "NULL"))
            node->kind = IS_NULL;
        else if (take_word(reader, "TRUE"))
            node->kind = IS_TRUE;
        else if (take_word(reader, "FALSE"))
            node->kind = IS_FALSE;
        else
            return problem(reader, PATTERN_INVALID);
        return node;
    }
    node->kind = COMPARE;
    if (!read_operator(reader, &node->comparison) || !read_literal(reader, node) ||
        (node->comparison > UNEQUAL && !node->is_number))
        return problem(reader, PATTERN_INVALID);
    return node;
}

static struct selector_node *read_or(struct reader *reader);

static struct selector_node *read_unary(struct reader *reader)
{
    struct selector_node *node;

    if (!take(reader, "("))
        return read_condition(reader);
    if (++reader->nesting > NESTING)
        return problem(reader, PATTERN_INVALID);
    node = read_or(reader);
    reader->nesting--;
    return node != NULL && take(reader, ")") ? node : problem(reader, PATTERN_INVALID);
}

static struct selector_node *join(struct reader *reader, enum node_kind kind, struct selector_node *left,
                                  struct selector_node *right)
{
    struct selector_node *node = arena_alloc(reader->arena, sizeof *node);

    if (right == NULL)
        return NULL;
    node->kind = kind;
    node->left = left;
    node->right = right;
    return node;
}

static struct selector_node *read_and(struct reader *reader)
{
    struct selector_node *node = read_unary(reader);

    while (node != NULL && take(reader, "&&"))
        node = join(reader, AND, node, read_unary(reader));
    return node;
}

static struct selector_node *read_or(struct reader *reader)
{
    struct selector_node *node = read_and(reader);

    while (node != NULL && take(reader, "||"))
        node = join(reader, OR, node, read_and(reader));
    return node;
}

struct selector_node *selector_parse(struct arena *arena, const char *text, enum pattern_problem *result)
{
    struct reader reader = {.arena = arena, .at = text};
    struct selector_node *node = NULL;

    if (take(&reader, "{"))
        node = read_or(&reader);
    if (node != NULL && (!take(&reader, "}") || reader.at[strspn(reader.at, " \t\r\n")] != '\0'))
        node = NULL;
    *result = node != NULL ? PATTERN_GOOD : reader.problem != PATTERN_GOOD ? reader.problem : PATTERN_INVALID;
    return node;
}

/* Matching. */

static const struct value *property(const struct selector_node *node, const struct value *json)
{
    for (size_t i = 0; i < node->step_count && json != NULL; i++) {
        const struct step *step = &node->steps[i];

        if (step->name != NULL)
            json = value_find(json, step->name);
        else
            json = value_is(json, VALUE_LIST) && step->index < (int64_t)json->size ? &json->items[step->index] : NULL;
    }
    return json;
}

/* '*' is any text; linear, as there is at most one place to go back to. */
static bool is_like(const char *text, const char *like)
{
    const char *star = NULL, *from = text;

    while (*text != '\0') {
        if (*like == '*') {
            star = like++;
            from = text;
        } else if (*like == *text) {
            like++;
            text++;
        } else if (star != NULL) {
            like = star + 1;
            text = ++from;
        } else
            return false;
    }
    return like[strspn(like, "*")] == '\0';
}

static bool compare(const struct selector_node *node, double number)
{
    switch (node->comparison) {
    case LESS:
        return number < node->number;
    case LESS_OR_EQUAL:
        return number <= node->number;
    case MORE:
        return number > node->number;
    case MORE_OR_EQUAL:
        return number >= node->number;
    case UNEQUAL:
        return number < node->number || number > node->number;
    case EQUAL:
        break;
    }
    return number >= node->number && number <= node->number;
}

/* What is not there, or of another type, is neither equal nor unequal. */
static bool condition(const struct selector_node *node, const struct value *value)
{
    if (value == NULL)
        return false;
    if (value->kind == VALUE_INTEGER || value->kind == VALUE_DOUBLE)
        return node->is_number && compare(node, value->kind == VALUE_INTEGER ? (double)value->integer : value->number);
    if (node->comparison > UNEQUAL)
        return false;
    if (value->kind == VALUE_BOOL)
        return text_equal_fold(node->text, value->boolean ? "true" : "false") == (node->comparison == EQUAL);
    return value->kind == VALUE_TEXT && is_like(value->text, node->text) == (node->comparison == EQUAL);
}

bool selector_matches(const struct selector_node *node, const struct value *json)
{
    const struct value *value;

    if (node->kind == AND)
        return selector_matches(node->left, json) && selector_matches(node->right, json);
    if (node->kind == OR)
        return selector_matches(node->left, json) || selector_matches(node->right, json);
    value = property(node, json);
    switch (node->kind) {
    case NOT_EXISTS:
        return value == NULL;
    case IS_NULL:
        return value_is(value, VALUE_NULL);
    case IS_TRUE:
    case IS_FALSE:
        return value_is(value, VALUE_BOOL) && value->boolean == (node->kind == IS_TRUE);
    default:
        return condition(node, value);
    }
}
