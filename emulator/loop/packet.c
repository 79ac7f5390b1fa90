/* Packets between server, launcher and keepers. Compiled into the server and into the launcher, so it uses nothing but libc. */
#include "emulator/loop/launcher.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    char room[CMSG_SPACE(sizeof(int) * PACKET_DESCRIPTORS) + CMSG_SPACE(sizeof(struct ucred))];
    struct cmsghdr align;
};

void packet_text(struct packet *packet, const char *text)
{
    snprintf(packet->text, sizeof packet->text, "%s", text);
}

int packet_send(int socket, const struct packet *packet, const struct packet_fds *fds)
{
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec part = {.iov_base = (void *)(uintptr_t)packet, .iov_len = sizeof *packet};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    size_t used = 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (fds && fds->count > 0) {
        size_t size = sizeof(int) * (size_t)fds->count;
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), fds->fd, size);
        used += CMSG_SPACE(size);
        header = (struct cmsghdr *)(void *)(control.room + used);
    }
    if (fds && fds->sender > 0) {
        struct ucred sender = {.pid = fds->sender, .uid = getuid(), .gid = getgid()};
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_CREDENTIALS;
        header->cmsg_len = CMSG_LEN(sizeof sender);
        memcpy(CMSG_DATA(header), &sender, sizeof sender);
        used += CMSG_SPACE(sizeof sender);
    }
    message.msg_controllen = used;
    if (used == 0)
        message.msg_control = NULL;
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int packet_receive(int socket, struct packet *packet, struct packet_fds *fds)
{
    union control control;
    struct iovec part = {.iov_base = packet, .iov_len = sizeof *packet};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *fds = (struct packet_fds){0};
    ssize_t size;
    do
        size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET)
            continue;
        if (header->cmsg_type == SCM_RIGHTS) {
            fds->count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            memcpy(fds->fd, CMSG_DATA(header), sizeof(int) * (size_t)fds->count);
        } else if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;
            memcpy(&sender, CMSG_DATA(header), sizeof sender);
            fds->sender = sender.pid;
        }
    }
    if (size == 0 && fds->count == 0)
        return 0;
    if (size != (ssize_t)sizeof *packet || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        packet_close(fds);
        return -EBADMSG;
    }
    packet->text[PACKET_TEXT - 1] = '\0';
    return 1;
}

void packet_close(struct packet_fds *fds)
{
    for (int i = 0; i < fds->count; i++)
        close(fds->fd[i]);
    fds->count = 0;
}
