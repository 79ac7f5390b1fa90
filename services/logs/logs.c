/* CloudWatch Logs: groups, streams and events, enough for handlers' output, `aws logs tail` and the tools that set groups up. */
#include "emulator/aws/service.h"
#include "services/logs/errors.h"
#include "services/logs/event.h"
#include "services/logs/group.h"
#include "services/logs/logs_model.h"
#include "services/logs/stream.h"
#include "services/logs/sweep.h"

const struct aws_error log_group_not_found = {.code = "ResourceNotFoundException", .status = 400};
const struct aws_error log_exists = {.code = "ResourceAlreadyExistsException", .status = 400};
const struct aws_error log_invalid_parameter = {.code = "InvalidParameterException", .status = 400};
const struct aws_error log_validation = {.code = "ValidationException", .status = 400};
const struct aws_error log_too_many_tags = {.code = "TooManyTagsException", .status = 400};
const struct aws_error log_not_implemented = {.code = "NotImplementedException", .status = 501, .is_receiver = true};

/* Both indexes of events end in the id: reading by stream and reading by group go in order of (timestamp, id) without sorting. No
 * number is used again, because events may outlive their stream and group for a while (log_orphan, sweep.c). */
static const char *const schema[] = {
    "CREATE TABLE log_group(id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, "
    "created "
    "INTEGER NOT NULL,"
    " retention INTEGER NOT NULL, class TEXT NOT NULL, key TEXT, bytes INTEGER NOT NULL, UNIQUE(account, region, name));"
    "CREATE TABLE log_group_tag(log_group INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(log_group, key)) "
    "WITHOUT ROWID;"
    "CREATE TABLE log_stream(id INTEGER PRIMARY KEY AUTOINCREMENT, log_group INTEGER NOT NULL, name TEXT NOT NULL, created INTEGER "
    "NOT NULL,"
    " last_event INTEGER, last_ingestion INTEGER, events INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE(log_group, name));"
    "CREATE INDEX log_stream_by_time ON log_stream(log_group, coalesce(last_event, 0), name);"
    "CREATE TABLE log_event(id INTEGER PRIMARY KEY AUTOINCREMENT, log_group INTEGER NOT NULL, stream INTEGER NOT NULL,"
    " timestamp INTEGER NOT NULL, ingested INTEGER NOT NULL, message TEXT NOT NULL);"
    "CREATE INDEX log_event_by_stream ON log_event(stream, timestamp, id);"
    "CREATE INDEX log_event_by_group ON log_event(log_group, timestamp, id);"
    "CREATE TABLE log_orphan(kind INTEGER NOT NULL, owner INTEGER NOT NULL, PRIMARY KEY(kind, owner)) WITHOUT ROWID;",
};

static const struct operation_row operations[] = {
    {.operation = OP_CreateLogGroup, .run = create_log_group},
    {.operation = OP_DeleteLogGroup, .run = delete_log_group},
    {.operation = OP_DescribeLogGroups, .run = describe_log_groups},
    {.operation = OP_PutRetentionPolicy, .run = put_retention_policy},
    {.operation = OP_DeleteRetentionPolicy, .run = delete_retention_policy},
    {.operation = OP_TagResource, .run = tag_resource},
    {.operation = OP_UntagResource, .run = untag_resource},
    {.operation = OP_ListTagsForResource, .run = list_tags_for_resource},
    {.operation = OP_TagLogGroup, .run = tag_log_group},
    {.operation = OP_UntagLogGroup, .run = untag_log_group},
    {.operation = OP_ListTagsLogGroup, .run = list_tags_log_group},
    {.operation = OP_CreateLogStream, .run = create_log_stream},
    {.operation = OP_DeleteLogStream, .run = delete_log_stream},
    {.operation = OP_DescribeLogStreams, .run = describe_log_streams},
    {.operation = OP_PutLogEvents, .run = put_log_events},
    {.operation = OP_GetLogEvents, .run = get_log_events},
    {.operation = OP_FilterLogEvents, .run = filter_log_events},
    {0},
};

const struct service logs_service = {
    .name = "logs",
    .model = &logs_model,
    .operations = operations,
    .schema = schema,
    .schema_count = 1,
    .start = sweep_start,
    .reset = sweep_stop,
    .stop = sweep_stop,
};
