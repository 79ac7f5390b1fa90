#include "services/lambda/output.h"

#include <stdlib.h>
#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/aws/service.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"

enum {
    TAIL = 4096,
    LINE_LIMIT = 256 * 1024,  /* longer lines are cut into several events, as CloudWatch's limit demands */
    BATCH_BYTES = 900 * 1024, /* PutLogEvents takes 1 MiB and 10,000 events */
    BATCH_EVENTS = 1000,
    EVENT_OVERHEAD = 26,
    SOON_MS = 100
};

struct output {
    struct arena *arena;
    const char *account, *region, *name, *group, *stream;
    char request_id[40];
    struct buffer lines[2]; /* unfinished ones of stdout and stderr */
    char tail[2 * TAIL];
    size_t tail_size;
    bool is_created; /* group and stream have been asked for */

    struct arena *batch_arena; /* NULL: no event is waiting */
    struct value batch;
    size_t batch_bytes;
    struct timer soon;
};

static void send_soon(struct timer *timer)
{
    output_send((struct output *)((char *)timer - offsetof(struct output, soon)));
}

struct output *output_new(const struct function *function, const char *stream_name)
{
    struct arena *arena = arena_new();
    struct output *output = arena_alloc(arena, sizeof *output);

    output->arena = arena;
    output->account = arena_text(arena, function->account);
    output->region = arena_text(arena, function->region);
    output->name = arena_text(arena, function->name);
    output->group = arena_text(arena, function->log_group);
    output->stream = arena_text(arena, stream_name);
    buffer_init(&output->lines[0], LINE_LIMIT);
    buffer_init(&output->lines[1], LINE_LIMIT);
    return output;
}

void output_drop(struct output *output)
{
    if (output == NULL)
        return;
    timer_cancel(&output->soon);
    buffer_free(&output->lines[0]);
    buffer_free(&output->lines[1]);
    arena_free(output->batch_arena);
    arena_free(output->arena);
}

/* --- CloudWatch Logs --- */

/* These calls are nobody's doing: they leave no record. A group that exists is no problem; anything else is said once on stderr by
 * the service. */
static void sent(struct call *call, void *context)
{
    (void)context;
    journal_discard(call->seq);
}

static void ask(const struct output *output, const char *operation, struct value input)
{
    call_queue(&(struct call_request){
        .service = "logs",
        .operation = operation,
        .account = output->account,
        .region = output->region,
        .actor = "lambda",
        .input = input,
        .done = sent,
    });
}

static struct value names(struct output *output, struct arena *arena, bool with_stream)
{
    struct value input = value_map();

    value_put(arena, &input, "logGroupName", value_text(output->group));
    if (with_stream)
        value_put(arena, &input, "logStreamName", value_text(output->stream));
    return input;
}

void output_send(struct output *output)
{
    struct arena *arena = output->batch_arena;

    timer_cancel(&output->soon);
    if (arena == NULL)
        return;
    if (service_find("logs") != NULL) {
        if (!output->is_created) {
            output->is_created = true;
            ask(output, "CreateLogGroup", names(output, arena, false));
            ask(output, "CreateLogStream", names(output, arena, true));
        }
        struct value input = names(output, arena, true);
        value_put(arena, &input, "logEvents", output->batch);
        ask(output, "PutLogEvents", input);
    }
    arena_free(arena);
    output->batch_arena = NULL;
    output->batch_bytes = 0;
}

bool output_is_waiting(const struct output *output)
{
    return output->batch_arena != NULL;
}

static void put_event(struct output *output, struct bytes message)
{
    if (output->batch_bytes + message.size + EVENT_OVERHEAD > BATCH_BYTES ||
        (output->batch_arena != NULL && output->batch.size >= BATCH_EVENTS))
        output_send(output);
    if (output->batch_arena == NULL) {
        output->batch_arena = arena_new();
        output->batch = value_list();
        timer_set(&output->soon, CLOCK_REAL, clock_real_ms() + SOON_MS, send_soon);
    }
    struct value event = value_map();
    value_put(output->batch_arena, &event, "timestamp", value_integer(clock_now()));
    value_put(output->batch_arena, &event, "message",
              value_text_of((struct bytes){arena_copy(output->batch_arena, message.at, message.size), message.size}));
    value_push(output->batch_arena, &output->batch, event);
    output->batch_bytes += message.size + EVENT_OVERHEAD;
}

/* --- lines --- */

