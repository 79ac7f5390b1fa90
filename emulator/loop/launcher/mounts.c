#include "emulator/loop/launcher/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { KEPT_MAX = 8, VAR_ENTRIES_MAX = 200 };

__attribute__((format(printf, 2, 3))) static bool failed(struct mount_failure *failure, const char *format, ...)
{
    failure->error = errno ? errno : EINVAL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->what, sizeof failure->what, format, arguments);
    va_end(arguments);
    return false;
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;
    close(fd);
    errno = error;
    return is_written;
}

/* The flags a mount has already must be repeated, or an unprivileged remount is refused. */
static unsigned long flags_of(const char *path)
{
    struct statvfs about;
    if (statvfs(path, &about) < 0)
        return 0;
    unsigned long flags = 0;
    flags |= about.f_flag & ST_NOSUID ? (unsigned long)MS_NOSUID : 0;
    flags |= about.f_flag & ST_NODEV ? (unsigned long)MS_NODEV : 0;
    flags |= about.f_flag & ST_NOEXEC ? (unsigned long)MS_NOEXEC : 0;
    flags |= about.f_flag & ST_NOATIME ? (unsigned long)MS_NOATIME : 0;
    flags |= about.f_flag & ST_NODIRATIME ? (unsigned long)MS_NODIRATIME : 0;
    flags |= about.f_flag & ST_RELATIME ? (unsigned long)MS_RELATIME : 0;
    return flags;
}

static bool read_only(const char *path)
{
    return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags_of(path), NULL) == 0;
}

static bool bind_at(const char *source, const char *target)
{
    return mount(source, target, NULL, MS_BIND | MS_REC, NULL) == 0;
}

/* A place to bind something to: a directory, or an empty file. */
static bool make_place(const char *path, bool is_directory)
{
    if (is_directory)
        return mkdir(path, 0755) == 0 || errno == EEXIST;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The working directory is the host's /var, below what covers it. */
static bool bring_var_entry(const char *name, struct mount_failure *failure)
{
    char path[PATH_MAX];
    char link[PATH_MAX];
    struct stat about;
    snprintf(path, sizeof path, "/var/%s", name);
    if (fstatat(AT_FDCWD, name, &about, AT_SYMLINK_NOFOLLOW) < 0)
        return true; /* it has just gone */
    if (S_ISLNK(about.st_mode)) {
        ssize_t size = readlink(name, link, sizeof link - 1);
        if (size < 0)
            return true;
        link[size] = '\0';
        return symlink(link, path) == 0 || failed(failure, "link %s", path);
    }
    if (!S_ISDIR(about.st_mode) && !S_ISREG(about.st_mode))
        return true;
    if (!make_place(path, S_ISDIR(about.st_mode)) || !bind_at(name, path))
        return failed(failure, "bind %s", path);
    return true;
}

static bool cover_var(struct mount_failure *failure)
{
    if (chdir("/var") < 0)
        return failed(failure, "enter /var");
    if (mount("lowcloud", "/var", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") < 0)
        return failed(failure, "mount a tmpfs on /var");
    if (mkdir("/var/task", 0755) < 0 || mkdir("/var/runtime", 0755) < 0)
        return failed(failure, "make /var/task");
    DIR *directory = opendir(".");
    if (!directory)
        return failed(failure, "list /var");
    const struct dirent *entry;
    bool is_done = true;
    int count = 0;
    while (is_done && (entry = readdir(directory)) && count < VAR_ENTRIES_MAX) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "task") || !strcmp(name, "runtime"))
            continue;
        is_done = bring_var_entry(name, failure);
        count++;
    }
    closedir(directory);
    if (is_done && !read_only("/var"))
        return failed(failure, "make /var read-only");
    return is_done;
}

bool mounts_isolate(bool with_user, struct mount_failure *failure)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare((with_user ? CLONE_NEWUSER : 0) | CLONE_NEWNS) < 0)
        return failed(failure, "unshare %smounts", with_user ? "users and " : "");
    if (with_user) {
        char map[64];
        /* The order is the kernel's: groups cannot be mapped before setgroups() is given up. */
        if (!write_text("/proc/self/setgroups", "deny") && errno != ENOENT)
            return failed(failure, "deny setgroups");
        snprintf(map, sizeof map, "%u %u 1", user, user);
        if (!write_text("/proc/self/uid_map", map))
            return failed(failure, "map user %u", user);
        snprintf(map, sizeof map, "%u %u 1", group, group);
        if (!write_text("/proc/self/gid_map", map))
            return failed(failure, "map group %u", group);
    }
    /* Slave, not private: what the host mounts or unmounts later is followed, and nothing of ours goes back. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return failed(failure, "separate the mounts");
    if (access("/opt", F_OK) < 0 || access("/tmp", F_OK) < 0)
        return failed(failure, "find /opt and /tmp");
    return cover_var(failure);
}

bool mounts_proc(struct mount_failure *failure)
{
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return failed(failure, "mount /proc");
    return true;
}

/* Opens a source before anything is covered: it may lie below /opt, /tmp or /var. -1 for none, or on failure. */
static int open_source(const char *path, struct mount_failure *failure)
{
    if (*path == '\0')
        return -1;
    /* Below /var through the working directory, because the launcher's /var covers the host's. */
    const char *below = strncmp(path, "/var/", 5) == 0 ? path + 5 + strspn(path + 5, "/") : "";
    int fd = open(*below ? below : path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        failed(failure, "%s", path);
    return fd;
}

static bool bind_source(int source, const char *target, bool is_writable, struct mount_failure *failure)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", source);
    if (!bind_at(path, target) || (!is_writable && !read_only(target)))
        return failed(failure, "%s", target);
    return true;
}

