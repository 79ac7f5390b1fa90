/* A look at a zip before it is taken: its directory of contents, never the contents. What passes may still be broken inside. */
#pragma once
#include "emulator/base/text.h"

/* 0; -EINVAL: not a zip, or one that must not be unpacked (encrypted, names that climb out); -E2BIG: larger than `limit` when
 * unpacked; -ENODATA: nothing in it. Archives in the 64-bit format are left to the program that unpacks. */
int zip_check(struct bytes zip, int64_t limit);
