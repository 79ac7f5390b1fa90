#include "services/sqs/take.h"

#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/attempt.h"
#include "services/sqs/counts.h"
#include "services/sqs/group.h"
#include "services/sqs/receive.h"
#include "services/sqs/redrive.h"
#include "services/sqs/tenant.h"
#include "services/sqs/waiting.h"

enum { MOVES_MAX = 500 };

#define COLUMNS \
    "m.id, m.sent_at, m.receives, m.first_received, m.token, m.cause, m.blob, m.source, b.message_id, b.body, b.md5, b.attributes, b.sender, b.trace," \
    " b.group_id, b.deduplication_id, m.position, m.visible_at, m.message_group"

static struct query head_query = QUERY("SELECT " COLUMNS " FROM message AS m INDEXED BY message_by_visible_at CROSS JOIN message_body AS b ON b.id = m.id"
                                       " WHERE m.epoch = ? AND m.visible_at <= ? ORDER BY m.visible_at, m.id LIMIT ?");
static struct query group_query = QUERY("SELECT " COLUMNS " FROM message AS m INDEXED BY message_by_group CROSS JOIN message_body AS b ON b.id = m.id"
                                        " WHERE m.message_group = ? ORDER BY m.position LIMIT ?");
static struct query one_query = QUERY("SELECT " COLUMNS " FROM message AS m CROSS JOIN message_body AS b ON b.id = m.id WHERE m.id = ?");
static struct query visible_query = QUERY("SELECT " COLUMNS " FROM message AS m INDEXED BY message_by_visible_at CROSS JOIN message_body AS b ON b.id = m.id"
                                          " WHERE m.epoch = ?1 AND m.visible_at <= ?2 AND m.sent_at > ?3 ORDER BY m.visible_at, m.id LIMIT ?4");
static struct query all_query = QUERY("SELECT " COLUMNS " FROM message AS m INDEXED BY message_by_sent_at CROSS JOIN message_body AS b ON b.id = m.id"
                                      " WHERE m.epoch = ?1 AND m.sent_at <= ?2 AND m.sent_at > ?3 ORDER BY m.sent_at, m.id LIMIT ?4");
static struct query take_query =
    QUERY("UPDATE message SET visible_at = ?1, receives = receives + 1, first_received = coalesce(first_received, ?2), received = ?2,"
          " position = iif(message_group IS NULL, NULL, ?1) WHERE id = ?3");
static struct query take_fifo_query =
    QUERY("UPDATE message SET visible_at = ?, receives = receives + 1, first_received = coalesce(first_received, ?2), received = ?2 WHERE id = ?3");
static struct query again_query = QUERY("UPDATE message SET visible_at = ?, received = ? WHERE id = ? RETURNING message_group");

static size_t read_rows(struct arena *arena, struct query *query, struct taken *taken)
{
    size_t count = 0;

    while (query_step(query))
        taken[count++] = (struct taken){.id = query_integer(query, 0),
                                        .sent_at = query_integer(query, 1),
                                        .receives = query_integer(query, 2),
                                        .first_received = query_integer(query, 3),
                                        .token = query_integer(query, 4),
                                        .cause = (uint64_t)query_integer(query, 5),
                                        .blob = query_integer(query, 6),
                                        .source = query_text(query, arena, 7),
                                        .message_id = query_text(query, arena, 8),
                                        .body = query_bytes(query, arena, 9),
                                        .digest = query_text(query, arena, 10),
                                        .attributes = query_bytes(query, arena, 11),
                                        .sender = query_text(query, arena, 12),
                                        .trace = query_text(query, arena, 13),
                                        .group = query_text(query, arena, 14),
                                        .deduplication = query_text(query, arena, 15),
                                        .position = query_integer(query, 16),
                                        .visible_at = query_integer(query, 17),
                                        .group_row = query_integer(query, 18)};
    query_end(query);
    return count;
}

size_t taken_look(struct arena *arena, const struct queue *queue, bool in_any_state, size_t most, struct taken *taken)
{
    struct query *query = in_any_state ? &all_query : &visible_query;

    query_start(query, "iiii", queue->epoch, clock_now(), clock_now() - queue->retention * 1000, (int64_t)most);
    return read_rows(arena, query, taken);
}

