/* Cross-origin requests: the headers that a bucket's CORS configuration adds to answers (facts/services.md 2.11). */
#pragma once
#include "services/s3/bucket.h"

/* For every request to a bucket; nothing without an Origin, a configuration and a rule that fits. */
void bucket_cors_headers(struct call *call, const struct bucket *bucket);
