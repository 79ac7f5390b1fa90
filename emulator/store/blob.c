#include "emulator/store/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/arena.h"
#include "emulator/base/log.h"
#include "emulator/store/store.h"

/* A blob's bytes lie in runs of the slab. Writers reserve room in chunks that grow, so that bodies that arrive side by side do not cut one another
 * into small pieces; what a writer does not use at the end of the slab it gives back. */
enum { CHUNK_FIRST = 64 * 1024, CHUNK_MOST = 8 * 1024 * 1024, PATH_SIZE = 600, READERS = 1024 };

struct run {
    int64_t offset, size;
};
struct runs {
    struct run *at;
    size_t count;
};

struct blob_writer {
    struct runs runs;
    int64_t size, room; /* room: reserved behind the last run's bytes */
    int error;
    unsigned generation;
};

/* Blobs that are being read: they outlive their row until the last reader closes. */
struct blob_reader {
    int64_t id, size;
    struct runs runs;
    bool is_doomed; /* the last reference went: punch when nobody else reads */
    unsigned generation;
    struct blob_reader *next;
};

static int slab = -1;
static int64_t slab_end, live_bytes;
static unsigned generation;
static struct blob_reader *readers[READERS]; /* by id: an object of ten thousand parts opens ten thousand */

static struct blob_reader **readers_of(int64_t id)
{
    return &readers[(uint64_t)id % READERS];
}

static const char *const schema[] = {
    "CREATE TABLE blob(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, reference_count INTEGER NOT NULL, runs BLOB NOT NULL)",
};

void blob_schema(void)
{
    store_schema("blob", schema, 1);
}

static void punch(const struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++)
        (void)fallocate(slab, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, runs->at[i].offset, runs->at[i].size);
}

/* --- writing ---------------------------------------------------------------------------------------------------------------- */

struct blob_writer *blob_write_start(void)
{
    struct blob_writer *writer = calloc(1, sizeof *writer);

    check(writer != NULL);
    writer->generation = generation;
    return writer;
}

static void reserve(struct blob_writer *writer)
{
    struct runs *runs = &writer->runs;
    int64_t chunk = writer->size < CHUNK_FIRST ? CHUNK_FIRST : writer->size < CHUNK_MOST ? writer->size : CHUNK_MOST;
    struct run *last = runs->count > 0 ? &runs->at[runs->count - 1] : NULL;

    if (last == NULL || last->offset + last->size != slab_end) {
        runs->at = realloc(runs->at, (runs->count + 1) * sizeof *runs->at);
        check(runs->at != NULL);
        runs->at[runs->count++] = (struct run){slab_end, 0};
    }
    slab_end += chunk;
    writer->room = chunk;
}

int blob_write(struct blob_writer *writer, const void *at, size_t size)
{
    const char *from = at;

    if (writer->generation != generation)
        writer->error = -EIO;
    while (size > 0 && writer->error == 0) {
        if (writer->room == 0)
            reserve(writer);
        struct run *run = &writer->runs.at[writer->runs.count - 1];
        size_t piece = size < (size_t)writer->room ? size : (size_t)writer->room;
        ssize_t done = pwrite(slab, from, piece, run->offset + run->size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            writer->error = done < 0 && errno != ENOSPC && errno != EDQUOT && errno != EFBIG ? -EIO : -ENOSPC;
            break;
        }
        from += done;
        size -= (size_t)done;
        run->size += done;
        writer->room -= done;
        writer->size += done;
    }
    return writer->error;
}

int64_t blob_write_size(const struct blob_writer *writer)
{
    return writer->size;
}

static void give_back_room(struct blob_writer *writer)
{
    if (writer->runs.count == 0 || writer->generation != generation)
        return;
    struct run *last = &writer->runs.at[writer->runs.count - 1];
    if (last->offset + last->size + writer->room == slab_end)
        slab_end -= writer->room;
}

static void free_writer(struct blob_writer *writer)
{
    free(writer->runs.at);
    free(writer);
}

void blob_write_abort(struct blob_writer *writer)
{
    if (writer == NULL)
        return;
    give_back_room(writer);
    if (writer->generation == generation)
        punch(&writer->runs);
    free_writer(writer);
}

static void writer_rolled_back(void *context)
{
    blob_write_abort(context);
}

static void writer_committed(void *context)
{
    struct blob_writer *writer = context;

    live_bytes += writer->size;
    free_writer(writer);
}

static struct query insert = QUERY("INSERT INTO blob(size, reference_count, runs) VALUES (?, 1, ?)");

int64_t blob_write_end(struct blob_writer *writer)
{
    check(store_in_transaction());
    give_back_room(writer);
    writer->room = 0;
    if (writer->generation != generation)
        writer->error = -EIO;
    int error = writer->error;
    if (error == 0) {
        error = query_run(&insert, "ib", writer->size,
                          (struct bytes){(const char *)writer->runs.at, writer->runs.count * sizeof *writer->runs.at});
        error = error < 0 ? error : 0;
    }
    if (error != 0) {
        blob_write_abort(writer);
        return error;
    }
    store_after_rollback(writer_rolled_back, writer);
    store_after_commit(writer_committed, writer);
    return store_last_id();
}

/* --- references --------------------------------------------------------------------------------------------------------------- */

static struct query retain = QUERY("UPDATE blob SET reference_count = reference_count + 1 WHERE id = ?");
static struct query release = QUERY("UPDATE blob SET reference_count = reference_count - 1 WHERE id = ? RETURNING reference_count, size, runs");
static struct query erase = QUERY("DELETE FROM blob WHERE id = ?");

void blob_retain(int64_t id)
{
    check(store_in_transaction());
    check(query_run(&retain, "i", id) != 0 || store_failed());
}

