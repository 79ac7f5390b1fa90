/* What listings share: keys in byte order, seeking past a common prefix, and encoding-type=url. */
#pragma once
#include "emulator/aws/call.h"

/* The least key that is greater than every key that begins with `prefix`; size 0 when there is none. */
struct bytes key_successor(struct arena *arena, struct bytes prefix);
bool key_starts(struct bytes key, struct bytes prefix);
int key_compare(struct bytes a, struct bytes b); /* as memcmp() */
/* The common prefix of a key: up to and with the first delimiter behind `prefix`; size 0 when there is none. */
struct bytes key_common(struct bytes key, struct bytes prefix, const char *delimiter);

/* The `encoding-type` of a list: fails on anything but url. */
enum outcome key_encoding(struct call *call, uint16_t member, bool *is_url);
const char *key_text(struct arena *arena, struct bytes key, bool is_url);

/* max-keys and its like: at most `limit`; fails on negative numbers. */
enum outcome page_size(struct call *call, uint16_t member, const char *name, int64_t limit, int64_t *most);
