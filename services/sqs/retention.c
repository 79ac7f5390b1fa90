#include "services/sqs/retention.h"

#include "emulator/loop/clock.h"
#include "emulator/store/blob.h"
#include "emulator/store/store.h"
#include "services/sqs/counts.h"

enum { SWEEP_ROWS = 500 };

static struct query expired_query =
    QUERY("SELECT id, visible_at, receives, blob FROM message WHERE epoch = ? AND sent_at <= ? ORDER BY sent_at LIMIT ?");
static struct query oldest_query = QUERY("SELECT min(sent_at) FROM message WHERE epoch = ?");
static struct query oldest_put = QUERY("UPDATE queue SET oldest = ? WHERE id = ?");
static struct query row_remove = QUERY("DELETE FROM message WHERE id = ?");
static struct query body_remove = QUERY("DELETE FROM message_body WHERE id = ?");

void message_remove(const struct queue *queue, int64_t id, int64_t visible_at, int64_t receives, int64_t blob)
{
    (void)query_run(&row_remove, "i", id);
    (void)query_run(&body_remove, "i", id);
    if (blob != 0)
        blob_release(blob);
    counts_add(queue->id, -1, 0);
    if (visible_at > clock_now())
        counts_hide(queue->epoch, visible_at, receives == 0 ? -1 : 0, receives == 0 ? 0 : -1);
}

bool retention_sweep(struct queue *queue)
{
    struct {
        int64_t id, visible_at, receives, blob;
    } rows[SWEEP_ROWS];
    int64_t until = clock_now() - queue->retention * 1000;
    size_t count = 0;

    if (queue->messages == 0 || queue->oldest > until)
        return true;
    query_start(&expired_query, "iii", queue->epoch, until, (int64_t)SWEEP_ROWS);
    while (query_step(&expired_query)) {
        rows[count].id = query_integer(&expired_query, 0);
        rows[count].visible_at = query_integer(&expired_query, 1);
        rows[count].receives = query_integer(&expired_query, 2);
        rows[count++].blob = query_integer(&expired_query, 3);
    }
    query_end(&expired_query);
    for (size_t i = 0; i < count; i++)
        message_remove(queue, rows[i].id, rows[i].visible_at, rows[i].receives, rows[i].blob);
    queue->messages -= (int64_t)count;
    if (count == SWEEP_ROWS)
        return false;
    queue->oldest = query_one(&oldest_query, clock_now(), "i", queue->epoch);
    (void)query_run(&oldest_put, "ii", queue->oldest, queue->id);
    return true;
}
