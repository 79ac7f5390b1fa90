/* Base64, hexadecimal, percent encoding and forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "emulator/base/encoding.h"

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

/* RFC 4648, section 10; the last one tells the two alphabets apart. */
static const struct {
    const char *plain, *base64, *url_safe;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xFB\xFF\xBF", "+/+/", "-_-_"},
};

static void base64_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct bytes plain = bytes_of(vectors[i].plain), decoded;
        assert_string_equal(base64_encode(arena, plain), vectors[i].base64);
        assert_string_equal(base64url_encode(arena, plain), vectors[i].url_safe);
        assert_true(base64_decode(arena, bytes_of(vectors[i].base64), &decoded));
        assert_true(bytes_equal(decoded, plain));
        assert_true(base64url_decode(arena, bytes_of(vectors[i].url_safe), &decoded));
        assert_true(bytes_equal(decoded, plain));
        struct buffer buffer;
        buffer_init(&buffer, 100);
        buffer_char(&buffer, '"');
        base64_write(&buffer, plain);
        buffer_char(&buffer, '"');
        assert_int_equal(buffer.size, strlen(vectors[i].base64) + 2);
        assert_memory_equal(buffer.text + 1, vectors[i].base64, strlen(vectors[i].base64));
        buffer_free(&buffer);
    }
}

static void base64_of_all_bytes_and_lengths(void **state)
{
    (void)state;
    char all[256];
    for (unsigned i = 0; i < 256; i++)
        all[i] = (char)(i * 7 + 3);
    for (size_t size = 0; size <= sizeof all; size++) {
        struct bytes plain = {all, size}, decoded;
        assert_true(base64_decode(arena, bytes_of(base64_encode(arena, plain)), &decoded) && bytes_equal(plain, decoded));
        assert_true(base64url_decode(arena, bytes_of(base64url_encode(arena, plain)), &decoded) && bytes_equal(plain, decoded));
        assert_true(hex_decode(arena, bytes_of(hex_encode(arena, plain)), &decoded) && bytes_equal(plain, decoded));
        assert_true(percent_decode(arena, bytes_of(percent_encode(arena, plain, "")), false, &decoded) &&
                    bytes_equal(plain, decoded));
    }
}

static void base64_is_strict(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "Z",     "Zg",   "Zg=",  "Zm8",  "Z===", "====",     "=",          "Zg==Zg==", "Zm9v\n", " Zm9v",
        "Zm 9v", "Zm-v", "Zm_v", "Zh==", "Zm9=", "Zm9v====", "\xC3\xA4Zm", "Z=g=",     "Zg=a"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct bytes decoded = {"kept", 4};
        assert_false(base64_decode(arena, bytes_of(wrong[i]), &decoded));
        assert_string_equal(decoded.at, "kept");
    }
    static const char *const wrong_url[] = {"Z", "Zg==", "Zm+v", "Zm/v", "Zh", "Zm9"};
    for (size_t i = 0; i < COUNT(wrong_url); i++) {
        struct bytes decoded;
        assert_false(base64url_decode(arena, bytes_of(wrong_url[i]), &decoded));
    }
    struct bytes decoded;
    assert_false(base64_decode(arena, (struct bytes){"Zm\0v", 4}, &decoded));
}

static void hexadecimal(void **state)
{
    (void)state;
    struct bytes decoded;
    assert_string_equal(hex_encode(arena, (struct bytes){"\0\x01\xAB\xFF", 4}), "0001abff");
    assert_true(hex_decode(arena, bytes_of("0001aBfF"), &decoded));
    assert_true(bytes_equal(decoded, (struct bytes){"\0\x01\xAB\xFF", 4}));
    assert_true(hex_decode(arena, bytes_of(""), &decoded));
    assert_int_equal(decoded.size, 0);
    assert_false(hex_decode(arena, bytes_of("0"), &decoded));
    assert_false(hex_decode(arena, bytes_of("0g"), &decoded));
    assert_false(hex_decode(arena, bytes_of("+1"), &decoded));
}

static void percent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool plus_is_space, valid;
        const char *decoded;
    } cases[] = {
        {"a%20b", false, true, "a b"}, {"a+b", false, true, "a+b"},   {"a+b", true, true, "a b"},
        {"%2B+", true, true, "+ "},    {"%41%7e", false, true, "A~"}, {"%C3%A4", false, true, "\xC3\xA4"},
        {"%252F", false, true, "%2F"}, {"", false, true, ""},         {"%", false, false, ""},
        {"%4", false, false, ""},      {"a%4", false, false, ""},     {"%g1", false, false, ""},
        {"%1g", false, false, ""},     {"%%41", false, false, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bytes decoded;
        bool valid = percent_decode(arena, bytes_of(cases[i].text), cases[i].plus_is_space, &decoded);
        assert_int_equal(valid, cases[i].valid);
        if (valid)
            assert_string_equal(decoded.at, cases[i].decoded);
    }
    struct bytes decoded;
    assert_true(percent_decode(arena, bytes_of("a%00b"), false, &decoded));
    assert_true(bytes_equal(decoded, (struct bytes){"a\0b", 3}));
    assert_string_equal(percent_encode(arena, bytes_of("AZaz09-_.~ /+%\xC3\xA4*"), ""), "AZaz09-_.~%20%2F%2B%25%C3%A4%2A");
    assert_string_equal(percent_encode(arena, bytes_of("a/b c"), "/"), "a/b%20c");
    assert_string_equal(percent_encode(arena, (struct bytes){"a\0", 2}, "/"), "a%00");
}

static void forms(void **state)
{
    (void)state;
    size_t count;
    struct form_field *fields = form_parse(arena, bytes_of("Action=Send+Message&b=&c&%64=%3D=&&e=%C3%A4&"), true, &count);
    static const struct form_field expected[] = {
        {"Action", "Send Message", true}, {"b", "", true}, {"c", "", false}, {"d", "==", true}, {"e", "\xC3\xA4", true}};
    assert_non_null(fields);
    assert_int_equal(count, COUNT(expected));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(fields[i].name, expected[i].name);
        assert_string_equal(fields[i].value, expected[i].value);
        assert_int_equal(fields[i].has_value, expected[i].has_value);
    }
    fields = form_parse(arena, bytes_of("a+b=1+2"), false, &count);
    assert_int_equal(count, 1);
    assert_string_equal(fields[0].name, "a+b");
    assert_string_equal(fields[0].value, "1+2");
    assert_non_null(form_parse(arena, (struct bytes){NULL, 0}, true, &count));
    assert_int_equal(count, 0);
    static const char *const wrong[] = {"a=%", "%zz=1", "a=1&b=%ff", "a=%00", "%00=a", "a=\xC3"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        count = 7;
        assert_null(form_parse(arena, bytes_of(wrong[i]), true, &count));
        assert_int_equal(count, 0);
    }
}

static void forms_have_a_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    size_t count;
    buffer_init(&buffer, 1000000);
    for (int i = 0; i < FORM_FIELDS; i++)
        buffer_text(&buffer, "a=b&");
    assert_non_null(form_parse(arena, buffer_bytes(&buffer), true, &count));
    assert_int_equal(count, FORM_FIELDS);
    buffer_char(&buffer, 'c');
    assert_null(form_parse(arena, buffer_bytes(&buffer), true, &count));
    assert_int_equal(count, 0);
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(base64_of_all_bytes_and_lengths),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(hexadecimal),
        cmocka_unit_test(percent),
        cmocka_unit_test(forms),
        cmocka_unit_test(forms_have_a_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
