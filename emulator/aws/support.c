/* Whether we emulate what an input asks for. A refused operation or member fails with the service's NotImplemented; a recorded one
 * is told once on stderr (with --strict it is refused as well). An empty list or map of a refused member asks for nothing and
 * passes. */
#include <string.h>

#include "emulator/aws/wire.h"
#include "emulator/base/log.h"

/* The way from the input to a value, written down only for a message. Lists leave no trace in it. */
struct path {
    const struct path *parent;
    const char *name;
};

enum { TOLD_MOST = 4096 };

/* Once per row of the tables: true the first time. */
static bool tell_about(const void *row)
{
    static const void *told[TOLD_MOST];
    static size_t count;
    size_t at = (uintptr_t)row / 4 % TOLD_MOST;
    while (told[at] != NULL && told[at] != row)
        at = (at + 1) % TOLD_MOST;
    if (told[at] == row || count == TOLD_MOST / 2)
        return false;
    told[at] = row;
    count++;
    return true;
}

static bool not_emulated(struct call *call, const char *what, const char *of, const char *why)
{
    const struct service *service = call->service;
    const struct aws_error *error = service->not_implemented != NULL ? service->not_implemented : &error_not_implemented;
    fail(call, error, "lowcloud does not emulate %s%s%s%s; see 'lowcloud support %s'", what, of != NULL ? " of " : "",
         of != NULL ? of : "", why, service->name);
    return false;
}

static void print_support_path(struct buffer *buffer, const struct path *path)
{
    if (path->parent != NULL)
        print_support_path(buffer, path->parent);
    buffer_text(buffer, buffer->size > 0 ? "." : "");
    buffer_text(buffer, path->name);
}

static bool refuse_member(struct call *call, const struct path *path, const char *why)
{
    struct buffer buffer;
    buffer_init(&buffer, ERROR_LIMIT);
    print_support_path(&buffer, path);
    const char *name = buffer_detach(&buffer, call->arena).at;
    return not_emulated(call, name, operation_name(call->service->model, call->operation), why);
}

static bool asks_for_nothing(const struct value *value)
{
    return (value->kind == VALUE_LIST || value->kind == VALUE_MAP) && value->size == 0;
}

static bool supports_value(struct call *call, uint16_t shape, const struct value *value, const struct path *path);

static bool supports_member(struct call *call, const struct member *member, const struct value *value, const struct path *path)
{
    if (!value_present(value))
        return true;
    if (member->support == SUPPORT_REFUSED)
        return asks_for_nothing(value) || refuse_member(call, path, "");
    if (member->support == SUPPORT_RECORDED) {
        if (protocol_strict)
            return refuse_member(call, path, " (it would only be recorded, and --strict is on)");
        if (tell_about(member)) {
            struct buffer buffer;
            buffer_init(&buffer, ERROR_LIMIT);
            print_support_path(&buffer, path);
            log_warn("%s: %s of %s is recorded only: it is returned as given, and changes nothing", call->service->name,
                     buffer.text, operation_name(call->service->model, call->operation));
            buffer_free(&buffer);
        }
        return true;
    }
    return supports_value(call, member->shape, value, path);
}

static bool supports_value(struct call *call, uint16_t number, const struct value *value, const struct path *path)
{
    const struct model *model = call->service->model;
    const struct member *members = members_of(model, number);
    bool is_map = value->kind == VALUE_MAP;
    switch (value->kind) {
    case VALUE_STRUCT:
        for (uint32_t i = 0; i < value->size; i++) {
            struct path here = {path, model_string(model, members[i].name)};
            if (!supports_member(call, &members[i], &value->items[i], &here))
                return false;
        }
        return true;
    case VALUE_LIST:
    case VALUE_MAP:
        if (shape_is_scalar(shape_of(model, shape_of(model, number)->element)))
            return true;
        for (uint32_t i = 0; i < value->size; i++)
            if (!supports_value(call, shape_of(model, number)->element, &value->items[is_map ? 2 * i + 1 : i], path))
                return false;
        return true;
    default:
        return true;
    }
}

static bool supports_operation(struct call *call)
{
    const struct operation *operation = operation_of(call);
    const char *name = operation_name(call->service->model, call->operation);
    if (operation->support == SUPPORT_REFUSED)
        return not_emulated(call, name, NULL, "");
    if (operation->support == SUPPORT_RECORDED) {
        if (protocol_strict)
            return not_emulated(call, name, NULL, " (it would only be recorded, and --strict is on)");
        if (tell_about(operation))
            log_warn("%s: %s is recorded only: it changes nothing but what is returned later", call->service->name, name);
    }
    return true;
}

bool support_check(struct call *call)
{
    return supports_operation(call) &&
           (operation_of(call)->input == NO_SHAPE || supports_value(call, operation_of(call)->input, &call->input, NULL));
}
