/* Values, and JSON read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "emulator/base/json.h"

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

static struct value parsed(const char *json)
{
    struct value value = {0};
    assert_int_equal(json_check(bytes_of(json), NULL), 0);
    assert_int_equal(json_parse(arena, bytes_of(json), &value, NULL), 0);
    return value;
}

static const char *printed(struct value value)
{
    return json_print(arena, &value).at;
}

static void lists_and_maps_grow(void **state)
{
    (void)state;
    struct value list = value_list(), map = value_map();
    for (int i = 0; i < 1000; i++) {
        value_push(arena, &list, value_integer(i));
        value_put(arena, &map, arena_print(arena, "key%d", i), value_integer(i));
    }
    *value_put(arena, &map, "key7", value_null()) = value_text("again");
    assert_int_equal(list.size, 1000);
    assert_int_equal(map.size, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(list.items[i].integer, i);
        const struct value *found = value_find(&map, arena_print(arena, "key%d", i));
        assert_true(i == 7 ? text_equal(found->text, "again") : found->integer == i);
    }
    assert_string_equal(value_find_text(&map, "key7"), "again");
    assert_null(value_find_text(&map, "key8"));
    assert_null(value_find(&map, "key"));
    assert_null(value_find(&list, "key1"));
    assert_null(value_find(NULL, "key1"));
    /* What was read can grow, too. */
    for (uint32_t size = 0; size < 70; size++) {
        struct value read = value_list_of(arena, size);
        for (uint32_t i = 0; i < 70; i++)
            value_push(arena, &read, value_integer(i));
        assert_int_equal(read.size, size + 70);
        assert_int_equal(read.items[size + 69].integer, 69);
    }
}

static void absence_null_and_zero_differ(void **state)
{
    (void)state;
    struct value absent = {0}, null = value_null(), zero = value_integer(0), empty = value_text("");
    assert_false(value_present(&absent));
    assert_false(value_present(&null));
    assert_true(value_present(&zero));
    assert_true(value_present(&empty));
    assert_true(value_is(&absent, VALUE_ABSENT));
    struct value of_null = value_text(NULL);
    assert_true(value_is(&of_null, VALUE_ABSENT));
    assert_false(value_equal(&absent, &null));
    struct value members = value_struct(arena, 3);
    assert_int_equal(members.size, 3);
    assert_false(value_present(&members.items[2]));
}

static void copies_are_deep(void **state)
{
    (void)state;
    struct arena *other = arena_new();
    struct value original = {0};
    assert_int_equal(json_parse(other, bytes_of("{\"a\":[1,2.5,\"t\",null,true,{\"b\":{}}],\"c\":\"d\"}"), &original, NULL), 0);
    value_put(other, &original, arena_text(other, "raw"), value_raw(bytes_of(arena_text(other, "[ 1 ]"))));
    value_put(other, &original, arena_text(other, "bytes"), value_bytes((struct bytes){arena_copy(other, "a\0b", 3), 3}));
    value_put(other, &original, arena_text(other, "time"), value_time(5));
    struct value members = value_struct(other, 2);
    members.items[1] = original;
    struct value copy = value_copy(arena, &members);
    assert_true(value_equal(&copy, &members));
    arena_free(other);
    assert_string_equal(printed(copy.items[1]),
                        "{\"a\":[1,2.5,\"t\",null,true,{\"b\":{}}],\"c\":\"d\",\"raw\":[ 1 ],\"bytes\":\"YQBi\",\"time\":0.005}");
}

static void equality(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"b\":[2,3]}", "{\"b\":[2,3],\"a\":1}", true},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"[1,2]", "[2,1]", false},
        {"1", "1.0", true},
        {"1", "\"1\"", false},
        {"1.5", "1.50", true},
        {"null", "false", false},
        {"\"\\u00e4\"", "\"\xC3\xA4\"", true},
        {"[]", "{}", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct value a = parsed(cases[i].a), b = parsed(cases[i].b);
        assert_int_equal(value_equal(&a, &b), cases[i].equal);
        assert_int_equal(value_equal(&b, &a), cases[i].equal);
    }
}

