/* The parameters of a Query request as a tree: names are paths (Attribute.1.Name), and each node is a part of one.
 *
 * They are sorted so that each path's parts lie together and become a tree in one pass: ten thousand hostile parameters cost a sort
 * and nothing quadratic. Everything lives in the arena. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/arena.h"
#include "emulator/base/encoding.h"

enum { QUERY_DEPTH = 24 }; /* parts of a name */

struct node {
    const char *name; /* not terminated: name[size] */
    size_t size;
    const char *value; /* NULL: only a prefix. Of repeated parameters the first counts */
    struct node *children, *last, *next;
};

struct numbered {
    const struct node *node;
    uint64_t number;
};

/* Fields of the first form count before those of the second. NULL: a name has more than QUERY_DEPTH parts. */
struct node *query_tree(struct arena *arena, const struct form_field *first, size_t first_count, const struct form_field *second,
                        size_t second_count);
const struct node *query_find(const struct node *parent, const char *name); /* NULL: none */
const char *query_find_value(const struct node *parent, const char *name);
/* The children whose names are numbers, in the order of these; or only `or_itself`, when it is not NULL. */
struct numbered *query_numbered(struct arena *arena, const struct node *node, const struct node *or_itself, size_t *count);
