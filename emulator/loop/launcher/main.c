/* lowcloud-launcher: starts the environments of one server and sees to it that nothing of them outlives it.
 *
 * Usage, by the server only: lowcloud-launcher namespace|guardian, with a SOCK_SEQPACKET socket as descriptor 3. Its end, in
 * whatever way it comes, is the end of every environment. LOWCLOUD_CGROUP=0 in the environment: memory is watched in /proc even
 * where cgroups can be had. Static and small, so that cloning it is cheap; spare keepers (keeper.h) wait for the next
 * environments. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/loop/launcher.h"
#include "emulator/loop/launcher/cgroup.h"
#include "emulator/loop/launcher/keeper.h"
#include "emulator/loop/launcher/mounts.h"
#include "emulator/loop/launcher/tree.h"
#include "emulator/loop/process.h"

enum { SERVER = 3, EVENTS = 32, KEPT_CGROUPS = 256, SPARES = 4, QUIET_MS = 10 };

struct keeper {
    struct keeper *next;
    pid_t pid;
    int socket;
    unsigned number; /* of its cgroup */
    uint32_t id;     /* of its environment; 0 for a spare */
    bool is_dead;
    bool has_ended; /* it said so, in `ended` */
    struct packet ended;
};

static struct keeper *keepers;
static bool is_namespaced;
static bool has_strangers; /* a guardian died before its tree: what it left are children of ours */
static int events, signals, null_device, life;
static unsigned cgroups; /* numbers given out */
static unsigned busy_cgroups[KEPT_CGROUPS];
static unsigned busy_count;

static void say(const struct packet *packet, const struct packet_fds *fds)
{
    (void)packet_send(SERVER, packet, fds); /* a dead server is noticed as its end of the socket */
}

__attribute__((format(printf, 3, 4))) static void describe(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

/* Cgroups that the kernel still held when their last process had gone. */
static void remove_busy_cgroups(void)
{
    unsigned left = 0;
    for (unsigned i = 0; i < busy_count; i++)
        if (!cgroup_remove(getpid(), busy_cgroups[i]))
            busy_cgroups[left++] = busy_cgroups[i];
    busy_count = left;
}

static struct keeper *keeper_new(void)
{
    int pair[2];
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        free(keeper);
        return NULL;
    }
    keeper->number = ++cgroups;
    struct keeper_setup setup = {.socket = pair[1],
                                 .launcher = getpid(),
                                 .launcher_life = life,
                                 .null = null_device,
                                 .number = keeper->number,
                                 .is_namespaced = is_namespaced};
    setup.has_cgroup = cgroup_version() && cgroup_make(getpid(), keeper->number) == 0;
    unsigned long flags = SIGCHLD | (is_namespaced ? (unsigned long)(CLONE_NEWPID | CLONE_NEWNS) : 0);
    keeper->pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (keeper->pid == 0)
        keeper_run(setup);
    int error = errno;
    close(pair[1]);
    int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = keeper};
    if (keeper->pid < 0 || setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0 ||
        fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0 || epoll_ctl(events, EPOLL_CTL_ADD, pair[0], &event) < 0) {
        close(pair[0]);
        if (keeper->pid > 0)
            kill(keeper->pid, SIGKILL); /* reaped as a child that nobody knows */
        if (setup.has_cgroup && busy_count < KEPT_CGROUPS)
            busy_cgroups[busy_count++] = keeper->number;
        free(keeper);
        errno = error;
        return NULL;
    }
    keeper->socket = pair[0];
    keeper->next = keepers;
    keepers = keeper;
    return keeper;
}

static struct keeper *keeper_of(uint32_t id)
{
    struct keeper *keeper = keepers;
    while (keeper && keeper->id != id)
        keeper = keeper->next;
    return keeper;
}

/* The oldest has most likely done with its cgroup. Spares are not found by keeper_of(), because no environment has the id 0. */
static struct keeper *oldest_spare(void)
{
    struct keeper *oldest = NULL;
    for (struct keeper *keeper = keepers; keeper; keeper = keeper->next)
        if (keeper->id == 0 && !keeper->is_dead)
            oldest = keeper;
    return oldest;
}

static int count_spares(void)
{
    int count = 0;
    for (const struct keeper *keeper = keepers; keeper; keeper = keeper->next)
        count += keeper->id == 0 && !keeper->is_dead;
    return count;
}

static void keeper_kill(const struct keeper *keeper)
{
    struct packet packet = {.kind = PACKET_KILL, .id = keeper->id};
    /* A guardian that does not take packets is of no use. */
    if (is_namespaced || packet_send(keeper->socket, &packet, NULL) < 0)
        kill(keeper->pid, SIGKILL);
}

static void spawn(const struct packet *packet, struct packet_fds *fds)
{
    struct keeper *keeper = oldest_spare();
    if (!keeper)
        keeper = keeper_new();
    int error = keeper ? 0 : errno;
    if (keeper) {
        keeper->id = packet->id;
        fds->sender = 0;
        error = -packet_send(keeper->socket, packet, fds);
        if (error) {
            kill(keeper->pid, SIGKILL);
            keeper->id = 0;
        }
    }
    if (!error)
        return;
    struct packet started = {.kind = PACKET_STARTED, .id = packet->id, .error = error, .text = "keeper"};
    struct packet ended = {.kind = PACKET_ENDED, .id = packet->id};
    say(&started, NULL);
    say(&ended, NULL);
}

