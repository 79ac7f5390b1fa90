/* GET /_lowcloud/journal?after=SEQ: JSON lines, written a piece a turn so that a long journal holds nobody up. */
#include "emulator/aws/journal.h"
#include "emulator/base/buffer.h"
#include "emulator/base/json.h"
#include "emulator/control/control.h"
#include "emulator/loop/loop.h"

enum { MOST = 10000, PIECE = 1000, PIECE_BYTES = 64 * 1024 * 1024 };

struct reading {
    struct task task; /* first */
    struct exchange *exchange;
    uint64_t after, until; /* what comes while it is being read is for the next time */
    int64_t left;
};

static void read_piece(struct task *task)
{
    struct reading *reading = (struct reading *)task;
    struct arena *arena = arena_new();
    struct buffer lines;
    struct value list;
    int64_t most = reading->left < PIECE ? reading->left : PIECE;

    buffer_init(&lines, PIECE_BYTES);
    /* What has left the ring since the first piece cannot be told any more: the answer ends early, and the next one says so by its 410. */
    bool is_over = reading->after >= reading->until || journal_read(arena, reading->after, (size_t)most, &list) != 0 || list.size == 0;
    for (uint32_t i = 0; !is_over && i < list.size; i++) {
        reading->after = (uint64_t)value_find(&list.items[i], "seq")->integer;
        is_over = reading->after > reading->until;
        if (is_over)
            break;
        json_write(&lines, &list.items[i]);
        buffer_char(&lines, '\n');
        reading->left--;
    }
    exchange_stream_write(reading->exchange, buffer_bytes(&lines));
    buffer_free(&lines);
    arena_free(arena);
    if (is_over || reading->left == 0)
        exchange_stream_end(reading->exchange);
    else
        loop_slice(&reading->task);
}

static void client_gone(struct exchange *exchange)
{
    struct reading *reading = exchange->context;

    loop_slice_cancel(&reading->task);
}

void journal_get(struct exchange *exchange)
{
    const char *text = control_parameter(exchange, "after"), *limit = control_parameter(exchange, "limit");
    int64_t after = 0, most = MOST;
    struct value list;

    if ((text != NULL && (!text_integer(text, &after) || after < 0)) || (limit != NULL && (!text_integer(limit, &most) || most < 1))) {
        control_fail(exchange, 400, "after is the number of a record, limit a count from 1");
        return;
    }
    if (text == NULL)
        after = (int64_t)journal_tail() - 1;
    else if (after == 0) /* from the beginning, wherever the numbers of this life begin */
        after = (int64_t)journal_first() - 1;
    if (journal_read(exchange->arena, (uint64_t)after, 0, &list) != 0) {
        control_fail(exchange, 410,
                     arena_print(exchange->arena,
                                 "The journal's ring has passed that record: the oldest it holds is %llu. Leave 'after' out to begin there, and read more often",
                                 (unsigned long long)journal_tail()));
        return;
    }
    struct reading *reading = arena_alloc(exchange->arena, sizeof *reading);
    *reading = (struct reading){.task = {.run = read_piece}, .exchange = exchange, .after = (uint64_t)after, .until = journal_last(), .left = most};
    exchange->context = reading;
    exchange->on_end = client_gone;
    exchange_set_header(exchange, "Content-Type", "application/x-ndjson");
    exchange_answer_stream(exchange);
    read_piece(&reading->task);
}
