/* The keeper of one environment: process 1 of its PID namespace, or, without namespaces, its guardian, a subreaper. It is made ahead
 * of need, so that an environment's start pays neither for the namespace nor for entering the cgroup (which waits for the kernel's
 * grace period: 5 to 15 ms). */
#pragma once
#include <stdbool.h>

struct keeper_setup {
    int socket;         /* to the launcher: packets */
    int launcher;       /* its pid */
    int launcher_life;  /* its pidfd */
    int null;           /* /dev/null, open for reading and writing */
    unsigned number;    /* of the cgroup */
    bool has_cgroup;
    bool is_namespaced; /* process 1 of a new PID namespace, with mounts of its own */
};

/* The rest of the life of the process just cloned. Closes every descriptor that is not in the setup. */
void keeper_run(struct keeper_setup setup) __attribute__((noreturn));
