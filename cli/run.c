/* lowcloud run -- COMMAND: an instance as long as a command. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "emulator/base/text.h"

extern char **environ;

static volatile sig_atomic_t forward_to;

static void forward(int number)
{
    if (forward_to > 0)
        (void)kill((pid_t)forward_to, number);
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

static pid_t start_server(char **list, int *ready_fd)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;

    if (pipe(ends) != 0)
        return -1;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addclose(&actions, ends[0]);
    (void)posix_spawn_file_actions_addclose(&actions, ends[1]);
    int error = posix_spawn(&pid, list[0], &actions, NULL, list, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    *ready_fd = ends[0];
    return error == 0 ? pid : -1;
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
    pid_t server = start_server(list, &ready_fd);
    free(list);
    if (server < 0) {
        (void)fprintf(stderr, "lowcloud run: the instance could not be started: %s\n", strerror(errno));
        return 125;
    }
    if (!read_endpoint(ready_fd, endpoint, sizeof endpoint)) {
        int code = wait_for(server);

        return code == 0 ? 125 : code;
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
        (void)signal(SIGTERM, forward);
        (void)signal(SIGINT, forward);
        code = wait_for(child);
        forward_to = 0;
    }
    (void)kill(server, SIGTERM);
    (void)wait_for(server);
    return code;
}