static void take_one(const struct queue *queue, struct taken *message, int64_t visible_at)
{
    int64_t now = clock_now();

    (void)query_run(queue->is_fifo ? &take_fifo_query : &take_query, "iii", visible_at, now, message->id);
    message->receives++;
    if (message->receives == 1 || message->first_received == 0)
        message->first_received = now;
}

/* --- standard queues ----------------------------------------------------------------------------------------------------------- */

/* The turn of a tenant: of those that have something left, the one with least in flight. */
struct turns {
    struct tenant tenants[TENANTS_MAX];
    int64_t messages[TENANTS_MAX][RECEIVE_MAX];
    size_t left[TENANTS_MAX], next[TENANTS_MAX], count;
};

static bool next_in_turn(struct turns *turns, size_t most, int64_t *message)
{
    for (;;) {
        size_t best = turns->count;

        for (size_t i = 0; i < turns->count; i++)
            if (turns->tenants[i].id != 0 && (best == turns->count || turns->tenants[i].busy < turns->tenants[best].busy))
                best = i;
        if (best == turns->count)
            return false;
        if (turns->next[best] == 0)
            turns->left[best] = tenant_messages(turns->tenants[best].id, most, turns->messages[best]);
        if (turns->next[best] < turns->left[best]) {
            *message = turns->messages[best][turns->next[best]++];
            turns->tenants[best].busy++;
            return true;
        }
        turns->tenants[best].id = 0; /* nothing left */
    }
}

/* False: it went to the dead-letter queue. */
static bool take_or_move(struct call *call, const struct queue *queue, const struct taking *taking, struct taken *message)
{
    struct queue target;
    bool is_dead = redrive_is_due(call->arena, queue, message->receives, &target);

    if (is_dead)
        redrive_move(call, queue, &target, message->id, message->group, message->sent_at, message->cause);
    else
        take_one(queue, message, taking->visible_at);
    tenant_refresh(message->group_row);
    return !is_dead;
}

/* The oldest messages say how many there are and which belong to nobody; whose turn it is among tenants is decided anew for each. */
static size_t take_in_turn(struct call *call, const struct queue *queue, const struct taking *taking, const struct taken *heads, size_t count,
                           struct taken *taken, size_t *moved)
{
    struct turns *turns = arena_alloc(call->arena, sizeof *turns);
    size_t kept = 0;

    turns->count = tenants_ready(queue, turns->tenants);
    for (size_t i = 0; i < count; i++) {
        struct taken message = heads[i];
        int64_t row;

        if (message.group_row != 0) {
            if (!next_in_turn(turns, (size_t)taking->most, &row))
                break;
            query_start(&one_query, "i", row);
            (void)read_rows(call->arena, &one_query, &message);
        }
        if (take_or_move(call, queue, taking, &message))
            taken[kept++] = message;
        else
            (*moved)++;
    }
    return kept;
}

static size_t take_standard(struct call *call, const struct queue *queue, const struct taking *taking, struct taken *taken, bool *is_unfinished)
{
    size_t kept = 0, moved = 0, count;
    struct taken heads[RECEIVE_MAX];

    do {
        bool has_tenants = false;

        query_start(&head_query, "iii", queue->epoch, clock_now(), taking->most);
        count = read_rows(call->arena, &head_query, heads);
        for (size_t i = 0; i < count; i++)
            has_tenants = has_tenants || heads[i].group_row != 0;
        if (has_tenants)
            kept = take_in_turn(call, queue, taking, heads, count, taken, &moved);
        for (size_t i = 0; i < count && !has_tenants; i++) {
            if (take_or_move(call, queue, taking, &heads[i]))
                taken[kept++] = heads[i];
            else
                moved++;
        }
    } while (kept == 0 && count > 0 && moved < MOVES_MAX);
    *is_unfinished = kept == 0 && count > 0;
    return kept;
}

