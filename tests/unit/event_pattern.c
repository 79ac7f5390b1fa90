/* Event patterns: operators, paths and what AWS refuses. Rules: "Comparison operators for use in event patterns" of the EventBridge
 * user guide, and the patterns checked against AWS that events/patterns of the project's facts hold (each kind has a row of our own
 * here). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "emulator/aws/event_pattern.h"
#include "emulator/base/json.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *pattern, *event;
    bool matches;
} rows[] = {
    {"{\"a\":[\"x\"]}", "{\"a\":\"x\"}", true},
    {"{\"a\":[\"x\"]}", "{\"a\":\"X\"}", false},
    {"{\"a\":[\"x\",\"y\"]}", "{\"a\":\"y\"}", true},
    {"{\"a\":[\"x\"]}", "{}", false},
    {"{\"a\":[\"x\"]}", "{\"A\":\"x\"}", false},
    {"{\"a\":[\"x\"]}", "{\"a\":[\"w\",\"x\"]}", true},
    {"{\"a\":[\"x\"]}", "{\"a\":{\"x\":1}}", false},
    {"{\"a\":[1]}", "{\"a\":1.0}", true},
    {"{\"a\":[300]}", "{\"a\":3.0e2}", true},
    {"{\"a\":[\"1\"]}", "{\"a\":1}", false},
    {"{\"a\":[null]}", "{\"a\":null}", true},
    {"{\"a\":[null]}", "{}", false},
    {"{\"a\":[\"\"]}", "{\"a\":\"\"}", true},
    {"{\"a\":[true]}", "{\"a\":true}", true},
    {"{\"a\":[true]}", "{\"a\":false}", false},
    {"{\"a\":[1],\"b\":[2]}", "{\"a\":1,\"b\":2}", true},
    {"{\"a\":[1],\"b\":[2]}", "{\"a\":1,\"b\":3}", false},
    {"{\"a\":{\"b\":[1]}}", "{\"a\":{\"b\":1}}", true},
    {"{\"a\":{\"b\":[1]}}", "{\"a.b\":1}", true},
    {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":3},{\"b\":1,\"c\":2}]}", true},
    {"{\"a\":{\"b\":[1],\"c\":[2]}}", "{\"a\":[{\"b\":1,\"c\":3},{\"b\":4,\"c\":2}]}", false},
    {"{\"a\":[{\"prefix\":\"im\"}]}", "{\"a\":\"image\"}", true},
    {"{\"a\":[{\"prefix\":\"im\"}]}", "{\"a\":\"i\"}", false},
    {"{\"a\":[{\"prefix\":{\"equals-ignore-case\":\"IM\"}}]}", "{\"a\":\"image\"}", true},
    {"{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":\"x.png\"}", true},
    {"{\"a\":[{\"suffix\":\".png\"}]}", "{\"a\":\"x.PNG\"}", false},
    {"{\"a\":[{\"suffix\":{\"equals-ignore-case\":\".png\"}}]}", "{\"a\":\"x.PNG\"}", true},
    {"{\"a\":[{\"equals-ignore-case\":\"aLiCe\"}]}", "{\"a\":\"Alice\"}", true},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"y\"}", true},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{\"a\":\"x\"}", false},
    {"{\"a\":[{\"anything-but\":\"x\"}]}", "{}", false},
    {"{\"a\":[{\"anything-but\":[1,\"x\"]}]}", "{\"a\":1}", false},
    {"{\"a\":[{\"anything-but\":{\"prefix\":\"init\"}}]}", "{\"a\":12}", true},
    {"{\"a\":[{\"anything-but\":{\"prefix\":[\"init\",\"te\"]}}]}", "{\"a\":\"test\"}", false},
    {"{\"a\":[{\"anything-but\":{\"suffix\":\".txt\"}}]}", "{\"a\":\"x.png\"}", true},
    {"{\"a\":[{\"anything-but\":{\"equals-ignore-case\":[\"RED\"]}}]}", "{\"a\":\"red\"}", false},
    {"{\"a\":[{\"anything-but\":{\"wildcard\":\"*/lib/*\"}}]}", "{\"a\":\"x/lib/y\"}", false},
    {"{\"a\":[{\"numeric\":[\"=\",301.8]}]}", "{\"a\":3.018e2}", true},
    {"{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":5}", true},
    {"{\"a\":[{\"numeric\":[\">\",0,\"<=\",5]}]}", "{\"a\":0}", false},
    {"{\"a\":[{\"numeric\":[\"<\",10]}]}", "{\"a\":\"9\"}", false},
    {"{\"a\":[{\"exists\":true}]}", "{\"a\":0}", true},
    {"{\"a\":[{\"exists\":true}]}", "{\"a\":[]}", false},
    {"{\"a\":[{\"exists\":true}]}", "{\"a\":{\"b\":1}}", false},
    {"{\"a\":[{\"exists\":false}]}", "{\"b\":1}", true},
    {"{\"a\":[{\"exists\":false}]}", "{\"a\":null}", false},
    {"{\"a\":{\"b\":[{\"exists\":false}]}}", "{\"c\":1}", true},
    {"{\"a\":[{\"wildcard\":\"dir/*/end*\"}]}", "{\"a\":\"dir/x/y/ending\"}", true},
    {"{\"a\":[{\"wildcard\":\"*a*b\"}]}", "{\"a\":\"xaabab\"}", true},
    {"{\"a\":[{\"wildcard\":\"a\\\\*b\"}]}", "{\"a\":\"a*b\"}", true},
    {"{\"a\":[{\"wildcard\":\"a\\\\*b\"}]}", "{\"a\":\"axb\"}", false},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.0.255\"}", true},
    {"{\"a\":[{\"cidr\":\"10.0.0.0/24\"}]}", "{\"a\":\"10.0.1.0\"}", false},
    {"{\"a\":[{\"cidr\":\"2001:db8::/32\"}]}", "{\"a\":\"2001:db8:1::1\"}", true},
    {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":0,\"b\":2}", true},
    {"{\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":0,\"b\":0}", false},
    {"{\"c\":[3],\"$or\":[{\"a\":[1]},{\"b\":[2]}]}", "{\"a\":1,\"c\":4}", false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new();
        struct value pattern, event;

        assert_int_equal(json_parse(arena, bytes_of(rows[i].pattern), &pattern, NULL), 0);
        assert_int_equal(json_parse(arena, bytes_of(rows[i].event), &event, NULL), 0);
        if (!event_pattern_is_valid(&pattern) || event_pattern_matches(arena, &pattern, &event) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].event);
        arena_free(arena);
    }
}

