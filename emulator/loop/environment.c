/* Environments: the server's side of the launcher. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/base/buffer.h"
#include "emulator/base/log.h"
#include "emulator/loop/child.h"
#include "emulator/loop/launcher.h"

extern char **environ;

enum { HELLO_MS = 5000, PAYLOAD_LIMIT = 8 * 1024 * 1024, LAUNCHER_SOCKET = 3 };

/* A packet that did not fit into the socket yet. */
struct waiting {
    struct waiting *next;
    struct packet packet;
    struct packet_fds fds;
};

static struct watch launcher = {.fd = -1};
static pid_t launcher_pid;
static pid_t left_pid; /* one that was told to go; reaped when convenient */
static char executable[PATH_MAX];
static enum process_isolation asked;
static enum process_isolation isolation;
static char description[PACKET_TEXT] = "not started";
static bool is_introduced; /* HELLO has come */
static uint32_t last_id;
static struct waiting *waiting_first, **waiting_last = &waiting_first;

static void lost(const char *why)
{
    int fd = launcher.fd;
    loop_unwatch(&launcher);
    if (fd >= 0)
        close(fd);
    launcher.fd = -1;
    while (waiting_first) {
        struct waiting *one = waiting_first;
        waiting_first = one->next;
        packet_close(&one->fds);
        free(one);
    }
    waiting_last = &waiting_first;
    if (left_pid)
        waitpid(left_pid, NULL, WNOHANG);
    left_pid = launcher_pid;
    launcher_pid = 0;
    is_introduced = false;
    snprintf(description, sizeof description, "%s", why);
    for (struct process *process = child_first(); process; process = process->next) {
        if (!process->id || process->is_dead)
            continue;
        process->end.status = SIGKILL;
        child_died(process);
    }
}

static struct process *find(uint32_t id)
{
    struct process *process = child_first();
    while (process && process->id != id)
        process = process->next;
    return process;
}

static void take(const struct packet *packet, struct packet_fds *fds)
{
    struct process *process = packet->id ? find(packet->id) : NULL;
    if (packet->kind == PACKET_HELLO) {
        isolation = packet->value == ISOLATION_NAMESPACE ? ISOLATION_NAMESPACE : ISOLATION_GUARDIAN;
        snprintf(description, sizeof description, "%s", packet->text);
        is_introduced = true;
    }
    if (!process || process->is_dead)
        return;
    if (packet->kind == PACKET_STARTED && packet->error) {
        child_failed(process, packet->error, packet->text);
    } else if (packet->kind == PACKET_STARTED) {
        process->pid = (int)packet->value;
        if (fds->count > 0) {
            process->peak_file = fds->fd[0];
            fds->count = 0;
        }
    } else if (packet->kind == PACKET_PEAK && packet->value > process->polled_peak) {
        process->polled_peak = packet->value;
    } else if (packet->kind == PACKET_ENDED) {
        process->end.status = (int)packet->value;
        process->end.peak_memory = packet->peak;
        process->end.out_of_memory = packet->out_of_memory;
        child_died(process);
    }
}

/* False when nothing more is to be had now. */
static bool receive(void)
{
    struct packet packet;
    struct packet_fds fds;
    int got = packet_receive(launcher.fd, &packet, &fds);
    if (got == -EAGAIN)
        return false;
    if (got <= 0) {
        log_error("the launcher has died: all environments end; the next one starts it anew");
        lost("died");
        return false;
    }
    take(&packet, &fds);
    packet_close(&fds);
    return true;
}

static void send_waiting(void)
{
    while (waiting_first) {
        struct waiting *one = waiting_first;
        if (packet_send(launcher.fd, &one->packet, &one->fds) == -EAGAIN)
            return;
        waiting_first = one->next;
        packet_close(&one->fds);
        free(one);
    }
    waiting_last = &waiting_first;
    loop_change(&launcher, EPOLLIN);
}

static void on_launcher(struct watch *watch, uint32_t events)
{
    (void)watch;
    if (events & EPOLLOUT)
        send_waiting();
    while (launcher.fd >= 0 && receive())
        continue;
}

/* Takes the descriptors. Any failure but a full socket is followed by the end of the socket, which is handled there. */
static void post(const struct packet *packet, struct packet_fds *fds)
{
    struct packet_fds none = {0};
    fds = fds ? fds : &none;
    if (launcher.fd < 0 || (!waiting_first && packet_send(launcher.fd, packet, fds) != -EAGAIN)) {
        packet_close(fds);
        return;
    }
    struct waiting *one = calloc(1, sizeof *one);
    check(one != NULL);
    one->packet = *packet;
    one->fds = *fds;
    if (!waiting_first)
        loop_change(&launcher, EPOLLIN | EPOLLOUT);
    *waiting_last = one;
    waiting_last = &one->next;
}

