/* What the server and lowcloud-launcher say to each other, and the launcher to its keepers.
 *
 * The server execs the launcher once, with one end of a SOCK_SEQPACKET pair as descriptor 3. The launcher starts a *keeper* for each
 * environment (process 1 of its namespace, or its guardian) and passes packets on in both directions, so the three speak one language.
 * The end of the server's socket is the lifeline: the launcher then kills every environment with all descendants, and exits.
 *
 * Life of an environment: SPAWN -> STARTED (once) -> PEAK (any number) -> ENDED (once, last: nothing of the tree lives any more).
 * A failed exec is STARTED with `error`, then ENDED. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packet_kind {
    PACKET_HELLO = 1,  /* launcher: once, first. value: enum process_isolation in force; text: describes it */
    PACKET_SPAWN,      /* server: value: memory limit, 0 for none. Descriptors: payload, stdout, stderr and, if wanted, stdin */
    PACKET_STARTED,    /* launcher: value: pid; error, text: errno and path of what failed. Descriptor: the cgroup's peak file, if there is one */
    PACKET_PEAK,       /* launcher: value: the tree's new peak in bytes; only without a cgroup */
    PACKET_ENDED,      /* launcher: value: wait status of the handler; peak, out_of_memory */
    PACKET_SIGNAL,     /* server: value: signal for the handler itself */
    PACKET_KILL,       /* server: the whole tree; ENDED follows */
    PACKET_PAUSE,      /* server: value: 1 stops the tree and the watching of its memory, 0 lets it go on */
};

enum { PACKET_TEXT = 480, PACKET_DESCRIPTORS = 4 };

struct packet {
    uint32_t kind;
    uint32_t id; /* of the environment; chosen by the server */
    int64_t value;
    int64_t peak;
    int32_t error;
    bool out_of_memory;
    char text[PACKET_TEXT]; /* NUL-terminated; cut if longer */
};

/* Descriptors that came or go with a packet. Received ones belong to the receiver and are close-on-exec. */
struct packet_fds {
    int count;
    int fd[PACKET_DESCRIPTORS];
    int sender; /* received: pid of the sender, or of the process it named, in our terms; 0 when not known. Sent: a pid to name, or 0 */
};

void packet_text(struct packet *packet, const char *text);
/* 0; -EAGAIN when a non-blocking socket is full; -errno. `fds` may be NULL. Never raises SIGPIPE. */
int packet_send(int socket, const struct packet *packet, const struct packet_fds *fds);
/* 1 for a packet; 0 at the end; -EAGAIN, -errno; -EBADMSG for what is not a packet. */
int packet_receive(int socket, struct packet *packet, struct packet_fds *fds);
void packet_close(struct packet_fds *fds); /* closes all; idempotent */

/* The payload of SPAWN, in a memfd: this, then NUL-terminated strings: path, directory, task, layer, runtime and temporary directory
 * (empty for none), then the arguments, then the environment. */
struct payload {
    uint32_t arguments;
    uint32_t variables;
    uint64_t size; /* of the strings */
};
enum payload_text { PAYLOAD_PATH, PAYLOAD_DIRECTORY, PAYLOAD_TASK, PAYLOAD_LAYER, PAYLOAD_RUNTIME, PAYLOAD_TEMPORARY, PAYLOAD_TEXTS };

/* Why an exec of `path` failed with ENOENT although the file is there: its interpreter (of a script, or an ELF file's loader) is
 * missing. Writes the path to name in the error: the interpreter's, or else `path` itself. */
void exec_culprit(const char *path, int error, char *culprit, size_t size);
