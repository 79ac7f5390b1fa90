#include "emulator/loop/launcher/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "emulator/loop/launcher.h"
#include "emulator/loop/launcher/cgroup.h"
#include "emulator/loop/launcher/mounts.h"
#include "emulator/loop/launcher/program.h"
#include "emulator/loop/launcher/tree.h"

enum {
    SOCKET = 3, /* the descriptors of a keeper */
    LIFE,
    NULL_DEVICE,
    SIGNALS,
    FIRST_FREE,
};
enum { POLL_MIN_MS = 5, POLL_MAX_MS = 50, GROWTH_PER_MS = 2 * 1024 * 1024, PEAK_STEP = 64 * 1024, KEPT_MAX = 64 };

static struct keeper_setup self;
static struct mount_failure broken; /* why this keeper cannot start anything */
static struct tree tree;
static pid_t handler;
static uint32_t id;
static int64_t memory_limit, peak;
static int64_t next_poll_ms; /* 0: memory is not polled */
static int oom_event = -1;
static bool is_paused;
static bool is_out_of_memory;

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* AWS's limits; the number of processes is left alone, because the kernel counts it for the user and not for the environment. */
static void set_limits(void)
{
    struct rlimit files = {.rlim_cur = 1024, .rlim_max = 1024};
    struct rlimit core = {0};
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CORE, &core);
    umask(022);
    /* A program that became another user by its set-uid bit could not be killed by us. */
    if (geteuid() != 0)
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Puts our descriptors in their places. Two steps, because a place may be taken by one of the others. */
static void settle_descriptors(void)
{
    int from[] = {self.socket, self.launcher_life, self.null};
    for (int i = 0; i < 3; i++)
        from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 64);
    for (int i = 0; i < 3; i++)
        dup3(from[i], SOCKET + i, O_CLOEXEC);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    dup3(fd, SIGNALS, O_CLOEXEC);
    close_range(FIRST_FREE, ~0U, 0);
}

static bool launcher_is_gone(void)
{
    struct pollfd life = {.fd = LIFE, .events = POLLIN};
    return poll(&life, 1, 0) != 0;
}

static void set_up(void)
{
    settle_descriptors();
    /* The kernel kills process 1, and with it the namespace, when the launcher dies in any way; a guardian is told and kills
     * itself. The question after it is for a launcher that died before the order was given. */
    prctl(PR_SET_PDEATHSIG, self.is_namespaced ? SIGKILL : SIGTERM, 0, 0, 0);
    if (launcher_is_gone())
        _exit(1);
    if (!self.is_namespaced)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    else
        mounts_proc(&broken);
    set_limits();
    if (self.has_cgroup && cgroup_join(self.launcher, self.number) < 0)
        self.has_cgroup = false;
}

static void say(struct packet *packet, const struct packet_fds *fds)
{
    packet->id = id;
    (void)packet_send(SOCKET, packet, fds); /* fails only when the launcher is dead, and then we are about to be */
}

static void note_peak(int64_t bytes)
{
    if (bytes < peak + PEAK_STEP)
        return;
    peak = bytes;
    struct packet packet = {.kind = PACKET_PEAK, .value = peak};
    say(&packet, NULL);
}

__attribute__((noreturn)) static void finish(int status, const struct rusage *usage)
{
    int64_t most = usage->ru_maxrss * (int64_t)1024;
    struct packet packet = {
        .kind = PACKET_ENDED, .value = status, .peak = most > peak ? most : peak, .out_of_memory = is_out_of_memory};
    say(&packet, NULL);
    _exit(0); /* of process 1: the kernel kills whatever is left in the namespace before our parent can reap us */
}

__attribute__((noreturn)) static void kill_everything(void)
{
    int status = SIGKILL;
    struct rusage usage = {0};
    if (self.is_namespaced)
        kill(-1, SIGKILL);
    tree_kill(handler, &status, &usage);
    finish(status, &usage);
}

/* Reaps whatever died: the handler, or what was handed to us when its parent died. */
static void reap(void)
{
    for (;;) {
        int status;
        struct rusage usage;
        pid_t dead = wait4(-1, &status, WNOHANG, &usage);
        if (dead <= 0)
            return;
        if (dead != handler)
            continue;
        if (!self.is_namespaced) {
            int other;
            struct rusage unused;
            tree_kill(0, &other, &unused);
        }
        finish(status, &usage);
    }
}

static void poll_memory(void)
{
    if (self.is_namespaced)
        tree_read_namespace(&tree);
    else
        tree_read(&tree, getpid());
    int64_t bytes = tree_memory(&tree, memory_limit);
    note_peak(bytes);
    if (bytes > memory_limit) {
        is_out_of_memory = true;
        kill_everything();
    }
    /* The next look before even the fastest growth could have filled what is left. */
    int64_t wait = (memory_limit - bytes) / GROWTH_PER_MS;
    wait = wait < POLL_MIN_MS ? POLL_MIN_MS : wait > POLL_MAX_MS ? POLL_MAX_MS : wait;
    next_poll_ms = now_ms() + wait;
}

