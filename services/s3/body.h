/* The bytes of an object or of a part: inline in a row while they are few, else segments that share blobs.
 *
 * A body belongs to exactly one object version or part; copying one makes another that shares its blobs, so that completing an upload and
 * copying move no bytes (inline bytes, at most BLOB_INLINE, are copied). All of it happens inside the caller's transaction. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "emulator/base/arena.h"
#include "emulator/base/text.h"

int64_t body_of_bytes(struct bytes bytes);              /* at most BLOB_INLINE; its id */
int64_t body_of_blob(int64_t blob, int64_t size);       /* takes over the blob's reference */
int64_t body_empty(void);                               /* to be filled by body_append() */
/* Adds [first, first + length) of `from` behind what `to` has. */
void body_append(int64_t to, int64_t from, int64_t first, int64_t length);
int64_t body_copy(int64_t from);
void body_release(int64_t body); /* the row, and its hold on blobs */
int64_t body_size(int64_t body);

/* Reading: the reader keeps the bytes readable, even when the body goes, until the arena does. Offsets count from `first`. */
struct body_reader;
struct body_reader *body_open(struct arena *arena, int64_t body, int64_t first, int64_t length);
/* True when all of it is in memory anyway: then *bytes lives as long as the arena. */
bool body_in_memory(const struct body_reader *reader, struct bytes *bytes);
ssize_t body_read(void *reader, int64_t offset, char *at, size_t room); /* bytes, 0 at the end, -EIO */
