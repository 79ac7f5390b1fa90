#include "services/apigw/event.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/encoding.h"

static struct arena *arena_of(const struct event *event)
{
    return event->exchange->arena;
}

/* The body. */

bool event_body_is_text(const char *content_type, struct bytes body)
{
    static const char *const types[] = {"application/json", "application/javascript", "application/xml"};
    size_t size = content_type == NULL ? 0 : strcspn(content_type, "; \t");
    bool is_text = content_type != NULL && text_starts_fold(content_type, "text/");

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        is_text = is_text || (size == strlen(types[i]) && strncasecmp(content_type, types[i], size) == 0);
    return is_text && utf8_is_valid(body) && memchr(body.at, '\0', body.size) == NULL;
}

static struct value body_of(const struct event *event, bool *is_base64)
{
    struct bytes body = event->exchange->body;

    *is_base64 = false;
    if (body.size == 0)
        return (struct value){0};
    if (event_body_is_text(exchange_header(event->exchange, "Content-Type"), body))
        return value_text_of((struct bytes){arena_copy(arena_of(event), body.at, body.size), body.size});
    *is_base64 = true;
    return value_text(base64_encode(arena_of(event), body));
}

/* Headers. */

/* Of this connection, not of the message. */
static bool is_dropped(const char *name)
{
    static const char *const names[] = {"Connection",
                                        "Content-Length",
                                        "Expect",
                                        "Keep-Alive",
                                        "Proxy-Authorization",
                                        "Proxy-Connection",
                                        "TE",
                                        "Trailer",
                                        "Transfer-Encoding",
                                        "Upgrade",
                                        "X-Amzn-Trace-Id",
                                        "X-Forwarded-For",
                                        "X-Forwarded-Port",
                                        "X-Forwarded-Proto"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal_fold(names[i], name))
            return true;
    return false;
}

/* Invalid UTF-8 in a header is read as Latin-1, as HTTP has it. */
static const char *header_text(struct arena *arena, const char *text)
{
    struct bytes bytes = bytes_of(text);
    char *out, *to;

    if (utf8_is_valid(bytes))
        return text;
    out = to = arena_alloc(arena, 2 * bytes.size + 1);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte >= 0x80)
            *to++ = (char)(0xc0 | byte >> 6);
        *to++ = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
    }
    return out;
}

static char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);

    for (char *at = copy; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    return copy;
}

/* What the gateway adds: the last hop of X-Forwarded-For is the client as we see it. */
static void for_each_own(const struct event *event,
                         void (*add)(const struct event *event, struct value *to, const char *name, const char *value),
                         struct value *to)
{
    struct arena *arena = arena_of(event);
    const char *before = exchange_header_joined(event->exchange, "X-Forwarded-For"), *client = event->exchange->peer_address;

    add(event, to, "Content-Length", arena_print(arena, "%zu", event->exchange->body.size));
    add(event, to, "X-Amzn-Trace-Id", event->trace_header);
    add(event, to, "X-Forwarded-For", before == NULL ? client : arena_print(arena, "%s, %s", before, client));
    add(event, to, "X-Forwarded-Port", arena_print(arena, "%u", event->exchange->local_port));
    add(event, to, "X-Forwarded-Proto", "http");
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct value *)a)->text, ((const struct value *)b)->text);
}

static struct value sorted(struct value map)
{
    if (map.size > 1)
        qsort(map.items, map.size, 2 * sizeof *map.items, by_key);
    return map;
}

static void add_multi(const struct event *event, struct value *to, const char *name, const char *value)
{
    const char *key = header_text(arena_of(event), name);
    const struct value *before = value_find(to, key);
    struct value list = before == NULL ? value_list() : *before;

    value_push(arena_of(event), &list, value_text(header_text(arena_of(event), value)));
    value_put(arena_of(event), to, key, list);
}

/* 2.0: names in small letters, several values joined by commas, cookies apart. */
static void add_lower(const struct event *event, struct value *to, const char *name, const char *value)
{
    add_multi(event, to, lower(arena_of(event), name), value);
}

