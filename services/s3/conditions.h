/* If-Match and its relatives: on reads, on writes, on the source of a copy (facts/services.md 2.6, 2.7). */
#pragma once
#include "services/s3/upload.h"
#include "services/s3/version.h"

/* The members of an input shape that carry them; NO_MEMBER for those it lacks. */
struct condition_members {
    uint16_t if_match, if_none_match, if_modified_since, if_unmodified_since;
};

/* ANSWERED: go on, or answer 304 when *not_modified. */
enum outcome conditions_read(struct call *call, const struct condition_members *members, const struct version *version, bool *not_modified);

/* Source conditions of a copy: all failures are 412. */
enum outcome conditions_copy(struct call *call, const struct condition_members *members, const struct version *version);

/* Values that are refused whatever the object: before the body is read. */
enum outcome conditions_write_form(struct call *call, uint16_t if_match, uint16_t if_none_match);
/* The rest: in the transaction that writes. `upload` is the one being completed, or NULL. */
enum outcome conditions_write(struct call *call, uint16_t if_match, uint16_t if_none_match, const struct bucket *bucket, const char *key,
                              const struct upload *upload);

/* An ETag list of a header names this one: with or without quotes, `*`, weak prefix. */
bool etag_matches(const char *header, const char *etag);
