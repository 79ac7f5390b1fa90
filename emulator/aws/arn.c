#include "emulator/aws/arn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool arn_parse(struct arena *arena, const char *text, struct arn *arn)
{
    const char *parts[6];
    char *copy = arena_text(arena, text);

    if (copy == NULL || strncmp(copy, "arn:", 4) != 0)
        return false;
    for (int i = 0; i < 5; i++) {
        char *colon = strchr(copy, ':');

        if (colon == NULL)
            return false;
        *colon = '\0';
        parts[i] = copy;
        copy = colon + 1;
    }
    parts[5] = copy;
    if (parts[1][0] == '\0' || parts[2][0] == '\0' || parts[5][0] == '\0')
        return false;
    *arn = (struct arn){parts[1], parts[2], parts[3], parts[4], parts[5]};
    return true;
}

char *arn_print(struct arena *arena, const char *service, const char *region, const char *account, const char *format, ...)
{
    char resource[2100];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(resource, sizeof resource, format, arguments);
    va_end(arguments);
    return arena_print(arena, "arn:aws:%s:%s:%s:%s", service, region, account, resource);
}