struct kept {
    int fd; /* O_PATH, taken before anything was covered */
    bool is_directory;
    char name[NAME_MAX + 1];
};

/* Opens what must stay visible of `top` ("/opt/" or "/tmp/"), each entry once. */
static size_t keep(const struct mount_plan *plan, const char *top, struct kept kept[static KEPT_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < plan->kept_count && count < KEPT_MAX; i++) {
        if (strncmp(plan->kept[i], top, strlen(top)) != 0)
            continue;
        const char *name = plan->kept[i] + strlen(top);
        name += strspn(name, "/");
        size_t size = strcspn(name, "/");
        if (size == 0 || size > NAME_MAX || (size <= 2 && strspn(name, ".") >= size))
            continue;
        bool is_known = false;
        for (size_t k = 0; k < count; k++)
            is_known = is_known || (strncmp(kept[k].name, name, size) == 0 && kept[k].name[size] == '\0');
        char path[PATH_MAX];
        struct stat about;
        snprintf(path, sizeof path, "%s%.*s", top, (int)size, name);
        int fd = is_known ? -1 : open(path, O_PATH | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &about) < 0)
            continue;
        kept[count].fd = fd;
        kept[count].is_directory = S_ISDIR(about.st_mode);
        snprintf(kept[count].name, sizeof kept[count].name, "%.*s", (int)size, name);
        count++;
    }
    return count;
}

static bool bring_kept(const char *top, const struct kept *kept, size_t count, struct mount_failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        char source[64];
        char target[PATH_MAX];
        snprintf(source, sizeof source, "/proc/self/fd/%d", kept[i].fd);
        snprintf(target, sizeof target, "%s%s", top, kept[i].name);
        if (!make_place(target, kept[i].is_directory) || !bind_at(source, target))
            return failed(failure, "keep %s", target);
    }
    return true;
}

/* /opt where the host's programs must stay visible beside the layers: a tmpfs with the entries of both; a layer's come first. */
static bool cover_opt(int layer, const struct kept *kept, size_t count, struct mount_failure *failure)
{
    if (mount("lowcloud", "/opt", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") < 0)
        return failed(failure, "mount a tmpfs on /opt");
    if (!bring_kept("/opt/", kept, count, failure))
        return false;
    if (layer >= 0) {
        char source[PATH_MAX];
        char target[PATH_MAX];
        snprintf(source, sizeof source, "/proc/self/fd/%d", layer);
        DIR *directory = opendir(source);
        if (!directory)
            return failed(failure, "list the layers");
        const struct dirent *entry;
        while ((entry = readdir(directory))) {
            struct stat about;
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
                fstatat(dirfd(directory), entry->d_name, &about, 0) < 0)
                continue;
            snprintf(source, sizeof source, "/proc/self/fd/%d/%s", layer, entry->d_name);
            snprintf(target, sizeof target, "/opt/%s", entry->d_name);
            if (!make_place(target, S_ISDIR(about.st_mode)) || !bind_at(source, target) || !read_only(target)) {
                failed(failure, "layer entry %s", target);
                break;
            }
        }
        closedir(directory);
    }
    if (!failure->error && !read_only("/opt"))
        failed(failure, "make /opt read-only");
    return !failure->error;
}

static void cover(const int sources[static 4], const struct mount_plan *plan, struct mount_failure *failure)
{
    struct kept opt[KEPT_MAX];
    struct kept tmp[KEPT_MAX];
    size_t opt_count = keep(plan, "/opt/", opt);
    size_t tmp_count = *plan->temporary ? keep(plan, "/tmp/", tmp) : 0;
    if (opt_count > 0)
        cover_opt(sources[1], opt, opt_count, failure);
    else if (*plan->layer)
        bind_source(sources[1], "/opt", false, failure);
    else if (!bind_at("/var/task", "/opt")) /* still empty */
        failed(failure, "empty /opt");
    if (!failure->error && *plan->task)
        bind_source(sources[0], "/var/task", false, failure);
    if (!failure->error && *plan->runtime)
        bind_source(sources[2], "/var/runtime", false, failure);
    if (!failure->error && *plan->temporary && bind_source(sources[3], "/tmp", true, failure))
        bring_kept("/tmp/", tmp, tmp_count, failure);
    for (size_t i = 0; i < opt_count; i++)
        close(opt[i].fd);
    for (size_t i = 0; i < tmp_count; i++)
        close(tmp[i].fd);
}

bool mounts_environment(const struct mount_plan *plan, struct mount_failure *failure)
{
    const char *paths[4] = {plan->task, plan->layer, plan->runtime, plan->temporary};
    int sources[4];
    for (int i = 0; i < 4; i++)
        sources[i] = open_source(paths[i], failure);
    if (!failure->error)
        cover(sources, plan, failure);
    for (int i = 0; i < 4; i++)
        if (sources[i] >= 0)
            close(sources[i]);
    return !failure->error;
}
