/* Packages on their way from a zip to a directory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"
#include "emulator/store/store.h"
#include "services/lambda/invoke.h"
#include "services/lambda/package.h"
#include "services/lambda/package_unused.h"
#include "services/lambda/ready.h"

enum {
    NAME_SIZE = 65,
    AT_ONCE = 4, /* children at a time; more wait their turn */
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

static TAILQ_HEAD(, unpacking) all = TAILQ_HEAD_INITIALIZER(all);
static int running;

static struct query set_ready =
    QUERY("UPDATE function_version SET is_unpacked = 1, state = 'Active', state_reason = NULL, state_code = NULL,"
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

static void start_next(struct task *task);
static struct task next = {.run = start_next};

static struct unpacking *find_unpacking(const char *package)
{
    struct unpacking *entry;

    TAILQ_FOREACH(entry, &all, others)
    if (strcmp(entry->package, package) == 0)
        return entry;
    return NULL;
}

bool package_is_unpacking(const char *package)
{
    return find_unpacking(package) != NULL;
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
    if (text_starts(entry->said.text, "NOT_A_ZIP") || text_starts(entry->said.text, "UNSAFE_PATH") ||
        text_starts(entry->said.text, "ENCRYPTED"))
        return "Could not unzip uploaded file. Please check your file, then try to upload again.";
    *code = "InternalError";
    if (entry->is_late)
        return arena_print(arena, "lowcloud could not unpack the code within %d seconds.", UNPACK_DEADLINE_MS / 1000);
    if (end->exec_errno != 0)
        return arena_print(arena, "lowcloud could not start %s: %s. Is the installation complete?",
                           execution_options.unpack == NULL ? "lowcloud-unpack" : execution_options.unpack,
                           strerror(end->exec_errno));
    return arena_print(arena, "lowcloud could not unpack the code: %s",
                       entry->said.size > 0 ? entry->said.text : "the unpacking program died.");
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
        package_remove_directory(arena, part);
        (void)query_run(&set_failed, "ttt", entry->package, reason, code);
    }
    bool is_wanted = query_one(&is_used, 0, "t", entry->package) != 0;
    (void)store_commit();
    if (!is_wanted && reason == NULL)
        package_keep_unused(entry->package);
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

    package_remove_directory(arena, arguments[2]); /* left by a death in the middle */
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

    TAILQ_FOREACH(entry, &all, others)
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

    package_use(package);
    if (package_is_unpacked(package))
        return;
    copy = strdup(package);
    check(copy != NULL);
    store_after_commit(begin, copy);
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
        package_sweep();
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
            package_keep_unused(list.items[i].text);
    arena_free(arena);
}

void package_stop(void)
{
    struct unpacking *entry;

    TAILQ_FOREACH(entry, &all, others)
    if (entry->process != NULL)
        process_kill(entry->process);
    package_forget_unused();
    ready_reset();
}

void package_pending(struct pending *pending)
{
    struct unpacking *entry;

    if (pending->mode == PENDING_SCHEDULED)
        return;
    TAILQ_FOREACH(entry, &all, others)
    pending_add(pending, "lambda", -1, "the code %.12s is being unpacked", entry->package);
}
