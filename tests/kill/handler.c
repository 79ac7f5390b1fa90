/* Handlers that misbehave, for tests/kill: static, so that they run in any file system. The first argument says how. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

__attribute__((noreturn)) static void hold(void)
{
    for (;;)
        pause();
}

static void wait_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* A grandchild in a session of its own, whose parent has gone. */
static void daemonize(void (*then)(void))
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            then();
        _exit(0);
    }
    wait(NULL);
}

static void hold_forever(void)
{
    hold();
}

/* Each generation forks the next and goes: never the same pid twice, never a parent. For 20 seconds at most. */
__attribute__((noreturn)) static void flee(void)
{
    time_t end = time(NULL) + 20;
    while (time(NULL) < end) {
        pid_t next = fork();
        if (next != 0)
            _exit(0);
        setsid();
    }
    _exit(0);
}

static void flee_forever(void)
{
    flee();
}

/* Two that start each other again. For 20 seconds at most. */
__attribute__((noreturn)) static void respawn(void)
{
    time_t end = time(NULL) + 20;
    while (time(NULL) < end) {
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            sigset_t wanted;
            sigemptyset(&wanted);
            sigaddset(&wanted, SIGUSR1);
            sigprocmask(SIG_BLOCK, &wanted, NULL);
            int got;
            sigwait(&wanted, &got);
            setsid();
            continue;
        }
        waitpid(child, NULL, 0);
    }
    _exit(0);
}

static void grow(long megabytes, bool is_held)
{
    for (long i = 0; i < megabytes; i++) {
        char *block = malloc(1 << 20);
        if (!block)
            abort();
        memset(block, (int)i + 1, 1 << 20);
    }
    say("grown");
    if (is_held)
        hold();
}

static void show(const char *path)
{
    struct stat about;
    char target[512];
    int fd = open(path, O_WRONLY | O_CREAT, 0644);
    int error = errno;
    if (stat(path, &about) < 0)
        snprintf(target, sizeof target, "%s\tabsent", path);
    else
        snprintf(target, sizeof target, "%s\t%s", path, fd >= 0 ? "writable" : strerror(error));
    if (fd >= 0)
        close(fd);
    say(target);
}

int main(int count, char **arguments)
{
    const char *how = count > 1 ? arguments[1] : "exit";
    long number = count > 2 ? strtol(arguments[2], NULL, 10) : 0;
    if (!strcmp(how, "exit"))
        return (int)number;
    if (!strcmp(how, "one")) {
        if (write(1, "x", 1) != 1)
            return 1;
        return 0;
    }
    if (!strcmp(how, "setsid")) {
        if (fork() == 0) {
            setsid();
            hold();
        }
    } else if (!strcmp(how, "daemon")) {
        daemonize(hold_forever);
    } else if (!strcmp(how, "daemon-exit")) {
        daemonize(hold_forever);
        say("ready");
        return 0;
    } else if (!strcmp(how, "flee")) {
        daemonize(flee_forever);
    } else if (!strcmp(how, "respawn")) {
        daemonize(respawn);
    } else if (!strcmp(how, "deaf")) {
        for (int i = 1; i < 32; i++)
            signal(i, SIG_IGN);
        for (int i = 0; i < 3; i++)
            if (fork() == 0)
                hold();
    } else if (!strcmp(how, "bomb")) { /* slowly, and 60 at most */
        for (int i = 0; i < 60; i++) {
            if (fork() == 0) {
                setsid();
                if (i % 3 == 0 && fork() == 0)
                    setsid();
                hold();
            }
            if (i == 10)
                say("ready");
            wait_ms(5);
        }
    } else if (!strcmp(how, "murder")) { /* its own guardian */
        daemonize(hold_forever);
        say("ready");
        kill(getppid(), SIGKILL);
    } else if (!strcmp(how, "freeze")) {
        daemonize(hold_forever);
        say("ready");
        kill(getppid(), SIGSTOP);
    } else if (!strcmp(how, "grow")) {
        grow(number, true);
    } else if (!strcmp(how, "grow-exit")) {
        grow(number, false);
        return 0;
    } else if (!strcmp(how, "grow-child")) {
        if (fork() == 0)
            grow(number, true);
    } else if (!strcmp(how, "share")) { /* two processes that share what they have */
        grow(number, false);
        if (fork() == 0)
            hold();
        wait_ms(150);
        say("shared");
    } else if (!strcmp(how, "tick")) {
        for (int i = 0; i < 2000; i++) {
            say("tick");
            wait_ms(10);
        }
    } else if (!strcmp(how, "show")) {
        for (int i = 2; i < count; i++)
            show(arguments[i]);
        char text[64];
        snprintf(text, sizeof text, "pid\t%d", (int)getpid());
        say(text);
        return 0;
    } else if (!strcmp(how, "echo")) {
        char text[4096];
        ssize_t size;
        while ((size = read(0, text, sizeof text)) > 0)
            if (write(1, text, (size_t)size) != size)
                return 1;
        fputs("done\n", stderr);
        return (int)number;
    }
    if (strcmp(how, "murder") != 0 && strcmp(how, "freeze") != 0 && strcmp(how, "bomb") != 0)
        say("ready");
    hold();
}
