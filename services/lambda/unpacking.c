/* Packages on their way from a zip to a directory, and on their way out. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"
#include "emulator/store/store.h"
#include "services/lambda/invoke.h"
#include "services/lambda/package.h"
#include "services/lambda/ready.h"

enum {
    NAME_SIZE = 65,
    AT_ONCE = 4,               /* children at a time; more wait their turn */
    UNPACK_DEADLINE_MS = 120000,
    SAID_LIMIT = 4096
};

struct unpacking {
    char package[NAME_SIZE];
    struct process *process; /* NULL: waits for its turn */
    struct buffer said;
    struct timer deadline;
    bool is_late;
    TAILQ_ENTRY(unpacking) others;
};

struct unwanted {
    char package[NAME_SIZE];
    TAILQ_ENTRY(unwanted) others;
};

static TAILQ_HEAD(, unpacking) all = TAILQ_HEAD_INITIALIZER(all);
static int running;
/* Directories that no row refers to, the longest unused first. */
static TAILQ_HEAD(unwanted_list, unwanted) unwanted = TAILQ_HEAD_INITIALIZER(unwanted);
static int unwanted_count;
static uint64_t removed; /* names of what is being removed */

static struct query set_ready = QUERY("UPDATE function_version SET is_unpacked = 1, state = 'Active', state_reason = NULL, state_code = NULL,"
                                      " update_status = 'Successful', update_reason = NULL, update_code = NULL"
                                      " WHERE package = ? AND is_unpacked = 0");
static struct query set_failed = QUERY("UPDATE function_version SET state = 'Failed', state_reason = ?2, state_code = ?3,"
                                       " update_status = 'Failed', update_reason = ?2, update_code = ?3"
                                       " WHERE package = ?1 AND is_unpacked = 0");
static struct query forget = QUERY("UPDATE function_version SET is_unpacked = 0 WHERE package = ?");
static struct query is_used = QUERY("SELECT 1 FROM function_version WHERE package = ? LIMIT 1");
static struct query used = QUERY("SELECT DISTINCT package FROM function_version WHERE package IS NOT NULL");
static struct query unfinished = QUERY("SELECT DISTINCT package FROM function_version WHERE package IS NOT NULL AND is_unpacked = 0"
                                       " AND state <> 'Failed'");

/* --- out ---------------------------------------------------------------------------------------------------------------------- */

/* Renamed at once, so that the name is free; emptied by a child, since a package can be 250 MB of small files, and read-only. */
static void remove_directory(struct arena *arena, const char *path)
{
    const char *gone = arena_print(arena, "%s/packages/gone.%d.%llu", store_directory(), (int)getpid(),
                                   (unsigned long long)++removed);
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
    remove_directory(arena, package_directory(arena, package));
    arena_free(arena);
}

static struct unwanted *find_unwanted(const char *package)
{
    struct unwanted *entry;

    TAILQ_FOREACH (entry, &unwanted, others)
        if (strcmp(entry->package, package) == 0)
            return entry;
    return NULL;
}

static void drop_unwanted(struct unwanted *entry)
{
    if (entry == NULL)
        return;
    TAILQ_REMOVE(&unwanted, entry, others);
    unwanted_count--;
    free(entry);
}

static void keep_unwanted(const char *package)
{
    struct unwanted *entry = calloc(1, sizeof *entry);

    check(entry != NULL);
    drop_unwanted(find_unwanted(package));
    (void)snprintf(entry->package, sizeof entry->package, "%s", package);
    TAILQ_INSERT_TAIL(&unwanted, entry, others);
    unwanted_count++;
    while (unwanted_count > PACKAGES_KEPT) {
        struct unwanted *oldest = TAILQ_FIRST(&unwanted);

        remove_package(oldest->package);
        drop_unwanted(oldest);
    }
}

static void look_whether_used(void *context)
{
    char *package = context;

    if (query_one(&is_used, 0, "t", package) == 0)
        keep_unwanted(package);
    free(package);
}

void package_unwant(const char *package)
{
    char *copy = strdup(package);

    check(copy != NULL);
    store_after_commit(look_whether_used, copy);
}

