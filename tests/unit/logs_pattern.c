/* CloudWatch Logs: filter patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/logs/pattern.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The examples of AWS's page "Filter pattern syntax", and what lies beside them. */
static void matching(void **state)
{
    static const char json[] =
        "{\"eventType\":\"UpdateTrail\",\"sourceIPAddress\":\"111.111.111.111\",\"arrayKey\":[\"value\",\"another value\"],"
        "\"objectList\":[{\"name\":\"a\",\"id\":1},{\"name\":\"b\",\"id\":2}],\"SomeObject\":null,\"ThisFlag\":true,\"n\":5.5,"
        "\"quoted\":\"5.5\",\"a b\":1}";
    static const struct {
        const char *pattern, *message;
        bool matches;
    } cases[] = {
        {"", "anything", true},
        {"   ", "anything", true},
        {"ERROR", "[ERROR 400] BAD REQUEST", true},
        {"ERROR", "error", false},
        {"ERROR ARGUMENTS", "ERROR MISSING ARGUMENTS", true},
        {"ERROR ARGUMENTS", "ERROR", false},
        {"?ERROR ?ARGUMENTS", "ARGUMENTS", true},
        {"?ERROR ?ARGUMENTS", "none", false},
        {"?ERROR BAD", "BAD", true}, /* beside a term that must be there, optional ones do not count */
        {"\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", true},
        {"\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR", false},
        {"ERROR -ARGUMENTS", "ERROR MISSING ARGUMENTS", false},
        {"ERROR -ARGUMENTS", "ERROR", true},
        {"-ARGUMENTS", "ERROR", true},
        {"-\"two words\"", "two words", false},
        {"?\"two words\" ?x", "two words", true},
        {"\"say \\\"no\\\"\"", "say \"no\"", true},
        {"{ $.eventType = \"UpdateTrail\" }", json, true},
        {"{$.eventType=UpdateTrail}", json, true},
        {"{ $.eventType = \"Update*\" }", json, true},
        {"{ $.eventType = \"*Trail\" }", json, true},
        {"{ $.eventType = \"*date*ail\" }", json, true},
        {"{ $.eventType = \"Update\" }", json, false},
        {"{ $.eventType != \"Update\" }", json, true},
        {"{ $.sourceIPAddress != 123.123.* }", json, true},
        {"{ $.sourceIPAddress = 111.* }", json, true},
        {"{ $.arrayKey[0] = \"value\" }", json, true},
        {"{ $.arrayKey[2] = \"value\" }", json, false},
        {"{ $.objectList[1].id = 2 }", json, true},
        {"{ $.SomeObject IS NULL }", json, true},
        {"{ $.eventType IS NULL }", json, false},
        {"{ $.SomeOtherObject NOT EXISTS }", json, true},
        {"{ $.SomeObject NOT EXISTS }", json, false},
        {"{ $.ThisFlag IS TRUE }", json, true},
        {"{ $.ThisFlag is false }", json, false},
        {"{ $.ThisFlag = true }", json, true},
        {"{ $.n >= 5.5 }", json, true},
        {"{ $.n > 5.5 }", json, false},
        {"{ $.n < 6 && $.objectList[0].id = 1 }", json, true},
        {"{ ($.n < 5) || ($.objectList[0].id = 1) }", json, true},
        {"{ $.n < 5 || $.n > 6 && $.n > 0 }", json, false},
        {"{ $.quoted = 5.5 }", json, true},
        {"{ $.quoted > 5 }", json, false},
        {"{ $['a b'] = 1 }", json, true},
        {"{ $.missing != 1 }", json, false},
        {"{ $.n = 5.5 }", "not json", false},
        {"{ $.n = 5.5 }", "[5.5]", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new();
        enum pattern_problem problem;
        const struct pattern *pattern = pattern_parse(arena, cases[i].pattern, &problem);

        assert_non_null(pattern);
        assert_int_equal(problem, PATTERN_GOOD);
        assert_int_equal(pattern_matches(pattern, cases[i].message), cases[i].matches);
        arena_free(arena);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *pattern;
        enum pattern_problem problem;
    } cases[] = {
        {"%re%", PATTERN_NOT_DONE},
        {"[a, b=4*]", PATTERN_NOT_DONE},
        {"{ $.a[*] = 1 }", PATTERN_NOT_DONE},
        {"{ $.a = %x% }", PATTERN_NOT_DONE},
        {"\"open", PATTERN_INVALID},
        {"?", PATTERN_INVALID},
        {"{", PATTERN_INVALID},
        {"{ }", PATTERN_INVALID},
        {"{ $ = 1 }", PATTERN_INVALID},
        {"{ $.a }", PATTERN_INVALID},
        {"{ $.a = }", PATTERN_INVALID},
        {"{ $.a > b }", PATTERN_INVALID},
        {"{ $.a = 1 } x", PATTERN_INVALID},
        {"{ ($.a = 1 }", PATTERN_INVALID},
        {"{ $.a = 1 && }", PATTERN_INVALID},
        {"{ $.a[ }", PATTERN_INVALID},
        {"{ $['a }", PATTERN_INVALID},
        {"{ $.a IS }", PATTERN_INVALID},
        {"{ ((((((((((((((((((((((((((((((((((((($.a = 1", PATTERN_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new();
        enum pattern_problem problem = PATTERN_GOOD;

        assert_null(pattern_parse(arena, cases[i].pattern, &problem));
        assert_int_equal(problem, cases[i].problem);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matching), cmocka_unit_test(refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
