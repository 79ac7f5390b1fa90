#include "services/s3/body.h"

#include <errno.h>
#include <string.h>

#include "emulator/base/log.h"
#include "emulator/store/blob.h"
#include "emulator/store/store.h"

static struct query insert_body = QUERY("INSERT INTO body(size, bytes) VALUES(?, ?)");
static struct query insert_segment =
    QUERY("INSERT INTO body_segment(body, position, length, blob, start, bytes) VALUES(?, ?, ?, ?, ?, ?)");
static struct query find_body = QUERY("SELECT size, bytes FROM body WHERE id = ?");
static struct query grow_body = QUERY("UPDATE body SET size = size + ? WHERE id = ?");
/* From the segment that holds byte ?2 on, up to the one that holds byte ?3 - 1. */
static struct query find_segments =
    QUERY("SELECT position, length, blob, start, bytes FROM body_segment WHERE body = ?1 AND position < ?3 AND position >="
          " (SELECT max(position) FROM body_segment WHERE body = ?1 AND position <= ?2) ORDER BY position");
static struct query find_blobs = QUERY("SELECT blob FROM body_segment WHERE body = ? AND blob IS NOT NULL");
static struct query delete_segments = QUERY("DELETE FROM body_segment WHERE body = ?");
static struct query delete_body = QUERY("DELETE FROM body WHERE id = ?");

int64_t body_of_bytes(struct bytes bytes)
{
    check(bytes.size <= BLOB_INLINE);
    query_run(&insert_body, "ib", (int64_t)bytes.size, (struct bytes){bytes.at != NULL ? bytes.at : "", bytes.size});
    return store_last_id();
}

int64_t body_empty(void)
{
    query_run(&insert_body, "in", (int64_t)0);
    return store_last_id();
}

int64_t body_of_blob(int64_t blob, int64_t size)
{
    query_run(&insert_body, "in", size);
    int64_t body = store_last_id();
    query_run(&insert_segment, "iiiiin", body, (int64_t)0, size, blob, (int64_t)0);
    return body;
}

int64_t body_size(int64_t body)
{
    int64_t size = 0;
    query_start(&find_body, "i", body);
    if (query_step(&find_body))
        size = query_integer(&find_body, 0);
    query_end(&find_body);
    return size;
}

/* A piece of a body: bytes, or a range of a blob. */
struct piece {
    int64_t position, length, blob, start;
    struct bytes bytes; /* at NULL: the blob */
};

/* The pieces that cover [first, first + length), cut to it, positions counted from `first`. */
static struct piece *pieces_of(struct arena *arena, int64_t body, int64_t first, int64_t length, size_t *count)
{
    struct piece *pieces = arena_alloc(arena, sizeof *pieces);
    size_t room = 1;
    bool is_inline = false;

    *count = 0;
    if (length == 0)
        return pieces;
    query_start(&find_body, "i", body);
    if (query_step(&find_body) && !query_is_null(&find_body, 1)) {
        struct bytes bytes = query_bytes(&find_body, arena, 1);
        check(first + length <= (int64_t)bytes.size);
        pieces[(*count)++] = (struct piece){.length = length, .bytes = {bytes.at + first, (size_t)length}};
        is_inline = true;
    }
    query_end(&find_body);
    if (is_inline)
        return pieces;

    query_start(&find_segments, "iii", body, first, first + length);
    while (query_step(&find_segments)) {
        if (*count == room) {
            struct piece *grown = arena_alloc(arena, sizeof *grown * room * 2);
            memcpy(grown, pieces, sizeof *grown * room);
            pieces = grown;
            room *= 2;
        }
        int64_t position = query_integer(&find_segments, 0), end = position + query_integer(&find_segments, 1);
        int64_t skip = position < first ? first - position : 0;
        if (end > first + length)
            end = first + length;
        struct piece piece = {.position = position + skip - first, .length = end - position - skip};
        if (query_is_null(&find_segments, 2)) {
            struct bytes bytes = query_bytes(&find_segments, arena, 4);
            piece.bytes = (struct bytes){bytes.at + skip, (size_t)piece.length};
        } else {
            piece.blob = query_integer(&find_segments, 2);
            piece.start = query_integer(&find_segments, 3) + skip;
        }
        pieces[(*count)++] = piece;
    }
    query_end(&find_segments);
    return pieces;
}