__attribute__((noreturn)) static void fail_start(int error, const char *what)
{
    struct packet packet = {.kind = PACKET_STARTED, .error = error};
    packet_text(&packet, what);
    say(&packet, NULL);
    struct rusage none = {0};
    finish(0, &none);
}

static void mount_for(const struct program *program)
{
    char resolved[PATH_MAX];
    const char *kept[KEPT_MAX];
    size_t count = 0;
    kept[count++] = program->texts[PAYLOAD_PATH];
    if (realpath(program->texts[PAYLOAD_PATH], resolved))
        kept[count++] = resolved;
    for (char **argument = program->arguments; *argument && count < KEPT_MAX; argument++)
        kept[count++] = *argument;
    struct mount_plan plan = {
        .task = program->texts[PAYLOAD_TASK],
        .layer = program->texts[PAYLOAD_LAYER],
        .runtime = program->texts[PAYLOAD_RUNTIME],
        .temporary = program->texts[PAYLOAD_TEMPORARY],
        .kept = kept,
        .kept_count = count,
    };
    struct mount_failure failure = {0};
    if (!mounts_environment(&plan, &failure))
        fail_start(failure.error, failure.what);
}

static void watch_memory(int64_t limit)
{
    memory_limit = limit;
    if (limit <= 0)
        return;
    if (self.has_cgroup && cgroup_limit(self.launcher, self.number, limit) == 0)
        oom_event = cgroup_watch(self.launcher, self.number);
    else
        next_poll_ms = now_ms() + POLL_MIN_MS;
}

static void start(const struct packet *packet, struct packet_fds *fds)
{
    struct program program;
    char culprit[PACKET_TEXT];
    id = packet->id;
    if (broken.error)
        fail_start(broken.error, broken.what);
    int error = fds->count >= 3 ? program_read(&program, fds->fd[0]) : -EBADMSG;
    if (error < 0)
        fail_start(-error, "payload");
    if (self.is_namespaced)
        mount_for(&program);
    if (chdir(program.texts[PAYLOAD_DIRECTORY]) < 0)
        fail_start(errno, program.texts[PAYLOAD_DIRECTORY]);
    watch_memory(packet->value);
    error = program_run(&program, fds->count > 3 ? fds->fd[3] : NULL_DEVICE, fds->fd[1], fds->fd[2], &handler);
    packet_close(fds);
    if (error) {
        exec_culprit(program.texts[PAYLOAD_PATH], error, culprit, sizeof culprit);
        fail_start(error, culprit);
    }
    program_free(&program);
    int peak_file = self.has_cgroup ? cgroup_peak(self.launcher, self.number) : -1;
    struct packet started = {.kind = PACKET_STARTED, .value = handler};
    /* Naming the handler as the sender makes the kernel translate its pid from our namespace. */
    struct packet_fds with = {.count = peak_file >= 0, .fd = {peak_file}, .sender = self.is_namespaced ? handler : 0};
    say(&started, &with);
    if (peak_file >= 0)
        close(peak_file);
}

static void pause_tree(bool wanted)
{
    is_paused = wanted;
    int signal = wanted ? SIGSTOP : SIGCONT;
    if (self.is_namespaced)
        kill(-1, signal); /* all but us, and no fork in between */
    else if (wanted)
        tree_stop();
    else
        tree_signal(signal);
}

static void take(void)
{
    struct packet packet;
    struct packet_fds fds;
    int got = packet_receive(SOCKET, &packet, &fds);
    if (got == 0)
        kill_everything(); /* the launcher is gone */
    if (got < 0)
        return;
    switch ((enum packet_kind)packet.kind) {
    case PACKET_SPAWN:
        start(&packet, &fds);
        break;
    case PACKET_SIGNAL:
        if (handler > 0)
            kill(handler, (int)packet.value);
        break;
    case PACKET_KILL:
        kill_everything();
    case PACKET_PAUSE:
        pause_tree(packet.value != 0);
        break;
    case PACKET_HELLO:
    case PACKET_STARTED:
    case PACKET_PEAK:
    case PACKET_ENDED:
        break;
    }
    packet_close(&fds);
}

void keeper_run(struct keeper_setup setup)
{
    self = setup;
    set_up();
    for (;;) {
        struct pollfd wanted[] = {
            {.fd = SIGNALS, .events = POLLIN}, {.fd = SOCKET, .events = POLLIN}, {.fd = oom_event, .events = POLLIN}};
        int64_t wait = -1;
        if (next_poll_ms && !is_paused) {
            wait = next_poll_ms - now_ms();
            wait = wait < 0 ? 0 : wait;
        }
        int count = poll(wanted, 3, (int)wait);
        if (count == 0)
            poll_memory();
        if (count <= 0)
            continue;
        if (wanted[2].revents) {
            is_out_of_memory = true;
            kill_everything();
        }
        if (wanted[0].revents) {
            struct signalfd_siginfo about;
            bool is_told_to_end = false;
            while (read(SIGNALS, &about, sizeof about) == (ssize_t)sizeof about)
                is_told_to_end = is_told_to_end || (about.ssi_signo == SIGTERM && !self.is_namespaced);
            if (is_told_to_end)
                kill_everything();
            reap();
        }
        if (wanted[1].revents)
            take();
    }
}