/* Out of epoll first: a keeper that is just being cloned may hold the socket for a moment, and would keep it in there. */
static void keeper_hang_up(struct keeper *keeper)
{
    if (keeper->socket < 0)
        return;
    epoll_ctl(events, EPOLL_CTL_DEL, keeper->socket, NULL);
    close(keeper->socket);
    keeper->socket = -1;
}

static void from_keeper(struct keeper *keeper)
{
    struct packet packet;
    struct packet_fds fds;
    while (keeper->socket >= 0) {
        int got = packet_receive(keeper->socket, &packet, &fds);
        if (got == -EAGAIN)
            return;
        if (got <= 0) {
            keeper_hang_up(keeper); /* its death follows */
            return;
        }
        if (packet.kind == PACKET_ENDED) {
            keeper->has_ended = true;
            keeper->ended = packet;
        } else {
            if (packet.kind == PACKET_STARTED && !packet.error && is_namespaced)
                packet.value = fds.sender;
            fds.sender = 0;
            say(&packet, &fds);
        }
        packet_close(&fds);
    }
}

static void keeper_end(struct keeper *keeper)
{
    int64_t peak = -1;
    bool is_out_of_memory = false;
    if (cgroup_version() && !cgroup_end(getpid(), keeper->number, &peak, &is_out_of_memory) && busy_count < KEPT_CGROUPS)
        busy_cgroups[busy_count++] = keeper->number;
    if (keeper->id) {
        struct packet ended = keeper->ended;
        ended.kind = PACKET_ENDED;
        ended.id = keeper->id;
        if (!keeper->has_ended)
            ended.value = SIGKILL; /* what a process dies of when the first one of its namespace does */
        if (peak > ended.peak)
            ended.peak = peak;
        ended.out_of_memory = ended.out_of_memory || is_out_of_memory;
        say(&ended, NULL);
    }
    for (struct keeper **place = &keepers; *place; place = &(*place)->next) {
        if (*place == keeper) {
            *place = keeper->next;
            break;
        }
    }
    free(keeper);
}

static bool is_keeper(pid_t child)
{
    for (const struct keeper *keeper = keepers; keeper; keeper = keeper->next)
        if (keeper->pid == child)
            return true;
    return false;
}

static void keeper_died(struct keeper *keeper, const struct rusage *usage)
{
    from_keeper(keeper);
    keeper_hang_up(keeper);
    keeper->is_dead = true;
    if (keeper->ended.peak < usage->ru_maxrss * (int64_t)1024)
        keeper->ended.peak = usage->ru_maxrss * (int64_t)1024;
    if (!is_namespaced && !keeper->has_ended)
        has_strangers = true;
}

