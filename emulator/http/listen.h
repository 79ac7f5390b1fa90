/* The listening sockets: our own, so that one daemon serves ::1 and all of 127/8 and is closed to the outside. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* host NULL: loopback only. Gives each accepted socket (non-blocking, close-on-exec) to `accepted`, which owns it. -errno. */
int listen_start(const char *host, uint16_t port, void (*accepted)(int fd, const struct sockaddr *address, socklen_t size));
void listen_stop(void);
uint16_t listen_port(void);
bool listen_is_loopback(const char *host); /* NULL is */
/* The addresses of a connection as text; IPv4 ones without the ::ffff: prefix. */
void listen_names(int fd, char *local, char *peer, size_t size, uint16_t *port);
