/* Everything a protocol test needs around the protocols: an exchange made by hand, an answer that can be looked at, and fail() as
 * call.c has it. Included once by each such program, which is not linked with call.c or http/. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emulator/aws/protocol.h"
#include "emulator/aws/wire.h"

#pragma GCC diagnostic ignored "-Wunused-function"

/* What was answered. */
static struct {
    int status, ends;
    char body[65536];
    size_t size;
    int64_t reader_size;
    struct {
        char name[64], value[1024];
    } headers[40];
    int header_count;
} answered;

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    for (const struct header *header = exchange->headers; header != NULL; header = header->next)
        if (strcasecmp(header->name, name) == 0)
            return header->value;
    return NULL;
}

const char *exchange_header_joined(struct exchange *exchange, const char *name)
{
    const char *all = NULL;
    for (const struct header *header = exchange->headers; header != NULL; header = header->next)
        if (strcasecmp(header->name, name) == 0)
            all = all == NULL ? header->value : arena_print(exchange->arena, "%s,%s", all, header->value);
    return all;
}

void exchange_status(struct exchange *exchange, int status)
{
    (void)exchange;
    answered.status = status;
}

void exchange_set_header(struct exchange *exchange, const char *name, const char *value)
{
    (void)exchange;
    if (answered.header_count == 40)
        return;
    snprintf(answered.headers[answered.header_count].name, 64, "%s", name);
    snprintf(answered.headers[answered.header_count++].value, 1024, "%s", value);
}

void exchange_answer(struct exchange *exchange, struct bytes body)
{
    (void)exchange;
    answered.ends++;
    answered.size = body.size < sizeof answered.body - 1 ? body.size : sizeof answered.body - 1;
    if (body.size > 0)
        memcpy(answered.body, body.at, answered.size);
    answered.body[answered.size] = '\0';
}

void exchange_answer_reader(struct exchange *exchange, int64_t size,
                            ssize_t (*read)(void *context, int64_t offset, char *at, size_t room), void *context)
{
    (void)exchange;
    (void)read;
    (void)context;
    answered.ends++;
    answered.reader_size = size;
}

enum outcome fail(struct call *call, const struct aws_error *error, const char *format, ...)
{
    va_list arguments;
    char *text;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    call->error = error;
    call->error_message = arena_text(call->arena, text);
    free(text);
    return FAILED;
}

void fail_field(struct call *call, const char *name, const char *value)
{
    value_put(call->arena, &call->error_fields, arena_text(call->arena, name), value_text(arena_text(call->arena, value)));
}

/* The same model with everything done, so that tests do not depend on what the services support so far. Kept, one for each, until the end. */
static const struct model *all_done(const struct model *model)
{
    static struct model *kept[64] __attribute__((used));
    static int kept_count;
    struct model *copy = malloc(sizeof *copy);
    struct operation *operations = malloc(sizeof *operations * model->operation_count);
    size_t count = 0;
    for (int i = 0; i < model->shape_count; i++)
        if (model->shapes[i].first_member + model->shapes[i].member_count > count)
            count = model->shapes[i].first_member + model->shapes[i].member_count;
    struct member *members = malloc(sizeof *members * count);
    memcpy(operations, model->operations, sizeof *operations * model->operation_count);
    memcpy(members, model->members, sizeof *members * count);
    for (int i = 0; i < model->operation_count; i++)
        operations[i].support = SUPPORT_DONE;
    for (size_t i = 0; i < count; i++)
        members[i].support = SUPPORT_DONE;
    *copy = *model;
    copy->operations = operations;
    copy->members = members;
    kept[kept_count++ % 64] = copy;
    return copy;
}

static const char *answer_header(const char *name)
{
    for (int i = 0; i < answered.header_count; i++)
        if (strcasecmp(answered.headers[i].name, name) == 0)
            return answered.headers[i].value;
    return NULL;
}

/* A request as a method, a target and header lines "Name: value\n...". */
static struct call *request(const struct service *service, const char *method, const char *target, const char *headers)
{
    struct arena *arena = arena_new();
    struct exchange *exchange = arena_alloc(arena, sizeof *exchange);
    struct call *call = arena_alloc(arena, sizeof *call);
    struct header **last = &exchange->headers;
    const char *question = strchr(target, '?');
    exchange->arena = arena;
    exchange->method = method;
    exchange->target = target;
    exchange->path = arena_copy(arena, target, question != NULL ? (size_t)(question - target) : strlen(target));
    exchange->query = question != NULL ? question + 1 : "";
    exchange->host = "localhost:4566";
    for (char *line = arena_text(arena, headers), *next; *line != '\0'; line = next) {
        struct header *header = arena_alloc(arena, sizeof *header);
        char *colon;
        next = line + strcspn(line, "\n");
        if (*next != '\0')
            *next++ = '\0';
        colon = strchr(line, ':');
        if (colon == NULL)
            continue;
        *colon = '\0';
        header->name = line;
        header->value = colon + 1 + strspn(colon + 1, " ");
        *last = header;
        last = &header->next;
    }
    call->arena = arena;
    call->service = service;
    call->operation = NO_SHAPE;
    call->protocol = service->model->protocol;
    call->host = exchange->host;
    call->request_id = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
    call->exchange = exchange;
    call->error_fields = value_map();
    memset(&answered, 0, sizeof answered);
    answered.reader_size = -1;
    return call;
}

/* As far as call.c takes it; true: an operation would run now. */
static bool accepted(struct call *call, const char *body)
{
    const char *path = call->exchange->path;
    return protocol_find(call, path) && protocol_head(call, path) && protocol_body(call, bytes_of(body)) && protocol_validate(call);
}

static void end(struct call *call)
{
    arena_free(call->arena);
}
