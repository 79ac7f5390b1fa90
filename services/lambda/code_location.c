#include "services/lambda/code_location.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/lambda/package.h"

/* AWS's location is a presigned S3 URL with a long secret in it. Here the hash of the code is what one has to know. */
static const char prefix[] = "/_aws/lambda/code/";

const char *code_location(struct call *call, const struct configuration *c)
{
    if (c->directory != NULL)
        return arena_print(call->arena, "file://%s", c->directory);
    return arena_print(call->arena, "http://%s%s%s.zip", call->host, prefix, c->package);
}

struct file {
    int fd;
};

static void close_file(void *object)
{
    (void)close(((struct file *)object)->fd);
}

static ssize_t read_file(void *context, int64_t offset, char *at, size_t room)
{
    return pread(((struct file *)context)->fd, at, room, offset);
}

static void refuse(struct exchange *exchange, int status, const char *message)
{
    exchange_status(exchange, status);
    exchange_set_header(exchange, "Content-Type", "text/plain");
    exchange_answer(exchange, bytes_of(message));
}

static void on_complete(struct exchange *exchange)
{
    char *name = arena_text(exchange->arena, exchange->path + sizeof prefix - 1);
    struct file *file = arena_alloc(exchange->arena, sizeof *file);
    struct stat status;

    if (strcmp(exchange->method, "GET") != 0 && strcmp(exchange->method, "HEAD") != 0) {
        refuse(exchange, 405, "the code of a function can only be read here\n");
        return;
    }
    if (strlen(name) != 68 || strspn(name, "0123456789abcdef") != 64 || strcmp(name + 64, ".zip") != 0) {
        refuse(exchange, 404, "there is no such code\n");
        return;
    }
    name[64] = '\0';
    file->fd = open(package_file(exchange->arena, name), O_RDONLY | O_CLOEXEC);
    if (file->fd < 0) {
        refuse(exchange, 404, "there is no such code any more\n");
        return;
    }
    arena_defer(exchange->arena, close_file, file);
    if (fstat(file->fd, &status) != 0) {
        refuse(exchange, 500, "the code cannot be read\n");
        return;
    }
    exchange_status(exchange, 200);
    exchange_set_header(exchange, "Content-Type", "application/zip");
    exchange_answer_reader(exchange, status.st_size, read_file, file);
}

bool code_location_claim(struct exchange *exchange)
{
    if (!text_starts(exchange->path, prefix))
        return false;
    exchange->on_complete = on_complete;
    exchange_body_memory(exchange, 0);
    return true;
}
