#include "emulator/loop/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/base/log.h"
#include "emulator/loop/child.h"
#include "emulator/loop/launcher.h"

extern char **environ;

enum {
    READ_BYTES = 64 * 1024,
    READS_A_TURN = 1,    /* all that a pipe holds, so that a talkative child does not starve the others */
    READS_AT_DEATH = 32, /* a pipe holds no more, unless somebody goes on writing */
    PATIENCE_MS = 200,
};

static struct process *first;
static size_t count;

size_t process_count(void)
{
    return count;
}

struct process *child_first(void)
{
    return first;
}

bool child_has_output(const struct process *process)
{
    return process->streams[0].watch.fd >= 0 || process->streams[1].watch.fd >= 0;
}

static void close_watch(struct watch *watch)
{
    int fd = watch->fd;
    loop_unwatch(watch);
    if (fd >= 0)
        close(fd);
    watch->fd = -1;
}

void child_forget(struct process *process)
{
    timer_cancel(&process->patience);
    loop_soon_cancel(&process->ending);
    close_watch(&process->streams[0].watch);
    close_watch(&process->streams[1].watch);
    close_watch(&process->life);
    if (process->peak_file >= 0)
        close(process->peak_file);
    if (process->previous)
        process->previous->next = process->next;
    else
        first = process->next;
    if (process->next)
        process->next->previous = process->previous;
    count--;
    free(process);
}

/* Delivers what the pipe holds, in at most `reads` pieces. */
static void read_stream(struct stream *stream, int reads)
{
    static char room[READ_BYTES];
    const struct process *process = stream->process;
    for (int i = 0; i < reads && stream->watch.fd >= 0; i++) {
        ssize_t size = read(stream->watch.fd, room, sizeof room);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0 && errno == EAGAIN)
            return;
        if (size <= 0)
            close_watch(&stream->watch);
        else if (process->watch.on_output)
            process->watch.on_output(process->watch.context, stream->number, (struct bytes){room, (size_t)size});
    }
}

static void on_output(struct watch *watch, uint32_t events)
{
    struct stream *stream = (struct stream *)((char *)watch - offsetof(struct stream, watch));
    (void)events;
    read_stream(stream, READS_A_TURN);
    if (stream->process->is_settling && !child_has_output(stream->process))
        loop_soon(&stream->process->ending);
}

static void out_of_patience(struct timer *timer)
{
    struct process *process = (struct process *)((char *)timer - offsetof(struct process, patience));
    for (int i = 0; i < 2; i++) {
        read_stream(&process->streams[i], READS_AT_DEATH);
        close_watch(&process->streams[i].watch);
    }
    loop_soon(&process->ending);
}

/* Runs after the death, and again when the pipes have reached their end or patience has. */
static void settle(struct task *task)
{
    struct process *process = (struct process *)((char *)task - offsetof(struct process, ending));
    if (!process->is_settling) {
        process->is_settling = true;
        for (int i = 0; i < 2; i++)
            read_stream(&process->streams[i], READS_AT_DEATH);
        if (child_has_output(process)) {
            timer_set(&process->patience, CLOCK_REAL, clock_real_ms() + PATIENCE_MS, out_of_patience);
            return;
        }
    }
    if (process->watch.on_end)
        process->watch.on_end(process->watch.context, &process->end);
    child_forget(process);
}

void child_died(struct process *process)
{
    process->is_dead = true;
    process->pid = 0;
    loop_soon(&process->ending);
}

void child_failed(struct process *process, int error, const char *path)
{
    process->end.exec_errno = error;
    snprintf(process->exec_path, sizeof process->exec_path, "%s", path);
    process->end.exec_path = process->exec_path;
}

