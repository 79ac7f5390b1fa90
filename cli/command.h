/* Subcommands: one file each, one row each in main.c's table. */
#pragma once
#include <stdbool.h>

#include "emulator/base/arena.h"

struct command_row {
    const char *name;
    const char *summary;   /* one line, for `lowcloud --help` */
    const char *usage;     /* what `lowcloud NAME --help` prints */
    int (*run)(int count, char **words); /* words[0] is the command's name; gives the exit code */
};

int start_command(int count, char **words);
int run_command(int count, char **words);
int wait_command(int count, char **words);
int reset_command(int count, char **words);
int clock_command(int count, char **words);
int idle_command(int count, char **words);
int journal_command(int count, char **words);
int trace_command(int count, char **words);
int queues_command(int count, char **words);
int invoke_command(int count, char **words);
int logs_command(int count, char **words);
int support_command(int count, char **words);
int doctor_command(int count, char **words);
int stop_command(int count, char **words);

/* Lives as long as the command, however it ends. */
struct arena *command_arena(void);

/* Prints a mistake in the words and how to go on; gives 2. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes `--name VALUE` or `--name=VALUE` out of the words; the last one counts; NULL when it is not there. */
const char *take_option(int *count, char **words, const char *name);
bool take_flag(int *count, char **words, const char *name);
/* True when a word that looks like an option is left over; says so. */
bool has_unknown_option(int count, char **words);

/* Each runtime of Lambda with what runs it here, on stdout. */
void print_runtimes(void);
