/* lowcloud doctor: what this machine offers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "emulator/base/text.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"
#include "services/lambda/invoke.h"

static void print_interpreters(const char *start)
{
    static const char *const names[] = {"python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "python3", "node"};
    const char *path = getenv("PATH");

    for (size_t i = 0; path != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (!text_starts(names[i], start))
            continue;
        for (const char *at = path; *at != '\0';) {
            char candidate[4200];
            size_t size = strcspn(at, ":");

            (void)snprintf(candidate, sizeof candidate, "%.*s/%s", (int)(size > 4000 ? 4000 : size), at, names[i]);
            if (access(candidate, X_OK) == 0) {
                (void)printf("  %-11s %s\n", names[i], candidate);
                break;
            }
            at += size + (at[size] == ':');
        }
    }
}

int doctor_command(int count, char **words)
{
    struct start_options options;

    if (!options_take(&count, words, &options) || has_unknown_option(count, words))
        return 2;
    loop_start();
    options_find_programs();
    int error = launcher_start(execution_options.launcher, (enum process_isolation)execution_options.isolation);
    (void)printf("handlers:  %s\n", error == 0 ? launcher_describe() : strerror(-error));
    launcher_stop();
    (void)puts("interpreters on PATH:");
    print_interpreters("python");
    print_interpreters("node");
    (void)printf("programs:  %s\nruntimes:  %s\n", execution_options.launcher, execution_options.runtimes);
    return error == 0 ? 0 : 1;
}
