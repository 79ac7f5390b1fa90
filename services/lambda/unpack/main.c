/* lowcloud-unpack: unpacks the zip of a function or layer.
 *
 *   lowcloud-unpack ARCHIVE DESTINATION MAX-BYTES
 *
 * ARCHIVE is a path, or "-" for standard input, which must be a file. DESTINATION must not exist; it appears whole, at the end. One
 * line on standard output says how it went, and the exit status is 0 only for the first:
 *
 *   OK BYTES               unpacked
 *   TOO_LARGE ...          more than MAX-BYTES unpacked, or more than 100,000 entries
 *   NOT_A_ZIP ...          no zip, an empty one, or one that is damaged
 *   UNSAFE_PATH ...        an entry would lie outside of DESTINATION, or is neither a file, a directory nor a link that stays
 * inside ENCRYPTED ...          an entry needs a password IO ...                 the disk refused
 *
 * Files become 0444, or 0555 if the archive says that somebody may execute them; directories 0755. A backslash in a name is a
 * slash. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/lambda/unpack/output.h"

enum { ENTRIES_MAX = 100000, BLOCK = 64 * 1024 };

static volatile sig_atomic_t is_told_to_stop;

static void on_stop(int signal)
{
    (void)signal;
    is_told_to_stop = 1;
}

/* One line, whatever an archive puts into its names. */
__attribute__((noreturn, format(printf, 2, 3))) static void refuse(const char *word, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
    output_discard();
    printf("%s %s\n", word, text);
    exit(1);
}

static void expect(enum output_result result, const char *name)
{
    if (result == OUTPUT_UNSAFE)
        refuse("UNSAFE_PATH", "%s: leads out of the package, or through a link or file", name);
    if (result == OUTPUT_ERROR && errno == EDQUOT)
        refuse("TOO_LARGE", "%s: no room for another file or directory", name);
    if (result == OUTPUT_ERROR)
        refuse("IO", "%s: %s", name, strerror(errno));
}

