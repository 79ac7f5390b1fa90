#include "services/logs/group.h"

#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/logs/errors.h"
#include "services/logs/logs_model.h"
#include "services/logs/sweep.h"

#define DAY_MS INT64_C(86400000)
enum { PAGE = 50 };

#define COLUMNS "id, name, created, retention, class, key, bytes"
static struct query find = QUERY("SELECT " COLUMNS " FROM log_group WHERE account = ? AND region = ? AND name = ?");

static void read_row(struct query *query, struct arena *arena, struct log_group *group)
{
    *group = (struct log_group){
        .id = query_integer(query, 0),
        .name = query_text(query, arena, 1),
        .created = query_integer(query, 2),
        .retention = query_integer(query, 3),
        .class = query_text(query, arena, 4),
        .key = query_text(query, arena, 5),
        .bytes = query_integer(query, 6),
    };
}

char *group_arn(struct call *call, const char *name)
{
    return arn_print(call->arena, "logs", call->region, call->account, "log-group:%s", name);
}

bool group_find(struct call *call, const char *name, struct log_group *group)
{
    call->arn = group_arn(call, name);
    query_start(&find, "ttt", call->account, call->region, name);
    bool found = query_step(&find);
    if (found)
        read_row(&find, call->arena, group);
    query_end(&find);
    if (!found)
        (void)fail(call, &log_group_not_found, "The specified log group does not exist.");
    return found;
}

/* arn:aws:logs:REGION:ACCOUNT:log-group:NAME, perhaps with :* behind it. */
static const char *name_of_arn(struct call *call, const char *text)
{
    static const char kind[] = "log-group:";
    struct arn arn;

    if (!arn_parse(call->arena, text, &arn) || !text_equal(arn.service, "logs") || !text_starts(arn.resource, kind))
        return NULL;
    if (!text_equal(arn.account, call->account) || !text_equal(arn.region, call->region))
        return NULL;
    const char *name = arn.resource + strlen(kind);
    return arena_copy(call->arena, name, strcspn(name, ":"));
}