/* --- FIFO queues --------------------------------------------------------------------------------------------------------------- */

/* Takes the first messages of a group that has none in flight, as many as there is room for; *moved counts dead letters. */
static size_t take_group(struct call *call, const struct queue *queue, const struct taking *taking, int64_t group, struct taken *taken, size_t room,
                         size_t *moved)
{
    struct taken found[RECEIVE_MAX];
    size_t kept = 0, left = 0, count;
    struct queue target;

    do {
        left = *moved;
        query_start(&group_query, "ii", group, (int64_t)(room - kept));
        count = read_rows(call->arena, &group_query, found);
        for (size_t i = 0; i < count; i++) {
            bool is_fresh = found[i].receives == 0;

            if (is_fresh && found[i].sent_at + queue->delay * 1000 > clock_now())
                break;
            if (redrive_is_due(call->arena, queue, found[i].receives, &target)) {
                redrive_move(call, queue, &target, found[i].id, found[i].group, found[i].sent_at, found[i].cause);
                (*moved)++;
                continue;
            }
            if (is_fresh)
                counts_fresh(queue, found[i].sent_at, -1);
            take_one(queue, &found[i], taking->visible_at);
            taken[kept++] = found[i];
        }
        /* Only dead letters were in front: what stands behind them is next. */
    } while (kept == 0 && *moved > left && *moved < MOVES_MAX);
    if (*moved > 0)
        group_refresh(group);
    else if (kept > 0)
        group_lock(group, taking->visible_at);
    return kept;
}

static size_t take_fifo(struct call *call, const struct queue *queue, const struct taking *taking, struct taken *taken, bool *is_unfinished)
{
    size_t kept = 0, moved = 0, count = 0;
    int64_t after = 0;

    *is_unfinished = !groups_unlock(queue);
    while (!*is_unfinished && kept < (size_t)taking->most) {
        int64_t groups[GROUPS_MAX], heads[GROUPS_MAX];

        count = groups_ready(queue, after, GROUPS_MAX, groups, heads);
        for (size_t i = 0; i < count && kept < (size_t)taking->most; i++) {
            kept += take_group(call, queue, taking, groups[i], taken + kept, (size_t)taking->most - kept, &moved);
            after = heads[i];
        }
        *is_unfinished = kept == 0 && moved >= MOVES_MAX;
        if (count < GROUPS_MAX)
            break;
    }
    return kept;
}

/* The same messages again, hidden anew. */
static size_t take_again(struct call *call, const struct queue *queue, const struct taking *taking, struct taken *taken)
{
    int64_t rows[RECEIVE_MAX], before, group = 0;
    size_t count = attempt_find(queue, taking->attempt, rows, &before);

    for (size_t i = 0; i < count; i++) {
        query_start(&one_query, "i", rows[i]);
        (void)read_rows(call->arena, &one_query, &taken[i]);
        group = query_one(&again_query, 0, "iii", taking->visible_at, clock_now(), rows[i]);
        group_refresh(group);
    }
    if (count > 0)
        counts_hide(queue, before, 0, -(int64_t)count);
    return count;
}

/* --- both ---------------------------------------------------------------------------------------------------------------------- */

size_t take(struct call *call, const struct queue *queue, const struct taking *taking, struct taken *taken, bool *is_unfinished)
{
    size_t kept = 0;

    *is_unfinished = false;
    if (taking->attempt != NULL)
        kept = take_again(call, queue, taking, taken);
    if (kept == 0)
        kept = queue->is_fifo ? take_fifo(call, queue, taking, taken, is_unfinished) : take_standard(call, queue, taking, taken, is_unfinished);
    if (kept == 0)
        return 0;
    if (taking->visible_at > clock_now())
        counts_hide(queue, taking->visible_at, 0, (int64_t)kept);
    if (taking->attempt != NULL) {
        int64_t rows[RECEIVE_MAX];

        for (size_t i = 0; i < kept; i++)
            rows[i] = taken[i].id;
        attempt_remember(queue, taking->attempt, rows, kept, taking->visible_at);
    }
    waiting_notice(queue->id);
    return kept;
}
