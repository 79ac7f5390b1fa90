/* What processes of both kinds share; only process.c and environment.c include this. */
#pragma once
#include <limits.h>

#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"

struct stream {
    struct watch watch;
    struct process *process;
    int number; /* 1: stdout, 2: stderr */
};

struct process {
    struct process *next, *previous;
    struct process_watch watch;
    struct stream streams[2];
    struct process_end end;
    char exec_path[PATH_MAX];
    bool is_dead; /* the process, or the whole tree of an environment; only its output may be left */
    bool is_settling; /* the last of the output is being read */
    struct timer patience; /* for pipes that somebody else still holds after the death */
    struct task ending;
    int pid; /* 0 when not known, or dead and reaped */

    struct watch life; /* plain: its pidfd */

    uint32_t id; /* environment: its number at the launcher; 0 for a plain process */
    int peak_file; /* environment: of its cgroup, or -1 */
    int64_t polled_peak;
};

/* A process in the list, with its pipes in the loop; `writers` are the ends for the child. NULL with errno. */
struct process *child_new(const struct process_watch *watch, int writers[2]);
/* It could not be run: on_end comes with this. */
void child_failed(struct process *process, int error, const char *path);
/* It is dead. At the end of the turn the last of its output is delivered; then on_end comes, after the end of both pipes or a moment
 * later without it. */
void child_died(struct process *process);
bool child_has_output(const struct process *process); /* a pipe has not reached its end */
void child_forget(struct process *process);           /* not started after all: no on_end */
struct process *child_first(void);                    /* of the list */

int input_file(struct bytes input); /* a descriptor to read it from, or -errno */

/* What environment.c does for the functions of process.h. */
void environment_signal(struct process *process, int signal);
void environment_kill(struct process *process);
void environment_pause(struct process *process, bool paused);
int64_t environment_peak(const struct process *process);
