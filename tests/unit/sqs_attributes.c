/* Message attributes. The digests were computed by the description in the developer guide ("Calculating the MD5 message digest for message attributes") with
 * another program; the rules are those of facts/services.md 1.5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Before cmocka, which makes a macro of fail(). */
#include "services/sqs/message_attributes.h"
#include "services/sqs/sqs_model.h"

#include <cmocka.h>

struct attribute {
    const char *name, *type, *text;
    struct bytes binary;
};

static struct value map_of(struct arena *arena, const struct attribute *attributes, size_t count)
{
    struct value map = value_map();

    for (size_t i = 0; i < count; i++) {
        struct value attribute = model_struct(&sqs_model, arena, SHAPE_MessageAttributeValue);

        attribute.items[MessageAttributeValue_DataType] = value_text(attributes[i].type);
        attribute.items[MessageAttributeValue_StringValue] = value_text(attributes[i].text);
        if (attributes[i].binary.size > 0)
            attribute.items[MessageAttributeValue_BinaryValue] = value_bytes(attributes[i].binary);
        value_put(arena, &map, attributes[i].name, attribute);
    }
    return map;
}

static void test_digests(void **state)
{
    static const struct {
        struct attribute attributes[3];
        size_t count;
        int64_t size;
        const char *digest;
    } rows[] = {
        {{{"city", "String", "Bern", {NULL, 0}}, {"count", "Number.int", "42", {NULL, 0}}, {"raw", "Binary", NULL, {"\0\1\377", 3}}},
         3,
         4 + 6 + 4 + 5 + 10 + 2 + 3 + 6 + 3,
         "3a7560a305332ba126bb55565386c76a"},
        {{{"Title", "String", "The Whistler", {NULL, 0}}}, 1, 5 + 6 + 12, "f4ba90390ad3f80d43ce8a9e4a4abfd6"},
        {{{"z", "String", "last", {NULL, 0}}, {"\303\251", "String.x", "\303\274", {NULL, 0}}, {"a", "Number", "1", {NULL, 0}}},
         3,
         1 + 6 + 4 + 2 + 8 + 2 + 1 + 6 + 1,
         "b4cfaa03d72d49e7523f1962bf3fcb9f"},
    };
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct value map = map_of(arena, rows[i].attributes, rows[i].count);
        struct problem problem = {0};
        struct bytes encoded;
        int64_t size;

        assert_true(message_attributes_encode(arena, &map, false, &encoded, &size, &problem));
        assert_int_equal(size, rows[i].size);
        assert_string_equal(message_attributes_digest(arena, encoded), rows[i].digest);
        struct value shown = message_attributes_show(arena, encoded);
        assert_int_equal(shown.size, rows[i].count);
    }
    arena_free(arena);
}

static void test_none(void **state)
{
    struct arena *arena = arena_new();
    struct problem problem = {0};
    struct bytes encoded;
    int64_t size;

    (void)state;
    assert_true(message_attributes_encode(arena, NULL, false, &encoded, &size, &problem));
    assert_int_equal(size, 0);
    assert_null(message_attributes_digest(arena, encoded));
    arena_free(arena);
}

static void test_rules(void **state)
{
    static const struct {
        struct attribute attribute;
        const struct aws_error *error; /* NULL: accepted */
    } rows[] = {
        {{"a", "String", "v", {NULL, 0}}, NULL},
        {{"a.b-c_d", "String", "v", {NULL, 0}}, NULL},
        {{"\303\274mlaut", "String", "v", {NULL, 0}}, NULL},
        {{"a", "String.custom.type", "v", {NULL, 0}}, NULL},
        {{"a", "Number", "-1.5e10", {NULL, 0}}, NULL},
        {{"a", "Number", ".5", {NULL, 0}}, NULL},
        {{"a", "String", "", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "String", NULL, {NULL, 0}}, &invalid_parameter_value},
        {{"a", "Binary", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "Number", "one", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "Number", "1e", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "Number", ".", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "Number", "1 ", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "string", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "Strings", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "String.", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"AWS.a", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"amazon.a", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{".a", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a.", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a..b", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a b", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"", "String", "v", {NULL, 0}}, &invalid_parameter_value},
        {{"a", "String", "bell \7", {NULL, 0}}, &invalid_message_contents},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new();
        struct value map = map_of(arena, &rows[i].attribute, 1);
        struct problem problem = {0};
        struct bytes encoded;
        int64_t size;

        assert_int_equal(message_attributes_encode(arena, &map, false, &encoded, &size, &problem), rows[i].error == NULL);
        assert_ptr_equal(problem.error, rows[i].error);
        arena_free(arena);
    }
}

/* XML 1.0: #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]. */
static void test_characters(void **state)
{
    static const struct {
        const char *text;
        uint32_t bad; /* 0: none */
    } rows[] = {
        {"", 0},
        {"plain \t\r\n text", 0},
        {"\177", 0},
        {"\356\200\200", 0},     /* U+E000 */
        {"\357\277\275", 0},     /* U+FFFD */
        {"\357\273\277x", 0},    /* U+FEFF */
        {"\360\220\200\200", 0}, /* U+10000 */
        {"a\1b", 1},
        {"\37", 0x1f},
        {"x\357\277\276", 0xfffe},
        {"\357\277\277", 0xffff},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t bad = 0;

        assert_int_equal(message_text_is_valid(bytes_of(rows[i].text), &bad), rows[i].bad == 0);
        assert_int_equal(bad, rows[i].bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
