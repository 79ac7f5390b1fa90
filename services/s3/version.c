#include "services/s3/version.h"

#include <string.h>

#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/s3/body.h"
#include "services/s3/errors.h"

#define COLUMNS                                                                                                                    \
    "v.id, v.bucket, v.key, v.name, v.is_marker, v.modified, v.size, v.etag, v.checksum_kind, v.checksum_type, v.checksum, "       \
    "v.parts,"                                                                                                                     \
    " v.metadata, v.tags, v.storage_class, v.body, v.upload"

static struct query find_current =
    QUERY("SELECT " COLUMNS " FROM object o JOIN object_version v ON v.id = o.version WHERE o.bucket = ? AND o.key = ?");
static struct query find_current_id = QUERY("SELECT version FROM object WHERE bucket = ? AND key = ?");
static struct query find_last = QUERY("SELECT max(id) FROM object_version");
static struct query find_any = QUERY("SELECT 1 FROM object_version WHERE bucket = ? LIMIT 1");
static struct query find_body = QUERY("SELECT body, parts FROM object_version WHERE id = ?");
static struct query insert_version = QUERY(
    "INSERT INTO object_version(id, bucket, key, name, is_marker, modified, size, etag, checksum_kind, checksum_type, "
    "checksum, parts, metadata, tags, storage_class, body, upload) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query replace_object =
    QUERY("INSERT OR REPLACE INTO object(bucket, key, version, modified, size, etag, checksum_kind, checksum_type, storage_class)"
          " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query delete_object = QUERY("DELETE FROM object WHERE bucket = ? AND key = ?");
static struct query delete_version = QUERY("DELETE FROM object_version WHERE id = ?");
static struct query delete_parts = QUERY("DELETE FROM object_part WHERE version = ?");
static struct query update_tags = QUERY("UPDATE object_version SET tags = ? WHERE id = ?");
static struct query find_part = QUERY("SELECT number, first, size, checksum FROM object_part WHERE version = ? AND number = ?");
static struct query list_parts =
    QUERY("SELECT number, first, size, checksum FROM object_part WHERE version = ? AND number > ? ORDER BY number LIMIT ?");

/* The greatest id in use; never goes back while we run, so that a later write always has the greater id. */
static int64_t last_id;

void version_start(void)
{
    last_id = query_one(&find_last, 0, "");
}

int64_t version_last(void)
{
    return last_id;
}

static void read_version(struct query *query, struct arena *arena, struct version *version)
{
    *version = (struct version){
        .id = query_integer(query, 0),
        .bucket = query_integer(query, 1),
        .key = query_bytes(query, arena, 2),
        .name = query_text(query, arena, 3),
        .is_marker = query_integer(query, 4) != 0,
        .modified = query_integer(query, 5),
        .size = query_integer(query, 6),
        .etag = query_text(query, arena, 7),
        .checksum = {.kind = (enum checksum_kind)query_integer(query, 8),
                     .type = (enum checksum_type)query_integer(query, 9),
                     .value = query_text(query, arena, 10)},
        .parts = query_integer(query, 11),
        .storage_class = query_text(query, arena, 14),
        .body = query_integer(query, 15),
        .upload = query_text(query, arena, 16),
    };
    if (!query_is_null(query, 12))
        version->metadata = query_bytes(query, arena, 12);
    if (!query_is_null(query, 13))
        version->tags = query_bytes(query, arena, 13);
}

bool version_find(struct arena *arena, int64_t bucket, struct bytes key, struct version *version)
{
    query_start(&find_current, "ib", bucket, key);
    bool found = query_step(&find_current);
    if (found)
        read_version(&find_current, arena, version);
    query_end(&find_current);
    return found;
}

enum outcome version_input(struct call *call, const struct bucket *bucket, const char *key, const char *version_id,
                           struct version *version)
{
    bool found = version_find(call->arena, bucket->id, bytes_of(key), version);

    if (version_id != NULL && !text_equal(version_id, NULL_VERSION))
        return fail_argument(call, "versionId", version_id, "Invalid version id specified");
    if (found)
        return ANSWERED;
    if (version_id == NULL)
        return fail_no_such_key(call, key);
    fail_field(call, "Key", key);
    fail_field(call, "VersionId", version_id);
    return fail(call, &s3_no_such_version, "The specified version does not exist.");
}

/* The rows of one version, its parts and its body. */
static void remove_version(int64_t id)
{
    int64_t body = 0, parts = 0;

    query_start(&find_body, "i", id);
    if (query_step(&find_body)) {
        body = query_integer(&find_body, 0);
        parts = query_integer(&find_body, 1);
    }
    query_end(&find_body);
    if (body != 0)
        body_release(body);
    if (parts > 0)
        query_run(&delete_parts, "i", id);
    query_run(&delete_version, "i", id);
}

void version_put(struct version *version)
{
    int64_t old = query_one(&find_current_id, 0, "ib", version->bucket, version->key);
    const struct checksum *checksum = &version->checksum;

    if (old != 0)
        remove_version(old);
    version->id = ++last_id;
    version->modified = clock_now();
    version->name = NULL_VERSION;
    query_run(&insert_version, "iibtiiitiitibbtit", version->id, version->bucket, version->key, version->name,
              (int64_t)version->is_marker, version->modified, version->size, version->etag, (int64_t)checksum->kind,
              (int64_t)checksum->type, checksum->value, version->parts, version->metadata, version->tags, version->storage_class,
              version->body, version->upload);
    query_run(&replace_object, "ibiiitiit", version->bucket, version->key, version->id, version->modified, version->size,
              version->etag, (int64_t)checksum->kind, (int64_t)checksum->type, version->storage_class);
}

bool version_delete(int64_t bucket, struct bytes key)
{
    int64_t old = query_one(&find_current_id, 0, "ib", bucket, key);
    if (old == 0)
        return false;
    remove_version(old);
    query_run(&delete_object, "ib", bucket, key);
    return true;
}

void version_set_tags(const struct version *version, struct bytes tags)
{
    query_run(&update_tags, "bi", tags, version->id);
}

bool version_exists_in(int64_t bucket)
{
    return query_one(&find_any, 0, "i", bucket) != 0;
}

static void read_part(struct query *query, struct arena *arena, struct part *part)
{
    *part = (struct part){.number = query_integer(query, 0),
                          .first = query_integer(query, 1),
                          .size = query_integer(query, 2),
                          .checksum = query_text(query, arena, 3)};
}

bool version_find_part(struct arena *arena, int64_t version, int64_t number, struct part *part)
{
    query_start(&find_part, "ii", version, number);
    bool found = query_step(&find_part);
    if (found)
        read_part(&find_part, arena, part);
    query_end(&find_part);
    return found;
}

struct part *version_list_parts(struct arena *arena, int64_t version, int64_t marker, int64_t most, size_t *count)
{
    struct part *parts = arena_alloc(arena, sizeof *parts * ((size_t)most + 1));

    *count = 0;
    query_start(&list_parts, "iii", version, marker, most);
    while (query_step(&list_parts))
        read_part(&list_parts, arena, &parts[(*count)++]);
    query_end(&list_parts);
    return parts;
}

const char *etag_quoted(struct arena *arena, const char *etag)
{
    return arena_print(arena, "\"%s\"", etag);
}