static int spawn_launcher(int socket)
{
    const char *const arguments[] = {executable, asked == ISOLATION_NAMESPACE ? "namespace" : "guardian", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, socket, LAUNCHER_SOCKET);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(&actions, LAUNCHER_SOCKET + 1);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    /* A group of its own: an interrupt from the terminal is for the server, which then ends everything in order. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (!error)
        error = posix_spawn(&launcher_pid, executable, &actions, &attributes, (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return -error;
}

static int start(void)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    /* dup2() of a descriptor onto itself would leave it close-on-exec. */
    int theirs = pair[1] > LAUNCHER_SOCKET ? pair[1] : fcntl(pair[1], F_DUPFD_CLOEXEC, LAUNCHER_SOCKET + 1);
    int error = theirs < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : spawn_launcher(theirs);
    if (theirs >= 0 && theirs != pair[1])
        close(theirs);
    close(pair[1]);
    if (!error)
        error = loop_watch(&launcher, pair[0], EPOLLIN, on_launcher);
    if (error)
        close(pair[0]);
    return error;
}

int launcher_start(const char *path, enum process_isolation wanted)
{
    check(launcher.fd < 0);
    if (snprintf(executable, sizeof executable, "%s", path) >= (int)sizeof executable)
        return -ENAMETOOLONG;
    asked = wanted;
    int error = start();
    snprintf(description, sizeof description, "%s", error ? "not started" : "starting");
    return error;
}

void launcher_stop(void)
{
    if (launcher.fd >= 0)
        lost("stopped");
}

/* Once, at the start: it says HELLO within about 2 ms of its exec, and usually has before anybody asks. */
static bool is_ready(void)
{
    if (launcher.fd < 0 || is_introduced)
        return is_introduced;
    struct pollfd wanted = {.fd = launcher.fd, .events = POLLIN};
    if (poll(&wanted, 1, HELLO_MS) == 1)
        receive();
    if (launcher.fd >= 0 && !is_introduced) {
        log_error("the launcher says nothing");
        lost("silent");
    }
    return is_introduced;
}

enum process_isolation launcher_isolation(void)
{
    return is_ready() ? isolation : ISOLATION_NONE;
}

const char *launcher_describe(void)
{
    is_ready();
    return description;
}

static void add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text ? text : "", text ? strlen(text) + 1 : 1);
}

static uint32_t add_list(struct buffer *buffer, const char *const *list)
{
    uint32_t count = 0;
    for (; list && list[count]; count++)
        add_text(buffer, list[count]);
    return count;
}

/* A descriptor of the payload, or -errno. */
static int payload_file(const struct command *command)
{
    struct buffer texts;
    struct payload head = {0};
    const char *directory = command->directory;
    if (!directory)
        directory = isolation == ISOLATION_NAMESPACE ? "/var/task" : command->task_directory;
    buffer_init(&texts, PAYLOAD_LIMIT);
    add_text(&texts, command->path ? command->path : command->arguments[0]);
    add_text(&texts, directory ? directory : "/");
    add_text(&texts, command->task_directory);
    add_text(&texts, command->layer_directory);
    add_text(&texts, command->runtime_directory);
    add_text(&texts, command->temporary_directory);
    head.arguments = add_list(&texts, command->arguments);
    head.variables = add_list(&texts, command->environment ? command->environment : (const char *const *)(uintptr_t)environ);
    head.size = texts.size;
    struct buffer whole;
    buffer_init(&whole, PAYLOAD_LIMIT + sizeof head);
    buffer_add(&whole, &head, sizeof head);
    buffer_add(&whole, texts.text, texts.size);
    int fd = texts.overflow || whole.overflow ? -E2BIG : input_file(buffer_bytes(&whole));
    buffer_free(&texts);
    buffer_free(&whole);
    return fd;
}

int environment_start(const struct command *command, const struct process_watch *watch, struct process **started)
{
    int writers[2];
    int error = launcher.fd < 0 ? (*executable ? start() : -ENOTCONN) : 0;
    if (error)
        return error;
    if (!is_ready())
        return -ENOTCONN;
    struct packet_fds fds = {0};
    fds.fd[0] = payload_file(command);
    if (fds.fd[0] < 0)
        return fds.fd[0];
    fds.count = 1;
    struct process *process = child_new(watch, writers);
    if (!process) {
        error = -errno;
        packet_close(&fds);
        return error;
    }
    fds.fd[fds.count++] = writers[0];
    fds.fd[fds.count++] = writers[1];
    if (command->input.size > 0) {
        int input = input_file(command->input);
        if (input < 0) {
            packet_close(&fds);
            child_forget(process);
            return input;
        }
        fds.fd[fds.count++] = input;
    }
    process->id = ++last_id ? last_id : ++last_id;
    struct packet packet = {.kind = PACKET_SPAWN, .id = process->id, .value = command->memory_limit};
    post(&packet, &fds);
    *started = process;
    return 0;
}

static void say(const struct process *process, enum packet_kind kind, int64_t value)
{
    struct packet packet = {.kind = kind, .id = process->id, .value = value};
    post(&packet, NULL);
}

void environment_signal(struct process *process, int signal)
{
    say(process, PACKET_SIGNAL, signal);
}

void environment_kill(struct process *process)
{
    say(process, PACKET_KILL, 0);
}

void environment_pause(struct process *process, bool paused)
{
    say(process, PACKET_PAUSE, paused);
}

int64_t environment_peak(const struct process *process)
{
    char text[32];
    if (process->peak_file < 0)
        return process->polled_peak;
    ssize_t size = pread(process->peak_file, text, sizeof text - 1, 0);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    return strtoll(text, NULL, 10);
}
