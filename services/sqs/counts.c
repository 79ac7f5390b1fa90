#include "services/sqs/counts.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

enum { DELAY_MAX = 900 /* seconds */ };

static struct query later_query = QUERY("SELECT sum(delayed), sum(in_flight) FROM queue_hidden WHERE epoch = ? AND second > ?");
static struct query bound_query = QUERY("SELECT sum(in_flight) FROM queue_hidden WHERE epoch = ? AND second >= ?");
static struct query soon_query =
    QUERY("SELECT sum(receives = 0), sum(receives > 0) FROM message WHERE epoch = ? AND visible_at > ? AND visible_at < ?");
static struct query fresh_query = QUERY("SELECT sum(delayed) FROM queue_hidden WHERE epoch = ? AND second > ?");
static struct query fresh_soon_query = QUERY("SELECT count(*) FROM message INDEXED BY message_by_sent_at"
                                             " WHERE epoch = ? AND sent_at > ? AND sent_at < ? AND receives = 0");
static struct query hide_query =
    QUERY("UPDATE queue_hidden SET delayed = delayed + ?, in_flight = in_flight + ? WHERE epoch = ? AND second = ?");
static struct query hide_first =
    QUERY("INSERT INTO queue_hidden(delayed, in_flight, epoch, second) VALUES (?, ?, ?, ?)");
static struct query forget_query = QUERY("DELETE FROM queue_hidden WHERE epoch = ? AND second < ?");
static struct query come_query = QUERY("UPDATE queue SET oldest = CASE WHEN messages = 0 THEN ?2 ELSE min(oldest, ?2) END,"
                                       " messages = messages + ?1 WHERE id = ?3");
static struct query go_query = QUERY("UPDATE queue SET messages = messages + ? WHERE id = ?");

static void add(struct query *query, int64_t *delayed, int64_t *in_flight)
{
    if (query_step(query)) {
        *delayed += query_integer(query, 0);
        *in_flight += query_integer(query, 1);
    }
    query_end(query);
}

static int64_t delayed_fifo(const struct queue *queue)
{
    int64_t until = clock_now() - queue->delay * 1000;

    return queue->delay == 0 ? 0
                             : query_one(&fresh_query, 0, "ii", queue->epoch, until / 1000) +
                                   query_one(&fresh_soon_query, 0, "iii", queue->epoch, until, (until / 1000 + 1) * 1000);
}

void counts_read(const struct queue *queue, struct counts *counts)
{
    int64_t now = clock_now(), delayed = 0, in_flight = 0;

    query_start(&later_query, "ii", queue->epoch, now / 1000);
    add(&later_query, &delayed, &in_flight);
    query_start(&soon_query, "iii", queue->epoch, now, (now / 1000 + 1) * 1000);
    add(&soon_query, &delayed, &in_flight);
    if (queue->is_fifo)
        delayed = delayed_fifo(queue);
    *counts = (struct counts){queue->messages - delayed - in_flight, delayed, in_flight};
}

int64_t counts_in_flight_at_most(const struct queue *queue)
{
    return query_one(&bound_query, 0, "ii", queue->epoch, clock_now() / 1000);
}

static void put(const struct queue *queue, int64_t second, int64_t delayed, int64_t in_flight)
{
    if (query_run(&hide_query, "iiii", delayed, in_flight, queue->epoch, second) > 0)
        return;
    (void)query_run(&hide_first, "iiii", delayed, in_flight, queue->epoch, second);
    /* A new second is the occasion to forget those that have passed. */
    (void)query_run(&forget_query, "ii", queue->epoch, clock_now() / 1000 - (queue->is_fifo ? DELAY_MAX + 1 : 0));
}

void counts_hide(const struct queue *queue, int64_t visible_at, int64_t delayed, int64_t in_flight)
{
    put(queue, visible_at / 1000, delayed, in_flight);
}

void counts_fresh(const struct queue *queue, int64_t sent_at, int64_t messages)
{
    if (sent_at / 1000 >= clock_now() / 1000 - DELAY_MAX)
        put(queue, sent_at / 1000, messages, 0);
}

void counts_add(int64_t queue, int64_t messages, int64_t oldest)
{
    if (messages > 0)
        (void)query_run(&come_query, "iii", messages, oldest, queue);
    else
        (void)query_run(&go_query, "ii", messages, queue);
}