/* --- in ----------------------------------------------------------------------------------------------------------------------- */

static void start_next(struct task *task);
static struct task next = {.run = start_next};

static struct unpacking *find_unpacking(const char *package)
{
    struct unpacking *entry;

    TAILQ_FOREACH (entry, &all, others)
        if (strcmp(entry->package, package) == 0)
            return entry;
    return NULL;
}

static void free_unpacking(struct unpacking *entry)
{
    TAILQ_REMOVE(&all, entry, others);
    timer_cancel(&entry->deadline);
    buffer_free(&entry->said);
    free(entry);
}

static const char *destination(struct arena *arena, const struct unpacking *entry)
{
    return arena_print(arena, "%s.part", package_directory(arena, entry->package));
}

/* The program says one word; AWS has one sentence for nearly all of them. */
static const char *reason_of(struct arena *arena, const struct unpacking *entry, const struct process_end *end, const char **code)
{
    *code = "InvalidZipFileException";
    if (text_starts(entry->said.text, "TOO_LARGE"))
        return "Unzipped size must be smaller than 262144000 bytes";
    if (text_starts(entry->said.text, "NOT_A_ZIP") || text_starts(entry->said.text, "UNSAFE_PATH") || text_starts(entry->said.text, "ENCRYPTED"))
        return "Could not unzip uploaded file. Please check your file, then try to upload again.";
    *code = "InternalError";
    if (entry->is_late)
        return arena_print(arena, "lowcloud could not unpack the code within %d seconds.", UNPACK_DEADLINE_MS / 1000);
    if (end->exec_errno != 0)
        return arena_print(arena, "lowcloud could not start %s: %s. Is the installation complete?",
                           execution_options.unpack == NULL ? "lowcloud-unpack" : execution_options.unpack, strerror(end->exec_errno));
    return arena_print(arena, "lowcloud could not unpack the code: %s", entry->said.size > 0 ? entry->said.text : "the unpacking program died.");
}

static void settle(struct unpacking *entry, const struct process_end *end)
{
    struct arena *arena = arena_new();
    const char *part = destination(arena, entry), *code, *reason = NULL;

    if (end->exec_errno != 0 || end->status != 0)
        reason = reason_of(arena, entry, end, &code);
    else if (rename(part, package_directory(arena, entry->package)) != 0)
        reason = arena_print(arena, "lowcloud could not name the unpacked code: %s", strerror(errno));
    store_begin();
    if (reason == NULL) {
        (void)query_run(&set_ready, "t", entry->package);
    } else {
        log_warn("lambda: %s", reason);
        remove_directory(arena, part);
        (void)query_run(&set_failed, "ttt", entry->package, reason, code);
    }
    bool is_wanted = query_one(&is_used, 0, "t", entry->package) != 0;
    (void)store_commit();
    if (!is_wanted && reason == NULL)
        keep_unwanted(entry->package);
    arena_free(arena);
}

static void on_output(void *context, int stream, struct bytes bytes)
{
    struct unpacking *entry = context;

    (void)stream;
    if (bytes.size > 0 && bytes.at[bytes.size - 1] == '\n')
        bytes.size--;
    buffer_add(&entry->said, bytes.at, bytes.size);
}

static void on_end(void *context, const struct process_end *end)
{
    struct unpacking *entry = context;

    running--;
    settle(entry, end);
    free_unpacking(entry);
    ready_wake();
    loop_soon(&next);
}

static void on_deadline(struct timer *timer)
{
    struct unpacking *entry = (struct unpacking *)((char *)timer - offsetof(struct unpacking, deadline));

    entry->is_late = true;
    process_kill(entry->process);
}

static void start_one(struct unpacking *entry)
{
    struct arena *arena = arena_new();
    const char *limit = arena_print(arena, "%d", UNZIPPED_LIMIT);
    const char *const arguments[] = {execution_options.unpack == NULL ? "lowcloud-unpack" : execution_options.unpack,
                                     package_file(arena, entry->package), destination(arena, entry), limit, NULL};
    const struct command command = {.arguments = arguments};
    const struct process_watch watch = {.on_output = on_output, .on_end = on_end, .context = entry};

    remove_directory(arena, arguments[2]); /* left by a death in the middle */
    running++;
    int error = process_start(&command, &watch, &entry->process);
    if (error == 0)
        timer_set(&entry->deadline, CLOCK_REAL, clock_real_ms() + UNPACK_DEADLINE_MS, on_deadline);
    else
        on_end(entry, &(struct process_end){.exec_errno = -error});
    arena_free(arena);
}

