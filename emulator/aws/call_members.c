/* Slots of inputs and outputs. */
#include "emulator/aws/call_state.h"
#include "emulator/aws/service.h"
#include "emulator/aws/wire.h"
#include "emulator/base/log.h"

const struct value *at(const struct value *structure, uint16_t member)
{
    if (structure == NULL || structure->kind != VALUE_STRUCT)
        return NULL;
    check(member < structure->size);
    return value_present(&structure->items[member]) ? &structure->items[member] : NULL;
}

const char *at_text(const struct value *structure, uint16_t member)
{
    const struct value *value = at(structure, member);

    return value != NULL && value->kind == VALUE_TEXT ? value->text : NULL;
}

int64_t at_integer(const struct value *structure, uint16_t member, int64_t fallback)
{
    const struct value *value = at(structure, member);

    return value != NULL && (value->kind == VALUE_INTEGER || value->kind == VALUE_TIME) ? value->integer : fallback;
}

bool at_bool(const struct value *structure, uint16_t member, bool fallback)
{
    const struct value *value = at(structure, member);

    return value != NULL && value->kind == VALUE_BOOL ? value->boolean : fallback;
}

const struct value *input_at(const struct call *call, uint16_t member)
{
    return at(&call->input, member);
}

const char *input_text(const struct call *call, uint16_t member)
{
    return at_text(&call->input, member);
}

bool input_has(const struct call *call, uint16_t member)
{
    return at(&call->input, member) != NULL;
}

int64_t input_integer(const struct call *call, uint16_t member, int64_t fallback)
{
    return at_integer(&call->input, member, fallback);
}

bool input_bool(const struct call *call, uint16_t member, bool fallback)
{
    return at_bool(&call->input, member, fallback);
}

void set(struct value *structure, uint16_t member, struct value value)
{
    check(structure->kind == VALUE_STRUCT && member < structure->size);
    structure->items[member] = value;
}

void output_set(struct call *call, uint16_t member, struct value value)
{
    if (call->output.kind == VALUE_ABSENT)
        call->output = call_struct(call, call->service->model->operations[call->operation].output);
    set(&call->output, member, value);
}

void output_text(struct call *call, uint16_t member, const char *text)
{
    output_set(call, member, value_text(text));
}

void output_integer(struct call *call, uint16_t member, int64_t integer)
{
    output_set(call, member, value_integer(integer));
}

void output_bool(struct call *call, uint16_t member, bool boolean)
{
    output_set(call, member, value_bool(boolean));
}

void output_time(struct call *call, uint16_t member, int64_t ms)
{
    output_set(call, member, value_time(ms));
}

struct value call_struct(struct call *call, uint16_t shape)
{
    return model_struct(call->service->model, call->arena, shape);
}

void call_header(struct call *call, const char *name, const char *value)
{
    struct header *header = arena_alloc(call->arena, sizeof *header);

    header->name = arena_text(call->arena, name);
    header->value = arena_text(call->arena, value);
    *call->state->headers_last = header;
    call->state->headers_last = &header->next;
}

bool call_has_header(const struct call *call, const char *name)
{
    return header_is_in(call->state->headers, name);
}

void call_status(struct call *call, int status)
{
    call->state->status = status;
}