struct process *child_new(const struct process_watch *watch, int writers[2])
{
    struct process *process = calloc(1, sizeof *process);
    check(process != NULL);
    process->watch = *watch;
    process->ending.run = settle;
    process->life.fd = -1;
    process->peak_file = -1;
    process->next = first;
    if (first)
        first->previous = process;
    first = process;
    count++;
    writers[0] = writers[1] = -1;
    for (int i = 0; i < 2; i++)
        process->streams[i] = (struct stream){.watch.fd = -1, .process = process, .number = i + 1};
    for (int i = 0; i < 2; i++) {
        int ends[2] = {-1, -1};
        int error = pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
        /* Only our end: the child expects a pipe that blocks. */
        if (!error && fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
            error = -errno;
        if (!error)
            error = loop_watch(&process->streams[i].watch, ends[0], EPOLLIN, on_output);
        if (!error) {
            writers[i] = ends[1];
            continue;
        }
        if (ends[0] >= 0) {
            close(ends[0]);
            close(ends[1]);
        }
        if (i == 1)
            close(writers[0]);
        child_forget(process);
        errno = -error;
        return NULL;
    }
    return process;
}

int input_file(struct bytes input)
{
    int fd = input.size > 0 ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t done = 0;
    while (done < input.size) {
        ssize_t size = write(fd, input.at + done, input.size - done);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            int error = size < 0 ? -errno : -EIO;
            close(fd);
            return error;
        }
        done += (size_t)size;
    }
    if (input.size > 0 && lseek(fd, 0, SEEK_SET) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* The pid stays ours until it is reaped here, so its group cannot have been given to somebody else. */
static void on_death(struct watch *watch, uint32_t events)
{
    struct process *process = (struct process *)((char *)watch - offsetof(struct process, life));
    siginfo_t about = {0};
    (void)events;
    if (waitid(P_PID, (id_t)process->pid, &about, WEXITED | WNOHANG | WNOWAIT) < 0 || about.si_pid == 0)
        return;
    /* What it wrote before it died, and, if a process that it left behind holds the pipe, the end of that one as well. */
    for (int i = 0; i < 2; i++)
        read_stream(&process->streams[i], READS_AT_DEATH);
    if (child_has_output(process))
        kill(-process->pid, SIGKILL);
    waitpid(process->pid, &process->end.status, 0);
    close_watch(&process->life);
    child_died(process);
}

static int spawn(const struct command *command, const char *path, const int streams[3], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int error = command->directory ? posix_spawn_file_actions_addchdir_np(&actions, command->directory) : 0;
    for (int i = 0; i < 3 && !error; i++)
        error = posix_spawn_file_actions_adddup2(&actions, streams[i], i);
    if (!error)
        error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    char *const *environment = command->environment ? (char *const *)(uintptr_t)command->environment : environ;
    if (!error)
        error = posix_spawn(pid, path, &actions, &attributes, (char *const *)(uintptr_t)command->arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int process_start(const struct command *command, const struct process_watch *watch, struct process **started)
{
    int writers[2];
    const char *path = command->path ? command->path : command->arguments[0];
    int input = input_file(command->input);
    if (input < 0)
        return input;
    struct process *process = child_new(watch, writers);
    if (!process) {
        int error = -errno;
        close(input);
        return error;
    }
    int streams[3] = {input, writers[0], writers[1]};
    pid_t pid = 0;
    int error = spawn(command, path, streams, &pid);
    for (int i = 0; i < 3; i++)
        close(streams[i]);
    *started = process;
    if (error) {
        char culprit[PATH_MAX];
        /* posix_spawn does not say which step failed. */
        if (command->directory && access(command->directory, X_OK) != 0)
            snprintf(culprit, sizeof culprit, "%s", command->directory);
        else
            exec_culprit(path, error, culprit, sizeof culprit);
        child_failed(process, error, culprit);
        child_died(process);
        return 0;
    }
    process->pid = pid;
    int life = (int)syscall(SYS_pidfd_open, pid, 0);
    error = life < 0 ? -errno : loop_watch(&process->life, life, EPOLLIN, on_death);
    if (!error)
        return 0;
    if (life >= 0)
        close(life);
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    child_forget(process);
    return error;
}

void process_signal(struct process *process, int signal)
{
    if (process->is_dead)
        return;
    if (process->id)
        environment_signal(process, signal);
    else
        kill(process->pid, signal);
}

void process_kill(struct process *process)
{
    if (process->is_dead)
        return;
    if (process->id)
        environment_kill(process);
    else
        kill(-process->pid, SIGKILL);
}

void process_pause(struct process *process, bool paused)
{
    if (process->is_dead)
        return;
    if (process->id)
        environment_pause(process, paused);
    else
        kill(-process->pid, paused ? SIGSTOP : SIGCONT);
}

int process_id(const struct process *process)
{
    return process->pid;
}

static int64_t high_water(int pid)
{
    char path[64];
    char text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    const char *line = strstr(text, "\nVmHWM:");
    return line ? strtoll(line + strlen("\nVmHWM:"), NULL, 10) * 1024 : 0;
}

int64_t process_peak_memory(const struct process *process)
{
    if (process->is_dead)
        return process->end.peak_memory;
    int64_t known = process->id ? environment_peak(process) : 0;
    /* A cgroup does not count the pages of programs and libraries that were read before; the resident set does. */
    int64_t own = high_water(process->pid);
    return own > known ? own : known;
}
