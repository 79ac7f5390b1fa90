/* Fair queues: the tenants of a standard queue, told by MessageGroupId. A tenant that has much in flight does not keep the others waiting: a receive takes from the ones
 * that have least in flight (documentation: "Amazon SQS fair queues"). Order within a tenant is that of becoming visible; nothing is locked.
 *
 * A tenant is a row while it holds messages, with the moment at which its first message is visible. In message rows, message_group is the tenant and position repeats visible_at, so
 * that what a tenant has in front and in flight are ranges of one index. */
#pragma once
#include "services/sqs/queue.h"

enum { TENANTS_MAX = 100 };

/* Inside a transaction: the tenant's row, for a message that is visible from `visible_at` on. */
int64_t tenant_join(const struct queue *queue, const char *name, int64_t visible_at);
/* After a message of it was hidden, shown or went. A tenant without messages goes. 0 is allowed. */
void tenant_refresh(int64_t tenant);

/* Up to TENANTS_MAX that have something to take, the one that has waited longest first, and what each has in flight or delayed (counted up to TENANT_BUSY). */
enum { TENANT_BUSY = 100 };
struct tenant {
    int64_t id, busy;
};
size_t tenants_ready(const struct queue *queue, struct tenant *tenants);
/* Rows of its first visible messages. */
size_t tenant_messages(int64_t tenant, size_t most, int64_t *messages);
