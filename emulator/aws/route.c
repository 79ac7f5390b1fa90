/* Which operation of a REST service is meant: method, path, and what of query and headers tells operations on one path apart.
 *
 * A parameter in an operation's URI template (?acl, ?list-type=2) has to be there. For REST-XML the required query and header
 * members count as well: a PUT of an object with x-amz-copy-source is CopyObject. The candidate that asks for most wins. A
 * parameter that some operation's template has and the chosen one has not is never skipped: it would turn DELETE
 * /bucket?replication into DeleteBucket. Names are case-sensitive; what no template knows (x-id) is ignored. */
#include <string.h>

#include "emulator/aws/wire.h"

static const struct aws_error method_not_allowed = {"MethodNotAllowed", 405, NULL, false};
static const struct aws_error method_not_allowed_exception = {"MethodNotAllowedException", 405, NULL, false};
static const struct aws_error invalid_argument = {"InvalidArgument", 400, NULL, false};
static const struct aws_error invalid_uri = {"InvalidURI", 400, NULL, false};

bool route_match(const char *template, const char *path, struct route *route)
{
    route->label_count = 0;
    while (*template != '\0' && *template != '?') {
        if (*template != '{') {
            if (*template != *path)
                break;
            template ++;
            path++;
            continue;
        }
        const char *name = template + 1, *close = strchr(name, '}');
        bool is_greedy = close[-1] == '+';
        size_t size = is_greedy ? strlen(path) : strcspn(path, "/");
        if (size == 0 || route->label_count == ROUTE_LABELS)
            return false;
        route->names[route->label_count] = (struct bytes){name, (size_t)(close - name) - is_greedy};
        route->labels[route->label_count++] = (struct bytes){path, size};
        path += size;
        template = close + 1;
    }
    /* A slash at the end is the same resource on either side. */
    if (*template == '/' && (template[1] == '\0' || template[1] == '?'))
        template ++;
    if (*path == '/' && path[1] == '\0')
        path++;
    return *path == '\0' && (*template == '\0' || *template == '?');
}

struct search {
    struct call *call;
    const char *path;
    const struct form_field *fields;
    size_t count;
};

static const struct form_field *field(const struct search *search, const char *name)
{
    for (size_t i = 0; i < search->count; i++)
        if (strcmp(search->fields[i].name, name) == 0)
            return &search->fields[i];
    return NULL;
}

static bool is_there(const struct search *search, const struct selector *selector)
{
    const struct model *model = search->call->service->model;
    const char *name = model_string(model, selector->name);
    if (selector->kind == SELECT_HEADER)
        return exchange_header(search->call->exchange, name) != NULL;
    const struct form_field *found = field(search, name);
    return found != NULL && (selector->value == 0 || strcmp(found->value, model_string(model, selector->value)) == 0);
}

/* How well an operation on this path suits; -1: not at all. */
static int rate(const struct search *search, const struct operation *operation)
{
    const struct model *model = search->call->service->model;
    int literals = 0, required = 0;
    bool is_complete = true; /* nothing required is missing */
    for (int i = 0; i < operation->selector_count; i++) {
        const struct selector *selector = &model->selectors[operation->first_selector + i];
        bool there = is_there(search, selector);
        if (selector->kind == SELECT_LITERAL && !there)
            return -1;
        literals += selector->kind == SELECT_LITERAL;
        required += selector->kind != SELECT_LITERAL && there;
        is_complete = is_complete && there;
    }
    if (!is_complete && literals == 0)
        return -1;
    return literals * 8192 + (is_complete ? 4096 : 0) + required * 2 + !(operation->flags & OPERATION_DEPRECATED);
}

/* Rather /list than /{Name}. */
static int count_static(const struct operation *operation, const struct route *route)
{
    return operation->depth - route->label_count;
}

static bool has_literal(const struct model *model, const struct operation *operation, const char *name)
{
    for (int i = 0; i < operation->selector_count; i++) {
        const struct selector *selector = &model->selectors[operation->first_selector + i];
        if (selector->kind == SELECT_LITERAL && strcmp(model_string(model, selector->name), name) == 0)
            return true;
    }
    return false;
}

static bool is_query_member(const struct model *model, const struct operation *operation, const char *name)
{
    if (operation->input == NO_SHAPE)
        return false;
    const struct member *members = members_of(model, operation->input);
    for (int i = 0; i < shape_of(model, operation->input)->member_count; i++)
        if (members[i].location == LOCATION_QUERY && strcmp(model_string(model, members[i].wire_name), name) == 0)
            return true;
    return false;
}

static bool not_implemented(struct call *call, const char *name)
{
    const struct aws_error *error =
        call->service->not_implemented != NULL ? call->service->not_implemented : &error_not_implemented;
    fail(call, error, "lowcloud does not emulate the subresource '%s' here; see 'lowcloud support %s'", name, call->service->name);
    return false;
}

