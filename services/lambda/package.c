#include "services/lambda/package.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/base/digest.h"
#include "emulator/base/encoding.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/zip.h"

struct package_writer {
    int fd;
    int error;
    int64_t size;
    struct digest *digest;
    struct arena *arena;
    const char *path;
};

static uint64_t written; /* names of files that are being written */

static const char *folder(struct arena *arena)
{
    return arena_print(arena, "%s/packages", store_directory());
}

char *package_directory(struct arena *arena, const char *package)
{
    return arena_print(arena, "%s/%s", folder(arena), package);
}

char *package_file(struct arena *arena, const char *package)
{
    return arena_print(arena, "%s/%s.zip", folder(arena), package);
}

bool package_is_unpacked(const char *package)
{
    struct arena *arena = arena_new();
    bool is = access(package_directory(arena, package), F_OK) == 0;

    arena_free(arena);
    return is;
}

struct package_writer *package_write_start(void)
{
    struct arena *arena = arena_new();
    struct package_writer *writer = arena_alloc(arena, sizeof *writer);

    (void)mkdir(folder(arena), 0755);
    writer->arena = arena;
    writer->path = arena_print(arena, "%s/incoming.%llu", folder(arena), (unsigned long long)++written);
    writer->fd = open(writer->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        arena_free(arena);
        return NULL;
    }
    writer->digest = digest_new(DIGEST_SHA256);
    return writer;
}

int package_write(struct package_writer *writer, struct bytes bytes)
{
    digest_add(writer->digest, bytes.at, bytes.size);
    writer->size += (int64_t)bytes.size;
    while (bytes.size > 0 && writer->error == 0) {
        ssize_t size = write(writer->fd, bytes.at, bytes.size);

        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0) {
            writer->error = -errno;
        } else {
            bytes.at += size;
            bytes.size -= (size_t)size;
        }
    }
    return writer->error;
}

int64_t package_write_size(const struct package_writer *writer)
{
    return writer->size;
}

void package_write_abort(struct package_writer *writer)
{
    if (writer == NULL)
        return;
    (void)close(writer->fd);
    (void)unlink(writer->path);
    digest_free(writer->digest);
    arena_free(writer->arena);
}

static int look(const struct package_writer *writer)
{
    if (writer->size == 0)
        return -EINVAL;
    void *at = mmap(NULL, (size_t)writer->size, PROT_READ, MAP_PRIVATE, writer->fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    int error = zip_check((struct bytes){at, (size_t)writer->size}, UNZIPPED_LIMIT);
    (void)munmap(at, (size_t)writer->size);
    return error;
}

int package_write_end(struct package_writer *writer, struct arena *arena, struct code *code)
{
    unsigned char sum[DIGEST_MAX];
    int error = writer->error != 0 ? writer->error : look(writer);

    if (error == 0) {
        size_t size = digest_end(writer->digest, sum);
        struct bytes bytes = {(const char *)sum, size};

        *code =
            (struct code){.package = hex_encode(arena, bytes), .code_sha256 = base64_encode(arena, bytes), .size = writer->size};
        if (rename(writer->path, package_file(writer->arena, code->package)) != 0)
            error = -errno;
    }
    package_write_abort(writer);
    return error;
}