static void reap(void)
{
    struct signalfd_siginfo about;
    while (read(signals, &about, sizeof about) == (ssize_t)sizeof about)
        continue;
    pid_t dead;
    int status;
    struct rusage usage;
    while ((dead = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0) {
        struct keeper *keeper = keepers;
        while (keeper && (keeper->pid != dead || keeper->is_dead))
            keeper = keeper->next;
        if (keeper && WIFSTOPPED(status))
            kill(dead, SIGCONT); /* its handler did that; it must go on to take our word */
        else if (keeper)
            keeper_died(keeper, &usage);
    }
    /* Each stranger that dies comes back here as a SIGCHLD, so this goes on until none is left. */
    if (has_strangers && tree_strike(is_keeper) == 0)
        has_strangers = false;
    for (struct keeper *keeper = keepers, *next; keeper; keeper = next) {
        next = keeper->next;
        if (keeper->is_dead && (keeper->has_ended || !has_strangers))
            keeper_end(keeper);
    }
    remove_busy_cgroups();
}

__attribute__((noreturn)) static void finish(void)
{
    int status;
    struct rusage usage;
    tree_kill(0, &status, &usage);
    for (const struct keeper *keeper = keepers; cgroup_version() && keeper; keeper = keeper->next)
        cgroup_remove(getpid(), keeper->number);
    remove_busy_cgroups();
    _exit(0);
}

static void from_server(void)
{
    struct packet packet;
    struct packet_fds fds;
    int got = packet_receive(SERVER, &packet, &fds);
    if (got == 0 || (got < 0 && got != -EAGAIN && got != -EBADMSG))
        finish();
    if (got < 0)
        return;
    struct keeper *keeper = packet.id ? keeper_of(packet.id) : NULL;
    if (packet.kind == PACKET_SPAWN && packet.id && !keeper)
        spawn(&packet, &fds);
    else if (packet.kind == PACKET_KILL && keeper && !keeper->is_dead)
        keeper_kill(keeper);
    else if (keeper && !keeper->is_dead && packet_send(keeper->socket, &packet, NULL) < 0)
        keeper_kill(keeper); /* full: it has stopped reading */
    packet_close(&fds);
}

/* Tries it all in a child, because a namespace that turns out to be of no use cannot be left again. Nobody waits for that child's
 * death, which takes the kernel milliseconds: it is reaped like any other. */
static bool can_isolate(bool with_user, struct mount_failure *failure)
{
    int pair[2];
    *failure = (struct mount_failure){.error = ECHILD, .what = "try namespaces"};
    if (pipe2(pair, O_CLOEXEC) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        struct mount_failure result = {0};
        pid_t first =
            mounts_isolate(with_user, &result) ? (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_NEWPID | CLONE_NEWNS, 0, 0, 0, 0) : -1;
        if (first == 0) {
            struct mount_plan plan = {.task = "/opt", .layer = "/tmp", .runtime = "", .temporary = "/opt"};
            if (mounts_proc(&result))
                mounts_environment(&plan, &result);
        } else if (first < 0 && !result.error) {
            result.error = errno;
            snprintf(result.what, sizeof result.what, "make a PID namespace");
        }
        if (first <= 0 && write(pair[1], &result, sizeof result) < 0)
            _exit(1);
        _exit(0);
    }
    close(pair[1]);
    struct mount_failure result;
    if (child > 0 && read(pair[0], &result, sizeof result) == (ssize_t)sizeof result)
        *failure = result;
    close(pair[0]);
    return failure->error == 0;
}

static void isolate(char *text, size_t size)
{
    struct mount_failure failure = {0};
    bool with_user = geteuid() != 0 || !can_isolate(false, &failure);
    is_namespaced = !with_user || can_isolate(true, &failure);
    if (is_namespaced && !mounts_isolate(with_user, &failure)) {
        fprintf(stderr, "lowcloud-launcher: %s: %s\n", failure.what, strerror(failure.error));
        exit(1);
    }
    if (is_namespaced)
        describe(text, size, "%sPID and mount namespaces", with_user ? "user, " : "");
    else
        describe(text, size, "guardians (no namespaces: %s: %s)", failure.what, strerror(failure.error));
}

static void start(const char *wanted)
{
    close_range(SERVER + 1, ~0U, 0);
    fcntl(SERVER, F_SETFD, FD_CLOEXEC);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGHUP);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0); /* as well as the socket, in case someone else holds the server's end of that */

    struct packet hello = {.kind = PACKET_HELLO};
    if (strcmp(wanted, "namespace") == 0)
        isolate(hello.text, sizeof hello.text);
    else
        describe(hello.text, sizeof hello.text, "guardians (as asked)");
    if (!is_namespaced && chdir("/") < 0)
        exit(1);
    const char *cgroups_wanted = getenv("LOWCLOUD_CGROUP");
    if ((!cgroups_wanted || strcmp(cgroups_wanted, "0") != 0) && cgroup_find())
        describe(hello.text, sizeof hello.text, "; memory by cgroup version %d", cgroup_version());
    else
        describe(hello.text, sizeof hello.text, "; memory by polling /proc");

    signals = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    null_device = open("/dev/null", O_RDWR | O_CLOEXEC);
    life = (int)syscall(SYS_pidfd_open, getpid(), 0);
    events = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event of_server = {.events = EPOLLIN, .data.ptr = &events};
    struct epoll_event of_signals = {.events = EPOLLIN, .data.ptr = &signals};
    if (signals < 0 || null_device < 0 || life < 0 || events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, SERVER, &of_server) < 0 ||
        epoll_ctl(events, EPOLL_CTL_ADD, signals, &of_signals) < 0) {
        fprintf(stderr, "lowcloud-launcher: cannot start: %s\n", strerror(errno));
        exit(1);
    }
    hello.value = is_namespaced ? ISOLATION_NAMESPACE : ISOLATION_GUARDIAN;
    say(&hello, NULL);
}

/* SIGCHLD is the only signal that does not end us. */
static void from_signals(void)
{
    sigset_t pending;
    sigpending(&pending);
    if (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) || sigismember(&pending, SIGHUP))
        finish();
    reap();
}

int main(int count, char **arguments)
{
    if (count != 2 || (strcmp(arguments[1], "namespace") != 0 && strcmp(arguments[1], "guardian") != 0)) {
        fputs("lowcloud-launcher is started by lowcloud, not by hand\n", stderr);
        return 2;
    }
    start(arguments[1]);
    bool is_failing = false; /* the making of spares, since the last event */
    for (;;) {
        /* Spares are made when there is nothing else to do: the first at once, the others one by one in quiet moments. */
        struct epoll_event ready[EVENTS];
        int spares = is_failing ? SPARES : count_spares();
        int got = epoll_wait(events, ready, EVENTS, spares == 0 ? 0 : spares < SPARES ? QUIET_MS : -1);
        is_failing = got == 0 && !keeper_new();
        /* Deaths last: they free keepers that may be in this batch. */
        bool has_signals = false;
        for (int i = 0; i < got; i++) {
            if (ready[i].data.ptr == &signals)
                has_signals = true;
            else if (ready[i].data.ptr == &events)
                from_server();
            else
                from_keeper(ready[i].data.ptr);
        }
        if (has_signals)
            from_signals();
    }
}
