#include "emulator/aws/router.h"

#include <ctype.h>
#include <string.h>

#include "emulator/aws/identity.h"
#include "emulator/aws/protocol.h"
#include "emulator/aws/service.h"
#include "emulator/base/encoding.h"

static void (*control)(struct exchange *exchange);

/* Signing names and host labels that mean a service by another name. */
static const struct {
    const char *name, *service;
} aliases[] = {
    {"s3express", "s3"}, {"s3-object-lambda", "s3"}, {"s3-control", "s3control"}, {"queue", "sqs"}, {"events", "events"},
};

void router_control(void (*on_control)(struct exchange *exchange))
{
    control = on_control;
}

/* --- hosts -------------------------------------------------------------------------------------------------------------------- */

static const char *const bases[] = {"localhost.localstack.cloud", "localhost", "amazonaws.com.cn", "amazonaws.com", "on.aws"};

static bool is_address(const char *host)
{
    return host[0] == '[' || (host[0] != '\0' && strspn(host, "0123456789.") == strlen(host));
}

const char *host_labels(struct exchange *exchange)
{
    const char *host = exchange->host;
    size_t size = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
    char *lower = arena_copy(exchange->arena, host, size);

    for (char *at = lower; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (is_address(lower) || lower[0] == '\0')
        return "";
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (!text_ends(lower, bases[i]))
            continue;
        size_t left = strlen(lower) - strlen(bases[i]);

        if (left == 0)
            return "";
        if (lower[left - 1] == '.') {
            lower[left - 1] = '\0';
            return lower;
        }
    }
    return NULL;
}

/* --- the order of DESIGN ---------------------------------------------------------------------------------------------------------- */

static const char *canonical(const char *name, const char *path)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (text_equal(aliases[i].name, name))
            return aliases[i].service;
    if (text_equal(name, "apigateway")) /* one signing name, two interfaces */
        return text_starts(path, "/v2/") ? "apigatewayv2" : "apigateway";
    return name;
}

static const struct service *by_target(const char *target)
{
    for (int i = 0; aws_services[i] != NULL; i++) {
        const struct model *model = aws_services[i]->model;

        if (model == NULL || model->target_prefix == NULL)
            continue;
        size_t size = strlen(model->target_prefix);
        if (strncmp(target, model->target_prefix, size) == 0 && target[size] == '.')
            return aws_services[i];
    }
    return NULL;
}

/* sqs.us-east-1, us-east-1.queue, s3, s3.eu-west-1: the first or the second label names the service. */
static const struct service *by_host(struct exchange *exchange)
{
    const char *labels = host_labels(exchange);
    const struct service *found;

    if (labels == NULL || labels[0] == '\0')
        return NULL;
    const char *first = arena_copy(exchange->arena, labels, strcspn(labels, "."));
    found = service_find(canonical(first, exchange->path));
    if (found != NULL)
        return found;
    const char *second = strchr(labels, '.');
    if (second == NULL)
        return NULL;
    second = arena_copy(exchange->arena, second + 1, strcspn(second + 1, "."));
    return text_equal(second, "queue") ? service_find("sqs") : NULL;
}

static bool is_dated(const char *path) /* /2015-03-31/functions: Lambda's versions of its interface */
{
    static const char form[] = "/dddd-dd-dd/";

    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)path[i]) : path[i] != form[i])
            return false;
    return true;
}

static bool is_queue_path(const char *path) /* /000000000000/name, /queue/region/000000000000/name */
{
    if (text_starts(path, "/queue/"))
        return true;
    size_t digits = strspn(path + 1, "0123456789");
    return digits == 12 && path[13] == '/' && path[14] != '\0' && strchr(path + 14, '/') == NULL;
}

static const struct service *by_path(struct exchange *exchange)
{
    static const char *const gateway[] = {"/v2/apis", "/v2/tags", "/v2/domainnames", "/v2/vpclinks"};
    const char *path = exchange->path;

    if (is_dated(path))
        return service_find("lambda");
    for (size_t i = 0; i < sizeof gateway / sizeof gateway[0]; i++)
        if (text_starts(path, gateway[i]) && (path[strlen(gateway[i])] == '/' || path[strlen(gateway[i])] == '\0'))
            return service_find("apigatewayv2");
    bool queries = text_equal(exchange->method, "GET") || text_equal(exchange->method, "POST");
    return queries && path[0] == '/' && is_queue_path(path) ? service_find("sqs") : NULL;
}

/* By version when it is said, else by whoever has an operation of that name. */
static const struct service *by_action(const char *action, const char *version)
{
    for (int round = 0; round < 2; round++)
        for (int i = 0; aws_services[i] != NULL; i++) {
            const struct model *model = aws_services[i]->model;

            if (model == NULL || (model->protocol != PROTOCOL_QUERY && !model->also_query))
                continue;
            if (round == 0 ? text_equal(model->api_version, version) : model_find_operation(model, action) >= 0)
                return aws_services[i];
        }
    return NULL;
}

