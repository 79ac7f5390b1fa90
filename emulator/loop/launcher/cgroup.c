#include "emulator/loop/launcher/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 8192 };

static char base[PATH_MAX];
static int version;

int cgroup_version(void)
{
    return version;
}

static void file_of(char path[static PATH_MAX], int launcher, unsigned number, const char *file)
{
    int size = snprintf(path, PATH_MAX, "%s/lowcloud-%d-%u%s%s", base, launcher, number, *file ? "/" : "", file);
    if (size >= PATH_MAX)
        path[0] = '\0';
}

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t size = write(fd, text, strlen(text));
    int error = size < 0 ? -errno : 0;
    close(fd);
    return error;
}

static bool read_text(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t size = read(fd, text, room - 1);
    close(fd);
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* Our own cgroup in the hierarchy whose line in /proc/self/cgroup has this in its second field ("" is version 2). */
static bool own_cgroup(const char *controller, char *path, size_t room)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return false;
    char line[LINE_BYTES];
    bool is_found = false;
    while (!is_found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *first = strchr(line, ':');
        char *second = first ? strchr(first + 1, ':') : NULL;
        if (!second)
            continue;
        *second = '\0';
        bool is_right = *controller == '\0' ? first[1] == '\0' : false;
        char *rest = first + 1;
        for (char *name = strsep(&rest, ","); *controller && name; name = strsep(&rest, ","))
            is_right = is_right || strcmp(name, controller) == 0;
        if (is_right)
            is_found = snprintf(path, room, "%s", second + 1) < (int)room;
    }
    fclose(file);
    return is_found;
}

/* Where that hierarchy is mounted, and which of its directories is the root of the mount. */
static bool mount_point(bool is_second, char *root, char *point, size_t room)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file)
        return false;
    char line[LINE_BYTES];
    bool is_found = false;
    while (!is_found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = strstr(line, " - ");
        char here[PATH_MAX];
        char top[PATH_MAX];
        if (!rest || sscanf(line, "%*s %*s %*s %4095s %4095s", top, here) != 2)
            continue;
        char *options = strrchr(rest, ' ');
        bool is_right = is_second && strncmp(rest, " - cgroup2 ", 11) == 0;
        if (!is_second && strncmp(rest, " - cgroup ", 10) == 0 && options) {
            options++;
            for (char *name = strsep(&options, ","); name; name = strsep(&options, ","))
                is_right = is_right || strcmp(name, "memory") == 0;
        }
        if (is_right) {
            is_found = true;
            snprintf(root, room, "%s", top);
            snprintf(point, room, "%s", here);
        }
    }
    fclose(file);
    return is_found;
}

/* A zombie has no program any more, and may wait for its parent for ever. */
static bool lives(int process)
{
    char path[64];
    char program[8];
    snprintf(path, sizeof path, "/proc/%d/exe", process);
    return readlink(path, program, sizeof program) >= 0 || errno != ENOENT;
}

/* Removes what dead launchers left there. A populated cgroup is not removable, so nothing alive is ever touched. */
static void sweep(void)
{
    DIR *directory = opendir(base);
    if (!directory)
        return;
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        int launcher;
        unsigned number;
        char path[PATH_MAX];
        if (sscanf(entry->d_name, "lowcloud-%d-%u", &launcher, &number) != 2)
            continue;
        if (launcher != getpid() && lives(launcher))
            continue;
        file_of(path, launcher, number, "");
        rmdir(path);
    }
    closedir(directory);
}

/* Makes one there to see whether it has what we need and whether we may use it. */
static bool usable(const char *place, int wanted)
{
    char path[PATH_MAX];
    if (snprintf(base, sizeof base, "%s", place) >= (int)sizeof base)
        return false;
    /* Moving a process needs the right to write to the list of the nearest common ancestor, in version 2. */
    snprintf(path, sizeof path, "%s/cgroup.procs", place);
    if (access(path, W_OK) != 0)
        return false;
    version = wanted;
    if (cgroup_make(getpid(), 0) < 0)
        return false;
    file_of(path, getpid(), 0, wanted == 2 ? "memory.max" : "memory.limit_in_bytes");
    bool is_usable = access(path, W_OK) == 0;
    cgroup_remove(getpid(), 0);
    return is_usable;
}

