/* Access control lists. Every new bucket has them turned off (BucketOwnerEnforced), and nothing else is emulated. */
#pragma once
#include "services/s3/bucket.h"

/* The answer to a request that sets an ACL: that the bucket does not allow any, or, where its ownership controls would let it, that we do not do it.
 * Bucket 0: a new one. */
enum outcome acl_fail(struct call *call, int64_t bucket, const char *header);
