#include "services/sqs/queue.h"

#include <ctype.h>
#include <string.h>

#include "emulator/aws/arn.h"
#include "emulator/aws/protocol.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/sqs/attributes.h"
#include "services/sqs/errors.h"
#include "services/sqs/purge.h"
#include "services/sqs/sqs_model.h"
#include "services/sqs/tags.h"
#include "services/sqs/waiting.h"

enum { PAGE_MAX = 1000, RECREATE_MS = 60000 };

static const char fifo_suffix[] = ".fifo";

/* --- finding ---------------------------------------------------------------------------------------------------------------- */

static struct query find_query = QUERY(
    "SELECT id, epoch, messages, oldest, created, modified, purged, delay, retention, wait, visibility, maximum_size, key_reuse,"
    " managed_encryption, dead_letters, most_receives, is_fifo, content_deduplication, deduplication_by_group, limit_by_group, scope_by_group, position"
    " FROM queue WHERE account = ? AND region = ? AND name = ?");

bool queue_find(struct arena *arena, const char *account, const char *region, const char *name, struct queue *queue)
{
    query_start(&find_query, "ttt", account, region, name);
    bool found = query_step(&find_query);
    if (found)
        *queue = (struct queue){
            .id = query_integer(&find_query, 0),
            .epoch = query_integer(&find_query, 1),
            .account = account,
            .region = region,
            .name = name,
            .messages = query_integer(&find_query, 2),
            .oldest = query_integer(&find_query, 3),
            .created = query_integer(&find_query, 4),
            .modified = query_integer(&find_query, 5),
            .purged = query_integer(&find_query, 6),
            .delay = query_integer(&find_query, 7),
            .retention = query_integer(&find_query, 8),
            .wait = query_integer(&find_query, 9),
            .visibility = query_integer(&find_query, 10),
            .maximum_size = query_integer(&find_query, 11),
            .key_reuse = query_integer(&find_query, 12),
            .has_managed_encryption = query_integer(&find_query, 13) != 0,
            .dead_letters = query_text(&find_query, arena, 14),
            .most_receives = query_integer(&find_query, 15),
            .is_fifo = query_integer(&find_query, 16) != 0,
            .has_content_deduplication = query_integer(&find_query, 17) != 0,
            .is_deduplication_by_group = query_integer(&find_query, 18) != 0,
            .is_limit_by_group = query_integer(&find_query, 19) != 0,
            .is_scope_by_group = query_integer(&find_query, 20) != 0,
            .position = query_integer(&find_query, 21),
        };
    query_end(&find_query);
    return found;
}

static bool is_account(const char *at, size_t size)
{
    if (size != 12)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isdigit((unsigned char)at[i]))
            return false;
    return true;
}

/* The last segment of a path is the name, the one before it the account; a bare name has neither host nor account. What stands before them (a host,
 * /queue/REGION) does not decide anything. */
static const char *split_url(struct arena *arena, const char *url, const char **account)
{
    const char *end = url + strlen(url);

    while (end > url && end[-1] == '/')
        end--;
    const char *name = end;
    while (name > url && name[-1] != '/')
        name--;
    *account = NULL;
    if (name > url) {
        const char *before = name - 1;
        const char *start = before;

        while (start > url && start[-1] != '/')
            start--;
        if (is_account(start, (size_t)(before - start)))
            *account = arena_copy(arena, start, (size_t)(before - start));
    }
    return arena_copy(arena, name, (size_t)(end - name));
}

bool queue_of_call(struct call *call, const char *url, struct queue *queue)
{
    const char *account;
    const char *name = split_url(call->arena, url == NULL ? "" : url, &account);

    /* Known difference: queue policies are not enforced, so that a queue of another account can never be reached by its URL. */
    if (account != NULL && !text_equal(account, call->account)) {
        struct queue theirs;

        if (queue_find(call->arena, account, call->region, name, &theirs))
            (void)fail(call, &access_denied, "Access to the resource %s is denied.", url);
        else
            (void)fail_no_queue(call);
        return false;
    }
    if (!queue_find(call->arena, call->account, call->region, name, queue)) {
        (void)fail_no_queue(call);
        return false;
    }
    call->arn = queue_arn(call->arena, queue->account, queue->region, queue->name);
    return true;
}

/* --- names ------------------------------------------------------------------------------------------------------------------ */

char *queue_arn(struct arena *arena, const char *account, const char *region, const char *name)
{
    return arn_print(arena, "sqs", region, account, "%s", name);
}

