#include "services/s3/upload.h"

#include "emulator/base/log.h"
#include "emulator/store/blob.h"
#include "emulator/store/store.h"
#include "services/s3/body.h"
#include "services/s3/errors.h"
#include "services/s3/upload_body.h"

static struct query find = QUERY(
    "SELECT id, name, bucket, key, initiated, initiator, checksum_kind, checksum_type, metadata, tags, storage_class, key_existed,"
    " last_version FROM upload WHERE name = ?");
static struct query delete_upload = QUERY("DELETE FROM upload WHERE id = ?");
static struct query find_of_bucket = QUERY("SELECT id FROM upload WHERE bucket = ? LIMIT 1");
/* In whole statements: an upload can have ten thousand parts. */
static struct query find_blobs =
    QUERY("SELECT s.blob FROM upload_part u JOIN body_segment s ON s.body = u.body WHERE u.upload = ? AND s.blob IS NOT NULL");
static struct query delete_segments = QUERY("DELETE FROM body_segment WHERE body IN (SELECT body FROM upload_part WHERE upload = ?)");
static struct query delete_bodies = QUERY("DELETE FROM body WHERE id IN (SELECT body FROM upload_part WHERE upload = ?)");
static struct query delete_parts = QUERY("DELETE FROM upload_part WHERE upload = ?");
static struct query find_body = QUERY("SELECT body FROM upload_part WHERE upload = ? AND number = ?");
static struct query replace_part =
    QUERY("INSERT OR REPLACE INTO upload_part(upload, number, size, modified, body, md5, checksum_kind, checksum, crc64)"
          " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
#define PART_COLUMNS "number, size, modified, body, md5, checksum_kind, checksum, crc64"
static struct query delete_part = QUERY("DELETE FROM upload_part WHERE upload = ? AND number = ?");
static struct query list_parts =
    QUERY("SELECT " PART_COLUMNS " FROM upload_part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?");

bool upload_find(struct arena *arena, int64_t bucket, struct bytes key, const char *name, struct upload *upload)
{
    query_start(&find, "t", name);
    bool found = query_step(&find);
    if (found) {
        *upload = (struct upload){
            .id = query_integer(&find, 0),
            .name = query_text(&find, arena, 1),
            .bucket = query_integer(&find, 2),
            .key = query_bytes(&find, arena, 3),
            .initiated = query_integer(&find, 4),
            .initiator = query_text(&find, arena, 5),
            .checksum = {.kind = (enum checksum_kind)query_integer(&find, 6), .type = (enum checksum_type)query_integer(&find, 7)},
            .metadata = query_bytes(&find, arena, 8),
            .tags = query_bytes(&find, arena, 9),
            .storage_class = query_text(&find, arena, 10),
            .key_existed = query_integer(&find, 11) != 0,
            .last_version = query_integer(&find, 12),
        };
    }
    query_end(&find);
    return found && upload->bucket == bucket && bytes_equal(upload->key, key);
}

enum outcome upload_input(struct call *call, const struct bucket *bucket, const char *key, const char *name, struct upload *upload)
{
    if (upload_find(call->arena, bucket->id, bytes_of(key), name, upload))
        return ANSWERED;
    fail_field(call, "UploadId", name);
    return fail(
        call, &s3_no_such_upload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.");
}

void upload_forget(int64_t id)
{
    query_run(&delete_segments, "i", id);
    query_run(&delete_bodies, "i", id);
    query_run(&delete_parts, "i", id);
    query_run(&delete_upload, "i", id);
}

void upload_drop(int64_t id)
{
    query_start(&find_blobs, "i", id);
    while (query_step(&find_blobs))
        blob_release(query_integer(&find_blobs, 0));
    query_end(&find_blobs);
    upload_forget(id);
}

void upload_drop_all(int64_t bucket)
{
    for (int64_t id; (id = query_one(&find_of_bucket, 0, "i", bucket)) != 0 && !store_failed();)
        upload_drop(id);
}

void upload_put_part(int64_t upload, const struct upload_part *part)
{
    int64_t old = query_one(&find_body, 0, "ii", upload, part->number);
    if (old != 0)
        body_release(old);
    query_run(&replace_part, "iiiiititt", upload, part->number, part->size, part->modified, part->body, part->md5,
              (int64_t)part->checksum.kind, part->checksum.value, part->crc64);
}

static void read_part(struct query *query, struct arena *arena, struct upload_part *part)
{
    *part = (struct upload_part){
        .number = query_integer(query, 0),
        .size = query_integer(query, 1),
        .modified = query_integer(query, 2),
        .body = query_integer(query, 3),
        .md5 = query_text(query, arena, 4),
        .checksum = {.kind = (enum checksum_kind)query_integer(query, 5), .value = query_text(query, arena, 6)},
        .crc64 = query_text(query, arena, 7),
    };
}

void upload_drop_part(int64_t upload, const struct upload_part *part)
{
    body_release(part->body);
    query_run(&delete_part, "ii", upload, part->number);
}

struct upload_part *upload_list_parts(struct arena *arena, int64_t upload, int64_t marker, int64_t most, size_t *count)
{
    struct upload_part *parts = arena_alloc(arena, sizeof *parts * ((size_t)most + 1));

    *count = 0;
    query_start(&list_parts, "iii", upload, marker, most);
    while (query_step(&list_parts))
        read_part(&list_parts, arena, &parts[(*count)++]);
    query_end(&list_parts);
    return parts;
}

enum outcome part_number_check(struct call *call, int64_t number)
{
    if (number >= 1 && number <= PART_NUMBERS)
        return ANSWERED;
    return fail_argument(call, "partNumber", arena_print(call->arena, "%lld", (long long)number),
                         "Part number must be an integer between 1 and 10000, inclusive");
}
