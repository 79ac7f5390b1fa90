#include "emulator/http/listen.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "emulator/base/log.h"
#include "emulator/base/text.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"

enum { BACKLOG = 4096, ACCEPTS = 64, LISTENERS = 2, FULL_PAUSE_MS = 50 };

static struct listener {
    struct watch watch;
    int fd;
    bool loopback_only; /* the kernel could not be told to keep others out: we do */
} listeners[LISTENERS];
static int listener_count;
static uint16_t bound_port;
static void (*accepted)(int fd, const struct sockaddr *address, socklen_t size);
static struct timer pause_timer;

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
    const struct in6_addr *in6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(in6) || (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
}

static void ready(struct watch *watch, uint32_t events);

static void resume(struct timer *timer)
{
    (void)timer;
    for (int i = 0; i < listener_count; i++)
        (void)loop_watch(&listeners[i].watch, listeners[i].fd, EPOLLIN, ready);
}

/* Out of descriptors: leave the others in the backlog for a moment instead of spinning. */
static void pause_accepting(void)
{
    log_warn("out of file descriptors: new connections wait");
    for (int i = 0; i < listener_count; i++)
        loop_unwatch(&listeners[i].watch);
    timer_set(&pause_timer, CLOCK_REAL, clock_real_ms() + FULL_PAUSE_MS, resume);
}

static void ready(struct watch *watch, uint32_t events)
{
    struct listener *listener = (struct listener *)((char *)watch - offsetof(struct listener, watch));

    (void)events;
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        int on = 1;
        int fd = accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            pause_accepting();
        if (fd < 0)
            return;
        if (listener->loopback_only && !is_loopback(&address)) {
            (void)close(fd);
            continue;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        accepted(fd, (struct sockaddr *)&address, size);
    }
}

/* --- who holds a port ------------------------------------------------------------------------------------------------------- */

/* The inode of the listening socket on this port, from /proc/net/tcp or tcp6; 0 when there is none. */
static unsigned long listening_inode(const char *table, uint16_t port)
{
    FILE *file = fopen(table, "re");
    char line[512];
    unsigned long found = 0;

    if (file == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof line, file) != NULL) {
        unsigned at, state;
        unsigned long inode;

        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu", &at, &state, &inode) == 3 && at == port &&
            state == 0x0a)
            found = inode;
    }
    (void)fclose(file);
    return found;
}

static bool holds(const char *pid, unsigned long inode)
{
    char path[300], wanted[64];
    bool does = false;

    (void)snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *fds = opendir(path);
    if (fds == NULL)
        return false;
    for (struct dirent *entry = readdir(fds); entry != NULL && !does; entry = readdir(fds)) {
        char link[600], target[64];

        (void)snprintf(link, sizeof link, "%s/%s", path, entry->d_name);
        ssize_t size = readlink(link, target, sizeof target - 1);
        if (size > 0) {
            target[size] = '\0';
            does = strcmp(target, wanted) == 0;
        }
    }
    (void)closedir(fds);
    return does;
}

static void name_owner(uint16_t port)
{
    unsigned long inode = listening_inode("/proc/net/tcp", port);
    DIR *processes = opendir("/proc");

    if (inode == 0)
        inode = listening_inode("/proc/net/tcp6", port);
    for (struct dirent *entry = processes == NULL ? NULL : readdir(processes); entry != NULL; entry = readdir(processes)) {
        char path[300], name[64] = "";

        if (inode == 0 || entry->d_name[0] < '1' || entry->d_name[0] > '9' || !holds(entry->d_name, inode))
            continue;
        (void)snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
        if (fd >= 0)
            (void)close(fd);
        if (size > 0)
            name[strcspn(name, "\n")] = '\0';
        log_error("port %u is held by process %s (%s); end it, or choose another with --port N (0 takes a free one)", port, entry->d_name, name);
        (void)closedir(processes);
        return;
    }
    if (processes != NULL)
        (void)closedir(processes);
    log_error("port %u is in use, by whom cannot be told; choose another with --port N (0 takes a free one)", port);
}

/* --- starting ------------------------------------------------------------------------------------------------------------------- */

static int bind_listen(int fd, const void *address, socklen_t size, bool loopback_only)
{
    struct listener *listener = &listeners[listener_count];
    int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, size) != 0 || listen(fd, BACKLOG) != 0) {
        int error = -errno;

        (void)close(fd);
        return error;
    }
    listener->fd = fd;
    listener->loopback_only = loopback_only;
    listener_count++;
    return loop_watch(&listener->watch, fd, EPOLLIN, ready);
}

static int bound(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return -errno;
    bound_port = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port : ((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

/* Every address of this kind of machine: [::] for both families, 0.0.0.0 where there is no IPv6. */
static int listen_everywhere(uint16_t port, bool loopback_only)
{
    int off = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_ANY)}};
    const void *address = &six;
    socklen_t size = sizeof six;

    if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
        if (fd >= 0)
            (void)close(fd);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        address = &four;
        size = sizeof four;
    }
    if (fd < 0)
        return -errno;
    if (loopback_only)
        (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3); /* where this is not allowed, accepting looks at the peer */
    int error = bind_listen(fd, address, size, loopback_only);
    return error == 0 ? bound(fd) : error;
}

static bool is_everywhere(const char *host)
{
    return text_equal(host, "0.0.0.0") || text_equal(host, "::") || text_equal(host, "*");
}

bool listen_is_loopback(const char *host)
{
    return host == NULL || text_equal(host, "localhost") || text_starts(host, "127.") || text_equal(host, "::1");
}

static int listen_at(const char *host, uint16_t port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST}, *found = NULL;
    char service[8];

    (void)snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0 || found == NULL) {
        log_error("--host %s is not an address of this machine in numbers", host);
        return -EINVAL;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = fd < 0 ? -errno : bind_listen(fd, found->ai_addr, found->ai_addrlen, false);
    freeaddrinfo(found);
    return error;
}

int listen_start(const char *host, uint16_t port, void (*on_accepted)(int fd, const struct sockaddr *address, socklen_t size))
{
    bool loopback_only = !is_everywhere(host == NULL ? "" : host);

    accepted = on_accepted;
    int error = listen_everywhere(port, loopback_only);
    /* A specific outside address comes besides the loopback ones, which the execution environments need. */
    if (error == 0 && loopback_only && !listen_is_loopback(host))
        error = listen_at(host, bound_port);
    if (error == -EADDRINUSE)
        name_owner(port);
    return error;
}

void listen_stop(void)
{
    timer_cancel(&pause_timer);
    for (int i = 0; i < listener_count; i++) {
        loop_unwatch(&listeners[i].watch);
        (void)close(listeners[i].fd);
    }
    listener_count = 0;
}

uint16_t listen_port(void)
{
    return bound_port;
}

static void name(const struct sockaddr_storage *address, char *text, size_t size)
{
    const void *at = &((const struct sockaddr_in6 *)address)->sin6_addr;
    int family = address->ss_family;

    if (family == AF_INET)
        at = &((const struct sockaddr_in *)address)->sin_addr;
    else if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)at)) {
        family = AF_INET;
        at = (const char *)at + 12;
    }
    if (inet_ntop(family, at, text, (socklen_t)size) == NULL)
        text[0] = '\0';
}

void listen_names(int fd, char *local, char *peer, size_t size, uint16_t *port)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    local[0] = peer[0] = '\0';
    *port = bound_port;
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
        name(&address, local, size);
    length = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &length) == 0)
        name(&address, peer, size);
}
