/* Digests of bytes that lie in the store already: read in slices, while others are served. For copies that owe an MD5 or a checksum which
 * nothing that is known gives. The call is parked meanwhile. */
#pragma once
#include "services/s3/checksum.h"

struct body_digest {
    int64_t of;           /* the caller's own note of what was read: a version's id */
    bool failed;          /* the bytes could not be read */
    const char *md5;      /* hex */
    const char *checksum; /* base64; NULL: none was asked for */
    struct body_digest_work *work;
};

/* Parks the call, with `digest` as its context; `run` goes on with it, in a new transaction, when the digests are there. Ends as park() does. */
enum outcome body_digest_wait(struct call *call, struct body_digest *digest, int64_t body, int64_t first, int64_t length,
                              enum checksum_kind kind, enum outcome (*run)(struct call *call));
void body_digest_reset(void); /* all work ends: the calls have been dropped */
