#include "services/sqs/schema.h"

/* The messages of a queue from its creation, or from a purge, to the next purge are an epoch. Messages belong to an epoch, so that purging and deleting are one
 * row's change; the rows of an epoch that has lost its queue go in slices (purge.c).
 *
 * queue       numbers that every request needs; texts are rows of queue_text, so that counting messages rewrites a short row.
 *   messages  of this epoch, whatever their state. oldest: no message of it was sent before this.
 * message     receives 0 and visible_at in the future: delayed; receives > 0 and visible_at in the future: in flight.
 *   token     a random number that the receipt handle repeats: row numbers are used again.
 *   source    ARN of the queue that a dead letter comes from.
 *   cause     the journal's number of the call that sent it.
 * queue_hidden counts delayed and in-flight messages by the second in which they become visible, so that counts are never scanned (counts.c).
 *
 * FIFO queues. A message never has a visible_at in the future but in flight: what DelaySeconds does to it is computed, because a change of it counts for messages that
 * are there already. Its `position` orders it in its queue; it is also what SequenceNumber shows.
 * message_group  the groups that hold messages (group.c).
 *   ready_at     0: a receive may take from it; else the moment at which the last message in flight comes back, until somebody looks.
 *   since        when its first message was sent; 0: that one is no longer delayed, because it was received before or is a dead letter.
 *   head         position of its first message.
 * queue.scope_by_group is the DeduplicationScope that the queue was made with: a later change has no effect.
 * deduplication  what was sent to an epoch in the last five minutes (deduplication.c).
 * receive_attempt  the answers of receives with a ReceiveRequestAttemptId (attempt.c): the rows of their messages, eight bytes each.
 *
 * tenant         of standard queues (tenant.h). Its id is negative, to be told from that of a group in message.message_group.
 * move_task      message move tasks (move_task.c). rate 0: none was given; due: when a running one goes on. */
const char *const sqs_schema[SQS_MIGRATIONS] = {
    "CREATE TABLE queue("
    " id INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, messages INTEGER NOT NULL, oldest INTEGER NOT NULL,"
    " created INTEGER NOT NULL, modified INTEGER NOT NULL, purged INTEGER,"
    " delay INTEGER NOT NULL, maximum_size INTEGER NOT NULL, retention INTEGER NOT NULL, wait INTEGER NOT NULL, visibility INTEGER NOT NULL,"
    " key_reuse INTEGER NOT NULL, managed_encryption INTEGER NOT NULL,"
    " dead_letters TEXT, most_receives INTEGER,"
    " UNIQUE(account, region, name));"
    "CREATE INDEX queue_by_dead_letters ON queue(account, region, dead_letters) WHERE dead_letters IS NOT NULL;"
    "CREATE TABLE queue_text(queue INTEGER NOT NULL, attribute TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(queue, attribute)) WITHOUT ROWID;"
    "CREATE TABLE queue_tag(queue INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(queue, key)) WITHOUT ROWID;"
    "CREATE TABLE queue_deleted(account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, deleted INTEGER NOT NULL,"
    " PRIMARY KEY(account, region, name)) WITHOUT ROWID;"
    "CREATE TABLE queue_epoch(id INTEGER PRIMARY KEY, is_discarded INTEGER NOT NULL);"
    "CREATE INDEX queue_epoch_discarded ON queue_epoch(id) WHERE is_discarded;"
    "CREATE TABLE message("
    " id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, visible_at INTEGER NOT NULL, sent_at INTEGER NOT NULL, receives INTEGER NOT NULL,"
    " first_received INTEGER, received INTEGER, token INTEGER NOT NULL, cause INTEGER NOT NULL, blob INTEGER, source TEXT);"
    "CREATE INDEX message_by_visible_at ON message(epoch, visible_at, id);"
    "CREATE INDEX message_by_sent_at ON message(epoch, sent_at);"
    "CREATE TABLE message_body("
    " id INTEGER PRIMARY KEY, message_id TEXT NOT NULL, body BLOB NOT NULL, md5 TEXT NOT NULL, attributes BLOB NOT NULL, sender TEXT NOT NULL,"
    " trace TEXT, group_id TEXT, deduplication_id TEXT, sequence_number TEXT);"
    "CREATE TABLE queue_hidden(epoch INTEGER NOT NULL, second INTEGER NOT NULL, delayed INTEGER NOT NULL, in_flight INTEGER NOT NULL,"
    " PRIMARY KEY(epoch, second)) WITHOUT ROWID;",

    "ALTER TABLE queue ADD COLUMN is_fifo INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN content_deduplication INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN deduplication_by_group INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN limit_by_group INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN scope_by_group INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN position INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE message ADD COLUMN message_group INTEGER;"
    "ALTER TABLE message ADD COLUMN position INTEGER;"
    "CREATE INDEX message_by_group ON message(message_group, position) WHERE message_group IS NOT NULL;"
    "CREATE TABLE message_group("
    " id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, name TEXT NOT NULL, ready_at INTEGER NOT NULL, since INTEGER NOT NULL, head INTEGER NOT NULL,"
    " UNIQUE(epoch, name));"
    "CREATE INDEX message_group_ready ON message_group(epoch, ready_at, since, head);"
    "CREATE TABLE deduplication("
    " epoch INTEGER NOT NULL, key TEXT NOT NULL, expires INTEGER NOT NULL, message_id TEXT NOT NULL, position INTEGER NOT NULL,"
    " PRIMARY KEY(epoch, key)) WITHOUT ROWID;"
    "CREATE INDEX deduplication_by_expires ON deduplication(expires);"
    "CREATE TABLE receive_attempt("
    " epoch INTEGER NOT NULL, attempt TEXT NOT NULL, expires INTEGER NOT NULL, visible_at INTEGER NOT NULL, messages BLOB NOT NULL,"
    " PRIMARY KEY(epoch, attempt)) WITHOUT ROWID;"
    "CREATE INDEX receive_attempt_by_expires ON receive_attempt(expires);"
    "CREATE TABLE tenant(id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, name TEXT NOT NULL, ready_at INTEGER NOT NULL, UNIQUE(epoch, name));"
    "CREATE INDEX tenant_ready ON tenant(epoch, ready_at);"
    "CREATE TABLE move_task("
    " id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, queue INTEGER NOT NULL, source TEXT NOT NULL, destination TEXT,"
    " rate INTEGER NOT NULL, moved INTEGER NOT NULL, to_move INTEGER NOT NULL, status TEXT NOT NULL, failure TEXT, started INTEGER NOT NULL,"
    " due INTEGER NOT NULL, cause INTEGER NOT NULL);"
    "CREATE INDEX move_task_by_queue ON move_task(queue, id);"
    "CREATE INDEX move_task_by_due ON move_task(due, id) WHERE status = 'RUNNING';",
};
