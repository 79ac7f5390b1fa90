/* A memory cgroup for each environment, version 2 where its memory controller is ours to use, else version 1.
 *
 * They are named lowcloud-<pid of the launcher>-<number>; what a dead launcher left is removed at the start of the next. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Looks for a place where cgroups can be made. 0 when there is none: then memory is watched in /proc. */
int cgroup_find(void);
int cgroup_version(void);

/* All of these are about environment `number` of the launcher `launcher`. -errno */
int cgroup_make(int launcher, unsigned number);
int cgroup_join(int launcher, unsigned number); /* this process, and what it starts from now */
int cgroup_limit(int launcher, unsigned number, int64_t bytes);
/* Descriptor to read the peak from. -errno */
int cgroup_peak(int launcher, unsigned number);
/* Version 1: an eventfd that becomes readable when the limit was hit. Version 2 kills the whole group by itself: -ENOTSUP. */
int cgroup_watch(int launcher, unsigned number);
/* Reads the outcome and removes the cgroup. False while the kernel still holds it. `peak` becomes -1 when it is not known. */
bool cgroup_end(int launcher, unsigned number, int64_t *peak, bool *out_of_memory);
bool cgroup_remove(int launcher, unsigned number);
