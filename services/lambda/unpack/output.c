#include "services/lambda/unpack/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char final_path[PATH_MAX];
static char part_path[PATH_MAX];
static int root = -1;
static int directories;

/* The directory of the last entry: most entries of an archive lie beside the one before. */
static char last_parent[OUTPUT_PATH_MAX + 1];
static int last_fd = -1;

enum output_result output_open(const char *destination)
{
    int size = snprintf(final_path, sizeof final_path, "%s", destination);
    int part_size = snprintf(part_path, sizeof part_path, "%s.part-%d", destination, (int)getpid());
    if (size <= 0 || part_size >= (int)sizeof part_path) {
        errno = ENAMETOOLONG;
        return OUTPUT_ERROR;
    }
    if (mkdir(part_path, 0755) < 0)
        return OUTPUT_ERROR;
    root = open(part_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root >= 0 ? OUTPUT_OK : OUTPUT_ERROR;
}

bool output_clean(char *name)
{
    if (name[0] == '/')
        return false;
    char *to = name;
    int depth = 0;
    for (const char *from = name; *from;) {
        size_t size = strcspn(from, "/");
        if (size == 2 && memcmp(from, "..", 2) == 0)
            return false;
        if (size > 0 && !(size == 1 && from[0] == '.')) {
            if (to != name)
                *to++ = '/';
            memmove(to, from, size);
            to += size;
            depth++;
        }
        from += size + strspn(from + size, "/");
    }
    *to = '\0';
    return to != name && depth <= OUTPUT_DEPTH_MAX;
}

static enum output_result result_of(bool is_done)
{
    if (is_done)
        return OUTPUT_OK;
    /* A component that is a link or a file: somebody tries to write through it. */
    return errno == ELOOP || errno == ENOTDIR || errno == EISDIR || errno == ENAMETOOLONG ? OUTPUT_UNSAFE : OUTPUT_ERROR;
}

/* Opens a directory inside, making what is missing; not to be closed by the caller. -1 with errno. */
static int open_directory(const char *path, size_t size)
{
    if (size == 0)
        return root;
    if (last_fd >= 0 && strncmp(last_parent, path, size) == 0 && last_parent[size] == '\0')
        return last_fd;
    char name[NAME_MAX + 1];
    int fd = dup(root);
    for (size_t at = 0; fd >= 0 && at < size;) {
        size_t length = strcspn(path + at, "/");
        int next = -1;
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
        } else {
            snprintf(name, sizeof name, "%.*s", (int)length, path + at);
            bool is_made = mkdirat(fd, name, 0755) == 0;
            directories += is_made;
            if (directories > OUTPUT_DIRECTORIES_MAX)
                errno = EDQUOT;
            else if (is_made || errno == EEXIST)
                next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        int error = errno;
        close(fd);
        errno = error;
        fd = next;
        at += length + 1;
    }
    if (fd < 0)
        return -1;
    if (last_fd >= 0)
        close(last_fd);
    last_fd = fd;
    snprintf(last_parent, sizeof last_parent, "%.*s", (int)size, path);
    return fd;
}

static int open_parent(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    return open_directory(path, slash ? (size_t)(slash - path) : 0);
}

enum output_result output_directory(const char *path)
{
    return result_of(open_directory(path, strlen(path)) >= 0);
}

enum output_result output_file(const char *path, bool is_executable, int *fd)
{
    const char *name;
    int parent = open_parent(path, &name);
    if (parent < 0 || (unlinkat(parent, name, 0) < 0 && errno != ENOENT))
        return result_of(false);
    *fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, is_executable ? 0755 : 0644);
    return result_of(*fd >= 0);
}

enum output_result output_file_end(int fd, bool is_executable, const struct timespec *modified)
{
    /* Packages are shared by all environments of a function, so nobody may write to them. */
    bool is_done = fchmod(fd, is_executable ? 0555 : 0444) == 0;
    if (is_done && modified) {
        const struct timespec times[2] = {*modified, *modified};
        is_done = futimens(fd, times) == 0;
    }
    if (close(fd) < 0)
        is_done = false;
    return result_of(is_done);
}

/* Up first, as far as the root and no farther, then only down. "a/../b" is not allowed even where it stays inside, because "a" may
 * be a link itself, and then ".." means the parent of what it leads to. Links that keep to this cannot lead out in any combination.
 */
static bool stays_inside(const char *path, const char *target)
{
    size_t depth = 0;
    for (const char *at = path; (at = strchr(at, '/')); at++)
        depth++;
    if (target[0] == '/' || target[0] == '\0')
        return false;
    bool is_going_down = false;
    for (const char *at = target; *at;) {
        size_t size = strcspn(at, "/");
        bool is_up = size == 2 && memcmp(at, "..", 2) == 0;
        if (is_up && (is_going_down || depth == 0))
            return false;
        if (is_up)
            depth--;
        else if (size > 0 && !(size == 1 && at[0] == '.'))
            is_going_down = true;
        at += size + strspn(at + size, "/");
    }
    return true;
}

enum output_result output_link(const char *path, const char *target)
{
    const char *name;
    if (!stays_inside(path, target))
        return OUTPUT_UNSAFE;
    int parent = open_parent(path, &name);
    if (parent < 0 || (unlinkat(parent, name, 0) < 0 && errno != ENOENT))
        return result_of(false);
    return result_of(symlinkat(target, parent, name) == 0);
}

static void close_all(void)
{
    if (last_fd >= 0)
        close(last_fd);
    if (root >= 0)
        close(root);
    last_fd = root = -1;
}

enum output_result output_commit(void)
{
    close_all();
    if (rename(part_path, final_path) == 0)
        return OUTPUT_OK;
    if (errno != EEXIST && errno != ENOTEMPTY)
        return OUTPUT_ERROR;
    output_discard();
    return OUTPUT_OK;
}

/* Closes the directory. No deeper than OUTPUT_DEPTH_MAX. */
static void empty(int directory)
{
    DIR *list = fdopendir(directory);
    if (!list) {
        close(directory);
        return;
    }
    const struct dirent *entry;
    while ((entry = readdir(list))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || unlinkat(directory, entry->d_name, 0) == 0)
            continue;
        int inner = openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0)
            empty(inner);
        unlinkat(directory, entry->d_name, AT_REMOVEDIR);
    }
    closedir(list);
}

void output_discard(void)
{
    close_all();
    if (*part_path == '\0')
        return;
    int directory = open(part_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory >= 0)
        empty(directory);
    rmdir(part_path);
    *part_path = '\0';
}
