/* Packages: the zip of some code, and the directory it is unpacked into, both named by the zip's SHA-256.
 *
 * Versions, functions and accounts with the same code share one. Unpacking is done by a child, at most one a package; what is
 * unpacked stays when nobody refers to it any more (a test suite sends the same zip again and again, and a reset forgets only the
 * rows), up to PACKAGES_KEPT. A directory gets its name only when it is complete. */
#pragma once
#include "emulator/base/arena.h"
#include "emulator/base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { ZIP_LIMIT = 52428800, UNZIPPED_LIMIT = 262144000, PACKAGES_KEPT = 64 };

struct pending;

/* Code that has arrived. */
struct code {
    const char *package;     /* SHA-256 in hex; NULL: hot reload */
    const char *directory;   /* hot reload, else NULL */
    const char *code_sha256; /* base64 */
    int64_t size;
};

/* Writing a zip: start, add, end; or abort. */
struct package_writer;
struct package_writer *package_write_start(void);                     /* NULL: the disk says no */
int package_write(struct package_writer *writer, struct bytes bytes); /* 0 or -errno; sticky */
int64_t package_write_size(const struct package_writer *writer);
/* The writer is gone. 0 with *code filled; -EINVAL: no usable zip; -E2BIG: unpacked too large; -ENODATA: an empty zip; another
 * -errno of the disk. */
int package_write_end(struct package_writer *writer, struct arena *arena, struct code *code);
void package_write_abort(struct package_writer *writer); /* NULL is allowed */

bool package_is_unpacked(const char *package);
char *package_directory(struct arena *arena, const char *package);
char *package_file(struct arena *arena, const char *package); /* the zip */

/* Rows refer to this package and want it unpacked: starts after the commit of the running transaction. */
void package_want(const char *package);
/* A row has stopped referring to it. */
void package_unwant(const char *package);

void package_start(void); /* goes on with what was not unpacked when we ended; throws away what no row refers to */
void package_reset(void);
void package_stop(void);
void package_pending(struct pending *pending);
