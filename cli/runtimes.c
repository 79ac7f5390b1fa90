/* What runs Lambda's runtimes on this machine. */
#include <stdio.h>

#include "cli/command.h"
#include "emulator/base/text.h"
#include "services/lambda/interpreter.h"
#include "services/lambda/runtime.h"

void print_runtimes(void)
{
    for (const char *const *name = runtime_names; *name != NULL; name++) {
        if (text_starts(*name, "provided")) {
            (void)printf("  %-15s 'bootstrap' of the package, or Handler stdio:NAME\n", *name);
            continue;
        }
        const struct interpreter *found = interpreter_look(*name);

        if (found->path == NULL)
            (void)printf("  %-15s none: %s\n", *name, found->problem);
        else
            (void)printf("  %-15s %s%s\n", *name, found->path, found->is_exact ? "" : "  (the nearest; --strict refuses it)");
    }
}
