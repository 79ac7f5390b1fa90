#include "emulator/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_LINE = 4096 };

static enum log_level highest = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    highest = level;
}

/* Text from outside must neither forge lines nor drive a terminal: C0, DEL, and C1 as UTF-8 (C2 80 ... C2 9F). */
static void replace_controls(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char character = (unsigned char)text[i], next = (unsigned char)text[i + 1];
        if ((character < 0x20 && character != '\t') || character == 0x7F) {
            text[i] = '?';
        } else if (character == 0xC2 && next >= 0x80 && next <= 0x9F) {
            text[i] = '?';
            text[i + 1] = '?';
        }
    }
}

__attribute__((format(printf, 3, 0))) static void line(enum log_level level, const char *prefix, const char *format,
                                                       va_list arguments)
{
    static const char cut[] = "...";
    if (level > highest)
        return;
    int saved = errno;
    char text[LONGEST_LINE];
    size_t start = strlen(prefix);
    size_t room = sizeof text - start - 1; /* the line feed takes the place of the NUL */
    memcpy(text, prefix, start + 1);
    int length = vsnprintf(text + start, room, format, arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    if (size >= room) {
        size = room - 1;
        memcpy(text + start + size - (sizeof cut - 1), cut, sizeof cut);
    }
    replace_controls(text + start, size);
    text[start + size] = '\n';
    /* There is nobody to tell when stderr is gone. */
    ssize_t written = write(STDERR_FILENO, text, start + size + 1);
    (void)written;
    errno = saved;
}

void log_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line(LOG_LEVEL_ERROR, "lowcloud: error: ", format, arguments);
    va_end(arguments);
}

void log_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line(LOG_LEVEL_WARN, "lowcloud: warning: ", format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line(LOG_LEVEL_INFO, "lowcloud: ", format, arguments);
    va_end(arguments);
}

void log_debug(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line(LOG_LEVEL_DEBUG, "lowcloud: ", format, arguments);
    va_end(arguments);
}

void log_broken(const char *file, int line_number, const char *condition)
{
    log_error("%s:%d: this must hold but does not: %s", file, line_number, condition);
    abort();
}
