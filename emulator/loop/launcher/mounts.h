/* What an environment sees of the file system: the host's, with AWS's directories put into it.
 *
 * mounts_isolate() gives the launcher a mount namespace of its own, in which /var is a read-only tmpfs that holds binds of the host's
 * entries, and empty /var/task and /var/runtime. It is done once; each keeper gets a copy and only binds its own directories over them.
 * The launcher must not have changed its working directory: it stays in the host's /var, so that directories made there later can
 * still be bound. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct mount_failure {
    int error;      /* errno, 0 for none */
    char what[400]; /* what failed, for people */
};

/* In a new user namespace with the same user and group if `with_user`: for those who are not root, or not enough so. */
bool mounts_isolate(bool with_user, struct mount_failure *failure);

/* In the first process of a new PID namespace: its own /proc. */
bool mounts_proc(struct mount_failure *failure);

struct mount_plan {
    const char *task;      /* for /var/task, read-only; empty for none */
    const char *layer;     /* for /opt, read-only */
    const char *runtime;   /* for /var/runtime, read-only */
    const char *temporary; /* for /tmp; empty: the host's stays */
    /* Paths whose first component below /opt or /tmp of the host must stay visible: where the program is. */
    const char *const *kept;
    size_t kept_count;
};

bool mounts_environment(const struct mount_plan *plan, struct mount_failure *failure);
