#include "services/s3/version.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/digest.h"
#include "emulator/base/id.h"
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
static struct query find_named =
    QUERY("SELECT " COLUMNS " FROM object_version v WHERE v.bucket = ? AND v.key = ? AND v.name = ? ORDER BY v.id DESC LIMIT 1");
static struct query find_latest =
    QUERY("SELECT " COLUMNS " FROM object_version v WHERE v.bucket = ? AND v.key = ? ORDER BY v.id DESC LIMIT 1");
static struct query find_named_id = QUERY("SELECT id FROM object_version WHERE bucket = ? AND key = ? AND name = ?");
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

static bool read_one(struct query *query, struct arena *arena, struct version *version)
{
    bool found = query_step(query);
    if (found)
        read_version(query, arena, version);
    query_end(query);
    return found;
}

bool version_find(struct arena *arena, int64_t bucket, struct bytes key, struct version *version)
{
    query_start(&find_current, "ib", bucket, key);
    return read_one(&find_current, arena, version);
}

bool version_find_named(struct arena *arena, int64_t bucket, struct bytes key, const char *name, struct version *version)
{
    query_start(&find_named, "ibt", bucket, key, name);
    return read_one(&find_named, arena, version);
}

bool version_find_latest(struct arena *arena, int64_t bucket, struct bytes key, struct version *version)
{
    query_start(&find_latest, "ib", bucket, key);
    return read_one(&find_latest, arena, version);
}

/* Version ids: 9 letters by chance, 13 hexadecimal digits of `id`, 10 that check the rest. So a list goes on behind a version that is gone by
 * now, and what was never a version id is told from one that is no more, as AWS does. */

enum { ID_CHANCE = 9, ID_DIGITS = 13, ID_CHECK = 10, ID_SIZE = ID_CHANCE + ID_DIGITS + ID_CHECK };

static const char *new_name(struct arena *arena, int64_t id)
{
    const char *start = arena_print(arena, "%s%013llx", id_from(arena, id_alnum, ID_CHANCE), (unsigned long long)id);
    return arena_print(arena, "%s%.*s", start, ID_CHECK, digest_hex(arena, DIGEST_SHA256, bytes_of(start)));
}

bool version_id_read(struct arena *arena, const char *name, int64_t *id)
{
    if (strlen(name) != ID_SIZE)
        return false;
    struct bytes start = {name, ID_SIZE - ID_CHECK};
    if (strncmp(name + start.size, digest_hex(arena, DIGEST_SHA256, start), ID_CHECK) != 0)
        return false;
    *id = (int64_t)strtoull(arena_copy(arena, name + ID_CHANCE, ID_DIGITS), NULL, 16);
    return true;
}

const char *version_shown(const struct bucket *bucket, const struct version *version)
{
    return bucket->versioning != VERSIONING_NEVER ? version->name : NULL;
}

const char *version_made(const struct bucket *bucket, const struct version *version)
{
    return bucket->versioning == VERSIONING_ENABLED ? version->name : NULL;
}

static enum outcome fail_marker(struct call *call, const struct version *marker)
{
    const char *method = call->exchange != NULL ? call->exchange->method : "GET";

    call_header(call, "x-amz-delete-marker", "true");
    call_header(call, "x-amz-version-id", marker->name);
    call_header(call, "Last-Modified", date_rfc1123(call->arena, marker->modified));
    call_header(call, "Allow", "DELETE");
    fail_field(call, "Method", method);
    fail_field(call, "ResourceType", "DeleteMarker");
    return fail(call, &s3_method_not_allowed, "The specified method is not allowed against this resource.");
}

enum outcome version_input(struct call *call, const struct bucket *bucket, const char *key, const char *version_id,
                           struct version *version)
{
    int64_t id;

    if (version_id == NULL) {
        if (version_find(call->arena, bucket->id, bytes_of(key), version))
            return ANSWERED;
        if (bucket->versioning != VERSIONING_NEVER && version_find_latest(call->arena, bucket->id, bytes_of(key), version)) {
            call_header(call, "x-amz-delete-marker", "true");
            call_header(call, "x-amz-version-id", version->name);
        }
        return fail_no_such_key(call, key);
    }
    if (!text_equal(version_id, NULL_VERSION) &&
        (bucket->versioning == VERSIONING_NEVER || !version_id_read(call->arena, version_id, &id)))
        return fail_argument(call, "versionId", version_id, "Invalid version id specified");
    if (version_find_named(call->arena, bucket->id, bytes_of(key), version_id, version))
        return version->is_marker ? fail_marker(call, version) : ANSWERED;
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

static void insert(const struct version *version)
{
    const struct checksum *checksum = &version->checksum;

    query_run(&insert_version, "iibtiiitiitibbtit", version->id, version->bucket, version->key, version->name,
              (int64_t)version->is_marker, version->modified, version->size, version->etag, (int64_t)checksum->kind,
              (int64_t)checksum->type, checksum->value, version->parts, version->metadata, version->tags, version->storage_class,
              version->body, version->upload);
}

/* What lists show of the key from now on. */
static void show(const struct version *version)
{
    const struct checksum *checksum = &version->checksum;

    query_run(&replace_object, "ibiiitiit", version->bucket, version->key, version->id, version->modified, version->size,
              version->etag, (int64_t)checksum->kind, (int64_t)checksum->type, version->storage_class);
}

/* A new id, time and name; the null version makes room when this one takes its name. */
static void make_room(struct arena *arena, const struct bucket *bucket, struct version *version)
{
    version->id = ++last_id;
    version->modified = clock_now();
    version->name = NULL_VERSION;
    if (bucket->versioning == VERSIONING_ENABLED) {
        version->name = new_name(arena, version->id);
        return;
    }
    int64_t old = bucket->versioning == VERSIONING_NEVER
                      ? query_one(&find_current_id, 0, "ib", version->bucket, version->key)
                      : query_one(&find_named_id, 0, "ibt", version->bucket, version->key, NULL_VERSION);
    if (old != 0)
        remove_version(old);
}

void version_put(struct arena *arena, const struct bucket *bucket, struct version *version)
{
    make_room(arena, bucket, version);
    insert(version);
    show(version);
}

bool version_delete(struct arena *arena, const struct bucket *bucket, struct bytes key, struct version *marker)
{
    if (bucket->versioning == VERSIONING_NEVER) {
        int64_t old = query_one(&find_current_id, 0, "ib", bucket->id, key);
        if (old == 0)
            return false;
        remove_version(old);
    } else {
        *marker = (struct version){.bucket = bucket->id, .key = key, .is_marker = true, .etag = ""};
        make_room(arena, bucket, marker);
        insert(marker);
    }
    query_run(&delete_object, "ib", bucket->id, key);
    return true;
}

void version_delete_one(struct arena *arena, const struct version *version)
{
    struct version latest;

    remove_version(version->id);
    if (version_find_latest(arena, version->bucket, version->key, &latest) && !latest.is_marker)
        show(&latest);
    else
        query_run(&delete_object, "ib", version->bucket, version->key);
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