/* RFC 8259 and, for the refused ones, the ideas of the JSON Parsing Test Suite's n_ cases. */
static void what_is_json(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0",
        "-0",
        "1e5",
        "1E+5",
        "-1.5e-5",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        " [ 1 , 2 ] ",
        "\t\r\n{ \"a\" : null }\n",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
        "\"\x7F\"",
        "\"\xF0\x9F\x98\x80\"",
        "{\"\":0}",
        "[[[[]]]]",
        "1e999",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "100000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct value value;
        assert_int_equal(json_check(bytes_of(good[i]), NULL), 0);
        assert_int_equal(json_parse(arena, bytes_of(good[i]), &value, NULL), 0);
    }
    static const struct {
        const char *json;
        size_t offset;
        const char *message;
    } bad[] = {
        {"", 0, "expected a value"},
        {" ", 1, "expected a value"},
        {"\xEF\xBB\xBF{}", 0, "expected a value"},
        {"01", 1, "something follows the value"},
        {"-", 1, "expected a digit"},
        {"-01", 2, "something follows the value"},
        {"+1", 0, "expected a value"},
        {".5", 0, "expected a value"},
        {"1.", 2, "expected a digit"},
        {"1e", 2, "expected a digit"},
        {"1e+", 3, "expected a digit"},
        {"0x1", 1, "something follows the value"},
        {"NaN", 0, "expected a value"},
        {"-Infinity", 1, "expected a digit"},
        {"True", 0, "expected a value"},
        {"tru", 0, "expected a value"},
        {"nullx", 4, "something follows the value"},
        {"{} {}", 3, "something follows the value"},
        {"[1,]", 3, "expected a value"},
        {"[,1]", 1, "expected a value"},
        {"[1 2]", 3, "expected ',' or ']'"},
        {"[1", 2, "expected ',' or ']'"},
        {"[", 1, "expected a value"},
        {"]", 0, "expected a value"},
        {"[1}", 2, "expected ',' or ']'"},
        {"{", 1, "expected a key"},
        {"{a:1}", 1, "expected a key"},
        {"{'a':1}", 1, "expected a key"},
        {"{\"a\"}", 4, "expected ':'"},
        {"{\"a\":}", 5, "expected a value"},
        {"{\"a\":1,}", 7, "expected a key"},
        {"{\"a\":1", 6, "expected ',' or '}'"},
        {"{1:1}", 1, "expected a key"},
        {"[1]//", 3, "something follows the value"},
        {"[1/**/]", 2, "expected ',' or ']'"},
        {"\"", 1, "unterminated string"},
        {"\"a", 2, "unterminated string"},
        {"'a'", 0, "expected a value"},
        {"\"\t\"", 1, "control character in a string"},
        {"\"a\nb\"", 2, "control character in a string"},
        {"\"\\x\"", 1, "unknown escape in a string"},
        {"\"\\\"", 3, "unterminated string"},
        {"\"\\", 1, "unknown escape in a string"},
        {"\"\\U0041\"", 1, "unknown escape in a string"},
        {"\"\\u00g0\"", 1, "expected four hexadecimal digits"},
        {"\"\\u00\"", 1, "expected four hexadecimal digits"},
        {"\"\\u", 1, "expected four hexadecimal digits"},
        {"\"a\xC3\"", 2, "invalid UTF-8"},
        {"\"\xED\xA0\x80\"", 1, "invalid UTF-8"},
        {"\"\xFF\"", 1, "invalid UTF-8"},
        {"\xC3\xA4", 0, "expected a value"},
        {"[\f]", 1, "expected a value"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct value value = value_integer(42);
        struct json_problem problem = {0};
        assert_int_equal(json_check(bytes_of(bad[i].json), NULL), -EINVAL);
        assert_int_equal(json_parse(arena, bytes_of(bad[i].json), &value, &problem), -EINVAL);
        assert_string_equal(problem.message, bad[i].message);
        assert_int_equal(problem.offset, bad[i].offset);
        assert_int_equal(value.integer, 42);
    }
    assert_int_equal(json_check((struct bytes){"1\0", 2}, NULL), -EINVAL);
    assert_int_equal(json_check((struct bytes){"\"\\\0\"", 4}, NULL), -EINVAL);
    assert_int_equal(json_check((struct bytes){NULL, 0}, NULL), -EINVAL);
    /* The text need not end in NUL. */
    struct value value;
    assert_int_equal(json_parse(arena, (struct bytes){"[12]34", 4}, &value, NULL), 0);
    assert_int_equal(value.items[0].integer, 12);
    assert_int_equal(json_parse(arena, (struct bytes){"1234", 2}, &value, NULL), 0);
    assert_int_equal(value.integer, 12);
}

