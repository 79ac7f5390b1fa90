/* Virtual hosts: <bucket>.s3.localhost:4566 and its forms (facts/services.md 2.1). Addresses are never virtual hosts. */
#pragma once
#include "emulator/aws/call.h"

/* For struct service. */
bool host_claim(struct exchange *exchange, const char **path); /* claim_host */
bool host_claim_website(struct exchange *exchange);            /* claim: website endpoints, refused by name */

/* Where the caller reaches an object: by the host that he has used. */
const char *host_location(struct call *call, const char *bucket, const char *key);

/* Pure: the bucket in the labels before a base host; "" when S3 itself is meant (path style); NULL: not S3's. `any` allows the bare form
 * <bucket>.<base>. */
const char *host_bucket(struct arena *arena, const char *labels, bool any);