struct doomed {
    int64_t id, size;
    unsigned generation;
    struct runs runs;
};

static void free_doomed(void *context)
{
    struct doomed *doomed = context;

    free(doomed->runs.at);
    free(doomed);
}

static void punch_doomed(void *context)
{
    struct doomed *doomed = context;
    bool is_read = false;

    for (struct blob_reader *reader = *readers_of(doomed->id); reader != NULL; reader = reader->next)
        if (reader->id == doomed->id && reader->generation == generation)
            is_read = reader->is_doomed = true;
    if (doomed->generation == generation) {
        live_bytes -= doomed->size;
        if (!is_read)
            punch(&doomed->runs);
    }
    free_doomed(doomed);
}

static void copy_runs(struct runs *runs, struct bytes bytes)
{
    runs->count = bytes.size / sizeof(struct run);
    runs->at = malloc(bytes.size + 1);
    check(runs->at != NULL);
    memcpy(runs->at, bytes.at, runs->count * sizeof(struct run));
}

void blob_release(int64_t id)
{
    check(store_in_transaction());
    struct doomed *doomed = NULL;

    query_start(&release, "i", id);
    if (query_step(&release) && query_integer(&release, 0) == 0) {
        doomed = calloc(1, sizeof *doomed);
        check(doomed != NULL);
        doomed->id = id;
        doomed->size = query_integer(&release, 1);
        doomed->generation = generation;
        copy_runs(&doomed->runs, query_bytes_borrow(&release, 2));
        while (query_step(&release)) /* RETURNING takes effect only when it has been read to its end */
            continue;
    }
    query_end(&release);
    if (doomed == NULL)
        return;
    (void)query_run(&erase, "i", id);
    store_after_commit(punch_doomed, doomed);
    store_after_rollback(free_doomed, doomed);
}

/* --- reading -------------------------------------------------------------------------------------------------------------------- */

static struct query find = QUERY("SELECT size, runs FROM blob WHERE id = ?");

struct blob_reader *blob_open(int64_t id)
{
    struct blob_reader *reader = NULL;

    query_start(&find, "i", id);
    if (query_step(&find)) {
        reader = calloc(1, sizeof *reader);
        check(reader != NULL);
        reader->id = id;
        reader->size = query_integer(&find, 0);
        reader->generation = generation;
        copy_runs(&reader->runs, query_bytes_borrow(&find, 1));
        reader->next = *readers_of(id);
        *readers_of(id) = reader;
    }
    query_end(&find);
    return reader;
}

int64_t blob_size(const struct blob_reader *reader)
{
    return reader->size;
}

ssize_t blob_read(struct blob_reader *reader, int64_t offset, void *at, size_t size)
{
    if (reader->generation != generation)
        return -EIO;
    for (size_t i = 0; i < reader->runs.count; i++) {
        const struct run *run = &reader->runs.at[i];

        if (offset >= run->size) {
            offset -= run->size;
            continue;
        }
        size_t piece = (int64_t)size < run->size - offset ? size : (size_t)(run->size - offset);
        ssize_t done = pread(slab, at, piece, run->offset + offset);
        return done < 0 ? -EIO : done;
    }
    return 0;
}

void blob_close(struct blob_reader *reader)
{
    if (reader == NULL)
        return;
    bool is_read = false;

    for (struct blob_reader **link = readers_of(reader->id); *link != NULL;) {
        if (*link == reader) {
            *link = reader->next;
            continue;
        }
        is_read = is_read || ((*link)->id == reader->id && (*link)->generation == reader->generation);
        link = &(*link)->next;
    }
    if (reader->is_doomed && !is_read && reader->generation == generation && slab >= 0)
        punch(&reader->runs);
    free(reader->runs.at);
    free(reader);
}

/* --- start, reset, stop ------------------------------------------------------------------------------------------------------------ */

static int compare_runs(const void *a, const void *b)
{
    const struct run *left = a, *right = b;

    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static struct query all = QUERY("SELECT size, runs FROM blob");

/* Whatever no row names was left by a death in the middle: it is punched out. */
static void recover(void)
{
    struct runs taken = {NULL, 0};
    size_t room = 0;
    int64_t at = 0;

    query_start(&all, "");
    while (query_step(&all)) {
        struct bytes runs = query_bytes_borrow(&all, 1);
        size_t count = runs.size / sizeof(struct run);

        live_bytes += query_integer(&all, 0);
        if (taken.count + count > room) {
            room = (taken.count + count) * 2;
            taken.at = realloc(taken.at, room * sizeof *taken.at);
            check(taken.at != NULL);
        }
        memcpy(taken.at + taken.count, runs.at, count * sizeof(struct run));
        taken.count += count;
    }
    query_end(&all);
    if (taken.count > 0)
        qsort(taken.at, taken.count, sizeof *taken.at, compare_runs);
    for (size_t i = 0; i < taken.count; i++) {
        if (taken.at[i].offset > at)
            (void)fallocate(slab, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, taken.at[i].offset - at);
        at = taken.at[i].offset + taken.at[i].size;
    }
    free(taken.at);
    slab_end = at;
    (void)!ftruncate(slab, at);
}

int blob_start(void)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "%s/blobs", store_directory());
    slab = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (slab < 0)
        return -errno;
    if (!store_is_durable())
        (void)unlink(path);
    live_bytes = 0;
    recover();
    return 0;
}

void blob_reset(void)
{
    generation++;
    live_bytes = 0;
    slab_end = 0;
    (void)!ftruncate(slab, 0);
}

void blob_stop(void)
{
    generation++;
    if (slab >= 0)
        (void)close(slab);
    slab = -1;
}

int64_t blob_live_bytes(void)
{
    return live_bytes;
}
