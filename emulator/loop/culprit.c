/* Why an exec failed, told better than errno does. Compiled into the server and into the launcher, so it uses nothing but libc. */
#include "emulator/loop/launcher.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "#! interpreter argument" */
static bool script(const char *head, size_t size, char *interpreter, size_t room)
{
    if (size < 2 || memcmp(head, "#!", 2) != 0)
        return false;
    size_t from = 2;
    while (from < size && (head[from] == ' ' || head[from] == '\t'))
        from++;
    size_t to = from;
    while (to < size && !strchr(" \t\r\n", head[to]))
        to++;
    if (to == from)
        return false;
    /* A script saved with Windows line ends asks for "sh\r", which is what is missing: show the carriage return as such. */
    bool has_return = to < size && head[to] == '\r';
    snprintf(interpreter, room, "%.*s%s", (int)(to - from), head + from, has_return ? "\\r" : "");
    return true;
}

static bool loader(int fd, const char *head, size_t size, char *interpreter, size_t room)
{
    Elf64_Ehdr file;
    if (size < sizeof file || memcmp(head, ELFMAG, SELFMAG) != 0 || head[EI_CLASS] != ELFCLASS64)
        return false;
    memcpy(&file, head, sizeof file);
    for (unsigned i = 0; i < file.e_phnum; i++) {
        Elf64_Phdr part;
        if (pread(fd, &part, sizeof part, (off_t)(file.e_phoff + (uint64_t)i * file.e_phentsize)) != (ssize_t)sizeof part)
            return false;
        if (part.p_type != PT_INTERP)
            continue;
        size_t length = part.p_filesz < room ? (size_t)part.p_filesz : room - 1;
        if (pread(fd, interpreter, length, (off_t)part.p_offset) != (ssize_t)length)
            return false;
        interpreter[length] = '\0';
        return true;
    }
    return false;
}

void exec_culprit(const char *path, int error, char *culprit, size_t size)
{
    char head[512];
    char interpreter[512];
    int fd = error == ENOENT ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        ssize_t got = read(fd, head, sizeof head);
        bool is_known = got > 0 && (script(head, (size_t)got, interpreter, sizeof interpreter) ||
                                    loader(fd, head, (size_t)got, interpreter, sizeof interpreter));
        close(fd);
        if (is_known && access(interpreter, F_OK) != 0) {
            snprintf(culprit, size, "%s", interpreter);
            return;
        }
    }
    snprintf(culprit, size, "%s", path);
}