static void every_cut_of_a_document_is_refused(void **state)
{
    (void)state;
    static const char json[] = "{\"a\":[1,-2.5e3,true,false,null,\"b\\n\\u00e4\\ud83d\\ude00\xC3\xA4\"],\"c\":{\"d\":{}}}";
    for (size_t size = 0; size < sizeof json - 1; size++) {
        struct bytes cut = {arena_copy(arena, json, size), size};
        struct value value;
        assert_int_equal(json_parse(arena, cut, &value, NULL), -EINVAL);
    }
    assert_string_equal(printed(parsed(json)),
                        "{\"a\":[1,-2500,true,false,null,\"b\\n\xC3\xA4\xF0\x9F\x98\x80\xC3\xA4\"],\"c\":{\"d\":{}}}");
}

/* Printed doubles: what Python's repr() gives, the shortest text that reads back as the same number. */
static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum value_kind kind;
        int64_t integer;
        double number;
        const char *printed;
    } cases[] = {
        {"0", VALUE_INTEGER, 0, 0, "0"},
        {"-0", VALUE_INTEGER, 0, 0, "0"},
        {"1.0", VALUE_INTEGER, 1, 0, "1"},
        {"1.5e3", VALUE_INTEGER, 1500, 0, "1500"},
        {"999999999999999", VALUE_INTEGER, 999999999999999, 0, "999999999999999"},
        {"9007199254740991", VALUE_INTEGER, 9007199254740991, 0, "9007199254740991"},
        {"9007199254740993", VALUE_INTEGER, 9007199254740993, 0, "9007199254740993"},
        {"-9007199254740993", VALUE_INTEGER, -9007199254740993, 0, "-9007199254740993"},
        {"9223372036854775807", VALUE_INTEGER, INT64_MAX, 0, "9223372036854775807"},
        {"-9223372036854775808", VALUE_INTEGER, INT64_MIN, 0, "-9223372036854775808"},
        {"9223372036854775808", VALUE_DOUBLE, 0, 9223372036854775808.0, "9.223372036854776e+18"},
        {"-9223372036854775809", VALUE_DOUBLE, 0, -9223372036854775808.0, "-9.223372036854776e+18"},
        {"18446744073709551616", VALUE_DOUBLE, 0, 18446744073709551616.0, "1.8446744073709552e+19"},
        {"1999919999000090.000000000000000000000000000000000000000000011", VALUE_INTEGER, 1999919999000090, 0, "1999919999000090"},
        {"0.1", VALUE_DOUBLE, 0, 0.1, "0.1"},
        {"0.30000000000000004", VALUE_DOUBLE, 0, 0.1 + 0.2, "0.30000000000000004"},
        {"1700000000.123", VALUE_DOUBLE, 0, 1700000000.123, "1700000000.123"},
        {"5e-324", VALUE_DOUBLE, 0, 5e-324, "5e-324"},
        {"1.7976931348623157e308", VALUE_DOUBLE, 0, DBL_MAX, "1.7976931348623157e+308"},
        {"1e999", VALUE_DOUBLE, 0, DBL_MAX, "1.7976931348623157e+308"},
        {"-1e999", VALUE_DOUBLE, 0, -DBL_MAX, "-1.7976931348623157e+308"},
        {"1e17", VALUE_DOUBLE, 0, 1e17, "1e+17"},
        {"0.000000000000000000000000000000000000000000000000000000000000000000000000015", VALUE_DOUBLE, 0, 1.5e-74, "1.5e-74"},
        {"100000000000000000000000000000000000000000000000000000000000000000000000000", VALUE_DOUBLE, 0, 1e74, "1e+74"},
        {"1.000000000000000000000000000000000000000000000000000000000000000000000e999", VALUE_DOUBLE, 0, DBL_MAX,
         "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        /* Alone, and behind other numbers of all sorts: they must not be mixed up. */
        struct value alone = parsed(cases[i].json);
        struct value list =
            parsed(arena_print(arena, "[1, {\"a\":%s, \"b\":0.5}, 9007199254740995, %s]", cases[i].json, cases[i].json));
        const struct value *values[] = {&alone, value_find(&list.items[1], "a"), &list.items[3]};
        for (size_t k = 0; k < COUNT(values); k++) {
            assert_int_equal(values[k]->kind, cases[i].kind);
            if (cases[i].kind == VALUE_INTEGER)
                assert_int_equal(values[k]->integer, cases[i].integer);
            else
                assert_true(memcmp(&values[k]->number, &cases[i].number, sizeof(double)) == 0);
            assert_string_equal(printed(*values[k]), cases[i].printed);
        }
        assert_int_equal(list.items[0].integer, 1);
        assert_int_equal(list.items[2].integer, 9007199254740995);
    }
}

