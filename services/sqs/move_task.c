#include "services/sqs/move_task.h"

#include "emulator/aws/arn.h"
#include "emulator/base/encoding.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/store/store.h"
#include "services/sqs/counts.h"
#include "services/sqs/errors.h"
#include "services/sqs/move.h"
#include "services/sqs/queue.h"
#include "services/sqs/redrive.h"
#include "services/sqs/retention.h"
#include "services/sqs/sqs_model.h"

enum { RATE_MAX = 500, LIST_MAX = 10, SLICE_ROWS = 200, SECOND_MS = 1000, KEPT = 100 };

struct task_row {
    int64_t id, queue, rate, moved, to_move, due;
    const char *uuid, *account, *region, *source, *destination;
    uint64_t cause;
};

static struct query insert_query = QUERY("INSERT INTO move_task(uuid, account, region, queue, source, destination, rate, moved, to_move, status, started, due, cause)"
                                         " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, 'RUNNING', ?, ?, ?)");
/* Only the newest are ever shown. */
static struct query forget_query = QUERY("DELETE FROM move_task WHERE queue = ?1 AND id <= (SELECT id FROM move_task WHERE queue = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)");
static struct query running_query = QUERY("SELECT 1 FROM move_task WHERE queue = ? AND status = 'RUNNING' LIMIT 1");
static struct query due_query = QUERY("SELECT id, queue, rate, moved, to_move, due, uuid, account, region, source, destination, cause FROM move_task"
                                      " INDEXED BY move_task_by_due WHERE status = 'RUNNING' ORDER BY due, id LIMIT 1");
static struct query progress_query = QUERY("UPDATE move_task SET moved = ?, due = ?, status = ?, failure = ? WHERE id = ?");
static struct query cancel_query = QUERY("UPDATE move_task SET status = 'CANCELLED' WHERE id = ?");
static struct query list_query = QUERY("SELECT uuid, status, source, destination, rate, moved, to_move, started, failure FROM move_task WHERE queue = ?"
                                       " ORDER BY id DESC LIMIT ?");
static struct query find_query = QUERY("SELECT id, status = 'RUNNING', moved FROM move_task WHERE queue = ? AND uuid = ?");
static struct query sources_query = QUERY("SELECT 1 FROM queue WHERE account = ? AND region = ? AND dead_letters = ? LIMIT 1");

/* --- running ------------------------------------------------------------------------------------------------------------------- */

static void run_slice(struct task *task);
static struct task slice = {.run = run_slice};
static struct timer timer;

static void timer_fired(struct timer *fired)
{
    (void)fired;
    loop_slice(&slice);
}

static bool find_due(struct arena *arena, struct task_row *row)
{
    query_start(&due_query, "");
    bool found = query_step(&due_query);
    if (found)
        *row = (struct task_row){.id = query_integer(&due_query, 0),
                                 .queue = query_integer(&due_query, 1),
                                 .rate = query_integer(&due_query, 2),
                                 .moved = query_integer(&due_query, 3),
                                 .to_move = query_integer(&due_query, 4),
                                 .due = query_integer(&due_query, 5),
                                 .uuid = query_text(&due_query, arena, 6),
                                 .account = query_text(&due_query, arena, 7),
                                 .region = query_text(&due_query, arena, 8),
                                 .source = query_text(&due_query, arena, 9),
                                 .destination = query_text(&due_query, arena, 10),
                                 .cause = (uint64_t)query_integer(&due_query, 11)};
    query_end(&due_query);
    return found;
}

/* The next task's time: now as a slice, later by the timer. */
static void schedule(void)
{
    struct arena *arena = arena_new();
    struct task_row row;

    if (!find_due(arena, &row))
        timer_cancel(&timer);
    else if (row.due <= clock_now())
        loop_slice(&slice);
    else
        timer_set(&timer, CLOCK_EMULATED, row.due, timer_fired);
    arena_free(arena);
}

static void scheduled(void *context)
{
    (void)context;
    schedule();
}

static bool find_by_arn(struct arena *arena, const struct task_row *row, const char *arn, struct queue *queue)
{
    const char *name = queue_name_of_arn(arena, arn, row->account, row->region);

    return name != NULL && queue_find(arena, row->account, row->region, name, queue);
}

