/* A stand-in for the server, for tests/kill: starts children as its standard input says and tells on its standard output what
 * becomes of them. One command a line, its words separated by tabs; one event a line.
 *
 *   driver LAUNCHER namespace|guardian
 *   start NAME MEMORY TASK LAYER TMP PROGRAM ARGUMENT...     an environment; "-" for no directory; MEMORY in bytes
 *   plain NAME PROGRAM ARGUMENT...                           a plain child
 *   kill NAME | pause NAME | continue NAME | signal NAME NUMBER | peak NAME | count | stop | bench PROGRAM ROUNDS
 *
 * Each child inherits LOWCLOUD_KILL_MARK, by which the tests find all descendants, and has LOWCLOUD_CHILD, NAME-MARK, of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"

extern char **environ;

enum { WORDS = 32, NAMED = 512 };

struct named {
    char name[64];
    struct process *process;
};

static struct named children[NAMED];
static char line[65536];
static size_t used;

/* Rounds of one program, each started when the one before it has ended. */
static struct {
    const char *program;
    int rounds, done;
    int64_t begin;
    int64_t *took;
} bench;

static struct named *find(const char *name)
{
    for (int i = 0; i < NAMED; i++)
        if (children[i].process && strcmp(children[i].name, name) == 0)
            return &children[i];
    return NULL;
}

static void on_output(void *context, int stream, struct bytes bytes)
{
    const struct named *child = context;
    for (size_t from = 0; from < bytes.size;) {
        size_t size = 0;
        while (from + size < bytes.size && bytes.at[from + size] != '\n')
            size++;
        printf("out\t%s\t%d\t%.*s\n", child->name, stream, (int)size, bytes.at + from);
        from += size + 1;
    }
    fflush(stdout);
}

static void on_end(void *context, const struct process_end *end)
{
    struct named *child = context;
    printf("end\t%s\t%d\t%d\t%s\t%d\t%lld\n", child->name, end->status, end->exec_errno, end->exec_path ? end->exec_path : "-",
           end->out_of_memory, (long long)end->peak_memory);
    fflush(stdout);
    child->process = NULL;
}

static const char *directory(const char *word)
{
    return strcmp(word, "-") == 0 ? NULL : word;
}

static void start(char **words, int count, bool is_plain)
{
    struct named *child = children;
    while (child < children + NAMED && child->process)
        child++;
    int program = is_plain ? 2 : 6;
    if (child == children + NAMED || count <= program)
        return;
    snprintf(child->name, sizeof child->name, "%s", words[1]);
    struct command command = {.arguments = (const char *const *)(words + program)};
    struct process_watch watch = {.on_output = on_output, .on_end = on_end, .context = child};
    if (!is_plain) {
        command.memory_limit = strtoll(words[2], NULL, 10);
        command.task_directory = directory(words[3]);
        command.layer_directory = directory(words[4]);
        command.temporary_directory = directory(words[5]);
    }
    /* Its own mark, beside the one that all have. */
    const char *mark = getenv("LOWCLOUD_KILL_MARK");
    char own[160];
    snprintf(own, sizeof own, "%s-%s", words[1], mark ? mark : "");
    setenv("LOWCLOUD_CHILD", own, 1);
    int error = is_plain ? process_start(&command, &watch, &child->process) : environment_start(&command, &watch, &child->process);
    unsetenv("LOWCLOUD_CHILD");
    if (error) {
        child->process = NULL;
        printf("failed\t%s\t%s\n", words[1], strerror(-error));
    }
}

static void bench_next(void);

static void bench_end(void *context, const struct process_end *end)
{
    (void)context;
    if (end->exec_errno)
        printf("bench exec failed: %s\n", strerror(end->exec_errno));
    bench.took[bench.done++] = clock_real_ns() - bench.begin;
    bench_next();
}

