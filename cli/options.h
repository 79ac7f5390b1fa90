/* The options of `start`: from the words, else from LOWCLOUD_NAME in the environment, else the defaults. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "emulator/loop/clock.h"

struct start_options {
    uint16_t port;
    const char *host, *data, *init;
    enum clock_mode clock;
    int64_t clock_start; /* -1: now */
    double clock_scale;
    uint64_t seed;
    bool strict, quiet, verbose;
};

/* Also fills execution_options. False after a line on stderr. Takes what it knows out of the words. */
bool options_take(int *count, char **words, struct start_options *options);

/* Where our own programs and runtimes lie: beside the executable (build/), or where `make install` puts them. */
void options_find_programs(void);
