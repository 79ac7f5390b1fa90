#include "services/sqs/move.h"

#include "emulator/aws/journal.h"
#include "emulator/base/id.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/counts.h"
#include "services/sqs/group.h"
#include "services/sqs/tenant.h"
#include "services/sqs/waiting.h"

#define COLUMNS "m.id, m.sent_at, m.receives, m.message_group, m.cause, m.source, b.group_id"

static struct query standard_query = QUERY("SELECT " COLUMNS " FROM message AS m INDEXED BY message_by_visible_at CROSS JOIN message_body AS b ON b.id = m.id"
                                           " WHERE m.epoch = ? AND m.visible_at <= ? ORDER BY m.visible_at, m.id LIMIT 1");
static struct query group_query = QUERY("SELECT " COLUMNS " FROM message AS m INDEXED BY message_by_group CROSS JOIN message_body AS b ON b.id = m.id"
                                        " WHERE m.message_group = ? ORDER BY m.position LIMIT 1");
static struct query move_query = QUERY("UPDATE message SET epoch = ?1, visible_at = ?2, sent_at = ?3, receives = 0, first_received = NULL, received = NULL, token = ?4,"
                                       " cause = ?5, source = NULL, message_group = nullif(?6, 0), position = nullif(?7, 0) WHERE id = ?8");
static struct query rename_query = QUERY("UPDATE message_body SET message_id = ? WHERE id = ?");
static struct query position_put = QUERY("UPDATE queue SET position = ? WHERE id = ?");

static bool read_row(struct arena *arena, struct query *query, struct movable *message)
{
    bool found = query_step(query);

    if (found)
        *message = (struct movable){.id = query_integer(query, 0),
                                    .sent_at = query_integer(query, 1),
                                    .receives = query_integer(query, 2),
                                    .old_group = query_integer(query, 3),
                                    .cause = (uint64_t)query_integer(query, 4),
                                    .source = query_text(query, arena, 5),
                                    .group = query_text(query, arena, 6)};
    query_end(query);
    return found;
}

bool movable_find(struct arena *arena, struct queue *queue, struct movable *message)
{
    int64_t group, head;

    if (!queue->is_fifo) {
        query_start(&standard_query, "ii", queue->epoch, clock_now());
        return read_row(arena, &standard_query, message);
    }
    (void)groups_unlock(queue);
    if (groups_ready(queue, 0, 1, &group, &head) == 0)
        return false;
    query_start(&group_query, "i", group);
    return read_row(arena, &group_query, message);
}

static uint64_t tell(struct arena *arena, const struct queue *target, uint64_t cause)
{
    struct journal_record record = {.kind = JOURNAL_DELIVERY,
                                    .cause = cause,
                                    .actor = "move-task",
                                    .account = target->account,
                                    .region = target->region,
                                    .service = "sqs",
                                    .operation = "SendMessage",
                                    .arn = queue_arn(arena, target->account, target->region, target->name)};

    return journal_note(&record, &(struct journal_end){.status = 200});
}

void movable_move(struct arena *arena, struct queue *queue, struct queue *target, const struct movable *message, uint64_t cause)
{
    int64_t now = clock_now(), position = 0, group = 0, visible_at = target->is_fifo ? now : now + target->delay * 1000;
    char name[37];

    if (target->is_fifo) {
        position = ++target->position;
        group = group_join(target, message->group, position, now);
        (void)query_run(&position_put, "ii", position, target->id);
    }
    if (!target->is_fifo && message->group != NULL) {
        position = visible_at;
        group = tenant_join(target, message->group, visible_at);
    }
    id_uuid_to(name);
    (void)query_run(&move_query, "iiiiiiii", target->epoch, visible_at, now, (int64_t)id_random(), (int64_t)tell(arena, target, cause), group, position,
                    message->id);
    (void)query_run(&rename_query, "ti", name, message->id);
    counts_add(queue->id, -1, 0);
    counts_add(target->id, 1, now);
    if (queue->is_fifo && message->receives == 0)
        counts_fresh(queue, message->sent_at, -1);
    if (target->is_fifo)
        counts_fresh(target, now, 1);
    else if (visible_at > now)
        counts_hide(target, visible_at, 1, 0);
    if (queue->is_fifo)
        group_refresh(message->old_group);
    else
        tenant_refresh(message->old_group);
    waiting_notice(queue->id);
    waiting_notice(target->id);
}