static int by_size(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static int64_t median(int64_t *took, int count)
{
    qsort(took, (size_t)count, sizeof *took, by_size);
    return took[count / 2] / 1000;
}

/* A bare posix_spawn of the same program, waited for: what the launcher is compared with. */
static int64_t bare(void)
{
    int64_t *took = calloc((size_t)bench.rounds, sizeof *took);
    char *arguments[] = {(char *)(uintptr_t)bench.program, NULL};
    for (int i = 0; i < bench.rounds; i++) {
        pid_t pid;
        int64_t begin = clock_real_ns();
        if (posix_spawn(&pid, bench.program, NULL, NULL, arguments, environ) == 0)
            waitpid(pid, NULL, 0);
        took[i] = clock_real_ns() - begin;
    }
    int64_t result = median(took, bench.rounds);
    free(took);
    return result;
}

static int64_t first_output;
static int64_t *outputs;
static int output_count;

static void bench_first(void *context, int stream, struct bytes bytes)
{
    (void)context;
    (void)stream;
    (void)bytes;
    first_output = clock_real_ns() - bench.begin;
    if (output_count < bench.rounds)
        outputs[output_count++] = first_output;
}

static void bench_next(void)
{
    if (bench.done == bench.rounds) {
        int64_t launched = median(bench.took, bench.rounds);
        int64_t first = output_count ? median(outputs, output_count) : 0;
        int64_t spawned = bare();
        printf("bench\tbare %lld us\tto first output %lld us (%.2fx)\tto on_end %lld us (%.2fx)\n", (long long)spawned,
               (long long)first, (double)first / (double)spawned, (long long)launched, (double)launched / (double)spawned);
        fflush(stdout);
        free(bench.took);
        free(outputs);
        return;
    }
    const char *arguments[] = {bench.program, "one", NULL};
    struct command command = {.arguments = arguments,
                              .task_directory = "/usr",
                              .temporary_directory = getenv("BENCH_TMP"),
                              .memory_limit = 256 * 1024 * 1024};
    struct process_watch watch = {.on_output = bench_first, .on_end = bench_end};
    struct process *process;
    bench.begin = clock_real_ns();
    if (environment_start(&command, &watch, &process) < 0)
        loop_stop();
}

static void obey(char *text)
{
    char *words[WORDS + 1] = {0};
    int count = 0;
    for (char *word = strsep(&text, "\t"); word && count < WORDS; word = strsep(&text, "\t"))
        words[count++] = word;
    const char *verb = words[0];
    struct named *child = count > 1 ? find(words[1]) : NULL;
    if (!strcmp(verb, "start") || !strcmp(verb, "plain"))
        start(words, count, !strcmp(verb, "plain"));
    else if (!strcmp(verb, "kill") && child)
        process_kill(child->process);
    else if (!strcmp(verb, "pause") && child)
        process_pause(child->process, true);
    else if (!strcmp(verb, "continue") && child)
        process_pause(child->process, false);
    else if (!strcmp(verb, "signal") && child && count > 2)
        process_signal(child->process, (int)strtol(words[2], NULL, 10));
    else if (!strcmp(verb, "peak") && child)
        printf("peak\t%s\t%lld\t%d\n", words[1], (long long)process_peak_memory(child->process), process_id(child->process));
    else if (!strcmp(verb, "count"))
        printf("count\t%zu\n", process_count());
    else if (!strcmp(verb, "stop"))
        launcher_stop();
    else if (!strcmp(verb, "bench") && count > 2) {
        bench.program = strdup(words[1]);
        bench.rounds = (int)strtol(words[2], NULL, 10);
        bench.done = output_count = 0;
        bench.took = calloc((size_t)bench.rounds, sizeof *bench.took);
        outputs = calloc((size_t)bench.rounds, sizeof *outputs);
        bench_next();
    } else
        printf("unknown\t%s\n", verb);
    fflush(stdout);
}

static void on_input(struct watch *watch, uint32_t events)
{
    (void)events;
    ssize_t size = read(watch->fd, line + used, sizeof line - used);
    if (size <= 0) {
        loop_stop();
        return;
    }
    used += (size_t)size;
    char *end;
    while ((end = memchr(line, '\n', used))) {
        *end = '\0';
        obey(line);
        size_t taken = (size_t)(end + 1 - line);
        memmove(line, end + 1, used - taken);
        used -= taken;
    }
}

int main(int count, char **arguments)
{
    static struct watch input;
    if (count != 3)
        return 2;
    loop_start();
    int64_t begin = clock_real_ns();
    int error = launcher_start(arguments[1], strcmp(arguments[2], "namespace") == 0 ? ISOLATION_NAMESPACE : ISOLATION_GUARDIAN);
    if (error || loop_watch(&input, 0, EPOLLIN, on_input) < 0) {
        printf("failed\tlauncher\t%s\n", strerror(-error));
        return 1;
    }
    int level = (int)launcher_isolation();
    printf("level\t%d\t%s\t%lld\n", level, launcher_describe(), (long long)((clock_real_ns() - begin) / 1000));
    fflush(stdout);
    loop_run();
    return 0;
}
