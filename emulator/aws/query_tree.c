#include "emulator/aws/query_tree.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    const struct form_field *field;
    size_t order;
};

/* By name with '.' below every other character, then in order of arrival. */
static int compare(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    const unsigned char *x = (const unsigned char *)left->field->name, *y = (const unsigned char *)right->field->name;
    while (*x != '\0' && *x == *y) {
        x++;
        y++;
    }
    int weight_x = *x == '.' ? 1 : *x == '\0' ? 0 : *x + 1, weight_y = *y == '.' ? 1 : *y == '\0' ? 0 : *y + 1;
    if (weight_x != weight_y)
        return weight_x < weight_y ? -1 : 1;
    return left->order < right->order ? -1 : left->order > right->order;
}

static struct node *child_for(struct arena *arena, struct node *parent, const char *name, size_t size)
{
    struct node *last = parent->last;
    if (last != NULL && last->size == size && memcmp(last->name, name, size) == 0)
        return last;
    struct node *node = arena_alloc(arena, sizeof *node);
    node->name = name;
    node->size = size;
    if (last != NULL)
        last->next = node;
    else
        parent->children = node;
    return parent->last = node;
}

static bool plant(struct arena *arena, struct node *root, const struct form_field *field)
{
    struct node *node = root;
    int depth = 0;
    for (const char *at = field->name;; at++) {
        size_t size = strcspn(at, ".");
        if (++depth > QUERY_DEPTH)
            return false;
        node = child_for(arena, node, at, size);
        at += size;
        if (*at == '\0')
            break;
    }
    if (node->value == NULL) /* of repeated parameters the first counts */
        node->value = field->value;
    return true;
}

struct node *query_tree(struct arena *arena, const struct form_field *first, size_t first_count, const struct form_field *second,
                        size_t second_count)
{
    size_t count = first_count + second_count;
    struct node *root = arena_alloc(arena, sizeof *root);
    struct entry *entries = arena_alloc(arena, sizeof *entries * (count + 1));
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct entry){i < first_count ? &first[i] : &second[i - first_count], i};
    qsort(entries, count, sizeof *entries, compare);
    for (size_t i = 0; i < count; i++)
        if (!plant(arena, root, entries[i].field))
            return NULL;
    return root;
}

const struct node *query_find(const struct node *parent, const char *name)
{
    size_t size = strlen(name);
    for (const struct node *node = parent->children; node != NULL; node = node->next)
        if (node->size == size && memcmp(node->name, name, size) == 0)
            return node;
    return NULL;
}

const char *query_find_value(const struct node *parent, const char *name)
{
    const struct node *node = query_find(parent, name);
    return node != NULL ? node->value : NULL;
}

static int by_number(const void *a, const void *b)
{
    const struct numbered *left = a, *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

struct numbered *query_numbered(struct arena *arena, const struct node *node, const struct node *or_itself, size_t *count)
{
    size_t all = 0;
    for (const struct node *child = node->children; child != NULL; child = child->next)
        all++;
    struct numbered *list = arena_alloc(arena, sizeof *list * (all + 1));
    *count = 0;
    if (or_itself != NULL) {
        list[0] = (struct numbered){or_itself, 1};
        *count = 1;
        return list;
    }
    for (const struct node *child = node->children; child != NULL; child = child->next) {
        uint64_t number = 0;
        size_t digits = 0;
        while (digits < child->size && digits < 10 && child->name[digits] >= '0' && child->name[digits] <= '9')
            number = number * 10 + (uint64_t)(child->name[digits++] - '0');
        if (digits > 0 && digits == child->size)
            list[(*count)++] = (struct numbered){child, number};
    }
    qsort(list, *count, sizeof *list, by_number);
    return list;
}