/* The value as it stands of a field of a form that cannot be read: enough to know which service has to refuse it. */
static const char *raw_field(struct arena *arena, struct bytes form, const char *start)
{
    for (const char *at = form.at; at != NULL; at = strchr(at, '&')) {
        at += *at == '&';
        if (text_starts(at, start))
            return arena_copy(arena, at + strlen(start), strcspn(at + strlen(start), "&"));
    }
    return NULL;
}

static const struct service *by_form(struct arena *arena, struct bytes form, bool *has_action)
{
    size_t count;
    const char *action = NULL, *version = NULL;
    const struct form_field *fields = form_parse(arena, form, /* plus_is_space */ true, &count);

    for (size_t i = 0; i < count; i++) {
        if (text_equal(fields[i].name, "Action"))
            action = fields[i].value;
        else if (text_equal(fields[i].name, "Version"))
            version = fields[i].value;
    }
    if (fields == NULL) {
        action = raw_field(arena, form, "Action=");
        version = raw_field(arena, form, "Version=");
    }
    *has_action = action != NULL;
    return action == NULL ? NULL : by_action(action, version);
}

static void refuse_service(struct exchange *exchange, const char *name)
{
    protocol_refuse(exchange, 501, "NotImplementedException",
                    arena_print(exchange->arena, "lowcloud does not emulate the service '%s'; 'lowcloud support' lists what it does", name));
}

/* The body has come: its Action names the service; what has none is S3's. */
static void form_complete(struct exchange *exchange)
{
    bool has_action;
    const struct service *service = by_form(exchange->arena, exchange->body, &has_action);

    if (service == NULL && has_action) {
        refuse_service(exchange, "that has this Action");
        return;
    }
    call_from_exchange(exchange, service == NULL ? service_find("s3") : service, exchange->path);
    if (!exchange_is_answered(exchange))
        exchange->on_complete(exchange);
}

static bool is_form(struct exchange *exchange)
{
    const char *type = exchange_header(exchange, "Content-Type");

    return text_equal(exchange->method, "POST") && type != NULL && text_starts_fold(type, "application/x-www-form-urlencoded");
}

static bool is_control(const char *path)
{
    static const char *const prefixes[] = {"/_lowcloud", "/_localstack", "/_aws"};

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        char next = text_starts(path, prefixes[i]) ? path[strlen(prefixes[i])] : 'x';

        if (next == '\0' || next == '/')
            return true;
    }
    return false;
}

static bool claimed(struct exchange *exchange)
{
    for (int i = 0; aws_services[i] != NULL; i++)
        if (aws_services[i]->claim != NULL && aws_services[i]->claim(exchange))
            return true;
    for (int i = 0; aws_services[i] != NULL; i++) {
        const char *path;

        if (aws_services[i]->claim_host == NULL || !aws_services[i]->claim_host(exchange, &path))
            continue;
        call_from_exchange(exchange, aws_services[i], path);
        return true;
    }
    return false;
}

static void answered_already(struct exchange *exchange)
{
    (void)exchange;
}

void router_request(struct exchange *exchange)
{
    struct signature signature;
    const char *target;
    const struct service *service;
    bool has_action = false;

    exchange->on_complete = answered_already;
    if (claimed(exchange))
        return;
    if (is_control(exchange->path)) {
        control(exchange);
        return;
    }
    signature_parse(exchange, &signature);
    if (signature.service[0] != '\0') {
        service = service_find(canonical(signature.service, exchange->path));
        if (service == NULL)
            refuse_service(exchange, signature.service);
        else
            call_from_exchange(exchange, service, exchange->path);
        return;
    }
    target = exchange_header(exchange, "X-Amz-Target");
    service = target == NULL ? NULL : by_target(target);
    if (service == NULL && target != NULL) {
        refuse_service(exchange, arena_copy(exchange->arena, target, strcspn(target, ".")));
        return;
    }
    if (service == NULL)
        service = by_host(exchange);
    const char *labels = host_labels(exchange);
    /* S3 has taken the hosts that are its buckets': this one is a service's, but of none that is here. */
    if (service == NULL && labels != NULL && labels[0] != '\0' && !text_starts(labels, "s3")) {
        refuse_service(exchange, labels);
        return;
    }
    if (service == NULL)
        service = by_path(exchange);
    if (service == NULL && strstr(exchange->query, "Action=") != NULL)
        service = by_form(exchange->arena, bytes_of(exchange->query), &has_action);
    if (service == NULL && has_action && text_equal(exchange->path, "/")) {
        refuse_service(exchange, "that has this Action");
        return;
    }
    if (service == NULL && is_form(exchange)) {
        exchange->on_complete = form_complete;
        return;
    }
    call_from_exchange(exchange, service == NULL ? service_find("s3") : service, exchange->path);
}
