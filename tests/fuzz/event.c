/* The event that a function gets for a request through an HTTP API: the first byte says the payload format; a line with the target, lines with headers, an
 * empty line, the body. Whatever a request has in it, the event is JSON. */
#include "tests/fuzz/fuzz.h"

#include "emulator/base/encoding.h"
#include "emulator/base/text.h"
#include "services/apigw/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *arena = arena_new();
    char *text = arena_copy(arena, data + 1, size - 1), *target = text;
    char *headers = text + strcspn(text, "\n");
    if (*headers == '\n')
        *headers++ = '\0';
    char *blank = strstr(headers, "\n\n");
    struct bytes body = {"", 0};
    if (blank != NULL) {
        blank[1] = '\0';
        body = (struct bytes){blank + 2, (size_t)(text + size - 1 - (blank + 2))};
    }
    struct call *call = request(fuzz_service(FUZZ_APIGATEWAY), "POST", target[0] == '\0' ? "/" : target, headers);
    struct exchange *exchange = call->exchange;
    struct event event = {.exchange = exchange, .account = "000000000000", .api = "abc", .stage = "$default", .route_key = "POST /{proxy+}", .resource = "/{proxy+}",
                          .domain = "abc.execute-api.localhost", .domain_prefix = "abc", .request_id = "r", .trace_header = "t", .time = 1767323045000,
                          .parameters = value_map(), .variables = value_map()};
    struct bytes path;

    exchange->body = body;
    exchange->peer_address = "127.0.0.1";
    event.query = form_parse(call->arena, bytes_of(exchange->query), true, &event.query_count);
    /* What the route's match has let pass. */
    bool is_path = percent_decode(call->arena, bytes_of(exchange->path), false, &path) && utf8_is_valid(path) && strlen(path.at) == path.size;
    event.path = is_path ? path.at : "/";
    if (exchange_header(exchange, "Host") != NULL)
        event.domain = exchange_header(exchange, "Host");
    if (exchange_header(exchange, "X-Amzn-Trace-Id") != NULL)
        event.trace_header = exchange_header(exchange, "X-Amzn-Trace-Id");
    value_put(call->arena, &event.parameters, "proxy", value_text(event.path));
    if (exchange_header(exchange, "X-Method") != NULL)
        exchange->method = exchange_header(exchange, "X-Method");
    if (event.query != NULL || exchange->query[0] == '\0') { /* else the gateway refuses */
        struct value made = (data[0] & 1) != 0 ? event_1(&event) : event_2(&event);

        check(json_check(json_print(call->arena, &made), NULL) == 0);
    }
    end(call);
    arena_free(arena);
    return 0;
}
