/* What a bucket answers that has no configuration of a kind: AWS's error, or the default of new buckets. */
#pragma once
#include "services/s3/bucket.h"

enum outcome no_tags(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome no_cors(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome no_policy(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome no_lifecycle(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome no_website(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome no_replication(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome no_configuration(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome default_public_access(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome default_ownership(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome default_encryption(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome default_payer(struct call *call, const struct bucket *bucket, bool is_removed);
enum outcome default_nothing(struct call *call, const struct bucket *bucket, bool is_removed);
