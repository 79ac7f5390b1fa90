#include "services/apigw/match.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/base/buffer.h"
#include "emulator/base/encoding.h"

/* In order of precedence. */
enum segment_kind { LITERAL, VARIABLE, GREEDY };

struct segment {
    enum segment_kind kind;
    const char *text; /* the literal, or the variable's name */
};

struct route {
    const char *key, *path;
    struct bytes method; /* "ANY" matches all */
    bool is_any, is_default, is_greedy;
    struct segment *segments;
    size_t segment_count;
    size_t order; /* of addition: for a stable order */
    const void *target;
};

struct route_table {
    struct arena *arena;
    struct route *routes;
    size_t count, room;
};

static const char *const methods[] = {"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"};

static size_t count_segments(const char *path)
{
    size_t count = 0;

    for (; *path != '\0'; path++)
        count += *path == '/';
    return count;
}

/* {name} and {name+} are variables as a whole segment only. */
static bool read_segment(struct arena *arena, const char *at, size_t size, struct segment *segment)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    *segment = (struct segment){LITERAL, arena_copy(arena, at, size)};
    if (size < 2 || at[0] != '{' || at[size - 1] != '}')
        return strpbrk(segment->text, "{}") == NULL;
    bool is_greedy = at[size - 2] == '+';
    size -= is_greedy ? 3 : 2;
    segment->kind = is_greedy ? GREEDY : VARIABLE;
    segment->text = arena_copy(arena, at + 1, size);
    return size > 0 && strspn(segment->text, allowed) == size;
}

static bool has_name(const struct route *route, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (route->segments[i].kind != LITERAL && strcmp(route->segments[i].text, name) == 0)
            return true;
    return false;
}

static const char *read_path(struct arena *arena, struct route *route, const char *path)
{
    route->path = path;
    route->segments = arena_alloc(arena, (count_segments(path) + 1) * sizeof *route->segments);
    while (*path == '/') {
        struct segment *segment = &route->segments[route->segment_count];
        size_t size = strcspn(++path, "/");

        if (route->is_greedy)
            return "A greedy path variable must be the last segment of a route's path";
        if (!read_segment(arena, path, size, segment))
            return "A path variable must be a whole segment, {name} or {name+}, of letters, digits, '.', '_' and '-'";
        if (segment->kind != LITERAL && has_name(route, route->segment_count, segment->text))
            return "The path variables of a route must differ in name";
        route->is_greedy = segment->kind == GREEDY;
        route->segment_count++;
        path += size;
    }
    return NULL;
}

static const char *read_key(struct arena *arena, const char *key, struct route *route)
{
    static const char form[] = "The provided route key is not formatted properly for HTTP protocol. Format should be \"<HTTP "
                               "METHOD> /<RESOURCE PATH>\" or \"$default\"";
    size_t size = strcspn(key, " ");

    *route = (struct route){.key = key, .method = {key, size}};
    if (strcmp(key, "$default") == 0) {
        route->is_any = route->is_default = true;
        route->path = key;
        return NULL;
    }
    if (key[size] != ' ' || key[size + 1] != '/')
        return form;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!bytes_equal(route->method, bytes_of(methods[i])))
            continue;
        route->is_any = i == 0;
        return read_path(arena, route, key + size + 1);
    }
    return form;
}

const char *route_key_problem(struct arena *arena, const char *key)
{
    struct route route;

    return read_key(arena, key, &route);
}

struct route_table *table_new(struct arena *arena)
{
    struct route_table *table = arena_alloc(arena, sizeof *table);

    table->arena = arena;
    return table;
}

bool table_add(struct route_table *table, const char *key, const void *target)
{
    struct route route;

    if (read_key(table->arena, key, &route) != NULL)
        return false;
    if (table->count == table->room) {
        struct route *larger;

        table->room = table->room == 0 ? 8 : table->room * 2;
        larger = arena_alloc(table->arena, table->room * sizeof *larger);
        if (table->count > 0)
            memcpy(larger, table->routes, table->count * sizeof *larger);
        table->routes = larger;
    }
    route.target = target;
    route.order = table->count;
    table->routes[table->count++] = route;
    return true;
}

