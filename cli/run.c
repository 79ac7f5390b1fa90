/* lowcloud run -- COMMAND: an instance as long as a command. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "emulator/base/text.h"

extern char **environ;

static volatile sig_atomic_t forward_to, caught;

/* What a terminal sends, it sends to the command as well. */
static void forward(int number, siginfo_t *info, void *context)
{
    (void)context;
    caught = number;
    if (forward_to > 0 && info->si_code != SI_KERNEL)
        (void)kill((pid_t)forward_to, number);
}

static void take_signals(void)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_sigaction = forward, .sa_flags = SA_SIGINFO};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}

/* Everything before "--", with --port 0 unless a port was asked for. */
static char **server_words(int count, char **words, char *self)
{
    char **list = calloc((size_t)count + 4, sizeof *list);
    int to = 0;
    bool has_port = false;

    if (list == NULL)
        abort();
    list[to++] = self;
    list[to++] = (char *)(uintptr_t)"start";
    for (int i = 1; i < count; i++) {
        has_port = has_port || text_starts(words[i], "--port");
        list[to++] = words[i];
    }
    if (!has_port)
        list[to++] = (char *)(uintptr_t)"--port=0";
    return list;
}

static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The server goes when we go, however that happens; and a terminal's Ctrl-C is for the command, which may still need it. */
static void become_server(char **list, pid_t parent, int ready)
{
    (void)setpgid(0, 0);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || dup2(ready, STDOUT_FILENO) < 0)
        _exit(125);
    (void)execv(list[0], list);
    _exit(125);
}

static pid_t start_server(char **list, int *ready_fd)
{
    pid_t self = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        become_server(list, self, ends[1]);
    (void)close(ends[1]);
    *ready_fd = ends[0];
    return pid;
}

static bool read_endpoint(int fd, char *endpoint, size_t size)
{
    FILE *file = fdopen(fd, "r");
    char line[256];
    bool good = file != NULL && fgets(line, sizeof line, file) != NULL && text_starts(line, "READY ");

    if (good) {
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(endpoint, size, "%s", line + 6);
    }
    if (file != NULL)
        (void)fclose(file);
    return good;
}

static void export_default(const char *name, const char *value)
{
    (void)setenv(name, value, /* overwrite */ 0);
}

int run_command(int count, char **words)
{
    char self[PATH_MAX], endpoint[256];
    int at = 1, ready_fd;

    while (at < count && !text_equal(words[at], "--"))
        at++;
    if (at + 1 >= count)
        return usage_error("run", "say what to run behind '--'");
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    self[size < 0 ? 0 : size] = '\0';
    char **list = server_words(at, words, self);
    take_signals();
    pid_t server = start_server(list, &ready_fd);
    free(list);
    if (server < 0) {
        (void)fprintf(stderr, "lowcloud run: the instance could not be started: %s\n", strerror(errno));
        return 125;
    }
    if (!read_endpoint(ready_fd, endpoint, sizeof endpoint)) {
        if (caught != 0)
            (void)kill(server, SIGTERM);
        int code = wait_for(server);

        return caught != 0 ? 128 + caught : code == 0 ? 125 : code;
    }
    (void)setenv("AWS_ENDPOINT_URL", endpoint, 1);
    export_default("AWS_REGION", "us-east-1");
    export_default("AWS_DEFAULT_REGION", "us-east-1");
    export_default("AWS_ACCESS_KEY_ID", "test");
    export_default("AWS_SECRET_ACCESS_KEY", "test");
    pid_t child;
    int error = posix_spawnp(&child, words[at + 1], NULL, NULL, words + at + 1, environ);
    int code = error == ENOENT ? 127 : 126;
    if (error != 0) {
        (void)fprintf(stderr, "lowcloud run: %s: %s\n", words[at + 1], strerror(error));
    } else {
        forward_to = (sig_atomic_t)child;
        if (caught != 0) /* between the start and here */
            (void)kill(child, caught);
        code = wait_for(child);
        forward_to = 0;
    }
    (void)kill(server, SIGTERM);
    (void)wait_for(server);
    return code;
}
