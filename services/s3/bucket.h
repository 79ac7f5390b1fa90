/* Buckets: names are global, each has an owner and a region. And the door of every operation on one: bucket_enter(). */
#pragma once
#include "emulator/aws/call.h"

enum versioning { VERSIONING_NEVER, VERSIONING_ENABLED, VERSIONING_SUSPENDED };

struct bucket {
    int64_t id;
    const char *name, *account, *region;
    const char *location; /* LocationConstraint as given at creation ("EU" stays), NULL: none */
    int64_t created_at;
    enum versioning versioning;
};

bool bucket_find(struct arena *arena, const char *name, struct bucket *bucket);

/* First thing in every operation on a bucket: presigned expiry, existence, owner, x-amz-expected-bucket-owner. ANSWERED means: go on. */
enum outcome bucket_enter(struct call *call, uint16_t bucket_member, uint16_t owner_member, struct bucket *bucket);
#define BUCKET_ENTER(call, operation, bucket)                                                                                     \
    bucket_enter(call, operation##Request_Bucket, operation##Request_ExpectedBucketOwner, bucket)

/* The same with a key: also its length, and call->arn. *key is as sent, decoded. */
enum outcome object_enter(struct call *call, uint16_t bucket_member, uint16_t owner_member, uint16_t key_member, struct bucket *bucket,
                          const char **key);
#define OBJECT_ENTER(call, operation, bucket, key)                                                                                \
    object_enter(call, operation##Request_Bucket, operation##Request_ExpectedBucketOwner, operation##Request_Key, bucket, key)

/* A bucket that is named elsewhere than in the URI (copy source): existence and owner. */
enum outcome bucket_of_name(struct call *call, const char *name, const char *expected_owner, struct bucket *bucket);

/* The canonical user of an account: 64 hex digits that stay the same; as an Owner structure; as an event's principal. */
const char *owner_id(struct arena *arena, const char *account);
struct value owner_struct(struct call *call, const char *account);

enum { KEY_LIMIT = 1024, BUCKETS_PAGE = 10000 };