/* The order in which routes are tried: the first that matches is the one. */
static int compare(const void *a, const void *b)
{
    const struct route *left = a, *right = b;

    if (left->is_default != right->is_default)
        return left->is_default ? 1 : -1;
    if (left->is_greedy != right->is_greedy)
        return left->is_greedy ? 1 : -1;
    for (size_t i = 0; i < left->segment_count && i < right->segment_count; i++)
        if (left->segments[i].kind != right->segments[i].kind)
            return left->segments[i].kind < right->segments[i].kind ? -1 : 1;
    if (left->segment_count != right->segment_count) /* only of greedy ones can both match */
        return left->segment_count > right->segment_count ? -1 : 1;
    if (left->is_any != right->is_any)
        return left->is_any ? 1 : -1;
    return left->order < right->order ? -1 : 1;
}

void table_sort(struct route_table *table)
{
    if (table->count > 0)
        qsort(table->routes, table->count, sizeof *table->routes, compare);
}

/* Matching. */

struct parts {
    const char **decoded;
    size_t count;
};

static bool split(struct arena *arena, const char *path, struct parts *parts)
{
    parts->count = 0;
    parts->decoded = arena_alloc(arena, (count_segments(path) + 1) * sizeof *parts->decoded);
    while (*path == '/') {
        size_t size = strcspn(++path, "/");
        struct bytes text;

        if (!percent_decode(arena, (struct bytes){path, size}, /* plus_is_space */ false, &text) || !utf8_is_valid(text) ||
            memchr(text.at, '\0', text.size) != NULL)
            return false;
        parts->decoded[parts->count++] = text.size == 0 ? "" : text.at;
        path += size;
    }
    return true;
}

static bool path_matches(const struct route *route, const struct parts *parts)
{
    if (route->is_default)
        return true;
    if (route->is_greedy ? parts->count < route->segment_count : parts->count != route->segment_count)
        return false;
    for (size_t i = 0; i < route->segment_count; i++) {
        const struct segment *segment = &route->segments[i];
        bool is_last = i + 1 == parts->count;

        if (segment->kind == LITERAL ? strcmp(segment->text, parts->decoded[i]) != 0
                                     : parts->decoded[i][0] == '\0' && (segment->kind == VARIABLE || is_last))
            return false;
    }
    return true;
}

static const char *rest_of(struct arena *arena, const struct parts *parts, size_t first)
{
    struct buffer rest;

    buffer_init(&rest, SIZE_MAX / 2); /* no longer than the path */
    for (size_t i = first; i < parts->count; i++) {
        if (i > first)
            buffer_char(&rest, '/');
        buffer_text(&rest, parts->decoded[i]);
    }
    return buffer_detach(&rest, arena).at;
}

static struct value parameters_of(struct arena *arena, const struct route *route, const struct parts *parts)
{
    struct value parameters = value_map();

    for (size_t i = 0; i < route->segment_count; i++)
        if (route->segments[i].kind != LITERAL)
            value_put(arena, &parameters, route->segments[i].text,
                      value_text(route->segments[i].kind == GREEDY ? rest_of(arena, parts, i) : parts->decoded[i]));
    return parameters;
}

bool table_find(const struct route_table *table, struct arena *arena, const char *method, const char *path,
                struct route_match *match, bool *is_bad)
{
    struct parts parts;

    *is_bad = !split(arena, path, &parts);
    for (size_t i = 0; i < table->count && !*is_bad; i++) {
        const struct route *route = &table->routes[i];

        if (!(route->is_any || bytes_equal(route->method, bytes_of(method))) || !path_matches(route, &parts))
            continue;
        *match = (struct route_match){route->key, route->path, route->target, parameters_of(arena, route, &parts)};
        return true;
    }
    return false;
}
