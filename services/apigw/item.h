/* What the resources of an API have in common: each is a row whose settings are one JSON document, a struct of its shape by member
 * names. */
#pragma once
#include "emulator/aws/call.h"

/* A struct of `shape` from a row's JSON, and back. The JSON is ours: that it cannot be read is our mistake. */
struct value item_read(struct call *call, uint16_t shape, const char *json);
char *item_write(struct call *call, uint16_t shape, const struct value *item);

/* Members of the input that `shape` has as well, by name, replace those of the item; null removes. */
void item_merge(struct call *call, uint16_t shape, struct value *item);

/* Ids as AWS makes them: `count` small letters and digits. */
char *item_id(struct arena *arena, size_t count);

/* Lists: MaxResults (text; all when not given) and NextToken, which holds the last id. False: fail() was called. */
struct item_page {
    const char *after; /* "" at the beginning */
    int64_t most;
    struct value items;
    const char *last;
};
bool item_page_begin(struct call *call, struct item_page *page, uint16_t max_results, uint16_t next_token);
bool item_page_add(struct call *call, struct item_page *page, const char *id, struct value item,
                   uint16_t next_token_out); /* false: full */