static bool not_allowed(struct call *call)
{
    if (call->service->model->protocol == PROTOCOL_REST_XML)
        fail(call, &method_not_allowed, "The specified method is not allowed against this resource.");
    else
        fail(call, &method_not_allowed_exception, "The method %s is not allowed for this resource", call->exchange->method);
    return false;
}

/* A parameter that stands for some other operation: what becomes of the request? True: it does not, after all. */
static bool leftover(const struct search *search, const struct operation *chosen, const struct form_field *extra)
{
    struct call *call = search->call;
    const struct model *model = call->service->model;
    bool is_known = false, here = false, has_required = false, has_value = false;
    for (int i = 0; i < model->operation_count; i++) {
        const struct operation *operation = &model->operations[i];
        for (int j = 0; j < operation->selector_count; j++) {
            const struct selector *selector = &model->selectors[operation->first_selector + j];
            if (strcmp(model_string(model, selector->name), extra->name) != 0)
                continue;
            if (selector->kind == SELECT_LITERAL) {
                is_known = true;
                has_value = has_value || selector->value != 0;
                here = here || operation->depth == chosen->depth;
            } else if (selector->kind == SELECT_QUERY && operation->depth == chosen->depth && operation->method == chosen->method &&
                       model->selectors[operation->first_selector].kind != SELECT_LITERAL) {
                has_required = true;
            }
        }
    }
    if (has_required) {
        fail(call, &invalid_argument, "The parameter %s does not go without the others of its operation", extra->name);
        fail_field(call, "ArgumentName", extra->name);
        fail_field(call, "ArgumentValue", extra->value);
        return false;
    }
    if (!is_known)
        return true;
    if (has_value) {
        fail(call, &invalid_argument, "The value of %s is not valid", extra->name);
        fail_field(call, "ArgumentName", extra->name);
        fail_field(call, "ArgumentValue", extra->value);
        return false;
    }
    if (chosen->selector_count > 0 && model->selectors[chosen->first_selector].kind == SELECT_LITERAL) {
        const char *other = model_string(model, model->selectors[chosen->first_selector].name);
        fail(call, &invalid_argument, "Conflicting query string parameters: %s, %s", other, extra->name);
        fail_field(call, "ArgumentName", "ResourceType");
        fail_field(call, "ArgumentValue", other);
        return false;
    }
    return here && !has_literal(model, chosen, extra->name) ? not_allowed(call) : not_implemented(call, extra->name);
}

static bool check_leftovers(const struct search *search, const struct operation *chosen)
{
    const struct model *model = search->call->service->model;
    if (model->protocol != PROTOCOL_REST_XML)
        return true;
    for (size_t i = 0; i < search->count; i++) {
        const char *name = search->fields[i].name;
        if (has_literal(model, chosen, name) || is_query_member(model, chosen, name))
            continue;
        if (!leftover(search, chosen, &search->fields[i]))
            return false;
    }
    return true;
}

static bool nothing_found(struct call *call, bool other_method)
{
    const struct aws_error *unknown =
        call->service->unknown_operation != NULL ? call->service->unknown_operation : &error_unknown_operation;
    if (other_method || call->service->model->protocol == PROTOCOL_REST_XML)
        return not_allowed(call);
    fail(call, unknown, "Unable to determine the operation of %s %s", call->exchange->method, call->exchange->path);
    return false;
}

/* Only for the words of a failure. */
static bool other_method_fits(const struct model *model, const char *path)
{
    struct route ignored;
    for (int i = 0; i < model->operation_count; i++)
        if (!(model->operations[i].flags & OPERATION_UNROUTED) &&
            route_match(model_string(model, model->operations[i].uri), path, &ignored))
            return true;
    return false;
}

bool route_find(struct call *call, const char *path, struct route *route)
{
    const struct model *model = call->service->model;
    struct search search = {.call = call, .path = path};
    struct route found;
    int best = -1, best_static = -1;
    if (call->exchange->query[0] != '\0') {
        search.fields = form_parse(call->arena, bytes_of(call->exchange->query), true, &search.count);
        if (search.fields == NULL) {
            fail(call, model->protocol == PROTOCOL_REST_XML ? &invalid_uri : &error_serialization,
                 "Couldn't parse the specified URI.");
            return false;
        }
    }
    for (int i = 0; i < model->operation_count; i++) {
        const struct operation *operation = &model->operations[i];
        if ((operation->flags & OPERATION_UNROUTED) ||
            strcmp(model_string(model, operation->method), call->exchange->method) != 0 ||
            !route_match(model_string(model, operation->uri), path, &found))
            continue;
        int rating = rate(&search, operation), is_static = count_static(operation, &found);
        if (rating < 0 || is_static < best_static || (is_static == best_static && rating <= best))
            continue;
        best = rating;
        best_static = is_static;
        *route = found;
        route->operation = (uint16_t)i;
    }
    if (best < 0)
        return nothing_found(call, other_method_fits(model, path));
    return check_leftovers(&search, &model->operations[route->operation]);
}
