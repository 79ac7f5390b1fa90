/* Packages that no row refers to: kept for a while, then thrown away. */
#include "services/lambda/package_unused.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "emulator/base/log.h"
#include "emulator/loop/process.h"
#include "emulator/store/store.h"
#include "services/lambda/package.h"

enum { NAME_SIZE = 65 };

struct unused {
    char package[NAME_SIZE];
    TAILQ_ENTRY(unused) others;
};

/* The longest unused first. */
static TAILQ_HEAD(, unused) unused = TAILQ_HEAD_INITIALIZER(unused);
static int unused_count;
static uint64_t removed; /* names of what is being removed */

static struct query is_used = QUERY("SELECT 1 FROM function_version WHERE package = ? LIMIT 1");

/* Renamed at once, so that the name is free; emptied by a child, since a package can be 250 MB of small files, and read-only. */
void package_remove_directory(struct arena *arena, const char *path)
{
    const char *gone =
        arena_print(arena, "%s/packages/gone.%d.%llu", store_directory(), (int)getpid(), (unsigned long long)++removed);
    const char *const arguments[] = {"sh", "-c", "chmod -R u+rwX \"$1\"; rm -rf \"$1\"", "sh", gone, NULL};
    const struct command command = {.arguments = arguments, .path = "/bin/sh"};
    const struct process_watch watch = {0};
    struct process *process;

    if (rename(path, gone) != 0)
        return;
    if (process_start(&command, &watch, &process) != 0)
        log_warn("lambda: cannot remove %s", gone);
}

static void remove_package(const char *package)
{
    struct arena *arena = arena_new();

    (void)unlink(package_file(arena, package));
    package_remove_directory(arena, package_directory(arena, package));
    arena_free(arena);
}

static struct unused *find_unused(const char *package)
{
    struct unused *entry;

    TAILQ_FOREACH(entry, &unused, others)
    if (strcmp(entry->package, package) == 0)
        return entry;
    return NULL;
}

static void drop_unused(struct unused *entry)
{
    if (entry == NULL)
        return;
    TAILQ_REMOVE(&unused, entry, others);
    unused_count--;
    free(entry);
}

void package_keep_unused(const char *package)
{
    struct unused *entry = calloc(1, sizeof *entry);

    check(entry != NULL);
    drop_unused(find_unused(package));
    (void)snprintf(entry->package, sizeof entry->package, "%s", package);
    TAILQ_INSERT_TAIL(&unused, entry, others);
    unused_count++;
    while (unused_count > PACKAGES_KEPT) {
        struct unused *oldest = TAILQ_FIRST(&unused);

        remove_package(oldest->package);
        drop_unused(oldest);
    }
}

static void look_whether_used(void *context)
{
    char *package = context;

    if (query_one(&is_used, 0, "t", package) == 0)
        package_keep_unused(package);
    free(package);
}

void package_unwant(const char *package)
{
    char *copy = strdup(package);

    check(copy != NULL);
    store_after_commit(look_whether_used, copy);
}

void package_sweep(void)
{
    struct arena *arena = arena_new();
    DIR *folder = opendir(arena_print(arena, "%s/packages", store_directory()));
    const char *ours = arena_print(arena, "gone.%d.", (int)getpid());
    struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char package[NAME_SIZE];
        const char *path = arena_print(arena, "%s/packages/%s", store_directory(), entry->d_name);

        if (entry->d_name[0] == '.' || text_starts(entry->d_name, ours))
            continue;
        (void)snprintf(package, sizeof package, "%.64s", entry->d_name);
        if (strlen(package) == 64 && (query_one(&is_used, 0, "t", package) != 0 || find_unused(package) != NULL))
            continue;
        if (strlen(package) == 64 && package_is_unpacking(package))
            continue;
        if (text_ends(entry->d_name, ".zip") || text_starts(entry->d_name, "incoming."))
            (void)unlink(path);
        else
            package_remove_directory(arena, path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    arena_free(arena);
}

void package_use(const char *package)
{
    drop_unused(find_unused(package));
}

void package_forget_unused(void)
{
    while (!TAILQ_EMPTY(&unused))
        drop_unused(TAILQ_FIRST(&unused));
}
