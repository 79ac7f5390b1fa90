/* Pages of lists: MaxItems (100 when not given), and a Marker that holds the name after which to go on. */
#pragma once
#include "emulator/aws/call.h"

struct page {
    const char *after; /* "" at the beginning */
    int64_t most;
    struct value items;
    const char *last; /* name of the last item */
    bool is_truncated;
};

/* False: fail() was called. */
bool page_begin(struct call *call, struct page *page, uint16_t marker, uint16_t max_items);
/* False when the page is full: there is more. */
bool page_add(struct call *call, struct page *page, const char *name, struct value item);
void page_end(struct call *call, const struct page *page, uint16_t list, uint16_t is_truncated, uint16_t marker);