static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00\"", "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\"\\uD83D\\uDE00\"", "\xF0\x9F\x98\x80"},
        {"\"a\\u0000b\"", "a\xEF\xBF\xBF"
                          "b"},
        {"\"\\ud800\"", "\xEF\xBF\xBF"},
        {"\"\\udc00x\"", "\xEF\xBF\xBF"
                         "x"},
        {"\"\\ud800\\ud800\\udc00\"", "\xEF\xBF\xBF\xF0\x90\x80\x80"},
        {"\"\\ud800\\u0041\"", "\xEF\xBF\xBF"
                               "A"},
        {"\"\\ud800\\n\"", "\xEF\xBF\xBF\n"},
        {"\"\\\\u0000\"", "\\u0000"},
        {"\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"", "/\b\f\n\r\t\"\\"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct value value = parsed(cases[i].json), key = parsed(arena_print(arena, "{%s:1}", cases[i].json));
        assert_int_equal(value.kind, VALUE_TEXT);
        assert_string_equal(value.text, cases[i].text);
        assert_int_equal(value.size, strlen(cases[i].text));
        assert_non_null(value_find(&key, cases[i].text));
    }
}

static void the_last_of_equal_keys_wins(void **state)
{
    (void)state;
    assert_string_equal(printed(parsed("{\"a\":1,\"b\":2,\"a\":{\"a\":3,\"a\":4},\"\":5,\"\":6}")),
                        "{\"a\":{\"a\":4},\"b\":2,\"\":6}");
    assert_string_equal(printed(parsed("{\"a\":1,\"\\u0061\":2}")), "{\"a\":2}");
    struct buffer json;
    buffer_init(&json, 10000000);
    buffer_char(&json, '{');
    for (int i = 0; i < 60000; i++)
        buffer_print(&json, "%s\"key%d\":%d", i > 0 ? "," : "", i % 20000, i);
    buffer_char(&json, '}');
    struct value map = parsed(json.text);
    assert_int_equal(map.size, 20000);
    for (int i = 0; i < 20000; i += 997) {
        assert_string_equal(map.items[2 * i].text, arena_print(arena, "key%d", i));
        assert_int_equal(map.items[2 * i + 1].integer, 40000 + i);
    }
    value_put(arena, &map, "more", value_integer(1));
    assert_int_equal(value_find(&map, "more")->integer, 1);
    buffer_free(&json);
}

static struct bytes repeated(const char *text, size_t times, const char *end, size_t end_times)
{
    struct buffer buffer;
    buffer_init(&buffer, 10000000);
    while (times-- > 0)
        buffer_text(&buffer, text);
    while (end_times-- > 0)
        buffer_text(&buffer, end);
    return buffer_detach(&buffer, arena);
}

/* Strings are walked eight bytes at a time: each kind of byte at each place of strings of all lengths around that. */
static void every_place_of_a_string(void **state)
{
    static const unsigned char bad[] = {0x00, 0x01, 0x1f, '"', 0x80, 0xff}, good[] = {0x20, 0x21, '#', '[', ']', 0x7f};
    char json[64];

    (void)state;
    for (size_t length = 1; length <= 33; length++)
        for (size_t place = 0; place < length; place++) {
            struct value value;

            memset(json, 'x', sizeof json);
            json[0] = json[length + 1] = '"';
            for (size_t i = 0; i < COUNT(bad); i++) {
                json[1 + place] = (char)bad[i];
                assert_int_equal(json_check((struct bytes){json, length + 2}, NULL), -EINVAL);
            }
            for (size_t i = 0; i < COUNT(good); i++) {
                json[1 + place] = (char)good[i];
                assert_int_equal(json_parse(arena, (struct bytes){json, length + 2}, &value, NULL), 0);
                assert_int_equal(value.size, length);
                assert_memory_equal(value.text, json + 1, length);
            }
        }
}

