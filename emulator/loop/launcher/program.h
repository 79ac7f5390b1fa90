/* The handler: what SPAWN says about it, and starting it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "emulator/loop/launcher.h"

struct program {
    const char *texts[PAYLOAD_TEXTS]; /* "" for none */
    char **arguments;
    char **environment;
    void *payload;
    size_t size;
};

/* Maps the payload: everything points into it until program_free(). -EBADMSG when it is not whole. */
int program_read(struct program *program, int payload);
void program_free(struct program *program);

/* Starts it in a session of its own, in the working directory of the caller. 0 once the exec has succeeded, else the errno of what
 * failed. Nothing but the three streams stays open in it. */
int program_run(const struct program *program, int input, int output, int errors, pid_t *id);