char *queue_url(struct call *call, const char *name)
{
    return arena_print(call->arena, "http://%s/%s/%s", call->host, call->account, name);
}

const char *queue_name_of_arn(struct arena *arena, const char *text, const char *account, const char *region)
{
    struct arn arn;

    if (text == NULL || !arn_parse(arena, text, &arn) || !text_equal(arn.service, "sqs") || !text_equal(arn.account, account) ||
        !text_equal(arn.region, region))
        return NULL;
    return arn.resource;
}

bool queue_name_is_valid(const char *name, bool is_fifo)
{
    size_t size = strlen(name);

    if (size == 0 || size > QUEUE_NAME_MAX || text_ends(name, fifo_suffix) != is_fifo)
        return false;
    if (is_fifo)
        size -= strlen(fifo_suffix);
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return true;
}

/* --- CreateQueue ------------------------------------------------------------------------------------------------------------- */

static struct query epoch_insert = QUERY("INSERT INTO queue_epoch(is_discarded) VALUES (0)");
static struct query queue_insert = QUERY(
    "INSERT INTO queue(account, region, name, epoch, messages, oldest, created, modified, delay, maximum_size, retention, wait, visibility, key_reuse,"
    " managed_encryption, is_fifo) VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static struct query scope_put = QUERY("UPDATE queue SET scope_by_group = 1 WHERE id = ?");
static struct query deleted_find = QUERY("SELECT deleted FROM queue_deleted WHERE account = ? AND region = ? AND name = ?");
static struct query deleted_forget = QUERY("DELETE FROM queue_deleted WHERE account = ? AND region = ? AND name = ?");

enum outcome create_queue(struct call *call)
{
    const char *name = input_text(call, CreateQueueRequest_QueueName);
    const struct value *wanted = input_at(call, CreateQueueRequest_Attributes);
    const struct value *tags = input_at(call, CreateQueueRequest_tags);
    struct queue queue;
    int64_t now = clock_now();

    bool is_fifo = text_equal_fold(value_find_text(wanted, "FifoQueue"), "true");

    if (is_fifo && !text_ends(name, fifo_suffix))
        return fail(call, &invalid_parameter_value,
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in"
                    " length");
    if (!queue_name_is_valid(name, is_fifo))
        return fail(call, &invalid_parameter_value, "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
    call->arn = queue_arn(call->arena, call->account, call->region, name);
    if (queue_find(call->arena, call->account, call->region, name, &queue)) {
        struct problem problem = {0};

        /* AWS checks what was sent before it compares. */
        if (!attributes_check(call, &queue, wanted, &problem) || !attributes_are_current(call, &queue, wanted, &problem))
            return problem_fail(call, &problem);
        output_text(call, CreateQueueResult_QueueUrl, queue_url(call, name));
        return answer(call);
    }
    int64_t deleted = query_one(&deleted_find, -1, "ttt", call->account, call->region, name);
    if (deleted >= 0) {
        if (protocol_strict && now < deleted + RECREATE_MS)
            return fail(call, &queue_deleted_recently,
                        "You must wait 60 seconds after deleting a queue before you can create another with the same name.");
        (void)query_run(&deleted_forget, "ttt", call->account, call->region, name);
    }

    queue = (struct queue){.account = call->account, .region = call->region, .name = name, .is_fifo = is_fifo};
    attributes_default(&queue);
    (void)query_run(&epoch_insert, "");
    queue.epoch = store_last_id();
    (void)query_run(&queue_insert, "tttiiiiiiiiiii", call->account, call->region, name, queue.epoch, now, now, queue.delay, queue.maximum_size,
                    queue.retention, queue.wait, queue.visibility, queue.key_reuse, (int64_t)queue.has_managed_encryption, (int64_t)is_fifo);
    queue.id = store_last_id();

    struct problem problem = {0};
    if (!attributes_check(call, &queue, wanted, &problem) || !tags_check(call, tags, &problem))
        return problem_fail(call, &problem);
    attributes_store(call, &queue, wanted);
    if (queue.is_deduplication_by_group)
        (void)query_run(&scope_put, "i", queue.id);
    if (!tags_store(call, &queue, tags, &problem))
        return problem_fail(call, &problem);
    output_text(call, CreateQueueResult_QueueUrl, queue_url(call, name));
    return answer(call);
}

/* --- GetQueueUrl, ListQueues -------------------------------------------------------------------------------------------------- */

enum outcome get_queue_url(struct call *call)
{
    const char *name = input_text(call, GetQueueUrlRequest_QueueName);
    const char *owner = input_text(call, GetQueueUrlRequest_QueueOwnerAWSAccountId);
    struct queue queue;

    if (owner != NULL && !text_equal(owner, call->account))
        return fail_no_queue(call);
    if (!queue_find(call->arena, call->account, call->region, name, &queue))
        return fail_no_queue(call);
    call->arn = queue_arn(call->arena, call->account, call->region, name);
    output_text(call, GetQueueUrlResult_QueueUrl, queue_url(call, name));
    return answer(call);
}

bool queue_page_read(struct call *call, uint16_t most_member, uint16_t token_member, struct queue_page *page)
{
    const char *token = input_text(call, token_member);
    struct bytes after;

    page->wants_token = input_has(call, most_member);
    page->most = input_integer(call, most_member, PAGE_MAX);
    page->after = "";
    if (page->most < 1 || page->most > PAGE_MAX) {
        (void)fail(call, &invalid_parameter_value,
                   "Value %lld for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.", (long long)page->most);
        return false;
    }
    if (token == NULL)
        return true;
    if (!base64_decode(call->arena, bytes_of(token), &after) || (!queue_name_is_valid(after.at, false) && !queue_name_is_valid(after.at, true))) {
        (void)fail(call, &invalid_parameter_value, "Invalid or expired next token.");
        return false;
    }
    page->after = after.at;
    return true;
}

char *queue_page_token(struct call *call, const char *name)
{
    return base64_encode(call->arena, bytes_of(name));
}

/* A prefix is a range: everything from it to the first text that does not begin with it. Names are ASCII, so that 0x7f is behind all of them. */
static struct query list_query =
    QUERY("SELECT name FROM queue WHERE account = ?1 AND region = ?2 AND name > ?3 AND name >= ?4 AND name < ?4 || char(127) ORDER BY name LIMIT ?5");

enum outcome list_queues(struct call *call)
{
    const char *prefix = input_text(call, ListQueuesRequest_QueueNamePrefix);
    struct value urls = value_list();
    struct queue_page page;
    const char *last = "";
    bool has_more = false;

    if (!queue_page_read(call, ListQueuesRequest_MaxResults, ListQueuesRequest_NextToken, &page))
        return FAILED;
    query_start(&list_query, "tttti", call->account, call->region, page.after, prefix == NULL ? "" : prefix, page.most + 1);
    while (query_step(&list_query)) {
        if (urls.size == page.most) {
            has_more = true;
            break;
        }
        last = query_text(&list_query, call->arena, 0);
        value_push(call->arena, &urls, value_text(queue_url(call, last)));
    }
    query_end(&list_query);
    if (urls.size > 0)
        output_set(call, ListQueuesResult_QueueUrls, urls);
    if (has_more && page.wants_token)
        output_text(call, ListQueuesResult_NextToken, queue_page_token(call, last));
    return answer(call);
}

/* --- DeleteQueue --------------------------------------------------------------------------------------------------------------- */

static struct query queue_remove = QUERY("DELETE FROM queue WHERE id = ?");
static struct query texts_remove = QUERY("DELETE FROM queue_text WHERE queue = ?");
static struct query tags_remove = QUERY("DELETE FROM queue_tag WHERE queue = ?");
static struct query tasks_remove = QUERY("DELETE FROM move_task WHERE queue = ?");
static struct query deleted_remember =
    QUERY("INSERT INTO queue_deleted(account, region, name, deleted) VALUES (?, ?, ?, ?)"
          " ON CONFLICT(account, region, name) DO UPDATE SET deleted = excluded.deleted");

enum outcome delete_queue(struct call *call)
{
    struct queue queue;

    if (!queue_of_call(call, input_text(call, DeleteQueueRequest_QueueUrl), &queue))
        return FAILED;
    epoch_discard(queue.epoch);
    (void)query_run(&queue_remove, "i", queue.id);
    (void)query_run(&texts_remove, "i", queue.id);
    (void)query_run(&tags_remove, "i", queue.id);
    (void)query_run(&tasks_remove, "i", queue.id);
    if (protocol_strict)
        (void)query_run(&deleted_remember, "ttti", queue.account, queue.region, queue.name, clock_now());
    waiting_notice(queue.id);
    return answer(call);
}
