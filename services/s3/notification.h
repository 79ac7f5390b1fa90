/* A bucket's notification configuration, and whom an event goes to. */
#pragma once
#include "services/s3/bucket.h"

enum notification_kind { NOTIFICATION_QUEUE, NOTIFICATION_FUNCTION, NOTIFICATION_KINDS };

struct notification {
    enum notification_kind kind;
    const char *id, *arn;
    struct value events; /* list of texts: "s3:ObjectCreated:*" */
    struct value rules;  /* list of [name, value] as given; absent: no filter */
    const char *prefix, *suffix; /* from the rules; "" when there is none */
    bool has_filter;
};

/* All of a bucket, in the order of the configuration. */
struct notification *notification_list(struct arena *arena, int64_t bucket, size_t *count);
void notification_drop_all(int64_t bucket);

/* Pure parts, for the configuration's validation and for events. */
bool event_matches(const char *wanted, const char *event); /* "s3:ObjectCreated:*" and "s3:ObjectCreated:Put" */
bool notification_wants(const struct notification *notification, const char *event, const char *encoded_key);
/* NULL, or the message with which S3 refuses the two beside one another. */
const char *notification_conflict(const struct notification *a, const struct notification *b);

/* True when the policy (JSON) lets `service` do `action` on behalf of the bucket. */
bool policy_allows(struct arena *arena, const char *policy, const char *service, const char *action, const struct bucket *bucket);
