#include "services/sqs/tenant.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"

static struct query find_query = QUERY("SELECT id FROM tenant WHERE epoch = ? AND name = ?");
/* Negative numbers: those of message groups are positive, and one index of messages holds both. */
static struct query add_query = QUERY("INSERT INTO tenant(id, epoch, name, ready_at) VALUES ((SELECT coalesce(min(id), 0) - 1 FROM tenant), ?, ?, ?)");
static struct query sooner_query = QUERY("UPDATE tenant SET ready_at = ?1 WHERE id = ?2 AND ready_at > ?1");
static struct query first_query = QUERY("SELECT position FROM message INDEXED BY message_by_group WHERE message_group = ? ORDER BY position LIMIT 1");
static struct query change_query = QUERY("UPDATE tenant SET ready_at = ? WHERE id = ?");
static struct query remove_query = QUERY("DELETE FROM tenant WHERE id = ?");
static struct query ready_query = QUERY("SELECT id FROM tenant INDEXED BY tenant_ready WHERE epoch = ? AND ready_at <= ? ORDER BY ready_at, id LIMIT ?");
static struct query busy_query =
    QUERY("SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_by_group WHERE message_group = ? AND position > ? LIMIT ?)");
static struct query messages_query = QUERY("SELECT id FROM message INDEXED BY message_by_group WHERE message_group = ? AND position <= ?"
                                           " ORDER BY position, id LIMIT ?");

int64_t tenant_join(const struct queue *queue, const char *name, int64_t visible_at)
{
    int64_t tenant = query_one(&find_query, 0, "it", queue->epoch, name);

    if (tenant != 0) {
        (void)query_run(&sooner_query, "ii", visible_at, tenant);
        return tenant;
    }
    (void)query_run(&add_query, "iti", queue->epoch, name, visible_at);
    return store_last_id();
}

void tenant_refresh(int64_t tenant)
{
    if (tenant == 0)
        return;
    int64_t first = query_one(&first_query, -1, "i", tenant);
    if (first < 0)
        (void)query_run(&remove_query, "i", tenant);
    else
        (void)query_run(&change_query, "ii", first, tenant);
}

size_t tenants_ready(const struct queue *queue, struct tenant *tenants)
{
    int64_t now = clock_now();
    size_t count = 0;

    query_start(&ready_query, "iii", queue->epoch, now, (int64_t)TENANTS_MAX);
    while (query_step(&ready_query))
        tenants[count++].id = query_integer(&ready_query, 0);
    query_end(&ready_query);
    for (size_t i = 0; i < count; i++)
        tenants[i].busy = query_one(&busy_query, 0, "iii", tenants[i].id, now, (int64_t)TENANT_BUSY);
    return count;
}

size_t tenant_messages(int64_t tenant, size_t most, int64_t *messages)
{
    size_t count = 0;

    query_start(&messages_query, "iii", tenant, clock_now(), (int64_t)most);
    while (query_step(&messages_query))
        messages[count++] = query_integer(&messages_query, 0);
    query_end(&messages_query);
    return count;
}
