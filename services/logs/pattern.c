#include "services/logs/pattern.h"

#include <string.h>

#include "emulator/base/json.h"

enum term_kind { REQUIRED, OPTIONAL, EXCLUDED };

struct term {
    enum term_kind kind;
    const char *text;
    struct term *next;
};

struct pattern {
    struct term *terms;
    bool has_required, has_optional;
    struct selector_node *selector; /* not NULL: of JSON */
};

static const char blanks[] = " \t\r\n";

/* "..." with \" and \\ inside. NULL: no closing quote. */
static const char *read_quoted(struct arena *arena, const char **at)
{
    char *text = arena_alloc(arena, strlen(*at) + 1), *to = text;
    const char *from = *at + 1;

    for (; *from != '"'; from++) {
        if (*from == '\\' && from[1] != '\0')
            from++;
        if (*from == '\0')
            return NULL;
        *to++ = *from;
    }
    *at = from + 1;
    return text;
}

static struct term *read_term(struct arena *arena, const char **at, enum pattern_problem *problem)
{
    struct term *term = arena_alloc(arena, sizeof *term);

    if (**at == '?' || **at == '-')
        term->kind = *(*at)++ == '?' ? OPTIONAL : EXCLUDED;
    if (**at == '"')
        term->text = read_quoted(arena, at);
    else {
        size_t size = strcspn(*at, " \t\r\n\"");

        if (**at == '%' || **at == '[')
            *problem = PATTERN_NOT_DONE;
        term->text = size == 0 || *problem != PATTERN_GOOD ? NULL : arena_copy(arena, *at, size);
        *at += size;
    }
    if (term->text == NULL && *problem == PATTERN_GOOD)
        *problem = PATTERN_INVALID;
    return term;
}

struct pattern *pattern_parse(struct arena *arena, const char *text, enum pattern_problem *problem)
{
    struct pattern *pattern = arena_alloc(arena, sizeof *pattern);
    struct term **last = &pattern->terms;

    *problem = PATTERN_GOOD;
    text += strspn(text, blanks);
    if (*text == '{') {
        pattern->selector = selector_parse(arena, text, problem);
        return pattern->selector == NULL ? NULL : pattern;
    }
    for (; *text != '\0'; text += strspn(text, blanks)) {
        struct term *term = read_term(arena, &text, problem);

        if (*problem != PATTERN_GOOD)
            return NULL;
        pattern->has_required = pattern->has_required || term->kind == REQUIRED;
        pattern->has_optional = pattern->has_optional || term->kind == OPTIONAL;
        *last = term;
        last = &term->next;
    }
    return pattern;
}

static bool json_matches(const struct selector_node *selector, const char *message)
{
    struct arena *arena;
    struct value json;
    bool matches;

    if (message[strspn(message, blanks)] != '{')
        return false;
    arena = arena_new();
    matches = json_parse(arena, bytes_of(message), &json, NULL) == 0 && selector_matches(selector, &json);
    arena_free(arena);
    return matches;
}

bool pattern_matches(const struct pattern *pattern, const char *message)
{
    bool has_any = pattern->has_required || !pattern->has_optional;

    if (pattern->selector != NULL)
        return json_matches(pattern->selector, message);
    for (const struct term *term = pattern->terms; term != NULL; term = term->next) {
        bool is_there = strstr(message, term->text) != NULL;

        if (is_there ? term->kind == EXCLUDED : term->kind == REQUIRED)
            return false;
        has_any = has_any || is_there;
    }
    return has_any;
}
