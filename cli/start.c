/* lowcloud start: brings everything up in order, says READY once, serves until it is stopped. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/services.h"
#include "emulator/aws/protocol.h"
#include "emulator/aws/router.h"
#include "emulator/base/arena.h"
#include "emulator/base/id.h"
#include "emulator/base/log.h"
#include "emulator/control/control.h"
#include "emulator/http/listen.h"
#include "emulator/http/server.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"
#include "emulator/store/store.h"
#include "services/lambda/invoke.h"

static struct arena *startup;
static struct start_options options;
static struct watch signals;
static int exit_code;
static struct dirent **scripts;
static int script_count, script_next;
static struct process *script; /* that runs */
static const char **script_environment;

static void stop(void)
{
    loop_stop();
}

static void signalled(struct watch *watch, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    if (read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info)
        loop_stop();
}

/* Signals come through the loop; children get their defaults back when they are started. */
static int take_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -errno;
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : loop_watch(&signals, fd, EPOLLIN, signalled);
}

static void say_ready(void)
{
    control_ready();
    (void)printf("READY http://127.0.0.1:%u\n", server_port());
    (void)fflush(stdout);
}

/* --- init scripts --------------------------------------------------------------------------------------------------------------- */

static int is_script(const struct dirent *entry)
{
    char path[4096];

    if (entry->d_name[0] == '.')
        return 0;
    (void)snprintf(path, sizeof path, "%s/%s", options.init, entry->d_name);
    return text_ends(entry->d_name, ".sh") || (entry->d_type != DT_DIR && access(path, X_OK) == 0);
}

static void make_script_environment(void)
{
    extern char **environ;
    size_t count = 0;

    while (environ[count] != NULL)
        count++;
    script_environment = arena_alloc(startup, (count + 8) * sizeof *script_environment);
    const char **to = script_environment;
    *to++ = arena_print(startup, "AWS_ENDPOINT_URL=http://127.0.0.1:%u", server_port());
    *to++ = "AWS_REGION=us-east-1";
    *to++ = "AWS_DEFAULT_REGION=us-east-1";
    *to++ = "AWS_ACCESS_KEY_ID=test";
    *to++ = "AWS_SECRET_ACCESS_KEY=test";
    for (size_t i = 0; i < count; i++)
        if (!text_starts(environ[i], "AWS_"))
            *to++ = environ[i];
}

static void run_next_script(void);

static void script_output(void *context, int stream, struct bytes bytes)
{
    (void)context;
    (void)stream;
    (void)!write(STDERR_FILENO, bytes.at, bytes.size);
}

static void script_failed(const char *name, const char *why)
{
    log_error("init script %s/%s %s; nothing was started", options.init, name, why);
    exit_code = 1;
    loop_stop();
}

static void script_ended(void *context, const struct process_end *end)
{
    const char *name = context;

    script = NULL;
    if (end->exec_errno != 0)
        script_failed(name, arena_print(startup, "cannot be run: %s", strerror(end->exec_errno)));
    else if (end->status != 0)
        script_failed(name, WIFSIGNALED(end->status) ? arena_print(startup, "was ended by signal %d", WTERMSIG(end->status))
                                                     : arena_print(startup, "ended with status %d", WEXITSTATUS(end->status)));
    else
        run_next_script();
}

static void run_next_script(void)
{
    if (script_next == script_count) {
        say_ready();
        return;
    }
    const char *name = scripts[script_next++]->d_name;
    const char *path = arena_print(startup, "%s/%s", options.init, name);
    const char *const directly[] = {path, NULL}, *const by_shell[] = {"/bin/sh", path, NULL};
    struct command command = {.arguments = access(path, X_OK) == 0 ? directly : by_shell, .environment = script_environment};
    struct process_watch watch = {.on_output = script_output, .on_end = script_ended, .context = (void *)(uintptr_t)name};
    int error = process_start(&command, &watch, &script);

    if (error != 0)
        script_failed(name, strerror(-error));
}

static int find_scripts(void)
{
    script_count = options.init == NULL ? 0 : scandir(options.init, &scripts, is_script, alphasort);
    if (script_count >= 0)
        return 0;
    log_error("--init %s: %s", options.init, strerror(errno));
    script_count = 0;
    return -1;
}

/* --- up and down ------------------------------------------------------------------------------------------------------------------ */

static int fail_start(const char *what, int error)
{
    if (error != -EADDRINUSE) /* the server has said who holds the port */
        log_error("%s: %s", what, strerror(-error));
    return -1;
}

static int open_store(void)
{
    int error = store_open(options.data);

    if (error == -EBUSY)
        log_error("--data %s is in use by another lowcloud, or by another program that reads its lowcloud.db", options.data);
    else if (error != 0)
        log_error("%s: %s", options.data == NULL ? "a temporary directory" : options.data, strerror(-error));
    return error;
}

static int bring_up(void)
{
    struct server_options server = {.host = options.host, .port = options.port, .on_request = router_request};
    struct control_options control = {.seed = options.seed, .stop = stop};
    int error;

    loop_start();
    clock_configure(options.clock, options.clock_start, options.clock_scale);
    id_seed(options.seed);
    protocol_strict = options.strict;
    log_set_level(options.verbose ? LOG_LEVEL_DEBUG : options.quiet ? LOG_LEVEL_WARN : LOG_LEVEL_INFO);
    error = take_signals();
    if (error != 0)
        return fail_start("signals", error);
    options_find_programs();
    error = launcher_start(execution_options.launcher, (enum process_isolation)execution_options.isolation);
    if (error != 0)
        return fail_start(execution_options.launcher, error);
    aws_register(all_services);
    control_schema();
    if (open_store() != 0)
        return -1;
    clock_configure(options.clock, control_clock_start(options.clock_start), options.clock_scale);
    error = server_start(&server);
    if (error != 0)
        return fail_start("the server", error);
    aws_start();
    control_start(&control); /* its look at what is quiet comes after all that the services do at the end of a turn */
    if (!listen_is_loopback(options.host))
        log_warn("listening beyond this machine's loopback (--host %s): anybody who reaches it can run code through Lambda", options.host);
    log_info("handlers run isolated by %s", launcher_describe());
    if (find_scripts() != 0)
        return -1;
    make_script_environment();
    return 0;
}

static void bring_down(void)
{
    if (script != NULL)
        process_kill(script);
    if (aws_services != NULL && store_directory()[0] != '\0')
        aws_stop();
    server_stop();
    launcher_stop();
    store_close();
    for (int i = 0; i < script_count; i++)
        free(scripts[i]);
    free(scripts);
    arena_free(startup);
}

int start_command(int count, char **words)
{
    if (!options_take(&count, words, &options) || has_unknown_option(count, words))
        return 2;
    if (count > 1)
        return usage_error("start", "what is '%s'?", words[1]);
    startup = arena_new();
    exit_code = 0;
    if (bring_up() != 0) {
        exit_code = 1;
    } else {
        run_next_script();
        loop_run();
    }
    bring_down();
    return exit_code;
}
