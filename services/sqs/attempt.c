#include "services/sqs/attempt.h"

#include <string.h>

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/receive.h"

enum { WINDOW_MS = 300000, FORGET_ROWS = 2 };

static struct query find_query = QUERY("SELECT messages, visible_at FROM receive_attempt WHERE epoch = ? AND attempt = ? AND expires > ?");
static struct query put_query = QUERY("INSERT INTO receive_attempt(epoch, attempt, expires, visible_at, messages) VALUES (?, ?, ?, ?, ?)"
                                      " ON CONFLICT(epoch, attempt) DO UPDATE SET expires = excluded.expires, visible_at = excluded.visible_at,"
                                      " messages = excluded.messages");
static struct query forget_query = QUERY("DELETE FROM receive_attempt WHERE (epoch, attempt) IN"
                                         " (SELECT epoch, attempt FROM receive_attempt INDEXED BY receive_attempt_by_expires WHERE expires <= ? LIMIT ?)");
static struct query message_query = QUERY("SELECT 1 FROM message WHERE id = ? AND epoch = ? AND visible_at = ?");

size_t attempt_find(const struct queue *queue, const char *attempt, int64_t *messages, int64_t *visible_at)
{
    int64_t now = clock_now();
    size_t count = 0;

    query_start(&find_query, "iti", queue->epoch, attempt, now);
    if (query_step(&find_query)) {
        struct bytes rows = query_bytes_borrow(&find_query, 0);

        count = rows.size / sizeof *messages;
        memcpy(messages, rows.at, count * sizeof *messages);
        *visible_at = query_integer(&find_query, 1);
    }
    query_end(&find_query);
    if (count > 0 && *visible_at <= now)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (query_one(&message_query, 0, "iii", messages[i], queue->epoch, *visible_at) == 0)
            return 0;
    return count;
}

void attempt_remember(const struct queue *queue, const char *attempt, const int64_t *messages, size_t count, int64_t visible_at)
{
    int64_t now = clock_now();
    struct bytes rows = {(const char *)(const void *)messages, count * sizeof *messages};

    (void)query_run(&forget_query, "ii", now, (int64_t)FORGET_ROWS);
    (void)query_run(&put_query, "itiib", queue->epoch, attempt, now + WINDOW_MS, visible_at, rows);
}
