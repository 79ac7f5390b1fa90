#include "services/apigw/response.h"

#include <string.h>

#include "emulator/base/encoding.h"
#include "emulator/base/json.h"

struct reader {
    struct arena *arena;
    struct response *response;
    struct header **last;
    const char *why;
};

static bool refuse(struct reader *reader, const char *why)
{
    if (reader->why == NULL)
        reader->why = why;
    return false;
}

static bool is_token(const char *name)
{
    static const char others[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return name[0] != '\0' && name[strspn(name, others)] == '\0';
}

/* Of the connection, or of the server. */
static bool is_dropped(const char *name)
{
    static const char *const names[] = {"Connection", "Content-Length",    "Date",   "Keep-Alive", "Proxy-Authenticate", "TE",
                                        "Trailer",    "Transfer-Encoding", "Upgrade"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (text_equal_fold(names[i], name))
            return true;
    return false;
}

static bool add_header(struct reader *reader, const char *name, const char *value)
{
    struct header *header = arena_alloc(reader->arena, sizeof *header);

    if (!is_token(name))
        return refuse(reader, "a header's name is not one");
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' && *at != '\t')
            return refuse(reader, "a header's value has control characters");
    if (is_dropped(name))
        return true;
    header->name = name;
    header->value = value;
    *reader->last = header;
    reader->last = &header->next;
    return true;
}

/* Text, numbers and booleans are header values; NULL for anything else. */
static const char *text_of(struct arena *arena, const struct value *value)
{
    struct bytes json;

    if (value->kind == VALUE_TEXT)
        return value->text;
    if (value->kind != VALUE_INTEGER && value->kind != VALUE_DOUBLE && value->kind != VALUE_BOOL)
        return NULL;
    json = json_print(arena, value);
    return arena_copy(arena, json.at, json.size);
}

static bool has_header(const struct response *response, const char *name)
{
    for (const struct header *header = response->headers; header != NULL; header = header->next)
        if (text_equal_fold(header->name, name))
            return true;
    return false;
}

static bool read_headers(struct reader *reader, const struct value *headers, const struct value *multi)
{
    if (!value_present(headers))
        return true;
    if (headers->kind != VALUE_MAP)
        return refuse(reader, "headers is not an object");
    for (uint32_t i = 0; i < headers->size; i++) {
        const char *name = headers->items[2 * i].text, *text;

        if (headers->items[2 * i + 1].kind == VALUE_NULL || value_find(multi, name) != NULL)
            continue; /* the list has the value as well, or replaces it */
        text = text_of(reader->arena, &headers->items[2 * i + 1]);
        if (text == NULL)
            return refuse(reader, "a header's value is an object or a list");
        if (!add_header(reader, name, text))
            return false;
    }
    return true;
}

static bool read_multi(struct reader *reader, const struct value *multi)
{
    if (!value_present(multi))
        return true;
    if (multi->kind != VALUE_MAP)
        return refuse(reader, "multiValueHeaders is not an object");
    for (uint32_t i = 0; i < multi->size; i++) {
        const struct value *list = &multi->items[2 * i + 1];

        if (list->kind != VALUE_LIST)
            return refuse(reader, "multiValueHeaders has a value that is not a list");
        for (uint32_t n = 0; n < list->size; n++) {
            const char *text = text_of(reader->arena, &list->items[n]);

            if (text == NULL)
                return refuse(reader, "a header's value is an object or a list");
            if (!add_header(reader, multi->items[2 * i].text, text))
                return false;
        }
    }
    return true;
}

static bool read_cookies(struct reader *reader, const struct value *cookies)
{
    if (!value_present(cookies))
        return true;
    if (cookies->kind != VALUE_LIST)
        return refuse(reader, "cookies is not a list");
    for (uint32_t i = 0; i < cookies->size; i++) {
        if (cookies->items[i].kind != VALUE_TEXT)
            return refuse(reader, "a cookie is not text");
        if (!add_header(reader, "set-cookie", cookies->items[i].text))
            return false;
    }
    return true;
}

static bool read_status(struct reader *reader, const struct value *status)
{
    int64_t number = 0;

    if (status == NULL)
        number = 200;
    else if (status->kind == VALUE_INTEGER)
        number = status->integer;
    else if (status->kind != VALUE_TEXT || !text_integer(status->text, &number))
        return refuse(reader, "statusCode is not a number");
    if (number < 200 || number > 599)
        return refuse(reader, "statusCode is not a final HTTP status");
    reader->response->status = (int)number;
    return true;
}

static bool read_body(struct reader *reader, const struct value *body, const struct value *is_base64)
{
    if (value_present(is_base64) && is_base64->kind != VALUE_BOOL)
        return refuse(reader, "isBase64Encoded is not a boolean");
    if (!value_present(body))
        return true;
    if (body->kind != VALUE_TEXT)
        return refuse(reader, "body is not text");
    reader->response->body = value_as_bytes(body);
    if (value_is(is_base64, VALUE_BOOL) && is_base64->boolean &&
        !base64_decode(reader->arena, value_as_bytes(body), &reader->response->body))
        return refuse(reader, "body is not the base64 that isBase64Encoded says it is");
    return true;
}

static bool read_envelope(struct reader *reader, const struct value *json, bool is_1)
{
    const struct value *multi = is_1 ? value_find(json, "multiValueHeaders") : NULL;

    if (!read_status(reader, value_find(json, "statusCode")) || !read_headers(reader, value_find(json, "headers"), multi) ||
        !read_multi(reader, multi) || (!is_1 && !read_cookies(reader, value_find(json, "cookies"))) ||
        !read_body(reader, value_find(json, "body"), value_find(json, "isBase64Encoded")))
        return false;
    return has_header(reader->response, "Content-Type") || add_header(reader, "content-type", "text/plain;charset=UTF-8");
}

struct response *response_read(struct arena *arena, const char *format, struct bytes payload, const char **why)
{
    struct response *response = arena_alloc(arena, sizeof *response);
    struct reader reader = {arena, response, &response->headers, NULL};
    bool is_1 = text_equal(format, "1.0"), done;
    struct value json;

    if (json_parse(arena, payload, &json, NULL) != 0)
        done = refuse(&reader, "the function's result is not JSON");
    else if (json.kind == VALUE_MAP && (is_1 || value_find(&json, "statusCode") != NULL))
        done = read_envelope(&reader, &json, is_1);
    else if (is_1)
        done = refuse(&reader, "the function's result is not an object, which payload format 1.0 requires");
    else {
        response->status = 200;
        response->body = json.kind == VALUE_TEXT ? value_as_bytes(&json) : payload;
        done = add_header(&reader, "content-type", "application/json");
    }
    *why = reader.why;
    return done ? response : NULL;
}
