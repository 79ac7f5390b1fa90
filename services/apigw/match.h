/* Which route serves a request.
 *
 * AWS, "Routes for HTTP APIs": of the routes that match path and method, one without a greedy variable comes before one with,
 * literal segments before variables (from the left), a method before ANY, and $default last. A variable takes one segment that is
 * not empty, a greedy one the rest. A trailing slash counts. Segments are split before they are percent-decoded. */
#pragma once
#include "emulator/base/value.h"

struct route_table;

struct route_table *table_new(struct arena *arena);
/* False: not a route key. The key and the target live as long as the table. */
bool table_add(struct route_table *table, const char *key, const void *target);
void table_sort(struct route_table *table); /* once, after the last addition */

struct route_match {
    const char *key;  /* "GET /items/{id}" */
    const char *path; /* "/items/{id}", or "$default" */
    const void *target;
    struct value parameters; /* map of decoded texts */
};
/* `path` is raw and begins with '/'. False: no route, or (is_bad) a path that is not valid percent-encoded UTF-8. */
bool table_find(const struct route_table *table, struct arena *arena, const char *method, const char *path,
                struct route_match *match, bool *is_bad);

/* NULL, or what is wrong with a route key. */
const char *route_key_problem(struct arena *arena, const char *key);