static const char *const refused[] = {
    "{}",
    "[]",
    "\"x\"",
    "{\"a\":\"x\"}",
    "{\"a\":1}",
    "{\"a\":[]}",
    "{\"a\":{}}",
    "{\"a\":[[\"x\"]]}",
    "{\"a\":[{\"prefix\":1}]}",
    "{\"a\":[{\"nothing\":\"x\"}]}",
    "{\"a\":[{\"prefix\":\"x\",\"suffix\":\"y\"}]}",
    "{\"a\":[{\"anything-but\":null}]}",
    "{\"a\":[{\"anything-but\":{\"prefix\":\"\"}}]}",
    "{\"a\":[{\"anything-but\":{\"suffix\":{\"equals-ignore-case\":\"x\"}}}]}",
    "{\"a\":[{\"anything-but\":{\"wildcard\":5}}]}",
    "{\"a\":[{\"equals-ignore-case\":[\"x\"]}]}",
    "{\"a\":[{\"numeric\":[\">\",0,\">\",0]}]}",
    "{\"a\":[{\"numeric\":[\">\",5,\"<\",1]}]}",
    "{\"a\":[{\"numeric\":[\">\"]}]}",
    "{\"a\":[{\"exists\":\"true\"}]}",
    "{\"a\":[{\"wildcard\":\"a**b\"}]}",
    "{\"a\":[{\"cidr\":\"10.0.0.0/33\"}]}",
    "{\"a\":[{\"cidr\":\"10.0.0/24\"}]}",
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct arena *arena = arena_new();
        struct value pattern;

        assert_int_equal(json_parse(arena, bytes_of(refused[i]), &pattern, NULL), 0);
        if (event_pattern_is_valid(&pattern))
            fail_msg("%s is accepted", refused[i]);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
