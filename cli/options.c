#include "cli/options.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "emulator/base/dates.h"
#include "emulator/base/text.h"
#include "emulator/loop/process.h"
#include "services/lambda/invoke.h"

static char libexec[3][PATH_MAX + 40], runtimes[PATH_MAX + 40];

/* --max-environments is LOWCLOUD_MAX_ENVIRONMENTS in the environment. */
static const char *option(int *count, char **words, const char *name)
{
    const char *given = take_option(count, words, name);
    char variable[64] = "LOWCLOUD_";
    size_t size = strlen(variable);

    if (given != NULL)
        return given;
    for (const char *at = name + 2; *at != '\0' && size + 1 < sizeof variable; at++)
        variable[size++] = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    variable[size] = '\0';
    given = getenv(variable);
    return given == NULL || given[0] == '\0' ? NULL : given;
}

/* A flag, or a variable with a yes or a no in it. */
static bool take_switch(int *count, char **words, const char *name, bool *is_on)
{
    *is_on = take_flag(count, words, name);
    if (*is_on)
        return true;
    const char *value = option(count, words, name);
    *is_on = value != NULL && (text_equal(value, "1") || text_equal_fold(value, "true"));
    if (value == NULL || *is_on || text_equal(value, "0") || text_equal_fold(value, "false"))
        return true;
    (void)usage_error("start", "%s is 1 or 0, true or false, not '%s'", name, value);
    return false;
}

static bool take_clock(const char *text, struct start_options *options)
{
    options->clock = CLOCK_MODE_REAL;
    options->clock_start = -1;
    options->clock_scale = 1;
    if (text == NULL || text_equal(text, "real"))
        return true;
    if (text_equal(text, "frozen") || text_starts(text, "frozen@")) {
        options->clock = CLOCK_MODE_FROZEN;
        return text[6] == '\0' || date_parse_iso8601(text + 7, &options->clock_start);
    }
    options->clock = CLOCK_MODE_SCALED;
    return text_double(text_starts(text, "scale=") ? text + 6 : text, &options->clock_scale) && options->clock_scale > 0 && options->clock_scale <= 1e6;
}

static bool take_cold_start(const char *text)
{
    execution_options.cold_start = COLD_START_REAL;
    if (text == NULL || text_equal(text, "real"))
        return true;
    execution_options.cold_start = text_equal(text, "model") ? COLD_START_MODEL : COLD_START_FIXED;
    return text_equal(text, "model") || (duration_parse(text, &execution_options.cold_start_ms) && execution_options.cold_start_ms >= 0);
}

static bool take_isolation(const char *text)
{
    execution_options.isolation = ISOLATION_NAMESPACE;
    if (text_equal(text, "guardian"))
        execution_options.isolation = ISOLATION_GUARDIAN;
    return text == NULL || text_equal(text, "guardian") || text_equal(text, "namespace");
}

bool options_take(int *count, char **words, struct start_options *options)
{
    const char *text;
    int64_t number;

    *options = (struct start_options){.port = 4566};
    options->host = option(count, words, "--host");
    options->data = option(count, words, "--data");
    options->init = option(count, words, "--init");
    execution_options.runner = option(count, words, "--runner");
    if (!take_switch(count, words, "--strict", &options->strict) || !take_switch(count, words, "--quiet", &options->quiet) ||
        !take_switch(count, words, "--verbose", &options->verbose))
        return false;
    text = option(count, words, "--port");
    if (text != NULL && (!text_integer(text, &number) || number < 0 || number > 65535))
        return usage_error("start", "--port %s is not a port: 0 to 65535", text), false;
    if (text != NULL)
        options->port = (uint16_t)number;
    text = option(count, words, "--seed");
    if (text != NULL && (!text_integer(text, &number) || number < 0))
        return usage_error("start", "--seed %s is not a number from 0", text), false;
    if (text != NULL)
        options->seed = (uint64_t)number;
    text = option(count, words, "--max-environments");
    if (text != NULL && (!text_integer(text, &number) || number < 1 || number > 10000))
        return usage_error("start", "--max-environments %s is not a number from 1 to 10000", text), false;
    if (text != NULL)
        execution_options.max_environments = number;
    text = option(count, words, "--clock");
    if (!take_clock(text, options))
        return usage_error("start", "--clock %s is none of real, frozen, frozen@2026-01-01T00:00:00Z, or a scale such as 60", text), false;
    text = option(count, words, "--cold-start");
    if (!take_cold_start(text))
        return usage_error("start", "--cold-start %s is none of real, model, or a duration such as 250ms", text), false;
    text = option(count, words, "--isolation");
    if (!take_isolation(text))
        return usage_error("start", "--isolation %s is neither namespace nor guardian", text), false;
    return true;
}

static void place(char *to, const char *directory, const char *beside, const char *installed, const char *name)
{
    (void)snprintf(to, PATH_MAX + 40, "%s/%s/%s", directory, beside, name);
    if (access(to, F_OK) != 0)
        (void)snprintf(to, PATH_MAX + 40, "%s/%s/%s", directory, installed, name);
}

void options_find_programs(void)
{
    static char directory[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", directory, sizeof directory - 1);

    directory[size < 0 ? 0 : size] = '\0';
    char *slash = strrchr(directory, '/');
    if (slash != NULL)
        *slash = '\0';
    place(libexec[0], directory, "libexec", "../libexec/lowcloud", "lowcloud-launcher");
    place(libexec[1], directory, "libexec", "../libexec/lowcloud", "lowcloud-stdio");
    place(libexec[2], directory, "libexec", "../libexec/lowcloud", "lowcloud-unpack");
    place(runtimes, directory, "share", "../share/lowcloud", "runtimes");
    execution_options.launcher = libexec[0];
    execution_options.stdio = libexec[1];
    execution_options.unpack = libexec[2];
    execution_options.runtimes = runtimes;
}
