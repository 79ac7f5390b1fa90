#include "services/lambda/mapping_batch.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "services/lambda/mapping_response.h"

enum { DELETE_MAX = 10, ENVELOPE = 32 /* {"Records":[]} and some */, LARGE = 256 * 1024 };

struct batch *mapping_batch_new(const struct mapping *mapping)
{
    struct arena *arena = arena_new();
    struct batch *batch = arena_alloc(arena, sizeof *batch);

    batch->mapping = mapping;
    batch->arena = arena;
    batch->ids = batch->handles = batch->records = value_list();
    batch->size = ENVELOPE;
    return batch;
}

bool mapping_batch_add(struct batch *batch, const struct value *message, struct bytes record, uint64_t cause)
{
    const struct value *attributes = value_find(message, "Attributes");

    if (batch->records.size > 0 && batch->size + record.size + 1 > PAYLOAD_LIMIT)
        return false;
    if (batch->records.size == 0) {
        batch->cause = cause;
        batch->trace_header = attributes == NULL ? NULL : arena_text(batch->arena, value_find_text(attributes, "AWSTraceHeader"));
    }
    (void)value_push(batch->arena, &batch->ids, value_text(arena_text(batch->arena, value_find_text(message, "MessageId"))));
    (void)value_push(batch->arena, &batch->handles,
                     value_text(arena_text(batch->arena, value_find_text(message, "ReceiptHandle"))));
    (void)value_push(batch->arena, &batch->records,
                     value_raw((struct bytes){arena_copy(batch->arena, record.at, record.size), record.size}));
    batch->size += record.size + 1;
    return true;
}

void mapping_batch_drop(struct batch *batch)
{
    loop_slice_cancel(&batch->slice);
    if (batch->after != NULL)
        mapping_batch_drop(batch->after);
    arena_free(batch->arena);
}

void mapping_batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    loop_slice_cancel(&batch->slice);
    mapping_batch_free(batch->after);
    if (batch->invoke != NULL)
        call_forget(batch->invoke);
    for (size_t i = 0; i < batch->delete_count; i++)
        if (batch->deletes[i] != NULL)
            call_forget(batch->deletes[i]);
    arena_free(batch->arena);
}

static void end(struct batch *batch, enum batch_end how)
{
    batch->ended(batch, how, batch->context);
    mapping_batch_free(batch);
}

static struct call *ask(struct batch *batch, const char *service, const char *operation, uint64_t cause, struct value input,
                        void (*done)(struct call *, void *))
{
    return call_queue(&(struct call_request){
        .service = service,
        .operation = operation,
        .account = batch->mapping->account,
        .region = batch->mapping->region,
        .actor = arena_print(batch->arena, "mapping:%s", batch->mapping->uuid),
        .cause = cause,
        .trace_header = batch->trace_header,
        .input = input,
        .done = done,
        .context = batch,
    });
}

/* --- deleting --- */

static void deleted(struct call *call, void *context)
{
    struct batch *batch = context;

    for (size_t i = 0; i < batch->delete_count; i++)
        if (batch->deletes[i] == call)
            batch->deletes[i] = NULL;
    if (call->error != NULL)
        log_warn("lambda: mapping %s: messages that were worked on could not be deleted: %s", batch->mapping->uuid,
                 call->error_message);
    if (--batch->deletes_left == 0)
        end(batch, BATCH_DONE);
}

static void delete_some(struct batch *batch, struct value entries, uint64_t cause)
{
    struct value input = value_map();

    (void)value_put(batch->arena, &input, "QueueUrl", value_text(batch->mapping->queue_url));
    (void)value_put(batch->arena, &input, "Entries", entries);
    batch->deletes_left++;
    batch->deletes[batch->delete_count++] = ask(batch, "sqs", "DeleteMessageBatch", cause, input, deleted);
}

static void delete_succeeded(struct batch *batch, const bool *failed, uint64_t cause)
{
    struct value entries = value_list();

    batch->deletes = arena_alloc(batch->arena, (batch->ids.size / DELETE_MAX + 1) * sizeof *batch->deletes);
    for (uint32_t i = 0; i < batch->ids.size; i++) {
        struct value entry = value_map();

        if (failed[i])
            continue;
        (void)value_put(batch->arena, &entry, "Id", value_text(arena_print(batch->arena, "%u", i)));
        (void)value_put(batch->arena, &entry, "ReceiptHandle", batch->handles.items[i]);
        (void)value_push(batch->arena, &entries, entry);
        if (entries.size == DELETE_MAX) {
            delete_some(batch, entries, cause);
            entries = value_list();
        }
    }
    if (entries.size > 0)
        delete_some(batch, entries, cause);
    if (batch->deletes_left == 0)
        end(batch, BATCH_DONE);
}

/* --- invoking --- */

/* Fills failed[]; false: all of them. */
static bool read_result(struct batch *batch, struct call *call, bool *failed)
{
    const struct value *result = call_result(call), *payload = value_find(result, "Payload");
    const char **ids = arena_alloc(batch->arena, batch->ids.size * sizeof *ids);
    struct bytes answer = value_present(payload) ? value_as_bytes(payload) : call->payload.bytes;

    if (value_present(value_find(result, "FunctionError")))
        return false;
    if (!batch->mapping->reports_failures)
        return true;
    for (uint32_t i = 0; i < batch->ids.size; i++)
        ids[i] = batch->ids.items[i].text;
    return mapping_response(answer, ids, batch->ids.size, failed);
}

static void invoked(struct call *call, void *context)
{
    struct batch *batch = context;
    bool *failed = arena_alloc(batch->arena, batch->ids.size * sizeof *failed);

    batch->invoke = NULL;
    if (call->error == NULL) {
        bool is_read = read_result(batch, call, failed);

        batch->has_failed = !is_read || memchr(failed, true, batch->ids.size) != NULL;
        if (is_read)
            delete_succeeded(batch, failed, call->seq);
        else
            end(batch, BATCH_DONE);
        return;
    }
    batch->has_failed = true;
    if (call->error->status == 404) {
        end(batch, BATCH_NO_FUNCTION);
    } else if (call->error->status == 429 || call->error->status >= 500) {
        end(batch, BATCH_THROTTLED);
    } else {
        log_warn("lambda: mapping %s: %s", batch->mapping->uuid, call->error_message);
        end(batch, BATCH_DONE);
    }
}

static void invoke(struct batch *batch)
{
    struct value input = value_map(), event = value_map();

    (void)value_put(batch->arena, &event, "Records", batch->records);
    struct bytes payload = json_print(batch->arena, &event);
    (void)value_put(batch->arena, &input, "FunctionName", value_text(batch->mapping->function_arn));
    (void)value_put(batch->arena, &input, "InvocationType", value_text("RequestResponse"));
    (void)value_put(batch->arena, &input, "Payload", value_bytes(payload));
    batch->invoke = ask(batch, "lambda", "Invoke", batch->cause, input, invoked);
}

static void run_slice(struct task *task)
{
    invoke((struct batch *)((char *)task - offsetof(struct batch, slice)));
}

void mapping_batch_start(struct batch *batch)
{
    batch->slice.run = run_slice;
    if (batch->size > LARGE)
        loop_slice(&batch->slice);
    else
        invoke(batch);
}
