#include "services/iam/page.h"

#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/aws/protocol.h"

enum { PAGE = 100 };

bool page_begin(struct call *call, struct page *page, uint16_t marker, uint16_t max_items)
{
    const char *text = input_text(call, marker);
    struct bytes after = {"", 0};

    if (text != NULL &&
        (!base64_decode(call->arena, bytes_of(text), &after) || !utf8_is_valid(after) || strlen(after.at) != after.size)) {
        (void)fail(call, &error_validation, "Invalid Marker.");
        return false;
    }
    *page = (struct page){.after = after.at, .most = input_integer(call, max_items, PAGE), .items = value_list()};
    return true;
}

bool page_add(struct call *call, struct page *page, const char *name, struct value item)
{
    if (page->items.size == page->most) {
        page->is_truncated = true;
        return false;
    }
    page->last = name;
    value_push(call->arena, &page->items, item);
    return true;
}

void page_end(struct call *call, const struct page *page, uint16_t list, uint16_t is_truncated, uint16_t marker)
{
    output_set(call, list, page->items);
    output_bool(call, is_truncated, page->is_truncated);
    if (page->is_truncated)
        output_text(call, marker, base64_encode(call->arena, bytes_of(page->last)));
}
