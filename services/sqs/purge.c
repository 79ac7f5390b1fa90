#include "services/sqs/purge.h"

#include "emulator/aws/protocol.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/blob.h"
#include "emulator/store/store.h"
#include "services/sqs/errors.h"
#include "services/sqs/queue.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/waiting.h"

/* A slice has to stay far under the limit of a turn, also with bodies at their longest. */
enum { SLICE_ROWS = 400, PURGE_PAUSE_MS = 60000 };

static struct query discard_query = QUERY("UPDATE queue_epoch SET is_discarded = 1 WHERE id = ?");
static struct query next_query = QUERY("SELECT id FROM queue_epoch WHERE is_discarded LIMIT 1");
static struct query rows_query = QUERY("SELECT id, blob FROM message WHERE epoch = ? LIMIT ?");
static struct query message_remove = QUERY("DELETE FROM message WHERE id = ?");
static struct query body_remove = QUERY("DELETE FROM message_body WHERE id = ?");
static struct query hidden_remove = QUERY("DELETE FROM queue_hidden WHERE epoch = ?1 AND second IN"
                                          " (SELECT second FROM queue_hidden WHERE epoch = ?1 LIMIT ?2)");
static struct query groups_remove = QUERY("DELETE FROM message_group WHERE id IN (SELECT id FROM message_group WHERE epoch = ? LIMIT ?)");
static struct query tenants_remove = QUERY("DELETE FROM tenant WHERE id IN (SELECT id FROM tenant WHERE epoch = ? LIMIT ?)");
static struct query deduplication_remove = QUERY("DELETE FROM deduplication WHERE epoch = ?1 AND key IN"
                                                 " (SELECT key FROM deduplication WHERE epoch = ?1 LIMIT ?2)");
static struct query attempts_remove = QUERY("DELETE FROM receive_attempt WHERE epoch = ?1 AND attempt IN"
                                            " (SELECT attempt FROM receive_attempt WHERE epoch = ?1 LIMIT ?2)");
static struct query epoch_remove = QUERY("DELETE FROM queue_epoch WHERE id = ?");
static struct query epoch_insert = QUERY("INSERT INTO queue_epoch(is_discarded) VALUES (0)");
static struct query epoch_change = QUERY("UPDATE queue SET epoch = ?, messages = 0, purged = ? WHERE id = ?");

/* Removes up to SLICE_ROWS rows; true when nothing of the epoch is left. */
static bool remove_rows(int64_t epoch)
{
    struct {
        int64_t id, blob;
    } rows[SLICE_ROWS];
    size_t count = 0;

    query_start(&rows_query, "ii", epoch, (int64_t)SLICE_ROWS);
    while (query_step(&rows_query)) {
        rows[count].id = query_integer(&rows_query, 0);
        rows[count++].blob = query_integer(&rows_query, 1);
    }
    query_end(&rows_query);
    for (size_t i = 0; i < count; i++) {
        (void)query_run(&message_remove, "i", rows[i].id);
        (void)query_run(&body_remove, "i", rows[i].id);
        if (rows[i].blob != 0)
            blob_release(rows[i].blob);
    }
    if (count == SLICE_ROWS)
        return false;
    struct query *others[] = {&hidden_remove, &groups_remove, &tenants_remove, &deduplication_remove, &attempts_remove};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (query_run(others[i], "ii", epoch, (int64_t)SLICE_ROWS) == SLICE_ROWS)
            return false;
    (void)query_run(&epoch_remove, "i", epoch);
    return true;
}

static void run_slice(struct task *task)
{
    int64_t epoch = query_one(&next_query, 0, "");

    if (epoch == 0)
        return;
    loop_doing("sqs: removing discarded messages");
    store_begin();
    (void)remove_rows(epoch);
    /* A full disk ends the work until something is discarded again; the rows are nobody's messages. */
    if (store_commit() == 0)
        loop_slice(task);
}

static struct task slice = {.run = run_slice};

void epoch_discard(int64_t epoch)
{
    (void)query_run(&discard_query, "i", epoch);
    loop_slice(&slice);
}

void purge_start(void)
{
    if (query_one(&next_query, 0, "") != 0)
        loop_slice(&slice);
}

void purge_reset(void)
{
    loop_slice_cancel(&slice);
}

enum outcome purge_queue(struct call *call)
{
    int64_t now = clock_now();
    struct queue queue;

    if (!queue_of_call(call, input_text(call, PurgeQueueRequest_QueueUrl), &queue))
        return FAILED;
    if (protocol_strict && queue.purged != 0 && now < queue.purged + PURGE_PAUSE_MS)
        return fail(call, &purge_queue_in_progress, "Only one PurgeQueue operation on %s is allowed every 60 seconds.", queue.name);
    (void)query_run(&epoch_insert, "");
    int64_t epoch = store_last_id();
    (void)query_run(&epoch_change, "iii", epoch, now, queue.id);
    epoch_discard(queue.epoch);
    waiting_notice(queue.id); /* nobody is woken, but what the next one was waited for is gone */
    return answer(call);
}