void body_append(int64_t to, int64_t from, int64_t first, int64_t length)
{
    struct arena *arena = arena_new();
    size_t count;
    const struct piece *pieces = pieces_of(arena, from, first, length, &count);
    int64_t size = body_size(to);

    for (size_t i = 0; i < count; i++) {
        const struct piece *piece = &pieces[i];
        if (piece->bytes.at != NULL) {
            query_run(&insert_segment, "iiinib", to, size + piece->position, piece->length, (int64_t)0, piece->bytes);
        } else {
            blob_retain(piece->blob);
            query_run(&insert_segment, "iiiiin", to, size + piece->position, piece->length, piece->blob, piece->start);
        }
    }
    query_run(&grow_body, "ii", length, to);
    arena_free(arena);
}

int64_t body_copy(int64_t from)
{
    struct arena *arena = arena_new();
    int64_t size = 0, copy = 0;
    bool is_inline = false;

    query_start(&find_body, "i", from);
    if (query_step(&find_body)) {
        size = query_integer(&find_body, 0);
        is_inline = !query_is_null(&find_body, 1);
    }
    struct bytes bytes = is_inline ? query_bytes(&find_body, arena, 1) : (struct bytes){NULL, 0};
    query_end(&find_body);
    if (is_inline) {
        copy = body_of_bytes(bytes);
    } else {
        copy = body_empty();
        body_append(copy, from, 0, size);
    }
    arena_free(arena);
    return copy;
}

void body_release(int64_t body)
{
    bool has_segments = false;

    query_start(&find_body, "i", body);
    if (query_step(&find_body))
        has_segments = query_is_null(&find_body, 1);
    query_end(&find_body);
    if (has_segments) {
        query_start(&find_blobs, "i", body);
        while (query_step(&find_blobs))
            blob_release(query_integer(&find_blobs, 0));
        query_end(&find_blobs);
        query_run(&delete_segments, "i", body);
    }
    query_run(&delete_body, "i", body);
}

/* Reading. */

struct body_reader {
    size_t count, current; /* reads mostly go on where the last one ended */
    struct piece *pieces;
    struct blob_reader **blobs; /* by piece; NULL for bytes; neighbours of one blob share theirs */
};

static void close_reader(void *object)
{
    struct body_reader *reader = object;
    for (size_t i = 0; i < reader->count; i++)
        if (i == 0 || reader->blobs[i] != reader->blobs[i - 1])
            blob_close(reader->blobs[i]);
}

struct body_reader *body_open(struct arena *arena, int64_t body, int64_t first, int64_t length)
{
    struct body_reader *reader = arena_alloc(arena, sizeof *reader);

    reader->pieces = pieces_of(arena, body, first, length, &reader->count);
    reader->blobs = arena_alloc(arena, sizeof(struct blob_reader *) * (reader->count + 1));
    arena_defer(arena, close_reader, reader);
    for (size_t i = 0; i < reader->count; i++)
        if (reader->pieces[i].bytes.at == NULL) {
            bool is_same = i > 0 && reader->blobs[i - 1] != NULL && reader->pieces[i - 1].blob == reader->pieces[i].blob;
            reader->blobs[i] = is_same ? reader->blobs[i - 1] : blob_open(reader->pieces[i].blob);
            check(reader->blobs[i] != NULL);
        }
    return reader;
}

bool body_in_memory(const struct body_reader *reader, struct bytes *bytes)
{
    if (reader->count > 1 || (reader->count == 1 && reader->blobs[0] != NULL))
        return false;
    *bytes = reader->count == 1 ? reader->pieces[0].bytes : (struct bytes){"", 0};
    return true;
}

static bool holds(const struct piece *piece, int64_t offset)
{
    return piece->position <= offset && offset < piece->position + piece->length;
}

ssize_t body_read(void *object, int64_t offset, char *at, size_t room)
{
    struct body_reader *reader = object;

    if (reader->current >= reader->count || !holds(&reader->pieces[reader->current], offset)) {
        size_t low = 0, high = reader->count;
        while (low < high) { /* the first piece that ends behind the offset */
            size_t middle = (low + high) / 2;
            if (reader->pieces[middle].position + reader->pieces[middle].length <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == reader->count)
            return 0;
        reader->current = low;
    }
    const struct piece *piece = &reader->pieces[reader->current];
    int64_t skip = offset - piece->position;
    size_t size = (size_t)(piece->length - skip) < room ? (size_t)(piece->length - skip) : room;
    if (piece->bytes.at != NULL) {
        memcpy(at, piece->bytes.at + skip, size);
        return (ssize_t)size;
    }
    ssize_t done = blob_read(reader->blobs[reader->current], piece->start + skip, at, size);
    return done == 0 ? -EIO : done;
}
