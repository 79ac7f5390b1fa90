#include "emulator/store/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulator/store/store.h"

enum { PATH_SIZE = DIRECTORY_PATH };

static char directory[PATH_SIZE];
static bool is_temporary;
static int lock_fd = -1;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    (void)chmod(path, 0700);
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

static int make_writable(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    if (type == FTW_D || type == FTW_DNR)
        (void)chmod(path, 0700);
    return 0;
}

static void remove_tree(const char *path)
{
    (void)nftw(path, make_writable, 16, FTW_PHYS);
    (void)nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int lock_directory(void)
{
    char path[PATH_SIZE + 16];

    (void)snprintf(path, sizeof path, "%s/lock", directory);
    lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_fd < 0)
        return -errno;
    if (flock(lock_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(lock_fd);
        lock_fd = -1;
        return -EBUSY;
    }
    return 0;
}

static const char *temporary_root(void)
{
    const char *root = getenv("TMPDIR");

    return root != NULL && root[0] == '/' ? root : "/tmp";
}

/* Directories of dead servers: their lock is free. Only our own, and only names that we make. */
static void sweep_dead(void)
{
    DIR *root = opendir(temporary_root());

    if (root == NULL)
        return;
    for (struct dirent *entry = readdir(root); entry != NULL; entry = readdir(root)) {
        char path[PATH_SIZE], lock[PATH_SIZE + 16];
        struct stat status;

        if (strncmp(entry->d_name, "lowcloud.", 9) != 0)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", temporary_root(), entry->d_name) >= (int)sizeof path)
            continue;
        (void)snprintf(lock, sizeof lock, "%s/lock", path);
        int fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            continue;
        if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
            remove_tree(path);
        (void)close(fd);
    }
    (void)closedir(root);
}

/* The name that sweep_dead() looks for is taken only when the lock is held. */
static int open_temporary(void)
{
    char locked[PATH_SIZE];

    sweep_dead();
    (void)snprintf(directory, sizeof directory, "%s/lowcloud-new.XXXXXX", temporary_root());
    if (mkdtemp(directory) == NULL)
        return -errno;
    int error = lock_directory();
    if (error != 0)
        return error;
    (void)snprintf(locked, sizeof locked, "%s/lowcloud.%s", temporary_root(), strrchr(directory, '.') + 1);
    if (rename(directory, locked) != 0)
        return -errno;
    memcpy(directory, locked, sizeof directory);
    return 0;
}

int directory_open(const char *wanted)
{
    is_temporary = wanted == NULL;
    if (is_temporary)
        return open_temporary();
    if (mkdir(wanted, 0700) != 0 && errno != EEXIST)
        return -errno;
    char *real = realpath(wanted, NULL);
    if (real == NULL)
        return -errno;
    int size = snprintf(directory, sizeof directory, "%s", real);
    free(real);
    return size >= (int)sizeof directory ? -ENAMETOOLONG : lock_directory();
}

void directory_close(void)
{
    if (is_temporary && directory[0] != '\0')
        remove_tree(directory);
    directory[0] = '\0';
    if (lock_fd >= 0)
        (void)close(lock_fd);
    lock_fd = -1;
}

const char *store_directory(void)
{
    return directory;
}