static void keep_tail(struct output *output, const char *at, size_t size)
{
    if (size > TAIL) {
        at += size - TAIL;
        size = TAIL;
    }
    if (output->tail_size + size > sizeof output->tail) {
        size_t keep = TAIL - size;

        memmove(output->tail, output->tail + output->tail_size - keep, keep);
        output->tail_size = keep;
    }
    memcpy(output->tail + output->tail_size, at, size);
    output->tail_size += size;
}

/* CloudWatch takes text only: what is no UTF-8, and NUL, is replaced. */
static struct bytes as_text(struct arena *arena, struct bytes line)
{
    if (utf8_is_valid(line) && memchr(line.at, '\0', line.size) == NULL)
        return line;
    struct buffer text;
    buffer_init(&text, 4 * LINE_LIMIT);
    for (size_t i = 0; i < line.size;) {
        unsigned char first = (unsigned char)line.at[i];
        size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        struct bytes one = {line.at + i, size};

        if (first != '\0' && i + size <= line.size && utf8_is_valid(one)) {
            buffer_add(&text, one.at, one.size);
            i += size;
        } else {
            buffer_text(&text, "\xef\xbf\xbd");
            i++;
        }
    }
    return buffer_detach(&text, arena);
}

/* One log event, `line` with its line feed. */
static void emit(struct output *output, const char *at, size_t size)
{
    struct arena *arena = arena_new();
    char *copy = arena_copy(arena, at, size);

    for (size_t i = 0; i + 1 < size; i++)
        if (copy[i] == '\r' && copy[i + 1] != '\n')
            copy[i] = '\n';
    struct bytes text = as_text(arena, (struct bytes){copy, size});
    keep_tail(output, text.at, text.size);
    put_event(output, text);

    char *rest = arena_copy(arena, text.at, text.size), *one;
    for (char *tab = rest; (tab = strchr(tab, '\t')) != NULL;)
        *tab = ' '; /* log lines have no control characters */
    while ((one = strsep(&rest, "\n")) != NULL)
        if (one[0] != '\0')
            log_info("[%s%s%s] %s", output->name, output->request_id[0] != '\0' ? " " : "", output->request_id, one);
    arena_free(arena);
}

static void finish_lines(struct output *output)
{
    for (int i = 0; i < 2; i++) {
        struct buffer *line = &output->lines[i];

        if (line->size > 0) {
            buffer_char(line, '\n');
            emit(output, line->text, line->size);
        }
        buffer_clear(line);
    }
}

void output_add(struct output *output, int stream, struct bytes bytes)
{
    struct buffer *line = &output->lines[stream == 2];

    while (bytes.size > 0) {
        const char *end = memchr(bytes.at, '\n', bytes.size);
        size_t size = end == NULL ? bytes.size : (size_t)(end - bytes.at) + 1;
        size_t room = LINE_LIMIT - 1 - line->size;

        if (size > room) {
            size = room;
            end = NULL;
        }
        if (end != NULL && line->size == 0) {
            emit(output, bytes.at, size);
        } else {
            buffer_add(line, bytes.at, size);
            if (end != NULL || line->size >= LINE_LIMIT - 1) {
                if (end == NULL)
                    buffer_char(line, '\n');
                emit(output, line->text, line->size);
                buffer_clear(line);
            }
        }
        bytes.at += size;
        bytes.size -= size;
    }
}

void output_line(struct output *output, const char *line)
{
    struct arena *arena = arena_new();

    finish_lines(output);
    const char *text = arena_print(arena, "%s\n", line);
    emit(output, text, strlen(text));
    arena_free(arena);
}

void output_begin(struct output *output, const char *request_id)
{
    finish_lines(output);
    output->tail_size = 0;
    output->request_id[0] = '\0';
    if (request_id != NULL)
        strncpy(output->request_id, request_id, sizeof output->request_id - 1);
}

struct bytes output_tail(struct output *output, struct arena *arena)
{
    finish_lines(output);
    size_t size = output->tail_size < TAIL ? output->tail_size : TAIL;
    const char *at = output->tail + output->tail_size - size;

    while (size > 0 && ((unsigned char)at[0] & 0xc0) == 0x80) { /* clients decode it: no half a character at its beginning */
        at++;
        size--;
    }
    return (struct bytes){arena_copy(arena, at, size), size};
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    finish_lines(output);
    output_send(output);
    output_drop(output);
}