/* Moves up to `most`. NULL: go on, or *is_over; else why the task fails. */
static const char *move_some(struct arena *arena, struct task_row *row, int64_t most, bool *is_over)
{
    struct queue queue, target;
    struct movable message;

    if (!find_by_arn(arena, row, row->source, &queue) || queue.id != row->queue)
        return "AWS.SimpleQueueService.NonExistentQueue";
    if (!retention_sweep(&queue))
        return NULL;
    for (int64_t i = 0; i < most; i++) {
        *is_over = row->moved >= row->to_move || !movable_find(arena, &queue, &message);
        if (*is_over)
            return NULL;
        const char *arn = row->destination != NULL ? row->destination : message.source;
        if (arn == NULL)
            return "CouldNotDetermineMessageSource";
        if (!find_by_arn(arena, row, arn, &target) || target.is_fifo != queue.is_fifo)
            return "AWS.SimpleQueueService.NonExistentQueue";
        movable_move(arena, &queue, &target, &message, row->cause);
        row->moved++;
    }
    *is_over = row->moved >= row->to_move;
    return NULL;
}

static void run_slice(struct task *task)
{
    struct arena *arena = arena_new();
    struct task_row row;
    bool is_over = false;

    (void)task;
    if (find_due(arena, &row) && row.due <= clock_now()) {
        loop_doing("sqs: moving messages");
        store_begin();
        const char *failure = move_some(arena, &row, row.rate > 0 ? row.rate : SLICE_ROWS, &is_over);
        (void)query_run(&progress_query, "iitti", row.moved, row.rate > 0 ? row.due + SECOND_MS : row.due,
                        failure != NULL ? "FAILED"
                        : is_over       ? "COMPLETED"
                                        : "RUNNING",
                        failure, row.id);
        /* A full disk ends the work until the next task starts it again. */
        if (store_commit() == 0)
            schedule();
    } else {
        schedule();
    }
    arena_free(arena);
}

/* --- hooks --------------------------------------------------------------------------------------------------------------------- */

void move_task_start(void)
{
    schedule();
}

void move_task_reset(void)
{
    timer_cancel(&timer);
    loop_slice_cancel(&slice);
}

void move_task_pending(struct pending *pending)
{
    if (pending->mode == PENDING_SCHEDULED && timer_is_set(&timer))
        pending_add(pending, "sqs", timer.due, "a message move task goes on");
}

/* --- operations ---------------------------------------------------------------------------------------------------------------- */

static bool fail_no_resource(struct call *call, const char *parameter)
{
    (void)fail(call, &resource_not_found, "The resource that you specified for the %s parameter doesn't exist.", parameter);
    return false;
}

static bool queue_of_arn(struct call *call, const char *text, const char *parameter, struct queue *queue)
{
    struct arn arn;

    if (text == NULL || !arn_parse(call->arena, text, &arn) || !text_equal(arn.service, "sqs")) {
        (void)fail(call, &invalid_parameter_value,
                   "You must use this format to specify the %s: arn:<partition>:<service>:<region>:<account-id>:<resource-id>", parameter);
        return false;
    }
    const char *name = queue_name_of_arn(call->arena, text, call->account, call->region);
    return (name != NULL && queue_find(call->arena, call->account, call->region, name, queue)) || fail_no_resource(call, parameter);
}

/* Both name the task to who lists or cancels it; the form is AWS's: base64 of a small document. */
static const char *print_handle(struct arena *arena, const char *uuid, const char *source)
{
    struct value handle = value_map();

    value_put(arena, &handle, "taskId", value_text(uuid));
    value_put(arena, &handle, "sourceArn", value_text(source));
    return base64_encode(arena, json_print(arena, &handle));
}

enum outcome start_message_move_task(struct call *call)
{
    const char *source = input_text(call, StartMessageMoveTaskRequest_SourceArn), *destination = input_text(call, StartMessageMoveTaskRequest_DestinationArn);
    int64_t rate = input_integer(call, StartMessageMoveTaskRequest_MaxNumberOfMessagesPerSecond, 0), now = clock_now();
    struct queue queue, target;
    struct counts counts;

    if (input_has(call, StartMessageMoveTaskRequest_MaxNumberOfMessagesPerSecond) && (rate < 1 || rate > RATE_MAX))
        return fail(call, &invalid_parameter_value,
                    "Value %lld for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and 500, if provided.", (long long)rate);
    if (!queue_of_arn(call, source, "SourceArn", &queue))
        return FAILED;
    call->arn = source;
    if (query_one(&sources_query, 0, "ttt", queue.account, queue.region, queue.name) == 0)
        return fail(call, &invalid_parameter_value, "Source queue must be configured as a Dead Letter Queue.");
    if (destination != NULL && text_equal(source, destination))
        return fail(call, &invalid_parameter_value, "Source queue arn and destination queue arn cannot be the same.");
    if (destination != NULL && !queue_of_arn(call, destination, "DestinationArn", &target))
        return FAILED;
    if (destination != NULL && target.is_fifo != queue.is_fifo)
        return fail(call, &invalid_parameter_value, "The source queue and destination queue must be of the same queue type.");
    if (query_one(&running_query, 0, "i", queue.id) != 0)
        return fail(call, &invalid_parameter_value,
                    "There is already a task running. Only one active task is allowed for a source queue arn at a given time.");
    counts_read(&queue, &counts);
    const char *uuid = id_uuid(call->arena);
    (void)query_run(&insert_query, "tttittiiiii", uuid, queue.account, queue.region, queue.id, source, destination, rate, counts.visible, now,
                    rate > 0 ? now + SECOND_MS : now, (int64_t)call->seq);
    (void)query_run(&forget_query, "ii", queue.id, (int64_t)KEPT);
    store_after_commit(scheduled, NULL);
    output_text(call, StartMessageMoveTaskResult_TaskHandle, print_handle(call->arena, uuid, source));
    return answer(call);
}

