/* Whether the targets of a notification configuration exist and let S3 in: asked of the other services by their public operations, while the
 * call is parked. */
#pragma once
#include "services/s3/notification.h"

/* PARKED: the questions are on their way, and `run` will run again. ANSWERED (the second time): all is well. FAILED: fail() tells of all that
 * is wrong. Takes call->context for itself. */
enum outcome destination_check(struct call *call, const struct bucket *bucket, const struct notification *notifications, size_t count,
                               enum outcome (*run)(struct call *call));
