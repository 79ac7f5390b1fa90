#include "emulator/http/exchange.h"

#include "emulator/base/log.h"

static struct exchange_private *private_of(struct exchange *exchange)
{
    return (struct exchange_private *)exchange;
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    for (const struct header *header = exchange->headers; header != NULL; header = header->next)
        if (text_equal_fold(header->name, name))
            return header->value;
    return NULL;
}

const char *exchange_header_joined(struct exchange *exchange, const char *name)
{
    const char *joined = NULL;

    for (const struct header *header = exchange->headers; header != NULL; header = header->next)
        if (text_equal_fold(header->name, name))
            joined = joined == NULL ? header->value : arena_print(exchange->arena, "%s,%s", joined, header->value);
    return joined;
}

void exchange_body_memory(struct exchange *exchange, size_t limit)
{
    struct exchange_private *private = private_of(exchange);

    private->takes_memory = true;
    private->body_limit = limit;
}

void exchange_body_stream(struct exchange *exchange, int (*take)(void *context, const char *at, size_t size), void *context)
{
    struct exchange_private *private = private_of(exchange);

    private->takes_memory = false;
    private->take = take;
    private->take_context = context;
}

void exchange_status(struct exchange *exchange, int status)
{
    private_of(exchange)->status = status;
}

void exchange_set_header(struct exchange *exchange, const char *name, const char *value)
{
    struct exchange_private *private = private_of(exchange);
    struct header *header = arena_alloc(exchange->arena, sizeof *header);

    header->name = arena_text(exchange->arena, name);
    header->value = arena_text(exchange->arena, value);
    *private->answer_last = header;
    private->answer_last = &header->next;
}

static void answered(struct exchange_private *private, enum answer_kind kind)
{
    check(private->answer == ANSWER_NONE);
    private->answer = kind;
    server_wake(private);
}

void exchange_answer(struct exchange *exchange, struct bytes body)
{
    struct exchange_private *private = private_of(exchange);

    private->bytes = body;
    answered(private, ANSWER_BYTES);
}

void exchange_answer_reader(struct exchange *exchange, int64_t size,
                            ssize_t (*read)(void *context, int64_t offset, char *at, size_t room), void *context)
{
    struct exchange_private *private = private_of(exchange);

    private->size = size;
    private->read = read;
    private->read_context = context;
    answered(private, ANSWER_READER);
}

enum { STREAM_LIMIT = 64 * 1024 * 1024 };

void exchange_answer_stream(struct exchange *exchange)
{
    struct exchange_private *private = private_of(exchange);

    buffer_init(&private->stream, STREAM_LIMIT);
    answered(private, ANSWER_STREAM);
}

void exchange_stream_write(struct exchange *exchange, struct bytes bytes)
{
    struct exchange_private *private = private_of(exchange);

    check(private->answer == ANSWER_STREAM && !private->stream_ended);
    if (private->stream_sent == private->stream.size) {
        buffer_clear(&private->stream);
        private->stream_sent = 0;
    }
    buffer_add(&private->stream, bytes.at, bytes.size);
    server_wake(private);
}

void exchange_stream_end(struct exchange *exchange)
{
    struct exchange_private *private = private_of(exchange);

    check(private->answer == ANSWER_STREAM);
    private->stream_ended = true;
    server_wake(private);
}

void exchange_drop(struct exchange *exchange)
{
    answered(private_of(exchange), ANSWER_DROP);
}

bool exchange_is_answered(const struct exchange *exchange)
{
    return ((const struct exchange_private *)exchange)->answer != ANSWER_NONE;
}

void exchange_close_after(struct exchange *exchange)
{
    private_of(exchange)->closes = true;
}

bool exchange_framing_is_sound(const struct exchange *exchange)
{
    const char *length = exchange_header(exchange, "Content-Length");

    for (const struct header *header = exchange->headers; header != NULL; header = header->next)
        if ((text_equal_fold(header->name, "Content-Length") && !text_equal(header->value, length)) ||
            (text_equal_fold(header->name, "Transfer-Encoding") && !text_equal_fold(header->value, "chunked")))
            return false;
    return true;
}