int cgroup_find(void)
{
    char root[PATH_MAX];
    char point[PATH_MAX];
    char own[PATH_MAX];
    char place[PATH_MAX * 2];
    for (int wanted = 2; wanted >= 1; wanted--) {
        if (!own_cgroup(wanted == 2 ? "" : "memory", own, sizeof own) || !mount_point(wanted == 2, root, point, sizeof point))
            continue;
        const char *below = own;
        if (strcmp(root, "/") != 0)
            below = strncmp(own, root, strlen(root)) == 0 ? own + strlen(root) : "";
        snprintf(place, sizeof place, "%s%s", point, strcmp(below, "/") == 0 ? "" : below);
        /* In version 2 a cgroup with processes in it, as ours, cannot hand controllers down (unless it is the root): so beside it.
         */
        char *end = strrchr(place, '/');
        if (wanted == 2 && end && (size_t)(end - place) >= strlen(point))
            *end = '\0';
        if (usable(place, wanted) || (wanted == 1 && usable(point, wanted))) {
            sweep();
            return version;
        }
    }
    base[0] = '\0';
    version = 0;
    return 0;
}

int cgroup_make(int launcher, unsigned number)
{
    char path[PATH_MAX];
    file_of(path, launcher, number, "");
    return mkdir(path, 0755) < 0 ? -errno : 0;
}

int cgroup_join(int launcher, unsigned number)
{
    char path[PATH_MAX];
    file_of(path, launcher, number, "cgroup.procs");
    return write_text(path, "0");
}

int cgroup_limit(int launcher, unsigned number, int64_t bytes)
{
    char path[PATH_MAX];
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    file_of(path, launcher, number, version == 2 ? "memory.max" : "memory.limit_in_bytes");
    int error = write_text(path, text);
    /* No swap beyond the limit; where swap is not accounted for these files are missing, which is fine. */
    file_of(path, launcher, number, version == 2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
    write_text(path, version == 2 ? "0" : text);
    if (version == 2) {
        file_of(path, launcher, number, "memory.oom.group");
        write_text(path, "1");
    }
    return error;
}

static const char *peak_file(void)
{
    return version == 2 ? "memory.peak" : "memory.max_usage_in_bytes";
}

int cgroup_peak(int launcher, unsigned number)
{
    char path[PATH_MAX];
    file_of(path, launcher, number, peak_file());
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int cgroup_watch(int launcher, unsigned number)
{
    if (version != 1)
        return -ENOTSUP;
    char path[PATH_MAX];
    file_of(path, launcher, number, "memory.oom_control");
    int control = open(path, O_RDONLY | O_CLOEXEC);
    if (control < 0)
        return -errno;
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    char text[64];
    snprintf(text, sizeof text, "%d %d", event, control);
    file_of(path, launcher, number, "cgroup.event_control");
    int error = event < 0 ? -errno : write_text(path, text);
    close(control);
    if (error < 0 && event >= 0)
        close(event);
    return error < 0 ? error : event;
}

bool cgroup_remove(int launcher, unsigned number)
{
    char path[PATH_MAX];
    file_of(path, launcher, number, "");
    return rmdir(path) == 0 || errno == ENOENT;
}

bool cgroup_end(int launcher, unsigned number, int64_t *peak, bool *out_of_memory)
{
    char path[PATH_MAX];
    char text[1024];
    file_of(path, launcher, number, peak_file());
    *peak = read_text(path, text, sizeof text) ? strtoll(text, NULL, 10) : -1;
    file_of(path, launcher, number, version == 2 ? "memory.events" : "memory.oom_control");
    *out_of_memory = false;
    if (read_text(path, text, sizeof text)) {
        const char *line = strstr(text, "oom_kill ");
        *out_of_memory = line && strtoll(line + strlen("oom_kill "), NULL, 10) > 0;
    }
    return cgroup_remove(launcher, number);
}
