/* What an environment is made of outside our process: its folders, and the command that runs in it. */
#pragma once
#include "services/lambda/environment.h"

/* Makes the folders; sets directory and temporary. -errno. */
int spawn_prepare(struct environment *environment);
/* Starts the process. 0, or -errno with *problem a sentence; a file that is missing in the package is reported by the process's end, as any failed exec. */
int spawn_start(struct environment *environment, const struct process_watch *watch, const char **problem);
/* Removes the folders, without waiting for it. */
void spawn_remove(const char *directory);
/* Folders that an earlier life has left behind. */
void spawn_clean(void);

/* Why an exec failed, as AWS words it: "fork/exec /var/task/bootstrap: no such file or directory". */
const char *spawn_exec_message(struct arena *arena, const struct environment *environment, int error, const char *path);
