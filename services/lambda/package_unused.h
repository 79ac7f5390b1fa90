/* Packages that no row refers to; for unpacking.c. */
#pragma once
#include <stdbool.h>

#include "emulator/base/arena.h"

void package_remove_directory(struct arena *arena, const char *path); /* its name is free at once, the rest is a child's work */
void package_keep_unused(const char *package); /* throws away the longest unused when there are more than PACKAGES_KEPT */
void package_use(const char *package);         /* a row refers to it again */
void package_forget_unused(void);
/* Throws away what is in the folder and in no row, nor kept: left by a death. In memory the folder is new. */
void package_sweep(void);

bool package_is_unpacking(const char *package); /* unpacking.c */
