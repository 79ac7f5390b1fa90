/* Bodies too large for a row: extents of one append-only slab file.
 *
 * Life cycle: blob_write_start(), blob_write() as bytes arrive, then blob_write_end() inside the transaction that names the blob in its
 * row, or blob_write_abort(). A blob has a row (id, size, references) and starts with one reference. blob_retain() and blob_release() change
 * the count inside the caller's transaction; at zero the extent is freed after the commit by punching a hole. A rolled-back transaction leaves the count as it was; an
 * ended but unnamed blob is freed by the next start.
 * Blobs never change: ranges, copies and multipart objects share them. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "emulator/base/text.h"

enum { BLOB_INLINE = 4096 }; /* bodies up to this many bytes belong inline into their row */

struct blob_writer;

struct blob_writer *blob_write_start(void);
int blob_write(struct blob_writer *writer, const void *at, size_t size); /* 0, -ENOSPC, -EIO; sticky */
int64_t blob_write_size(const struct blob_writer *writer);
int64_t blob_write_end(struct blob_writer *writer); /* its id, or -ENOSPC, -EIO; the writer is gone either way */
void blob_write_abort(struct blob_writer *writer);  /* NULL is allowed */

void blob_retain(int64_t id);
void blob_release(int64_t id);

/* Reading: open gives a handle that keeps the extent until closed, even if the last reference goes meanwhile. */
struct blob_reader;
struct blob_reader *blob_open(int64_t id); /* NULL when there is none */
int64_t blob_size(const struct blob_reader *reader);
ssize_t blob_read(struct blob_reader *reader, int64_t offset, void *at, size_t size); /* bytes, 0 at the end, -EIO */
void blob_close(struct blob_reader *reader);

/* For the store: before and after opening, before closing, at reset. */
void blob_schema(void);
int blob_start(void);
void blob_stop(void);
void blob_reset(void);
int64_t blob_live_bytes(void); /* for tests and `doctor` */
