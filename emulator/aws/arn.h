/* Amazon Resource Names: arn:partition:service:region:account:resource. */
#pragma once
#include <stdbool.h>

#include "emulator/base/arena.h"

struct arn {
    const char *partition, *service, *region, *account, *resource; /* region and account may be "" */
};
bool arn_parse(struct arena *arena, const char *text, struct arn *arn); /* false: not an ARN */
char *arn_print(struct arena *arena, const char *service, const char *region, const char *account, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
