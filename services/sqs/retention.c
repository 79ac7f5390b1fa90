#include "services/sqs/retention.h"

#include "emulator/loop/clock.h"
#include "emulator/store/blob.h"
#include "emulator/store/store.h"
#include "services/sqs/counts.h"
#include "services/sqs/group.h"
#include "services/sqs/tenant.h"

enum { SWEEP_ROWS = 500 };

static struct query expired_query =
    QUERY("SELECT id, sent_at, visible_at, receives, blob, message_group FROM message WHERE epoch = ? AND sent_at <= ? ORDER BY sent_at LIMIT ?");
static struct query oldest_query = QUERY("SELECT min(sent_at) FROM message WHERE epoch = ?");
static struct query oldest_put = QUERY("UPDATE queue SET oldest = ? WHERE id = ?");
static struct query row_remove = QUERY("DELETE FROM message WHERE id = ?");
static struct query body_remove = QUERY("DELETE FROM message_body WHERE id = ?");

void message_remove(const struct queue *queue, const struct standing *message)
{
    bool is_fresh = message->receives == 0;

    (void)query_run(&row_remove, "i", message->id);
    (void)query_run(&body_remove, "i", message->id);
    if (message->blob != 0)
        blob_release(message->blob);
    counts_add(queue->id, -1, 0);
    if (message->visible_at > clock_now())
        counts_hide(queue, message->visible_at, is_fresh ? -1 : 0, is_fresh ? 0 : -1);
    if (queue->is_fifo && is_fresh)
        counts_fresh(queue, message->sent_at, -1);
    if (queue->is_fifo)
        group_refresh(message->group);
    else
        tenant_refresh(message->group);
}

bool retention_sweep(struct queue *queue)
{
    struct standing rows[SWEEP_ROWS];
    int64_t until = clock_now() - queue->retention * 1000;
    size_t count = 0;

    if (queue->messages == 0 || queue->oldest > until)
        return true;
    query_start(&expired_query, "iii", queue->epoch, until, (int64_t)SWEEP_ROWS);
    while (query_step(&expired_query))
        rows[count++] = (struct standing){.id = query_integer(&expired_query, 0),
                                          .sent_at = query_integer(&expired_query, 1),
                                          .visible_at = query_integer(&expired_query, 2),
                                          .receives = query_integer(&expired_query, 3),
                                          .blob = query_integer(&expired_query, 4),
                                          .group = query_integer(&expired_query, 5)};
    query_end(&expired_query);
    for (size_t i = 0; i < count; i++)
        message_remove(queue, &rows[i]);
    queue->messages -= (int64_t)count;
    if (count == SWEEP_ROWS)
        return false;
    queue->oldest = query_one(&oldest_query, clock_now(), "i", queue->epoch);
    (void)query_run(&oldest_put, "ii", queue->oldest, queue->id);
    return true;
}