static void limits(void **state)
{
    (void)state;
    struct value value;
    struct json_problem problem;
    assert_int_equal(json_parse(arena, repeated("[", JSON_DEPTH, "]", JSON_DEPTH), &value, NULL), 0);
    assert_int_equal(json_parse(arena, repeated("[", JSON_DEPTH + 1, "]", JSON_DEPTH + 1), &value, &problem), -E2BIG);
    assert_int_equal(problem.offset, JSON_DEPTH);
    assert_int_equal(json_check(repeated("[", 5000000, "", 0), NULL), -E2BIG);
    assert_int_equal(json_check(repeated("{\"a\":", JSON_DEPTH + 1, "", 0), NULL), -E2BIG);
    /* One node is the list, another the last element. */
    struct bytes list = repeated("0,", JSON_NODES - 2, "0]", 1);
    assert_int_equal(json_parse(arena, (struct bytes){arena_print(arena, "[%s", list.at), list.size + 1}, &value, NULL), 0);
    assert_int_equal(json_parse(arena, (struct bytes){arena_print(arena, "[0,%s", list.at), list.size + 3}, &value, NULL), -E2BIG);
    assert_int_equal(json_check((struct bytes){arena_print(arena, "[0,%s", list.at), list.size + 3}, NULL), 0);
}

static void written(void **state)
{
    (void)state;
    struct value map = value_map(), list = value_list();
    assert_string_equal(printed(map), "{}");
    assert_string_equal(printed(list), "[]");
    value_put(arena, &map, "absent", (struct value){0});
    assert_string_equal(printed(map), "{}");
    value_put(arena, &map, "null", value_null());
    value_put(arena, &map, "text", value_text("\"\\/\n\r\t\b\f\x01\x1F\x7F\xC3\xA4\xE2\x80\xA8"));
    value_put(arena, &map, "absent too", (struct value){0});
    value_push(arena, &list, value_bool(false));
    value_push(arena, &list, value_integer(INT64_MIN));
    value_push(arena, &list, value_double(-2.5));
    value_push(arena, &list, value_double(3));
    value_push(arena, &list, value_double((double)INFINITY));
    value_push(arena, &list, value_bytes((struct bytes){"\0\xFF", 2}));
    value_push(arena, &list, value_bytes((struct bytes){NULL, 0}));
    value_push(arena, &list, value_raw(bytes_of("{ \"as\" : \"is\" }")));
    value_push(arena, &list, (struct value){0});
    value_put(arena, &map, "a\"b", list);
    assert_string_equal(printed(map),
                        "{\"null\":null,\"text\":\"\\\"\\\\/\\n\\r\\t\\b\\f\\u0001\\u001f\x7F\xC3\xA4\xE2\x80\xA8\","
                        "\"a\\\"b\":[false,-9223372036854775808,-2.5,3,null,\"AP8=\",\"\",{ \"as\" : \"is\" },null]}");
    static const struct {
        int64_t ms;
        const char *json;
    } times[] = {
        {0, "0"},
        {1700000000000, "1700000000"},
        {1700000000123, "1700000000.123"},
        {1700000000120, "1700000000.120"},
        {7, "0.007"},
        {-1, "-0.001"},
        {-1500, "-1.500"},
    };
    for (size_t i = 0; i < COUNT(times); i++)
        assert_string_equal(printed(value_time(times[i].ms)), times[i].json);
}

static void written_within_a_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 5);
    struct value text = value_text("abc");
    json_write(&buffer, &text);
    assert_false(buffer.overflow);
    assert_string_equal(buffer.text, "\"abc\"");
    buffer_clear(&buffer);
    text = value_text("abcd");
    json_write(&buffer, &text);
    assert_true(buffer.overflow);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_and_maps_grow),
        cmocka_unit_test(absence_null_and_zero_differ),
        cmocka_unit_test(copies_are_deep),
        cmocka_unit_test(equality),
        cmocka_unit_test(what_is_json),
        cmocka_unit_test(every_cut_of_a_document_is_refused),
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts),
        cmocka_unit_test(the_last_of_equal_keys_wins),
        cmocka_unit_test(every_place_of_a_string),
        cmocka_unit_test(limits),
        cmocka_unit_test(written),
        cmocka_unit_test(written_within_a_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
