#include "services/lambda/spawn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/interpreter.h"
#include "services/lambda/invoke.h"
#include "services/lambda/variables.h"

enum { ARGUMENTS = 64 };

/* --- folders --- */

static int make_folder(const char *path, mode_t mode)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return -errno;
    return chmod(path, mode) == 0 ? 0 : -errno;
}

int spawn_prepare(struct environment *environment)
{
    struct arena *arena = environment->arena;
    const char *all = arena_print(arena, "%s/environments", store_directory());

    environment->directory = arena_print(arena, "%s/%s", all, environment->number);
    environment->temporary = arena_print(arena, "%s/tmp", environment->directory);
    int error = make_folder(all, 0755);
    if (error == 0)
        error = make_folder(environment->directory, 0755);
    return error != 0 ? error : make_folder(environment->temporary, 01777);
}

static void removed(void *context, const struct process_end *end)
{
    (void)context;
    (void)end;
}

/* By a child: a /tmp may hold very much. */
static void remove_tree(const char *path)
{
    const char *const arguments[] = {"/bin/rm", "-rf", "--", path, NULL};
    const struct command command = {.arguments = arguments};
    const struct process_watch watch = {.on_end = removed};
    struct process *process;

    if (process_start(&command, &watch, &process) != 0)
        log_warn("%s could not be removed", path);
}

void spawn_remove(const char *directory)
{
    if (directory == NULL)
        return;
    struct arena *arena = arena_new();
    if (rmdir(arena_print(arena, "%s/tmp", directory)) != 0 || rmdir(directory) != 0)
        remove_tree(directory);
    arena_free(arena);
}

void spawn_clean(void)
{
    struct arena *arena = arena_new();
    const char *all = arena_print(arena, "%s/environments", store_directory()),
               *old = arena_print(arena, "%s/environments.old", store_directory());

    if (rename(all, old) == 0 || access(old, F_OK) == 0)
        remove_tree(old);
    arena_free(arena);
}

/* --- the command --- */

struct plan {
    struct arena *arena;
    const char *arguments[ARGUMENTS + 1];
    int count;
    const char *task_root, *runtime_directory; /* as the handler sees them */
    const char *runtime_source;                /* as we do; NULL: none */
};

static void add(struct plan *plan, const char *argument)
{
    check(plan->count < ARGUMENTS);
    plan->arguments[plan->count++] = argument;
}

static void add_runner(struct plan *plan)
{
    char *rest = arena_text(plan->arena, execution_options.runner), *word;

    while (rest != NULL && (word = strsep(&rest, " \t")) != NULL)
        if (word[0] != '\0' && plan->count < ARGUMENTS / 2)
            add(plan, word);
}

/* Scripts of the customer's that want to start the runtime themselves; custom runtimes have their bootstrap for that. */
static void add_wrapper(struct plan *plan, const struct function *function)
{
    const char *wrapper = value_find_text(&function->environment, "AWS_LAMBDA_EXEC_WRAPPER");

    if (wrapper != NULL && wrapper[0] != '\0')
        add(plan, wrapper);
}

static bool plan_managed(struct plan *plan, const struct function *function, const char **problem)
{
    const struct interpreter *interpreter = interpreter_find(function->runtime);

    if (interpreter->path == NULL) {
        *problem = interpreter->problem;
        return false;
    }
    add_wrapper(plan, function);
    add(plan, interpreter->path);
    if (interpreter->is_node) {
        /* As AWS does: otherwise V8 sees the whole machine's memory and collects too late. */
        add(plan, arena_print(plan->arena, "--max-old-space-size=%lld", (long long)(function->memory_mb * 9 / 10)));
        add(plan, arena_print(plan->arena, "%s/bootstrap.js", plan->runtime_directory));
    } else {
        add(plan, "-u"); /* what is printed is seen at once */
        add(plan, "-s");
        add(plan, "-B"); /* the package is shared and read-only */
        add(plan, arena_print(plan->arena, "%s/bootstrap.py", plan->runtime_directory));
    }
    return true;
}

static const char *family(const struct function *function)
{
    return text_starts(function->runtime, "nodejs") ? "node" : text_starts(function->runtime, "python") ? "python" : NULL;
}

static bool plan_command(struct plan *plan, const struct function *function, const char **problem)
{
    bool is_isolated = launcher_isolation() == ISOLATION_NAMESPACE;
    const char *own = family(function);

    if (own != NULL)
        plan->runtime_source = arena_print(plan->arena, "%s/%s", execution_options.runtimes, own);
    plan->task_root = is_isolated ? "/var/task" : function->package;
    plan->runtime_directory = is_isolated || own == NULL ? "/var/runtime" : plan->runtime_source;
    add_runner(plan);
    if (own != NULL)
        return plan_managed(plan, function, problem);
    if (text_starts(function->handler, "stdio:")) {
        add(plan, execution_options.stdio);
        add(plan, function->handler + strlen("stdio:"));
    } else {
        add(plan, arena_print(plan->arena, "%s/bootstrap", plan->task_root));
    }
    return true;
}

int spawn_start(struct environment *environment, const struct process_watch *watch, const char **problem)
{
    struct arena *arena = arena_new();
    struct plan plan = {.arena = arena};
    const struct function *function = &environment->function;
    int error = 0;

    if (function->package == NULL) {
        *problem = "the function has no code";
        error = -ENOENT;
    } else if (!plan_command(&plan, function, problem)) {
        *problem = arena_text(environment->arena, *problem);
        error = -ENOENT;
    } else {
        const struct variables variables = {
            .function = function,
            .address = environment->endpoint,
            .access_key = environment->identity.access_key,
            .secret = environment->secret,
            .session_token = environment->session_token,
            .log_stream = environment->log_stream,
            .task_root = plan.task_root,
            .runtime_directory = plan.runtime_directory,
            .temporary = launcher_isolation() == ISOLATION_NAMESPACE ? NULL : environment->temporary,
        };
        const struct command command = {
            .arguments = plan.arguments,
            .environment = variables_list(arena, &variables),
            .task_directory = function->package,
            .runtime_directory = plan.runtime_source,
            .temporary_directory = environment->temporary,
            .memory_limit = function->memory_mb * 1024 * 1024,
        };
        error = environment_start(&command, watch, &environment->process);
        if (error != 0)
            *problem = arena_print(environment->arena, "lowcloud could not start a process: %s", strerror(-error));
    }
    arena_free(arena);
    return error;
}

const char *spawn_exec_message(struct arena *arena, const struct environment *environment, int error, const char *path)
{
    const char *why = error == ENOENT    ? "no such file or directory"
                      : error == EACCES  ? "permission denied"
                      : error == ENOEXEC ? "exec format error"
                                         : strerror(error);

    if (error == ENOENT && path != NULL && text_ends(path, "/bootstrap") && family(&environment->function) == NULL)
        return "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
    return arena_print(arena, "fork/exec %s: %s", path != NULL ? path : "the runtime", why);
}