/* A map of lists becomes a map of texts. */
static struct value joined(const struct event *event, struct value map)
{
    for (uint32_t i = 0; i < map.size; i++) {
        struct value *list = &map.items[2 * i + 1];
        struct buffer text;

        if (list->size == 1) {
            *list = list->items[0];
            continue;
        }
        buffer_init(&text, SIZE_MAX / 2); /* no longer than the request */
        for (uint32_t n = 0; n < list->size; n++) {
            if (n > 0)
                buffer_char(&text, ',');
            buffer_add(&text, list->items[n].text, list->items[n].size);
        }
        *list = value_text_of(buffer_detach(&text, arena_of(event)));
    }
    return map;
}

static struct value headers_2(const struct event *event)
{
    struct value headers = value_map();

    for (const struct header *header = event->exchange->headers; header != NULL; header = header->next)
        if (!is_dropped(header->name) && !text_equal_fold(header->name, "Cookie"))
            add_lower(event, &headers, header->name, header->value);
    for_each_own(event, add_lower, &headers);
    return sorted(joined(event, headers));
}

static struct value cookies_of(const struct event *event)
{
    struct value cookies = value_list();

    for (const struct header *header = event->exchange->headers; header != NULL; header = header->next) {
        const char *at = header->value;

        if (!text_equal_fold(header->name, "Cookie"))
            continue;
        for (at += strspn(at, "; \t"); *at != '\0'; at += strspn(at, "; \t")) {
            size_t size = strcspn(at, ";"), end = size;

            while (end > 0 && (at[end - 1] == ' ' || at[end - 1] == '\t'))
                end--;
            value_push(arena_of(event), &cookies, value_text(header_text(arena_of(event), arena_copy(arena_of(event), at, end))));
            at += size;
        }
    }
    return cookies.size == 0 ? (struct value){0} : cookies;
}

/* 1.0: names as the client writes them, the last of several values; all of them beside it. */
static void add_single(const struct event *event, struct value *to, const char *name, const char *value)
{
    value_put(arena_of(event), to, header_text(arena_of(event), name), value_text(header_text(arena_of(event), value)));
}

static struct value headers_1(const struct event *event,
                              void (*add)(const struct event *, struct value *, const char *, const char *))
{
    struct value headers = value_map();

    for (const struct header *header = event->exchange->headers; header != NULL; header = header->next)
        if (!is_dropped(header->name))
            add(event, &headers, header->name, header->value);
    for_each_own(event, add, &headers);
    return sorted(headers);
}

/* The query. */

static struct value query_2(const struct event *event)
{
    struct value query = value_map();

    for (size_t i = 0; i < event->query_count; i++)
        add_multi(event, &query, event->query[i].name, event->query[i].value);
    return query.size == 0 ? (struct value){0} : joined(event, query);
}

static struct value query_1(const struct event *event,
                            void (*add)(const struct event *, struct value *, const char *, const char *))
{
    struct value query = value_map();

    for (size_t i = 0; i < event->query_count; i++)
        add(event, &query, event->query[i].name, event->query[i].value);
    return query.size == 0 ? value_null() : query;
}

static const char *user_agent(const struct event *event)
{
    const char *text = exchange_header(event->exchange, "User-Agent");

    return text == NULL ? "" : header_text(arena_of(event), text);
}

/* Format 2.0. */

static void put(const struct event *event, struct value *map, const char *key, struct value item)
{
    if (item.kind != VALUE_ABSENT)
        value_put(arena_of(event), map, key, item);
}

static struct value context_2(const struct event *event)
{
    struct value context = value_map(), http = value_map();

    put(event, &http, "method", value_text(header_text(arena_of(event), event->exchange->method)));
    put(event, &http, "path", value_text(event->path));
    put(event, &http, "protocol", value_text("HTTP/1.1"));
    put(event, &http, "sourceIp", value_text(event->exchange->peer_address));
    put(event, &http, "userAgent", value_text(user_agent(event)));
    put(event, &context, "accountId", value_text(event->account));
    put(event, &context, "apiId", value_text(event->api));
    put(event, &context, "domainName", value_text(header_text(arena_of(event), event->domain)));
    put(event, &context, "domainPrefix", value_text(event->domain_prefix));
    put(event, &context, "http", http);
    put(event, &context, "requestId", value_text(event->request_id));
    put(event, &context, "routeKey", value_text(event->route_key));
    put(event, &context, "stage", value_text(event->stage));
    put(event, &context, "time", value_text(date_clf(arena_of(event), event->time)));
    put(event, &context, "timeEpoch", value_integer(event->time));
    return context;
}

