/* Events: what a write tells the bucket's notification targets, as `delivery` rows in the transaction of the write. */
#pragma once
#include "services/s3/notification.h"
#include "services/s3/version.h"

/* `name` is "ObjectCreated:Put" and so on; `version`: what was written, put or taken away; NULL: the object is gone, and only its key is told. */
void event_add(struct call *call, const struct bucket *bucket, const char *name, const char *key, const struct version *version);
/* s3:TestEvent to one queue. */
void event_add_test(struct call *call, const struct bucket *bucket, const struct notification *notification);

/* The key as events and filters have it: form-url-encoded, '/' kept. */
const char *event_key(struct arena *arena, const char *key);
