/* Code from a directory of the user's: has it changed since an environment was started from it? */
#pragma once
#include <stdint.h>

/* A number that changes with the names, sizes and times of the files; folders of installed packages and hidden ones are looked at from outside only,
 * and no more than RELOAD_ENTRIES entries. */
enum { RELOAD_ENTRIES = 2000 };
uint64_t reload_mark(const char *directory);
