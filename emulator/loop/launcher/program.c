#include "emulator/loop/launcher/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char *next_text(char **at, const char *end)
{
    char *text = *at;
    char *stop = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;
    if (!stop)
        return NULL;
    *at = stop + 1;
    return text;
}

static char **next_list(char **at, const char *end, uint32_t count)
{
    char **list = calloc((size_t)count + 1, sizeof *list);
    for (uint32_t i = 0; list && i < count; i++) {
        list[i] = next_text(at, end);
        if (!list[i]) {
            free(list);
            return NULL;
        }
    }
    return list;
}

int program_read(struct program *program, int payload)
{
    struct stat about;
    struct payload head;
    *program = (struct program){0};
    if (fstat(payload, &about) < 0)
        return -errno;
    if (about.st_size < (off_t)sizeof head)
        return -EBADMSG;
    char *map = mmap(NULL, (size_t)about.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, payload, 0);
    if (map == MAP_FAILED)
        return -errno;
    program->payload = map;
    program->size = (size_t)about.st_size;
    memcpy(&head, map, sizeof head);
    char *at = map + sizeof head;
    const char *end = map + program->size;
    bool is_whole = head.size == program->size - sizeof head && head.arguments <= head.size && head.variables <= head.size;
    for (int i = 0; is_whole && i < PAYLOAD_TEXTS; i++) {
        program->texts[i] = next_text(&at, end);
        is_whole = program->texts[i] != NULL;
    }
    if (is_whole)
        program->arguments = next_list(&at, end, head.arguments);
    if (is_whole)
        program->environment = next_list(&at, end, head.variables);
    if (program->arguments && program->environment)
        return 0;
    program_free(program);
    return -EBADMSG;
}

void program_free(struct program *program)
{
    free(program->arguments);
    free(program->environment);
    if (program->payload)
        munmap(program->payload, program->size);
    *program = (struct program){0};
}

/* Under memory pressure of the whole machine the kernel is to take a handler rather than the server. */
static void prefer_as_victim(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t written = write(fd, "500", 3);
    (void)written; /* not allowed to lower it where the server itself has more */
    close(fd);
}

int program_run(const struct program *program, int input, int output, int errors, pid_t *id)
{
    volatile int error = 0;
    /* vfork(): the child borrows our memory until exec, which costs no copy and lets it leave its errno here. */
    pid_t child = vfork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        setsid();
        prefer_as_victim();
        if (dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(errors, 2) >= 0) {
            sigprocmask(SIG_SETMASK, &none, NULL);
            execve(program->texts[PAYLOAD_PATH], program->arguments, program->environment);
        }
        error = errno;
        _exit(127);
    }
    if (child < 0)
        return errno;
    *id = child; /* to be reaped even if the exec failed */
    return error;
}
