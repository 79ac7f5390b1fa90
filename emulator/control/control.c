#include "emulator/control/control.h"

#include <string.h>
#include <unistd.h>

#include "emulator/aws/identity.h"
#include "emulator/aws/router.h"
#include "emulator/base/encoding.h"
#include "emulator/base/json.h"

static struct control_options options;
static bool is_ready;

void control_answer(struct exchange *exchange, int status, const struct value *body)
{
    struct bytes json = json_print(exchange->arena, body);

    exchange_status(exchange, status);
    exchange_set_header(exchange, "Content-Type", "application/json");
    exchange_answer(exchange, (struct bytes){arena_print(exchange->arena, "%s\n", json.at), json.size + 1});
}

void control_fail(struct exchange *exchange, int status, const char *message)
{
    struct value body = value_map();

    value_put(exchange->arena, &body, "message", value_text(message));
    control_answer(exchange, status, &body);
}

const char *control_parameter(struct exchange *exchange, const char *name)
{
    size_t count;
    const struct form_field *fields = form_parse(exchange->arena, bytes_of(exchange->query), /* plus_is_space */ true, &count);

    for (size_t i = 0; i < count; i++)
        if (text_equal(fields[i].name, name))
            return fields[i].value;
    return NULL;
}

void control_place(struct exchange *exchange, const char **account, const char **region)
{
    *account = control_parameter(exchange, "account");
    *region = control_parameter(exchange, "region");
    *account = *account == NULL ? DEFAULT_ACCOUNT : *account;
    *region = *region == NULL ? DEFAULT_REGION : *region;
}

static void health_get(struct exchange *exchange)
{
    struct value body = value_map();

    value_put(exchange->arena, &body, "status", value_text("ok"));
    value_put(exchange->arena, &body, "version", value_text(LOWCLOUD_VERSION));
    control_answer(exchange, 200, &body);
}

static void ready_get(struct exchange *exchange)
{
    struct value body = value_map();

    value_put(exchange->arena, &body, "ready", value_bool(is_ready));
    control_answer(exchange, is_ready ? 200 : 503, &body);
}

/* As tools written for another emulator look for it. */
static void foreign_health_get(struct exchange *exchange)
{
    struct value body = value_map(), services = value_map();

    for (int i = 0; aws_services[i] != NULL; i++)
        value_put(exchange->arena, &services, aws_services[i]->name, value_text("available"));
    value_put(exchange->arena, &services, "apigateway", value_text("available"));
    value_put(exchange->arena, &body, "services", services);
    value_put(exchange->arena, &body, "edition", value_text("lowcloud"));
    value_put(exchange->arena, &body, "version", value_text(LOWCLOUD_VERSION));
    control_answer(exchange, 200, &body);
}

static void foreign_init_get(struct exchange *exchange)
{
    struct value body = value_map(), completed = value_map();

    value_put(exchange->arena, &completed, "BOOT", value_bool(true));
    value_put(exchange->arena, &completed, "START", value_bool(true));
    value_put(exchange->arena, &completed, "READY", value_bool(is_ready));
    value_put(exchange->arena, &completed, "SHUTDOWN", value_bool(false));
    value_put(exchange->arena, &body, "completed", completed);
    value_put(exchange->arena, &body, "scripts", value_list());
    control_answer(exchange, 200, &body);
}

static void stop_post(struct exchange *exchange)
{
    struct value body = value_map();

    value_put(exchange->arena, &body, "stopping", value_bool(true));
    value_put(exchange->arena, &body, "pid", value_integer(getpid())); /* for who wants to see the end */
    exchange_close_after(exchange);
    control_answer(exchange, 200, &body);
    options.stop();
}

/* What the services show of themselves without being touched: /_lowcloud/queues/NAME/messages. */
static void peek_get(struct exchange *exchange)
{
    const char *account, *region;
    struct bytes what;

    control_place(exchange, &account, &region);
    if (!percent_decode(exchange->arena, bytes_of(exchange->path + strlen("/_lowcloud/")), /* plus_is_space */ false, &what)) {
        control_fail(exchange, 400, "The path has a broken percent escape");
        return;
    }
    for (int i = 0; aws_services[i] != NULL; i++) {
        const struct value *found =
            aws_services[i]->peek == NULL ? NULL : aws_services[i]->peek(exchange->arena, account, region, what.at);

        if (found != NULL) {
            control_answer(exchange, 200, found);
            return;
        }
    }
    control_fail(exchange, 404,
                 arena_print(exchange->arena, "There is nothing at %s in account %s, region %s; account= and region= choose others", what.at, account, region));
}

static const struct {
    const char *method, *path;
    void (*run)(struct exchange *exchange);
} routes[] = {
    {"GET", "/_lowcloud/health", health_get},        {"GET", "/_lowcloud/ready", ready_get},
    {"GET", "/_localstack/health", foreign_health_get}, {"GET", "/_localstack/init", foreign_init_get},
    {"GET", "/_lowcloud/clock", clock_get},          {"POST", "/_lowcloud/clock", clock_post},
    {"GET", "/_lowcloud/idle", idle_get},            {"GET", "/_lowcloud/journal", journal_get},
    {"POST", "/_lowcloud/reset", reset_post},        {"POST", "/_lowcloud/stop", stop_post},
    {"POST", "/_localstack/state/reset", reset_post},
};

static void complete(struct exchange *exchange)
{
    bool exists = false;
    const char *method = text_equal(exchange->method, "HEAD") ? "GET" : exchange->method;

    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!text_equal(routes[i].path, exchange->path))
            continue;
        exists = true;
        if (text_equal(routes[i].method, method)) {
            routes[i].run(exchange);
            return;
        }
    }
    if (!exists && text_equal(method, "GET") && text_starts(exchange->path, "/_lowcloud/")) {
        peek_get(exchange);
        return;
    }
    control_fail(exchange, exists ? 405 : 404,
                 arena_print(exchange->arena, "%s %s is no control request of lowcloud; see docs/control.md", exchange->method, exchange->path));
}

static void request(struct exchange *exchange)
{
    exchange->on_complete = complete;
    exchange->on_gone = NULL;
    exchange->on_end = NULL;
    exchange->context = NULL;
}

uint64_t control_seed(void)
{
    return options.seed;
}

void control_start(const struct control_options *given)
{
    options = *given;
    is_ready = false;
    clock_keep();
    settle_start();
    router_control(request);
}

void control_ready(void)
{
    is_ready = true;
}
