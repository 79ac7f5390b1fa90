/* Which program of this machine runs a managed runtime: "python3.12" and "nodejs22.x".
 *
 * The exact version if PATH has it, else the nearest of the family, which is said once on stderr and refused under --strict. Shims of version managers
 * (pyenv, asdf, mise, nodenv and their like: a folder `shims` beside `versions` or `installs`) are resolved once to the program behind them: they cost a hundred
 * milliseconds each time. Nothing is run to find out. */
#pragma once
#include <stdbool.h>

struct interpreter {
    const char *path;    /* NULL: there is none, or --strict refuses it */
    const char *problem; /* then: a sentence for people */
    bool is_node, is_exact; /* exact: of the version asked for, or its version cannot be told */
};

/* Lives for ever. */
const struct interpreter *interpreter_find(const char *runtime);
/* The same, and nothing is said on stderr: for people who ask. */
const struct interpreter *interpreter_look(const char *runtime);
