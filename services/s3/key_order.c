#include "services/s3/key_order.h"

#include <string.h>

#include "emulator/base/encoding.h"
#include "services/s3/errors.h"

struct bytes key_successor(struct arena *arena, struct bytes prefix)
{
    size_t size = prefix.size;
    while (size > 0 && (unsigned char)prefix.at[size - 1] == 0xFF)
        size--;
    if (size == 0)
        return (struct bytes){"", 0};
    char *next = arena_copy(arena, prefix.at, size);
    next[size - 1] = (char)((unsigned char)next[size - 1] + 1);
    return (struct bytes){next, size};
}

bool key_starts(struct bytes key, struct bytes prefix)
{
    return key.size >= prefix.size && (prefix.size == 0 || memcmp(key.at, prefix.at, prefix.size) == 0);
}

int key_compare(struct bytes a, struct bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.at, b.at, size) : 0;
    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

struct bytes key_common(struct bytes key, struct bytes prefix, const char *delimiter)
{
    size_t size = delimiter != NULL ? strlen(delimiter) : 0;
    if (size == 0 || key.size < prefix.size)
        return (struct bytes){"", 0};
    const char *at = memmem(key.at + prefix.size, key.size - prefix.size, delimiter, size);
    return at != NULL ? (struct bytes){key.at, (size_t)(at - key.at) + size} : (struct bytes){"", 0};
}

enum outcome key_encoding(struct call *call, uint16_t member, bool *is_url)
{
    const char *encoding = input_text(call, member);
    *is_url = encoding != NULL;
    if (encoding == NULL || text_equal(encoding, "url"))
        return ANSWERED;
    return fail_argument(call, "encoding-type", encoding, "Invalid Encoding Method specified in Request");
}

const char *key_text(struct arena *arena, struct bytes key, bool is_url)
{
    return is_url ? percent_encode(arena, key, "/") : arena_copy(arena, key.at, key.size);
}

enum outcome page_size(struct call *call, uint16_t member, const char *name, int64_t limit, int64_t *most)
{
    *most = input_integer(call, member, limit);
    if (*most < 0)
        return fail_argument(call, name, arena_print(call->arena, "%lld", (long long)*most),
                             arena_print(call->arena, "Argument %s must be an integer between 0 and 2147483647", name));
    if (*most > limit)
        *most = limit;
    return ANSWERED;
}
