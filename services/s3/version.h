/* Objects as rows: `object` has the current, listed key; `object_version` every version of it, delete markers too. A key whose greatest id is
 * a delete marker has no row in `object`. What is written without versioning, or while it is suspended, is named "null". */
#pragma once
#include "services/s3/bucket.h"
#include "services/s3/checksum.h"

#define NULL_VERSION "null"

struct version {
    int64_t id; /* grows with every write of any key */
    int64_t bucket;
    struct bytes key;
    const char *name;    /* the version id: "null", or 32 characters that tell `id` (version_id_read) */
    bool is_marker;      /* a delete marker: no body */
    int64_t size, modified;
    const char *etag;    /* without quotes */
    struct checksum checksum;
    int64_t parts;       /* of a multipart upload; 0: written by one PUT or copied */
    struct bytes metadata, tags;
    const char *storage_class; /* NULL: STANDARD */
    int64_t body;
    const char *upload;  /* the UploadId that it was completed from; NULL: none */
};

/* False when there is no such key (or version). What it points at is in the arena. */
bool version_find(struct arena *arena, int64_t bucket, struct bytes key, struct version *version);
bool version_find_named(struct arena *arena, int64_t bucket, struct bytes key, const char *name, struct version *version);
bool version_find_latest(struct arena *arena, int64_t bucket, struct bytes key, struct version *version); /* may be a delete marker */
/* The same from what the customer says: fails with NoSuchKey, NoSuchVersion, InvalidArgument, or MethodNotAllowed for a delete marker.
 * `version_id` NULL: the current one. */
enum outcome version_input(struct call *call, const struct bucket *bucket, const char *key, const char *version_id, struct version *version);

/* Is this a version id of our making ("null" is not)? Then *id is the number that it tells. */
bool version_id_read(struct arena *arena, const char *name, int64_t *id);
/* As answers to reads have it: NULL in a bucket that has never been versioned. */
const char *version_shown(const struct bucket *bucket, const struct version *version);
/* As answers to writes have it: NULL unless versioning is on. */
const char *version_made(const struct bucket *bucket, const struct version *version);

/* Makes it the current version of its key; without versioning, the null version that was there goes. Fills id, modified, name. The body now
 * belongs to it. */
void version_put(struct arena *arena, const struct bucket *bucket, struct version *version);
/* Without a version id. With versioning: puts a delete marker, *marker. Else false: there was no such key, and nothing is changed. */
bool version_delete(struct arena *arena, const struct bucket *bucket, struct bytes key, struct version *marker);
void version_delete_one(struct arena *arena, const struct version *version); /* for good; the one before it becomes the current one */
void version_set_tags(const struct version *version, struct bytes tags);
bool version_exists_in(int64_t bucket);

/* Parts of a multipart object, by number. */
struct part {
    int64_t number, size, first; /* first: the offset of its first byte */
    const char *checksum;        /* of the object's kind; NULL: none was kept */
};
bool version_find_part(struct arena *arena, int64_t version, int64_t number, struct part *part);
/* Parts after `marker`, at most `most`; *count of them. */
struct part *version_list_parts(struct arena *arena, int64_t version, int64_t marker, int64_t most, size_t *count);

/* ETag as it stands in headers and lists: with quotes. */
const char *etag_quoted(struct arena *arena, const char *etag);

int64_t version_last(void); /* the greatest id given so far */
void version_start(void);   /* after the store has been opened or reset */