static struct unpacking *first_waiting(void)
{
    struct unpacking *entry;

    TAILQ_FOREACH (entry, &all, others)
        if (entry->process == NULL)
            return entry;
    return NULL;
}

static void start_next(struct task *task)
{
    struct unpacking *entry;

    (void)task;
    /* One that cannot even start is over, and off the list, when start_one() returns. */
    while (running < AT_ONCE && (entry = first_waiting()) != NULL)
        start_one(entry);
}

static void begin(void *context)
{
    char *package = context;

    if (find_unpacking(package) == NULL && query_one(&is_used, 0, "t", package) != 0) {
        struct unpacking *entry = calloc(1, sizeof *entry);

        check(entry != NULL);
        (void)snprintf(entry->package, sizeof entry->package, "%s", package);
        buffer_init(&entry->said, SAID_LIMIT);
        TAILQ_INSERT_TAIL(&all, entry, others);
        loop_soon(&next);
    }
    free(package);
}

void package_want(const char *package)
{
    char *copy;

    drop_unwanted(find_unwanted(package));
    if (package_is_unpacked(package))
        return;
    copy = strdup(package);
    check(copy != NULL);
    store_after_commit(begin, copy);
}

/* --- the life of the service ---------------------------------------------------------------------------------------------------- */

/* What is in the folder, but in no row, was left by a death; in memory the folder is new. */
static void sweep(void)
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
        if (strlen(package) == 64 && (query_one(&is_used, 0, "t", package) != 0 || find_unwanted(package) != NULL))
            continue;
        if (strlen(package) == 64 && find_unpacking(package) != NULL)
            continue;
        if (text_ends(entry->d_name, ".zip") || text_starts(entry->d_name, "incoming."))
            (void)unlink(path);
        else
            remove_directory(arena, path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    arena_free(arena);
}

/* Packages of one query, so that rows can be changed while they are gone through. */
static struct value packages(struct arena *arena, struct query *query)
{
    struct value list = value_list();

    query_start(query, "");
    while (query_step(query))
        (void)value_push(arena, &list, value_text(query_text(query, arena, 0)));
    query_end(query);
    return list;
}

void package_start(void)
{
    struct arena *arena = arena_new();
    struct value list;

    if (store_is_durable())
        sweep();
    store_begin();
    list = packages(arena, &used);
    for (uint32_t i = 0; i < list.size; i++)
        if (!package_is_unpacked(list.items[i].text))
            (void)query_run(&forget, "t", list.items[i].text);
    list = packages(arena, &unfinished);
    for (uint32_t i = 0; i < list.size; i++)
        if (package_is_unpacked(list.items[i].text))
            (void)query_run(&set_ready, "t", list.items[i].text);
        else
            package_want(list.items[i].text);
    (void)store_commit();
    arena_free(arena);
}

void package_reset(void)
{
    struct arena *arena = arena_new();
    struct value list = packages(arena, &used);

    ready_reset();
    for (uint32_t i = 0; i < list.size; i++)
        if (package_is_unpacked(list.items[i].text))
            keep_unwanted(list.items[i].text);
    arena_free(arena);
}

void package_stop(void)
{
    struct unpacking *entry;

    TAILQ_FOREACH (entry, &all, others)
        if (entry->process != NULL)
            process_kill(entry->process);
    while (!TAILQ_EMPTY(&unwanted))
        drop_unwanted(TAILQ_FIRST(&unwanted));
    ready_reset();
}

void package_pending(struct pending *pending)
{
    struct unpacking *entry;

    if (pending->mode == PENDING_SCHEDULED)
        return;
    TAILQ_FOREACH (entry, &all, others)
        pending_add(pending, "lambda", -1, "the code %.12s is being unpacked", entry->package);
}