static void write_all(int fd, const char *at, size_t size, const char *name)
{
    while (size > 0) {
        ssize_t written = write(fd, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            refuse("IO", "%s: %s", name, strerror(errno));
        at += written;
        size -= (size_t)written;
    }
}

static int64_t unpack_file(struct archive *archive, struct archive_entry *entry, const char *name, int64_t room)
{
    static char block[BLOCK];
    bool is_executable = (archive_entry_perm(entry) & 0111) != 0;
    int fd = -1;
    int64_t total = 0;
    la_ssize_t size;
    expect(output_file(name, is_executable, &fd), name);
    while ((size = archive_read_data(archive, block, sizeof block)) > 0) {
        total += size;
        if (total > room)
            refuse("TOO_LARGE", "%s: the package is larger than allowed", name);
        write_all(fd, block, (size_t)size, name);
        if (is_told_to_stop)
            refuse("IO", "interrupted");
    }
    /* ARCHIVE_WARN is how a wrong checksum is told. */
    if (size < 0)
        refuse("NOT_A_ZIP", "%s: %s", name, archive_error_string(archive) ? archive_error_string(archive) : "damaged");
    struct timespec modified = {.tv_sec = archive_entry_mtime(entry)};
    expect(output_file_end(fd, is_executable, archive_entry_mtime_is_set(entry) ? &modified : NULL), name);
    return total;
}

/* The name with slashes; a Windows drive is an absolute path. */
static void name_of(struct archive_entry *entry, char name[static OUTPUT_PATH_MAX + 1])
{
    const char *given = archive_entry_pathname(entry);
    if (!given)
        given = archive_entry_pathname_utf8(entry);
    if (!given)
        refuse("UNSAFE_PATH", "an entry without a name");
    if (strlen(given) > OUTPUT_PATH_MAX)
        refuse("UNSAFE_PATH", "%.200s...: the name is too long", given);
    snprintf(name, OUTPUT_PATH_MAX + 1, "%s", given);
    for (char *at = name; *at; at++)
        if (*at == '\\')
            *at = '/';
    bool is_letter = (name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z');
    if (is_letter && name[1] == ':' && name[2] == '/')
        refuse("UNSAFE_PATH", "%.200s: an absolute path", given);
}

static int64_t unpack_entry(struct archive *archive, struct archive_entry *entry, int64_t room)
{
    char name[OUTPUT_PATH_MAX + 1];
    name_of(entry, name);
    if (archive_entry_is_encrypted(entry))
        refuse("ENCRYPTED", "%s", name);
    size_t length = strlen(name);
    bool has_slash = length > 0 && name[length - 1] == '/';
    if (strspn(name, "./") == length && !strstr(name, "..") && name[0] != '/')
        return 0; /* "./": the package itself */
    if (!output_clean(name))
        refuse("UNSAFE_PATH", "%s: not a relative path without '..', of at most %d components", name, OUTPUT_DEPTH_MAX);
    mode_t type = archive_entry_filetype(entry);
    if (type == AE_IFDIR || (type == 0 && has_slash)) {
        expect(output_directory(name), name);
        return 0;
    }
    if (type == AE_IFLNK) {
        const char *target = archive_entry_symlink(entry);
        expect(target ? output_link(name, target) : OUTPUT_UNSAFE, name);
        return 0;
    }
    if (type != AE_IFREG && type != 0)
        refuse("UNSAFE_PATH", "%s: neither a file, a directory nor a link", name);
    if (archive_entry_size_is_set(entry) && archive_entry_size(entry) > room)
        refuse("TOO_LARGE", "%s: the package is larger than allowed", name);
    return unpack_file(archive, entry, name, room);
}

static int64_t unpack(int fd, int64_t limit)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    int64_t total = 0;
    long count = 0;
    /* Only by the central directory: it has the modes, and what is not in it does not exist. */
    if (!archive || archive_read_support_format_zip_seekable(archive) != ARCHIVE_OK)
        refuse("IO", "libarchive cannot read zip");
    if (archive_read_open_fd(archive, fd, BLOCK) != ARCHIVE_OK)
        refuse("NOT_A_ZIP", "%s", archive_error_string(archive) ? archive_error_string(archive) : "not recognized");
    int got;
    while ((got = archive_read_next_header(archive, &entry)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
        if (++count > ENTRIES_MAX)
            refuse("TOO_LARGE", "more than %d entries", ENTRIES_MAX);
        total += unpack_entry(archive, entry, limit - total);
        if (is_told_to_stop)
            refuse("IO", "interrupted");
    }
    if (got != ARCHIVE_EOF)
        refuse("NOT_A_ZIP", "%s", archive_error_string(archive) ? archive_error_string(archive) : "damaged");
    if (count == 0)
        refuse("NOT_A_ZIP", "no entries");
    archive_read_free(archive);
    return total;
}

int main(int count, char **arguments)
{
    char *end = NULL;
    long long limit = count == 4 ? strtoll(arguments[3], &end, 10) : -1;
    if (limit < 0 || *end != '\0' || arguments[3][0] == '\0') {
        fputs("usage: lowcloud-unpack ARCHIVE|- DESTINATION MAX-BYTES\n", stderr);
        return 2;
    }
    /* Names in UTF-8 are to stay so; without the locale libarchive would give none. */
    setlocale(LC_CTYPE, "C.UTF-8");
    umask(022);
    struct sigaction stop = {.sa_handler = on_stop};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0); /* without a server nobody wants the package */
    int fd = strcmp(arguments[1], "-") == 0 ? 0 : open(arguments[1], O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) < 0)
        refuse("IO", "%s: %s", arguments[1], strerror(errno));
    if (!S_ISREG(about.st_mode))
        refuse("IO", "%s: not a file", arguments[1]);
    expect(output_open(arguments[2]), arguments[2]);
    int64_t total = unpack(fd, limit);
    expect(output_commit(), arguments[2]);
    printf("OK %lld\n", (long long)total);
    return fflush(stdout) == 0 ? 0 : 1;
}
