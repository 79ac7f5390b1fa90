#include "services/apigw/cors.h"

#include <string.h>

#include "services/apigw/apigatewayv2_model.h"
#include "services/apigw/errors.h"

static bool is_origin(const char *origin)
{
    if (strcmp(origin, "*") == 0 || strcmp(origin, "null") == 0)
        return true;
    const char *host = strstr(origin, "://");
    return host != NULL && host > origin && host[3] != '\0' && strpbrk(host + 3, "/ \t\r\n") == NULL;
}

static bool has(const struct value *list, const char *text)
{
    for (uint32_t i = 0; list != NULL && i < list->size; i++)
        if (list->items[i].kind == VALUE_TEXT && strcmp(list->items[i].text, text) == 0)
            return true;
    return false;
}

/* They become header lines. */
static bool are_printable(struct call *call, const struct value *list)
{
    for (uint32_t i = 0; list != NULL && i < list->size; i++)
        for (const char *at = list->items[i].kind == VALUE_TEXT ? list->items[i].text : "\n"; *at != '\0'; at++)
            if (*at < ' ' || *at > '~') {
                (void)fail(call, &gateway_bad_request, "Invalid CORS configuration: its lists may have printable ASCII only");
                return false;
            }
    return true;
}

bool cors_check(struct call *call, const struct value *cors)
{
    static const char *const methods[] = {"*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    const struct value *origins = at(cors, Cors_AllowOrigins), *allowed = at(cors, Cors_AllowMethods);

    if (!are_printable(call, origins) || !are_printable(call, allowed) || !are_printable(call, at(cors, Cors_AllowHeaders)) ||
        !are_printable(call, at(cors, Cors_ExposeHeaders)))
        return false;
    for (uint32_t i = 0; origins != NULL && i < origins->size; i++)
        if (!is_origin(origins->items[i].text)) {
            (void)fail(call, &gateway_bad_request, "Invalid format for origin: %s", origins->items[i].text);
            return false;
        }
    for (uint32_t i = 0; allowed != NULL && i < allowed->size; i++) {
        bool is_known = false;

        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
            is_known = is_known || strcmp(methods[m], allowed->items[i].text) == 0;
        if (!is_known) {
            (void)fail(call, &gateway_bad_request, "Invalid method in allowMethods: %s", allowed->items[i].text);
            return false;
        }
    }
    if (at_bool(cors, Cors_AllowCredentials, false) && has(origins, "*")) {
        (void)fail(call, &gateway_bad_request, "allowCredentials cannot be used with an origin of '*'");
        return false;
    }
    return true;
}

bool cors_is_preflight(const struct exchange *exchange)
{
    return text_equal(exchange->method, "OPTIONS") && exchange_header(exchange, "Origin") != NULL &&
           exchange_header(exchange, "Access-Control-Request-Method") != NULL;
}

/* A scheme with a star for its host stands for every origin of that scheme. */
bool cors_allows(const struct value *cors, const char *origin)
{
    const struct value *origins = value_find(cors, "AllowOrigins");

    if (origin == NULL)
        return false;
    if (has(origins, "*") || has(origins, origin))
        return true;
    return (has(origins, "https://*") && text_starts(origin, "https://")) ||
           (has(origins, "http://*") && text_starts(origin, "http://"));
}

static void set_list(struct exchange *exchange, const char *name, const struct value *list)
{
    struct buffer joined;

    if (list == NULL || list->size == 0)
        return;
    buffer_init(&joined, 64 * 1024);
    for (uint32_t i = 0; i < list->size; i++) {
        if (i > 0)
            buffer_char(&joined, ',');
        buffer_text(&joined, list->items[i].text);
    }
    exchange_set_header(exchange, name, joined.text);
    buffer_free(&joined);
}

void cors_set_headers(const struct value *cors, struct exchange *exchange, bool is_preflight)
{
    const char *origin = exchange_header(exchange, "Origin");
    const struct value *age = value_find(cors, "MaxAge"), *credentials = value_find(cors, "AllowCredentials");

    if (!cors_allows(cors, origin))
        return;
    exchange_set_header(exchange, "Access-Control-Allow-Origin", has(value_find(cors, "AllowOrigins"), "*") ? "*" : origin);
    if (value_is(credentials, VALUE_BOOL) && credentials->boolean)
        exchange_set_header(exchange, "Access-Control-Allow-Credentials", "true");
    set_list(exchange, "Access-Control-Expose-Headers", value_find(cors, "ExposeHeaders"));
    if (!is_preflight)
        return;
    set_list(exchange, "Access-Control-Allow-Methods", value_find(cors, "AllowMethods"));
    set_list(exchange, "Access-Control-Allow-Headers", value_find(cors, "AllowHeaders"));
    if (value_is(age, VALUE_INTEGER))
        exchange_set_header(exchange, "Access-Control-Max-Age", arena_print(exchange->arena, "%lld", (long long)age->integer));
}

bool cors_owns_header(const char *name)
{
    return text_starts_fold(name, "access-control-");
}
