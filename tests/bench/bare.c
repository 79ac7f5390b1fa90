/* What libmicrohttpd alone does on this machine, in this run: external epoll, one thread, a small answer. Every figure of the bench is a ratio to it. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char answer[] = "{\"MD5OfMessageBody\":\"49f68a5c8493ec2c0bf489821c21fc3b\",\"MessageId\":\"2558bc94-6539-46a6-a3fd-7908445e0325\"}";

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    static int seen;

    (void)context, (void)url, (void)method, (void)version, (void)upload;
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(sizeof answer - 1, answer, MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, "Content-Type", "application/x-amz-json-1.0");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

int main(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 1;
    struct MHD_Daemon *server = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_END);
    if (server == NULL)
        return 1;
    int epoll = MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, outer = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    (void)epoll_ctl(outer, EPOLL_CTL_ADD, epoll, &event);
    (void)printf("READY http://127.0.0.1:%u\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    for (;;) {
        MHD_UNSIGNED_LONG_LONG wait;

        (void)epoll_wait(outer, &event, 1, MHD_get_timeout(server, &wait) == MHD_YES ? (int)wait : -1);
        (void)MHD_run(server);
    }
}