struct value event_2(const struct event *event)
{
    struct value map = value_map();
    bool is_base64;
    struct value body = body_of(event, &is_base64);

    put(event, &map, "version", value_text("2.0"));
    put(event, &map, "routeKey", value_text(event->route_key));
    put(event, &map, "rawPath", value_text(event->path));
    put(event, &map, "rawQueryString", value_text(event->exchange->query));
    put(event, &map, "cookies", cookies_of(event));
    put(event, &map, "headers", headers_2(event));
    put(event, &map, "queryStringParameters", query_2(event));
    put(event, &map, "requestContext", context_2(event));
    put(event, &map, "body", body);
    if (event->parameters.size > 0)
        put(event, &map, "pathParameters", event->parameters);
    put(event, &map, "isBase64Encoded", value_bool(is_base64));
    if (event->variables.size > 0)
        put(event, &map, "stageVariables", event->variables);
    return map;
}

/* Format 1.0. */

static struct value identity_1(const struct event *event)
{
    static const char *const none[] = {"accessKey",
                                       "accountId",
                                       "caller",
                                       "cognitoAuthenticationProvider",
                                       "cognitoAuthenticationType",
                                       "cognitoIdentityId",
                                       "cognitoIdentityPoolId",
                                       "principalOrgId"};
    struct value identity = value_map();

    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        put(event, &identity, none[i], value_null());
    put(event, &identity, "sourceIp", value_text(event->exchange->peer_address));
    put(event, &identity, "user", value_null());
    put(event, &identity, "userAgent", value_text(user_agent(event)));
    put(event, &identity, "userArn", value_null());
    return identity;
}

static struct value context_1(const struct event *event)
{
    struct value context = value_map();

    put(event, &context, "accountId", value_text(event->account));
    put(event, &context, "apiId", value_text(event->api));
    put(event, &context, "domainName", value_text(header_text(arena_of(event), event->domain)));
    put(event, &context, "domainPrefix", value_text(event->domain_prefix));
    put(event, &context, "extendedRequestId", value_text(event->request_id));
    put(event, &context, "httpMethod", value_text(header_text(arena_of(event), event->exchange->method)));
    put(event, &context, "identity", identity_1(event));
    put(event, &context, "path", value_text(event->path));
    put(event, &context, "protocol", value_text("HTTP/1.1"));
    put(event, &context, "requestId", value_text(event->request_id));
    put(event, &context, "requestTime", value_text(date_clf(arena_of(event), event->time)));
    put(event, &context, "requestTimeEpoch", value_integer(event->time));
    put(event, &context, "resourceId", value_text(event->route_key));
    put(event, &context, "resourcePath", value_text(event->resource));
    put(event, &context, "stage", value_text(event->stage));
    return context;
}

static struct value or_null(struct value value)
{
    return value.kind == VALUE_ABSENT || (value.kind == VALUE_MAP && value.size == 0) ? value_null() : value;
}

struct value event_1(const struct event *event)
{
    struct value map = value_map();
    bool is_base64;
    struct value body = body_of(event, &is_base64);

    put(event, &map, "version", value_text("1.0"));
    put(event, &map, "resource", value_text(event->resource));
    put(event, &map, "path", value_text(event->path));
    put(event, &map, "httpMethod", value_text(header_text(arena_of(event), event->exchange->method)));
    put(event, &map, "headers", headers_1(event, add_single));
    put(event, &map, "multiValueHeaders", headers_1(event, add_multi));
    put(event, &map, "queryStringParameters", query_1(event, add_single));
    put(event, &map, "multiValueQueryStringParameters", query_1(event, add_multi));
    put(event, &map, "requestContext", context_1(event));
    put(event, &map, "pathParameters", or_null(event->parameters));
    put(event, &map, "stageVariables", or_null(event->variables));
    put(event, &map, "body", or_null(body));
    put(event, &map, "isBase64Encoded", value_bool(is_base64));
    return map;
}
