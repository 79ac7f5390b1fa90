#include "services/sqs/group.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/receive.h"

enum { UNLOCKS_MAX = 1000 };

static struct query find_query = QUERY("SELECT id FROM message_group WHERE epoch = ? AND name = ?");
static struct query add_query = QUERY("INSERT INTO message_group(epoch, name, ready_at, since, head) VALUES (?, ?, 0, ?, ?)");
static struct query first_query = QUERY("SELECT position, sent_at, receives, visible_at FROM message INDEXED BY message_by_group WHERE message_group = ?"
                                        " ORDER BY position LIMIT ?");
static struct query change_query = QUERY("UPDATE message_group SET ready_at = ?, since = ?, head = ? WHERE id = ?");
static struct query remove_query = QUERY("DELETE FROM message_group WHERE id = ?");
static struct query lock_query = QUERY("UPDATE message_group SET ready_at = ?, since = 0 WHERE id = ?");
static struct query locked_query = QUERY("SELECT ready_at FROM message_group WHERE id = ?");
static struct query unlock_query =
    QUERY("UPDATE message_group SET ready_at = 0 WHERE id IN (SELECT id FROM message_group INDEXED BY message_group_ready"
          " WHERE epoch = ? AND ready_at > 0 AND ready_at <= ? LIMIT ?)");
/* Two ranges of one index, each in order of the heads: those that no delay can hide, and those that have been there for long enough. */
static struct query ready_query =
    QUERY("SELECT id, head FROM (SELECT id, head FROM message_group INDEXED BY message_group_ready"
          " WHERE epoch = ?1 AND ready_at = 0 AND since = 0 AND head > ?2 ORDER BY head LIMIT ?4)"
          " UNION ALL SELECT id, head FROM (SELECT id, head FROM message_group INDEXED BY message_group_ready"
          " WHERE epoch = ?1 AND ready_at = 0 AND since > 0 AND since <= ?3 AND head > ?2 ORDER BY since, head LIMIT ?4)"
          " ORDER BY head LIMIT ?4");
static struct query count_query = QUERY("SELECT count(*) FROM (SELECT 1 FROM message_group WHERE epoch = ? AND ready_at = 0 AND since <= ? LIMIT ?)");
static struct query back_query = QUERY("SELECT count(*) FROM (SELECT 1 FROM message_group WHERE epoch = ? AND ready_at > 0 AND ready_at <= ? LIMIT ?)");
static struct query next_lock_query = QUERY("SELECT min(ready_at) FROM message_group WHERE epoch = ? AND ready_at > ?");
static struct query next_delay_query = QUERY("SELECT min(since) FROM message_group WHERE epoch = ? AND ready_at = 0 AND since > ?");

int64_t group_join(const struct queue *queue, const char *name, int64_t position, int64_t since)
{
    int64_t group = query_one(&find_query, 0, "it", queue->epoch, name);

    if (group != 0)
        return group;
    (void)query_run(&add_query, "itii", queue->epoch, name, since, position);
    return store_last_id();
}

void group_refresh(int64_t group)
{
    int64_t now = clock_now(), ready_at = 0, since = 0, head = 0;

    if (group == 0)
        return;
    query_start(&first_query, "ii", group, (int64_t)RECEIVE_MAX);
    while (query_step(&first_query)) {
        int64_t visible_at = query_integer(&first_query, 3);

        if (head == 0) {
            head = query_integer(&first_query, 0);
            since = query_integer(&first_query, 2) == 0 ? query_integer(&first_query, 1) : 0;
        }
        if (visible_at > now && visible_at > ready_at)
            ready_at = visible_at;
    }
    query_end(&first_query);
    if (head == 0)
        (void)query_run(&remove_query, "i", group);
    else
        (void)query_run(&change_query, "iiii", ready_at, since, head, group);
}

void group_lock(int64_t group, int64_t visible_at)
{
    (void)query_run(&lock_query, "ii", visible_at > clock_now() ? visible_at : (int64_t)0, group);
}

bool group_is_locked(int64_t group)
{
    return group != 0 && query_one(&locked_query, 0, "i", group) > clock_now();
}

bool groups_unlock(const struct queue *queue)
{
    return query_run(&unlock_query, "iii", queue->epoch, clock_now(), (int64_t)UNLOCKS_MAX) < UNLOCKS_MAX;
}

size_t groups_ready(const struct queue *queue, int64_t after, size_t most, int64_t *groups, int64_t *heads)
{
    size_t count = 0;

    query_start(&ready_query, "iiii", queue->epoch, after, clock_now() - queue->delay * 1000, (int64_t)most);
    while (query_step(&ready_query)) {
        groups[count] = query_integer(&ready_query, 0);
        heads[count++] = query_integer(&ready_query, 1);
    }
    query_end(&ready_query);
    return count;
}

int64_t groups_count(int64_t epoch, int64_t delay, int64_t most)
{
    int64_t now = clock_now();

    return query_one(&count_query, 0, "iii", epoch, now - delay * 1000, most) + query_one(&back_query, 0, "iii", epoch, now, most);
}

int64_t groups_next(int64_t epoch, int64_t delay)
{
    int64_t now = clock_now();
    int64_t lock = query_one(&next_lock_query, 0, "ii", epoch, now), since = query_one(&next_delay_query, 0, "ii", epoch, now - delay * 1000);
    int64_t delayed = since == 0 ? 0 : since + delay * 1000;

    if (lock == 0 && delayed == 0)
        return -1;
    return lock == 0 || (delayed != 0 && delayed < lock) ? delayed : lock;
}
