#include "services/s3/schema.h"

/* bucket           names are global; `location` as given at creation. versioning: 0 never enabled.
 * object           the current key of a bucket with all that a listing shows, and nothing else, so that a page reads little.
 * object_version   every version; `metadata` and `tags` are pairs of NUL-terminated text (metadata.c). Ids grow with every write.
 *                  `upload`: the UploadId that it was completed from.
 * object_part      the parts of a multipart object, for partNumber and GetObjectAttributes. `first`: offset of its first byte.
 * body             bytes NULL: it lies in segments. A segment begins at `position` of the body and is `length` bytes: of a blob from `start` on, or
 *                  `bytes` of its own. Each body belongs to one version or to one part.
 * upload           multipart uploads in progress, listed by key, then in the order in which they began.
 * notification     events and rules as JSON: a list of texts; a list of [name, value] pairs, or NULL for no filter.
 * bucket_configuration  documents as JSON (configuration.c), NULL: a default that was taken away. id "" where a bucket has one of the kind.
 * event_sequencer  one row: the greatest sequencer given. */
const char *const s3_schema[S3_MIGRATIONS] = {
    "CREATE TABLE bucket(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, account TEXT NOT NULL, region TEXT NOT NULL, location TEXT,"
    " created_at INTEGER NOT NULL, versioning INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX bucket_by_account ON bucket(account, name);"
    "CREATE TABLE object(bucket INTEGER NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " size INTEGER NOT NULL, etag TEXT NOT NULL, checksum_kind INTEGER NOT NULL, checksum_type INTEGER NOT NULL, storage_class TEXT,"
    " PRIMARY KEY(bucket, key)) WITHOUT ROWID;"
    "CREATE TABLE object_version(id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL, key BLOB NOT NULL, name TEXT NOT NULL,"
    " is_marker INTEGER NOT NULL, modified INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, checksum_kind INTEGER NOT NULL,"
    " checksum_type INTEGER NOT NULL, checksum TEXT, parts INTEGER NOT NULL, metadata BLOB, tags BLOB, storage_class TEXT, body INTEGER,"
    " upload TEXT);"
    "CREATE UNIQUE INDEX object_version_by_key ON object_version(bucket, key, id);"
    "CREATE TABLE object_part(version INTEGER NOT NULL, number INTEGER NOT NULL, first INTEGER NOT NULL, size INTEGER NOT NULL,"
    " checksum TEXT, PRIMARY KEY(version, number)) WITHOUT ROWID;"
    "CREATE TABLE body(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, bytes BLOB);"
    "CREATE TABLE body_segment(body INTEGER NOT NULL, position INTEGER NOT NULL, length INTEGER NOT NULL, blob INTEGER,"
    " start INTEGER NOT NULL, bytes BLOB, PRIMARY KEY(body, position)) WITHOUT ROWID;"
    "CREATE TABLE upload(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, bucket INTEGER NOT NULL, key BLOB NOT NULL,"
    " initiated INTEGER NOT NULL, initiator TEXT, checksum_kind INTEGER NOT NULL, checksum_type INTEGER NOT NULL, metadata BLOB, tags BLOB,"
    " storage_class TEXT, key_existed INTEGER NOT NULL, last_version INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX upload_by_key ON upload(bucket, key, initiated, id);"
    "CREATE TABLE upload_part(upload INTEGER NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " body INTEGER NOT NULL, md5 TEXT NOT NULL, checksum_kind INTEGER NOT NULL, checksum TEXT, crc64 TEXT,"
    " PRIMARY KEY(upload, number)) WITHOUT ROWID;"
    "CREATE TABLE notification(bucket INTEGER NOT NULL, place INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL,"
    " events TEXT NOT NULL, rules TEXT, PRIMARY KEY(bucket, place)) WITHOUT ROWID;"
    "CREATE TABLE event_sequencer(value INTEGER NOT NULL);"
    "INSERT INTO event_sequencer(value) VALUES(0);",
    "CREATE TABLE bucket_configuration(bucket INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, document TEXT,"
    " PRIMARY KEY(bucket, kind, id)) WITHOUT ROWID;",
};
