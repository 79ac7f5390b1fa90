/* The directory that a package is unpacked into. It is filled under another name and renamed into place at the end, so that a
 * package is there whole or not at all. No name in an archive leads out of it: parents are opened one by one and never through a
 * link, and a link's target may only lead to what is inside. Only one exists at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum output_result { OUTPUT_OK, OUTPUT_UNSAFE, OUTPUT_ERROR /* errno says which */ };

enum {
    OUTPUT_PATH_MAX = 4095,          /* bytes of a name in the archive */
    OUTPUT_DEPTH_MAX = 128,          /* components of a name */
    OUTPUT_DIRECTORIES_MAX = 100000, /* then EDQUOT: one name can ask for many */
};

/* Makes DESTINATION.part-PID. */
enum output_result output_open(const char *destination);

/* Turns a name from an archive into a path without empty and "." components, in place. False when it is absolute, has a "..", or
 * names nothing. */
bool output_clean(char *name);

/* All take a path that output_clean() liked. An entry that comes twice replaces the first. */
enum output_result output_directory(const char *path);
enum output_result output_file(const char *path, bool is_executable, int *fd); /* to be written and given to output_file_end() */
enum output_result output_file_end(int fd, bool is_executable, const struct timespec *modified);
enum output_result output_link(const char *path, const char *target);

enum output_result output_commit(void); /* a destination that has come into being meanwhile holds the same package */
void output_discard(void);
