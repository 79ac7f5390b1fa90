/* Configurations of a bucket: documents that are put, checked, kept and given back as they were. One row each, as JSON of the model's
 * members; those with an id (inventory ...) are many. What a configuration does is elsewhere; most are recorded only (docs/s3.md). */
#pragma once
#include "services/s3/bucket.h"

/* Of one kind, by the operations that speak of it; NO_OPERATION for those it lacks. */
struct configuration_kind {
    const char *name; /* in rows */
    uint16_t put, get, remove, list;
    uint16_t list_member, more_member, token_member, next_member; /* of the output of `list` */
    /* Is this document one that AWS would take? May complete it (generated ids, defaults). NULL: the model says it all. */
    enum outcome (*check)(struct call *call, const struct bucket *bucket, struct value *document);
    /* The answer when there is none: fails, or fills the output in. `is_removed`: there has been one, or the default was taken away. */
    enum outcome (*unset)(struct call *call, const struct bucket *bucket, bool is_removed);
};
enum { NO_OPERATION = 0xffff };

/* The document of a bucket as a struct of `shape` (an input's payload); false: none is set. */
bool configuration_find(struct call *call, int64_t bucket, const char *name, uint16_t shape, struct value *document);
bool configuration_text(struct call *call, int64_t bucket, const char *name, struct value *text); /* of one that is a text */
/* What CreateBucket says about tags, as PutBucketTagging keeps them; NULL: nothing. */
enum outcome configuration_check_tags(struct call *call, const struct value *tags);
void configuration_put_tags(struct call *call, int64_t bucket, const struct value *tags);
bool configuration_allows_acls(struct call *call, int64_t bucket); /* by its ownership controls */
void configuration_drop_all(int64_t bucket);

/* The checks, by noun. */
enum outcome bucket_cors_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome lifecycle_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome website_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome policy_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome bucket_tags_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome ownership_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome encryption_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome logging_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome accelerate_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome public_access_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome replication_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome inventory_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome analytics_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome metrics_check(struct call *call, const struct bucket *bucket, struct value *document);
enum outcome tiering_check(struct call *call, const struct bucket *bucket, struct value *document);
