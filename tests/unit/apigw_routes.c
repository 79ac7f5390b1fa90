/* HTTP APIs: which route serves a request, what goes into an event as text, what a function's result means, what a policy allows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "services/apigw/event.h"
#include "services/apigw/match.h"
#include "services/apigw/permission.h"
#include "services/apigw/response.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* Added from the least to the most specific: the order of creation does not count. The first ten are the example of AWS's page
 * "Routes for HTTP APIs". */
static const char *const keys[] = {
    "$default",
    "ANY /{proxy+}",
    "GET /pets/{proxy+}",
    "GET /pets/dog/{id}",
    "GET /pets/dog/1",
    "ANY /pets/dog/1",
    "GET /",
    "POST /items",
    "ANY /items",
    "GET /{x}/end",
    "GET /a/{b+}",
    "GET /x%20y",
    "GET /x y",
    "GET /items/{id}/parts/{part}",
};

static struct route_table *table(void)
{
    struct route_table *made = table_new(arena);

    for (size_t i = 0; i < COUNT(keys); i++)
        assert_true(table_add(made, keys[i], keys[i]));
    table_sort(made);
    return made;
}

static void routes(void **state)
{
    static const struct {
        const char *method, *path, *key;
    } cases[] = {
        {"GET", "/pets/dog/1", "GET /pets/dog/1"},
        {"POST", "/pets/dog/1", "ANY /pets/dog/1"},
        {"GET", "/pets/dog/2", "GET /pets/dog/{id}"},
        {"GET", "/pets/cat/1", "GET /pets/{proxy+}"},
        {"POST", "/pets/cat/1", "ANY /{proxy+}"},
        {"POST", "/test/5", "ANY /{proxy+}"},
        {"GET", "/", "GET /"},
        {"POST", "/", "$default"}, /* a greedy variable takes one segment at least */
        {"POST", "/items", "POST /items"},
        {"PUT", "/items", "ANY /items"},
        {"GET", "/items/", "ANY /{proxy+}"}, /* a trailing slash counts */
        {"GET", "/a/end", "GET /{x}/end"},   /* a full match comes before a greedy one */
        {"GET", "/a/other", "GET /a/{b+}"},
        {"GET", "/a/", "ANY /{proxy+}"},
        {"GET", "/x%20y", "GET /x y"}, /* what the client escapes is compared decoded */
        {"GET", "/x%2520y", "GET /x%20y"},
        {"GET", "/pets/dog/", "GET /pets/{proxy+}"}, /* a variable is not empty */
        {"GET", "/PETS/dog/1", "ANY /{proxy+}"},
        {"GET", "/items/1/parts/2", "GET /items/{id}/parts/{part}"},
        {"get", "/items", "ANY /items"},
    };
    const struct route_table *made = table();

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct route_match match;
        bool is_bad;

        assert_true(table_find(made, arena, cases[i].method, cases[i].path, &match, &is_bad));
        assert_string_equal(match.key, cases[i].key);
        assert_ptr_equal(match.target, (const void *)match.key);
    }
}

static void parameters(void **state)
{
    const struct route_table *made = table();
    struct route_match match;
    bool is_bad;

    (void)state;
    assert_true(table_find(made, arena, "GET", "/items/a%2Fb%20c/parts/%C3%A9", &match, &is_bad));
    assert_int_equal(match.parameters.size, 2);
    assert_string_equal(value_find_text(&match.parameters, "id"), "a/b c");
    assert_string_equal(value_find_text(&match.parameters, "part"), "\xC3\xA9");
    assert_true(table_find(made, arena, "GET", "/a/b/c%2Fd//e/", &match, &is_bad));
    assert_string_equal(value_find_text(&match.parameters, "b"), "b/c/d//e/");
    assert_true(table_find(made, arena, "GET", "/", &match, &is_bad));
    assert_int_equal(match.parameters.size, 0);
    assert_false(table_find(made, arena, "GET", "/%ff", &match, &is_bad));
    assert_true(is_bad);
    assert_false(table_find(made, arena, "GET", "/%2", &match, &is_bad));
    assert_true(is_bad);
    assert_false(table_find(made, arena, "GET", "/%00", &match, &is_bad));
    assert_true(is_bad);
    assert_false(table_find(table_new(arena), arena, "GET", "/", &match, &is_bad));
    assert_false(is_bad);
}

