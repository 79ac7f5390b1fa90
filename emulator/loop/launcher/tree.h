/* The processes below one: listed, stopped, killed, weighed. The caller of the killing functions is a subreaper, so that a process
 * whose parent died becomes its child and cannot hide. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct tree {
    pid_t *ids; /* parents before their children */
    size_t count;
    size_t room;
};

void tree_free(struct tree *tree);

/* Every descendant of `root`, without it. */
void tree_read(struct tree *tree, pid_t root);
/* Every process of this PID namespace except its first. */
void tree_read_namespace(struct tree *tree);

/* SIGSTOP to every descendant of this process, until a look finds none that was not seen before. */
void tree_stop(void);
void tree_signal(int signal);

/* One strike: kills every descendant of this process, except children that `is_spared` says and what is below them.
 * Gives how many were hit. What they leave behind becomes our child: reap and strike again until it hits none. */
size_t tree_strike(bool (*is_spared)(pid_t child));

/* Strikes and reaps until this process has no descendant. When the child `watched` is among them, its status and usage are stored. */
void tree_kill(pid_t watched, int *status, struct rusage *usage);

/* Resident bytes. Where processes share pages the sum counts them more than once, so when a tree of several passes `limit`, the proportional
 * shares are taken, which cost a hundred times as much to ask for. */
int64_t tree_memory(const struct tree *tree, int64_t limit);
