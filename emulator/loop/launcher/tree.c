#include "emulator/loop/launcher/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_PASSES = 16, DIRECTORY_BYTES = 4096, CHILDREN_BYTES = 4096, LINE_BYTES = 512 };

void tree_free(struct tree *tree)
{
    free(tree->ids);
    *tree = (struct tree){0};
}

static void add(struct tree *tree, pid_t id)
{
    if (tree->count == tree->room) {
        size_t room = tree->room ? tree->room * 2 : 64;
        pid_t *ids = realloc(tree->ids, room * sizeof *ids);
        if (!ids)
            return; /* the next look finds it */
        tree->ids = ids;
        tree->room = room;
    }
    tree->ids[tree->count++] = id;
}

/* Calls each(context, number) for the entries of a directory of /proc that are numbers. */
static bool numbers(const char *path, void (*each)(void *context, pid_t number), void *context)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    _Alignas(struct dirent64) char room[DIRECTORY_BYTES];
    ssize_t size;
    while ((size = getdents64(fd, room, sizeof room)) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(room + at);
            at += entry->d_reclen;
            char *end;
            long number = strtol(entry->d_name, &end, 10);
            if (*end == '\0' && number > 0)
                each(context, (pid_t)number);
        }
    }
    close(fd);
    return true;
}

struct thread_walk {
    struct tree *tree;
    pid_t process;
};

static void add_children_of_thread(void *context, pid_t thread)
{
    struct thread_walk *walk = context;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)walk->process, (int)thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    char room[CHILDREN_BYTES];
    long number = 0;
    ssize_t size;
    while ((size = read(fd, room, sizeof room)) > 0) {
        for (ssize_t i = 0; i < size; i++) {
            if (room[i] >= '0' && room[i] <= '9') {
                number = number * 10 + (room[i] - '0');
            } else if (number > 0) {
                add(walk->tree, (pid_t)number);
                number = 0;
            }
        }
    }
    close(fd);
}

static bool has_children_files(void)
{
    static int known = -1;
    if (known < 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
        known = access(path, R_OK) == 0;
    }
    return known == 1;
}

static pid_t parent_of(pid_t process)
{
    char path[64];
    char line[LINE_BYTES];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, line, sizeof line - 1);
    close(fd);
    if (size <= 0)
        return 0;
    line[size] = '\0';
    const char *end = strrchr(line, ')'); /* the name may hold anything, ")" too */
    return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

/* Kernels without CONFIG_PROC_CHILDREN: the parents of all processes. */
static void add_by_parent(void *context, pid_t process)
{
    struct thread_walk *walk = context;
    if (parent_of(process) == walk->process)
        add(walk->tree, process);
}

static void add_children(struct tree *tree, pid_t process)
{
    struct thread_walk walk = {.tree = tree, .process = process};
    if (!has_children_files()) {
        numbers("/proc", add_by_parent, &walk);
        return;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    numbers(path, add_children_of_thread, &walk);
}

static void grow(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        add_children(tree, tree->ids[i]);
}

void tree_read(struct tree *tree, pid_t root)
{
    tree->count = 0;
    add_children(tree, root);
    grow(tree);
}

static void add_unless_first(void *context, pid_t process)
{
    if (process != 1)
        add(context, process);
}

void tree_read_namespace(struct tree *tree)
{
    tree->count = 0;
    numbers("/proc", add_unless_first, tree);
}

static bool same(const struct tree *a, const struct tree *b)
{
    return a->count == b->count && (a->count == 0 || memcmp(a->ids, b->ids, a->count * sizeof *a->ids) == 0);
}

void tree_stop(void)
{
    struct tree tree = {0};
    struct tree before = {0};
    /* A stopped process forks no more, so two equal looks in a row have seen all. */
    for (int pass = 0; pass < STOP_PASSES; pass++) {
        tree_read(&tree, getpid());
        if (pass > 0 && same(&tree, &before))
            break;
        before.count = 0;
        for (size_t i = 0; i < tree.count; i++) {
            kill(tree.ids[i], SIGSTOP);
            add(&before, tree.ids[i]);
        }
    }
    tree_free(&before);
    tree_free(&tree);
}

void tree_signal(int signal)
{
    struct tree tree = {0};
    tree_read(&tree, getpid());
    for (size_t i = 0; i < tree.count; i++)
        kill(tree.ids[i], signal);
    tree_free(&tree);
}

/* Killing at once is better than stopping first: it keeps a process from forking just as well, and what it leaves becomes our
 * child. Children first and without a look at what is below them, because that takes longer than a process that flees by forking
 * lives. */
size_t tree_strike(bool (*is_spared)(pid_t))
{
    struct tree tree = {0};
    struct thread_walk walk = {.tree = &tree, .process = getpid()};
    if (has_children_files())
        add_children_of_thread(&walk, walk.process); /* we have one thread */
    else
        add_children(&tree, walk.process);
    size_t kept = 0;
    for (size_t i = 0; i < tree.count; i++) {
        if (is_spared && is_spared(tree.ids[i]))
            continue;
        kill(tree.ids[i], SIGKILL);
        tree.ids[kept++] = tree.ids[i];
    }
    tree.count = kept;
    grow(&tree);
    for (size_t i = kept; i < tree.count; i++)
        kill(tree.ids[i], SIGKILL);
    size_t count = tree.count;
    tree_free(&tree);
    return count;
}

void tree_kill(pid_t watched, int *status, struct rusage *usage)
{
    int options = WNOHANG;
    for (;;) {
        int one;
        struct rusage used;
        pid_t dead;
        /* Reaped before each strike: a list full of zombies is slow to read. */
        while ((dead = wait4(-1, &one, options, &used)) > 0) {
            if (dead == watched) {
                *status = one;
                *usage = used;
            }
            options = WNOHANG;
        }
        if (dead < 0 && errno != EINTR)
            return; /* ECHILD: no child, hence no descendant */
        tree_strike(NULL);
        options = 0; /* whatever is left has a killed ancestor among our children, so there is a death to wait for */
    }
}

static int64_t resident(pid_t process)
{
    char path[64];
    char line[LINE_BYTES];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, line, sizeof line - 1);
    close(fd);
    if (size <= 0)
        return 0;
    line[size] = '\0';
    const char *second = strchr(line, ' ');
    return second ? strtoll(second + 1, NULL, 10) * (int64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* -1 when the kernel does not tell. */
static int64_t proportional(pid_t process)
{
    char path[64];
    char text[2048];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return -1;
    text[size] = '\0';
    const char *line = strstr(text, "\nPss:");
    return line ? strtoll(line + 5, NULL, 10) * 1024 : -1;
}

int64_t tree_memory(const struct tree *tree, int64_t limit)
{
    int64_t sum = 0;
    for (size_t i = 0; i < tree->count; i++)
        sum += resident(tree->ids[i]);
    if (tree->count < 2 || sum <= limit)
        return sum;
    sum = 0;
    for (size_t i = 0; i < tree->count; i++) {
        int64_t share = proportional(tree->ids[i]);
        sum += share >= 0 ? share : resident(tree->ids[i]);
    }
    return sum;
}
