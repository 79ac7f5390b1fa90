#include "services/lambda/obituary.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "services/lambda/spawn.h"

/* The words of Go's standard library, in which AWS's supervisor is written. */
static const char *signal_name(int number)
{
    switch (number) {
    case SIGHUP:
        return "hangup";
    case SIGINT:
        return "interrupt";
    case SIGQUIT:
        return "quit";
    case SIGILL:
        return "illegal instruction";
    case SIGTRAP:
        return "trace/breakpoint trap";
    case SIGABRT:
        return "aborted";
    case SIGBUS:
        return "bus error";
    case SIGFPE:
        return "floating point exception";
    case SIGKILL:
        return "killed";
    case SIGSEGV:
        return "segmentation fault";
    case SIGPIPE:
        return "broken pipe";
    case SIGALRM:
        return "alarm clock";
    case SIGTERM:
        return "terminated";
    default:
        return strsignal(number);
    }
}

struct obituary obituary_write(struct arena *arena, const struct environment *environment, const struct process_end *end)
{
    if (end->exec_errno != 0)
        return (struct obituary){"Runtime.InvalidEntrypoint",
                                 spawn_exec_message(arena, environment, end->exec_errno, end->exec_path)};
    if (end->out_of_memory)
        return (struct obituary){"Runtime.OutOfMemory", "Runtime exited with error: signal: killed"};
    if (WIFSIGNALED(end->status))
        return (struct obituary){"Runtime.ExitError",
                                 arena_print(arena, "Runtime exited with error: signal: %s%s", signal_name(WTERMSIG(end->status)),
                                             WCOREDUMP(end->status) ? " (core dumped)" : "")};
    if (WEXITSTATUS(end->status) != 0)
        return (struct obituary){"Runtime.ExitError",
                                 arena_print(arena, "Runtime exited with error: exit status %d", WEXITSTATUS(end->status))};
    return (struct obituary){"Runtime.ExitError", "Runtime exited without providing a reason"};
}
