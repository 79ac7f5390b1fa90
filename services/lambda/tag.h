/* Tags of functions and of event source mappings: a JSON object in their row. */
#pragma once
#include "emulator/aws/call.h"

/* At most TAGS_LIMIT tags (a VALUE_MAP or NULL), none with AWS's own prefix. False: fail() was called. */
enum { TAGS_LIMIT = 50 };
bool tags_accept(struct call *call, const struct value *tags);