static struct value show(struct call *call)
{
    struct query *row = &list_query;
    struct value shown = call_struct(call, SHAPE_ListMessageMoveTasksResultEntry);
    const char *uuid = query_text(row, call->arena, 0), *status = query_text(row, call->arena, 1), *source = query_text(row, call->arena, 2);

    if (text_equal(status, "RUNNING"))
        set(&shown, ListMessageMoveTasksResultEntry_TaskHandle, value_text(print_handle(call->arena, uuid, source)));
    set(&shown, ListMessageMoveTasksResultEntry_Status, value_text(status));
    set(&shown, ListMessageMoveTasksResultEntry_SourceArn, value_text(source));
    if (!query_is_null(row, 3))
        set(&shown, ListMessageMoveTasksResultEntry_DestinationArn, value_text(query_text(row, call->arena, 3)));
    if (query_integer(row, 4) != 0)
        set(&shown, ListMessageMoveTasksResultEntry_MaxNumberOfMessagesPerSecond, value_integer(query_integer(row, 4)));
    set(&shown, ListMessageMoveTasksResultEntry_ApproximateNumberOfMessagesMoved, value_integer(query_integer(row, 5)));
    set(&shown, ListMessageMoveTasksResultEntry_ApproximateNumberOfMessagesToMove, value_integer(query_integer(row, 6)));
    set(&shown, ListMessageMoveTasksResultEntry_StartedTimestamp, value_integer(query_integer(row, 7)));
    if (!query_is_null(row, 8))
        set(&shown, ListMessageMoveTasksResultEntry_FailureReason, value_text(query_text(row, call->arena, 8)));
    return shown;
}

enum outcome list_message_move_tasks(struct call *call)
{
    int64_t most = input_integer(call, ListMessageMoveTasksRequest_MaxResults, 1);
    struct value results = value_list();
    struct queue queue;

    if (most < 1 || most > LIST_MAX)
        return fail(call, &invalid_parameter_value, "Value %lld for parameter MaxResults is invalid. Reason: Must be between 1 and 10, if provided.",
                    (long long)most);
    if (!queue_of_arn(call, input_text(call, ListMessageMoveTasksRequest_SourceArn), "SourceArn", &queue))
        return FAILED;
    query_start(&list_query, "ii", queue.id, most);
    while (query_step(&list_query))
        value_push(call->arena, &results, show(call));
    query_end(&list_query);
    if (results.size > 0)
        output_set(call, ListMessageMoveTasksResult_Results, results);
    return answer(call);
}

enum outcome cancel_message_move_task(struct call *call)
{
    const char *handle = input_text(call, CancelMessageMoveTaskRequest_TaskHandle);
    struct bytes text;
    struct value parsed;
    struct queue queue;

    if (handle == NULL || !base64_decode(call->arena, bytes_of(handle), &text) || json_parse(call->arena, text, &parsed, NULL) != 0 ||
        value_find_text(&parsed, "taskId") == NULL || value_find_text(&parsed, "sourceArn") == NULL)
        return fail(call, &invalid_parameter_value, "Value for parameter TaskHandle is invalid.");
    if (!queue_of_arn(call, value_find_text(&parsed, "sourceArn"), "SourceArn", &queue))
        return FAILED;
    query_start(&find_query, "it", queue.id, value_find_text(&parsed, "taskId"));
    bool found = query_step(&find_query), is_running = found && query_integer(&find_query, 1) != 0;
    int64_t id = found ? query_integer(&find_query, 0) : 0, moved = found ? query_integer(&find_query, 2) : 0;
    query_end(&find_query);
    if (!found)
        return fail(call, &resource_not_found, "Task does not exist.");
    if (!is_running)
        return fail(call, &unsupported_operation, "Only a task that is running can be cancelled.");
    (void)query_run(&cancel_query, "i", id);
    store_after_commit(scheduled, NULL);
    output_integer(call, CancelMessageMoveTaskResult_ApproximateNumberOfMessagesMoved, moved);
    return answer(call);
}
