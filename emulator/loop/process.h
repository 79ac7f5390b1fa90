/* Children: started without forking from a fat parent, watched by pidfd and pipes, never by a stopwatch.
 *
 * Two ways to start one. process_start() is for our own helpers and for init scripts (posix_spawn). environment processes are
 * started through the launcher, a small program that is exec'd first and holds a lifeline from us: when we die in any way,
 * SIGKILL included, it kills every descendant of every environment, `setsid` double forks included, and exits.
 *
 * Life cycle of both: start -> on_output any number of times -> on_end exactly once, last: after the process has died *and* both
 * of its pipes have reached their end (or, for environments, the whole tree is dead). The struct process is freed after on_end
 * returns. An exec error is reported through on_end with exec_errno set and the path in exec_path. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulator/base/text.h"

enum process_isolation {
    ISOLATION_NONE,      /* a plain child in its own process group */
    ISOLATION_GUARDIAN,  /* a guardian (subreaper) a tree: kills every descendant at the end */
    ISOLATION_NAMESPACE, /* PID and mount namespace: real /var/task, /opt, /tmp; the kernel kills the tree */
};

struct process_end {
    int status;               /* as waitpid() gives it, of the handler itself */
    int exec_errno;           /* not 0: exec failed with this */
    const char *exec_path;    /* then: the file or directory that it failed for, the missing interpreter of a script included; else NULL */
    bool out_of_memory;       /* killed by us or by the kernel for its memory limit */
    int64_t peak_memory;      /* bytes, of the tree as far as known; 0 for a plain child */
};

struct process;

struct process_watch {
    /* Bytes of stdout (1) or stderr (2), as they come; not cut at lines. May be NULL. */
    void (*on_output)(void *context, int stream, struct bytes bytes);
    void (*on_end)(void *context, const struct process_end *end);
    void *context;
};

struct command {
    const char *const *arguments;   /* argv, NULL-terminated; arguments[0] is also the path unless `path` is given */
    const char *path;
    const char *const *environment; /* NAME=value, NULL-terminated; NULL: ours */
    const char *directory;          /* NULL: ours; for an environment its task directory. As seen by the child (inside the namespace) */
    struct bytes input;             /* for stdin, then its end; copied */

    /* Environments only. */
    const char *task_directory;     /* read-only /var/task */
    const char *layer_directory;    /* read-only /opt; NULL: an empty one */
    const char *runtime_directory;  /* read-only /var/runtime; NULL: none */
    const char *temporary_directory; /* its /tmp: private, made by the caller */
    int64_t memory_limit;           /* bytes of the whole tree; 0: none */
};

/* -errno when not even the start was possible. */
int process_start(const struct command *command, const struct process_watch *watch, struct process **process);

/* The launcher: started once, early; `executable` is the path of lowcloud-launcher. `wanted` asks for at most that level. */
int launcher_start(const char *executable, enum process_isolation wanted);
void launcher_stop(void); /* kills all environments and waits for nothing */
enum process_isolation launcher_isolation(void); /* the level in force, known after launcher_start() */
const char *launcher_describe(void);             /* for `doctor` and the start-up line: level, and cgroup version or "RSS polled" */
int environment_start(const struct command *command, const struct process_watch *watch, struct process **process);

void process_signal(struct process *process, int signal); /* the process itself */
void process_kill(struct process *process);               /* SIGKILL, the whole tree; on_end follows */
void process_pause(struct process *process, bool paused); /* SIGSTOP and SIGCONT for the whole tree */
int64_t process_peak_memory(const struct process *process); /* bytes so far, of its whole life; may be a moment old */
int process_id(const struct process *process);            /* pid as seen by us; 0 when not yet known */

/* Live processes of either kind: for tests of leaks and for idle. */
size_t process_count(void);