static void route_keys(void **state)
{
    static const char *const good[] = {"$default", "ANY /", "GET /a/{b}/{c+}", "PATCH /{a-b.c_d}", "DELETE /a/"};
    static const char *const bad[] = {"",          "GET",         "GET a",        "TRACE /",   "get /",       "GET  /",
                                      "$connect",  "/a",          "GET /{}",      "GET /{+}",  "GET /{a+}/b", "GET /{a",
                                      "GET /a{b}", "GET /{a}{b}", "GET /{a}/{a}", "GET /{a/b}"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_null(route_key_problem(arena, good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_non_null(route_key_problem(arena, bad[i]));
}

/* users.md A4: measured on AWS. */
static void body_text(void **state)
{
    static const struct {
        const char *type, *body;
        bool is_text;
    } cases[] = {
        {"text/plain", "x", true},
        {"TEXT/HTML; charset=utf-8", "x", true},
        {"application/json", "{}", true},
        {"application/json; charset=utf-8", "{}", true},
        {"Application/XML", "<a/>", true},
        {"application/javascript", "1", true},
        {NULL, "x", false},
        {"", "x", false},
        {"application/x-www-form-urlencoded", "a=b", false},
        {"application/octet-stream", "x", false},
        {"application/jsonp", "{}", false},
        {"application/vnd.api+json", "{}", false},
        {"multipart/form-data; boundary=text/plain", "x", false},
        {"text/plain", "\xff", false},
        {"application/json", "\xC3\xA9", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(event_body_is_text(cases[i].type, bytes_of(cases[i].body)), cases[i].is_text);
    assert_false(event_body_is_text("text/plain", (struct bytes){"a\0b", 3}));
}

static const char *header_of(const struct response *response, const char *name)
{
    for (const struct header *header = response->headers; header != NULL; header = header->next)
        if (text_equal_fold(header->name, name))
            return header->value;
    return NULL;
}

/* facts: services.md 4.4. `body` NULL: an Internal Server Error. */
static void responses(void **state)
{
    static const struct {
        const char *format, *payload;
        int status;
        const char *body, *type;
    } cases[] = {
        {"2.0", "{\"statusCode\":201,\"body\":\"x\"}", 201, "x", "text/plain;charset=UTF-8"},
        {"2.0", "{\"statusCode\":\"202\"}", 202, "", "text/plain;charset=UTF-8"},
        {"2.0", "{\"statusCode\":200,\"headers\":{\"Content-Type\":\"a/b\"},\"body\":null}", 200, "", "a/b"},
        {"2.0", "{\"statusCode\":200,\"body\":\"eA==\",\"isBase64Encoded\":true}", 200, "x", "text/plain;charset=UTF-8"},
        {"2.0", "{\"statusCode\":200,\"wrong\":1}", 200, "", "text/plain;charset=UTF-8"},
        {"2.0", "{\"a\": 1}", 200, "{\"a\": 1}", "application/json"},
        {"2.0", "\"t\\u00e9xt\"", 200, "t\xC3\xA9xt", "application/json"},
        {"2.0", "[1]", 200, "[1]", "application/json"},
        {"2.0", "null", 200, "null", "application/json"},
        {"2.0", "", 500, NULL, NULL},
        {"2.0", "{", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":\"x\"}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":99}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":200,\"body\":{}}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":200,\"body\":\"?\",\"isBase64Encoded\":true}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":200,\"headers\":{\"a\":{}}}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":200,\"headers\":{\"a\":\"b\\r\\nc: d\"}}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":200,\"headers\":{\"a b\":\"c\"}}", 500, NULL, NULL},
        {"2.0", "{\"statusCode\":200,\"cookies\":\"a\"}", 500, NULL, NULL},
        {"1.0", "{\"statusCode\":200,\"multiValueHeaders\":{\"content-type\":[\"a/b\"]}}", 200, "", "a/b"},
        {"1.0", "{\"statusCode\":200,\"multiValueHeaders\":{\"a\":\"b\"}}", 500, NULL, NULL},
        {"1.0", "\"text\"", 500, NULL, NULL},
        {"1.0", "{}", 200, "", "text/plain;charset=UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *why;
        const struct response *response = response_read(arena, cases[i].format, bytes_of(cases[i].payload), &why);

        if (cases[i].body == NULL) {
            assert_null(response);
            assert_non_null(why);
            continue;
        }
        assert_non_null(response);
        assert_int_equal(response->status, cases[i].status);
        assert_true(bytes_equal(response->body, bytes_of(cases[i].body)));
        assert_string_equal(header_of(response, "content-type"), cases[i].type);
    }
}

static void response_headers(void **state)
{
    const char *why, *payload = "{\"statusCode\":200,\"headers\":{\"n\":1,\"t\":true,\"x\":null,\"Content-Length\":\"9\",\"date\":"
                                "\"then\"},\"cookies\":[\"a=1\",\"b=2\"]}";
    const struct response *response = response_read(arena, "2.0", bytes_of(payload), &why);
    int cookies = 0;

    (void)state;
    assert_non_null(response);
    assert_string_equal(header_of(response, "n"), "1");
    assert_string_equal(header_of(response, "t"), "true");
    assert_null(header_of(response, "x"));
    assert_null(header_of(response, "content-length"));
    assert_null(header_of(response, "date"));
    for (const struct header *header = response->headers; header != NULL; header = header->next)
        cookies += strcmp(header->name, "set-cookie") == 0;
    assert_int_equal(cookies, 2);
}

#define ARN "arn:aws:execute-api:us-east-1:000000000000:id/$default/GET/items/{id}"
#define STATEMENT(principal, action, condition)                                                                                    \
    "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":" principal ",\"Action\":\"" action "\"" condition "}]}"
#define GATEWAY "{\"Service\":\"apigateway.amazonaws.com\"}"
#define SOURCE(pattern)                                                                                                            \
    ",\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:execute-api:us-east-1:000000000000:" pattern "\"}}"

static void permissions(void **state)
{
    static const struct {
        const char *policy;
        bool allows;
    } cases[] = {
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", ""), true},
        {STATEMENT("\"*\"", "lambda:*", ""), true},
        {STATEMENT("{\"Service\":\"s3.amazonaws.com\"}", "lambda:InvokeFunction", ""), false},
        {STATEMENT(GATEWAY, "lambda:GetFunction", ""), false},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", SOURCE("id/*/*")), true},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", SOURCE("id/*/*/items/{id}")), true},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", SOURCE("id/*/GET/items/*")), true},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", SOURCE("id/*/POST/items/*")), false},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", SOURCE("other/*/*")), false},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", ",\"Condition\":{\"StringEquals\":{\"AWS:SourceAccount\":\"000000000000\"}}"),
         true},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", ",\"Condition\":{\"StringEquals\":{\"AWS:SourceAccount\":\"111111111111\"}}"),
         false},
        {STATEMENT(GATEWAY, "lambda:InvokeFunction", ",\"Condition\":{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o\"}}"), false},
        {"{\"Statement\":[]}", false},
        {"", false},
        {NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(permission_allows(arena, cases[i].policy, ARN, "000000000000"), cases[i].allows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(routes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(route_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(body_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(responses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(response_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(permissions, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
