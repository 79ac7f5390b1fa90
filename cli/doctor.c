/* lowcloud doctor: what this machine offers. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"
#include "services/lambda/invoke.h"

int doctor_command(int count, char **words)
{
    struct start_options options;

    if (!options_take(&count, words, &options) || has_unknown_option(count, words))
        return 2;
    loop_start();
    options_find_programs();
    int error = launcher_start(execution_options.launcher, (enum process_isolation)execution_options.isolation);
    (void)printf("handlers:   %s\n", error == 0 ? launcher_describe() : strerror(-error));
    launcher_stop();
    (void)puts("runtimes of Lambda:");
    print_runtimes();
    (void)printf("programs:   %s\nbootstraps: %s\n", execution_options.launcher, execution_options.runtimes);
    return error == 0 ? 0 : 1;
}