bool group_of_input(struct call *call, uint16_t name, uint16_t identifier, struct log_group *group)
{
    const char *by_name = input_text(call, name), *by_identifier = input_text(call, identifier);

    if (by_name != NULL && by_identifier != NULL) {
        (void)fail(call, &log_validation, "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
        return false;
    }
    if (by_name == NULL && by_identifier == NULL) {
        (void)fail(call, &log_validation, "Either logGroupName or logGroupIdentifier must be specified.");
        return false;
    }
    if (by_name == NULL)
        by_name = text_starts(by_identifier, "arn:") ? name_of_arn(call, by_identifier) : by_identifier;
    if (by_name == NULL) {
        (void)fail(call, &log_group_not_found, "The specified log group does not exist.");
        return false;
    }
    return group_find(call, by_name, group);
}

int64_t group_horizon(const struct log_group *group)
{
    return group->retention == 0 ? 0 : clock_now() - group->retention * DAY_MS;
}

/* Pages. */

char *page_token(struct arena *arena, const char *last)
{
    return base64_encode(arena, bytes_of(last));
}

bool page_after(struct call *call, uint16_t token, const char **after)
{
    const char *text = input_text(call, token);
    struct bytes bytes;

    *after = NULL;
    if (text == NULL)
        return true;
    if (!base64_decode(call->arena, bytes_of(text), &bytes) || bytes.size == 0 || !utf8_is_valid(bytes) ||
        strlen(bytes.at) != bytes.size) {
        (void)fail(call, &log_invalid_parameter, "The specified nextToken is invalid.");
        return false;
    }
    *after = bytes.at;
    return true;
}

/* Operations. */

static struct query insert =
    QUERY("INSERT INTO log_group(account, region, name, created, retention, class, key, bytes) VALUES (?, ?, ?, ?, 0, ?, ?, 0)");

enum outcome create_log_group(struct call *call)
{
    const char *name = input_text(call, CreateLogGroupRequest_logGroupName),
               *class = input_text(call, CreateLogGroupRequest_logGroupClass);

    call->arn = group_arn(call, name);
    if (query_run(&insert, "tttitt", call->account, call->region, name, clock_now(), class == NULL ? "STANDARD" : class,
                  input_text(call, CreateLogGroupRequest_kmsKeyId)) < 0)
        return fail(call, &log_exists, "The specified log group already exists");
    if (!log_tags_store(call, store_last_id(), input_at(call, CreateLogGroupRequest_tags)))
        return FAILED;
    return answer(call);
}

static struct query remove_group = QUERY("DELETE FROM log_group WHERE id = ?");
static struct query remove_tags = QUERY("DELETE FROM log_group_tag WHERE log_group = ?");
static struct query remove_streams = QUERY("DELETE FROM log_stream WHERE log_group = ?");

enum outcome delete_log_group(struct call *call)
{
    struct log_group group;

    if (!group_find(call, input_text(call, DeleteLogGroupRequest_logGroupName), &group))
        return FAILED;
    (void)query_run(&remove_group, "i", group.id);
    (void)query_run(&remove_tags, "i", group.id);
    (void)query_run(&remove_streams, "i", group.id);
    sweep_add(ORPHANS_OF_GROUP, group.id);
    return answer(call);
}

static struct query list =
    QUERY("SELECT " COLUMNS " FROM log_group WHERE account = ?1 AND region = ?2 AND name > ?3 AND name >= ?4"
          " AND name < ?4 || char(127) AND instr(name, ?5) > 0 AND (?6 IS NULL OR class = ?6) ORDER BY name LIMIT ?7");

static struct value describe(struct call *call, const struct log_group *group)
{
    struct value item = call_struct(call, SHAPE_LogGroup);
    char *arn = group_arn(call, group->name);

    set(&item, LogGroup_logGroupName, value_text(group->name));
    set(&item, LogGroup_arn, value_text(arena_print(call->arena, "%s:*", arn)));
    set(&item, LogGroup_logGroupArn, value_text(arn));
    set(&item, LogGroup_creationTime, value_integer(group->created));
    set(&item, LogGroup_metricFilterCount, value_integer(0));
    set(&item, LogGroup_storedBytes, value_integer(group->bytes));
    set(&item, LogGroup_logGroupClass, value_text(group->class));
    if (group->retention != 0)
        set(&item, LogGroup_retentionInDays, value_integer(group->retention));
    set(&item, LogGroup_kmsKeyId, value_text(group->key));
    return item;
}

enum outcome describe_log_groups(struct call *call)
{
    const char *prefix = input_text(call, DescribeLogGroupsRequest_logGroupNamePrefix);
    const char *pattern = input_text(call, DescribeLogGroupsRequest_logGroupNamePattern), *after;
    int64_t most = input_integer(call, DescribeLogGroupsRequest_limit, PAGE);
    struct value groups = value_list();
    struct log_group group = {0};

    if (prefix != NULL && pattern != NULL)
        return fail(call, &log_invalid_parameter,
                    "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    if (!page_after(call, DescribeLogGroupsRequest_nextToken, &after))
        return FAILED;
    query_start(&list,
                "ttttt"
                "ti",
                call->account, call->region, after == NULL ? "" : after, prefix == NULL ? "" : prefix,
                pattern == NULL ? "" : pattern, input_text(call, DescribeLogGroupsRequest_logGroupClass), most + 1);
    while (query_step(&list)) {
        if (groups.size == most) {
            output_text(call, DescribeLogGroupsResponse_nextToken, page_token(call->arena, group.name));
            break;
        }
        read_row(&list, call->arena, &group);
        value_push(call->arena, &groups, describe(call, &group));
    }
    query_end(&list);
    output_set(call, DescribeLogGroupsResponse_logGroups, groups);
    return answer(call);
}

/* Retention. */

/* The values that AWS's reference of PutRetentionPolicy lists. */
static const int16_t retentions[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                     365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

static struct query set_retention = QUERY("UPDATE log_group SET retention = ? WHERE id = ?");

enum outcome put_retention_policy(struct call *call)
{
    int64_t days = input_integer(call, PutRetentionPolicyRequest_retentionInDays, 0);
    struct log_group group;

    for (size_t i = 0; i < sizeof retentions / sizeof *retentions; i++) {
        if (retentions[i] != days)
            continue;
        if (!group_find(call, input_text(call, PutRetentionPolicyRequest_logGroupName), &group))
            return FAILED;
        (void)query_run(&set_retention, "ii", days, group.id);
        return answer(call);
    }
    return fail(
        call, &log_invalid_parameter,
        "Invalid retentionInDays %lld: it must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827,"
        " 2192, 2557, 2922, 3288 and 3653.",
        (long long)days);
}

enum outcome delete_retention_policy(struct call *call)
{
    struct log_group group;

    if (!group_find(call, input_text(call, DeleteRetentionPolicyRequest_logGroupName), &group))
        return FAILED;
    (void)query_run(&set_retention, "ii", INT64_C(0), group.id);
    return answer(call);
}
