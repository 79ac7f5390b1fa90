/* XML, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "emulator/base/xml.h"

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

static void a_tree(void **state)
{
    (void)state;
    const struct xml_node *root = xml_parse(
        arena,
        bytes_of("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<s3:CompleteMultipartUpload xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
                 "  <s3:Part a='1' xsi:type=\"Canonical &amp; User\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
                 "<ETag>&quot;a&#x62;c&quot;</ETag><PartNumber>1</PartNumber></s3:Part>\n"
                 "  <Part><PartNumber>2</PartNumber><Empty/><Text>a<![CDATA[<b>]]>c<!-- no -->d<i>e</i>f</Text></Part>\n"
                 "</s3:CompleteMultipartUpload>\n"));
    assert_non_null(root);
    assert_string_equal(root->name, "CompleteMultipartUpload");
    assert_null(root->attributes);
    assert_null(root->next);
    const struct xml_node *part = xml_child(root, "Part");
    assert_string_equal(part->attributes->name, "a");
    assert_string_equal(part->attributes->value, "1");
    assert_string_equal(part->attributes->next->name, "type");
    assert_string_equal(part->attributes->next->value, "Canonical & User");
    assert_null(part->attributes->next->next);
    assert_string_equal(xml_child_text(part, "ETag"), "\"abc\"");
    assert_string_equal(xml_child_text(part, "PartNumber"), "1");
    assert_string_equal(part->text, "");
    assert_null(xml_child(part, "Missing"));
    assert_null(xml_child_text(part, "Missing"));
    part = part->next;
    assert_string_equal(xml_child_text(part, "PartNumber"), "2");
    assert_string_equal(xml_child_text(part, "Empty"), "");
    assert_string_equal(xml_child_text(part, "Text"), "a<b>cdf");
    assert_string_equal(xml_child_text(xml_child(part, "Text"), "i"), "e");
    assert_null(part->next);
}

static void what_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *text; /* of the root; NULL: refused */
    } cases[] = {
        {"<a/>", ""},
        {"<a>b</a>", "b"},
        {"\xEF\xBB\xBF<a>b</a>", "b"},
        {" \r\n\t<?xml version='1.0'?><a>b</a>", "b"},
        {"\xEF\xBB\xBF\n<?xml version='1.0'?><a>b</a>\n", "b"},
        {"<a>\r\n\r</a>", "\n\n"}, /* XML 1.0, 2.11 */
        {"<a>&#xD;</a>", "\r"},
        {"<a>\xC3\xA4\xF0\x9F\x98\x80</a>", "\xC3\xA4\xF0\x9F\x98\x80"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE4</a>", "\xC3\xA4"},
        {"", NULL},
        {" \n", NULL},
        {"text", NULL},
        {"{\"a\":1}", NULL},
        {"<a>", NULL},
        {"<a></b>", NULL},
        {"<a/><b/>", NULL},
        {"<a/>text", NULL},
        {"<a b='1' b='2'/>", NULL},
        {"<a b=1/>", NULL},
        {"<a>&nbsp;</a>", NULL},
        {"<a>&#0;</a>", NULL},
        {"<a>\x01</a>", NULL},
        {"<a>\xC3</a>", NULL},
        {"<a>\xFF</a>", NULL},
        {"<!DOCTYPE a><a/>", NULL},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", NULL},
        {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", NULL},
        {"<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct xml_node *root = xml_parse(arena, bytes_of(cases[i].xml));
        if (cases[i].text == NULL) {
            assert_null(root);
        } else {
            assert_non_null(root);
            assert_string_equal(root->name, "a");
            assert_string_equal(root->text, cases[i].text);
        }
    }
    assert_null(xml_parse(arena, (struct bytes){"<a>\0</a>", 8}));
    assert_null(xml_parse(arena, (struct bytes){"\0<a/>", 5}));
    assert_null(xml_parse(arena, (struct bytes){NULL, 0}));
    assert_non_null(xml_parse(arena, (struct bytes){"<a/>garbage", 4}));
}

static const struct xml_node *nested(size_t depth, const char *innermost)
{
    struct buffer buffer;
    buffer_init(&buffer, 10000);
    for (size_t i = 0; i < depth; i++)
        xml_open(&buffer, "n");
    buffer_text(&buffer, innermost);
    for (size_t i = 0; i < depth; i++)
        xml_close(&buffer, "n");
    const struct xml_node *root = xml_parse(arena, buffer_bytes(&buffer));
    buffer_free(&buffer);
    return root;
}

static const struct xml_node *wide(size_t elements, const char *element)
{
    struct buffer buffer;
    buffer_init(&buffer, 1000000);
    xml_open(&buffer, "n");
    for (size_t i = 1; i < elements; i++)
        buffer_text(&buffer, element);
    xml_close(&buffer, "n");
    const struct xml_node *root = xml_parse(arena, buffer_bytes(&buffer));
    buffer_free(&buffer);
    return root;
}

static void limits(void **state)
{
    (void)state;
    assert_non_null(nested(XML_DEPTH, "text"));
    assert_non_null(nested(XML_DEPTH - 1, "<e/>"));
    assert_null(nested(XML_DEPTH, "<e/>"));
    assert_null(nested(XML_DEPTH + 1, ""));
    assert_null(nested(200, ""));
    assert_non_null(wide(XML_NODES, "<e/>"));
    assert_null(wide(XML_NODES + 1, "<e/>"));
    assert_null(wide(XML_NODES + 2, "<e></e>"));
    /* And the next document is read as if nothing had happened. */
    assert_string_equal(xml_parse(arena, bytes_of("<a>b</a>"))->text, "b");
}

static void long_text(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 4000000);
    xml_open(&buffer, "a");
    for (int i = 0; i < 300000; i++)
        buffer_text(&buffer, "b&amp;\r\n");
    xml_close(&buffer, "a");
    const struct xml_node *root = xml_parse(arena, buffer_bytes(&buffer));
    assert_non_null(root);
    assert_int_equal(strlen(root->text), 900000);
    assert_memory_equal(root->text + 899997, "b&\n", 3);
    buffer_free(&buffer);
}

static void written(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    xml_open(&buffer, "Contents");
    xml_element(&buffer, "Key", "a<b>&\"c\"'\r\n\t\x01\x1F\xC3\xA4");
    xml_element(&buffer, "Empty", "");
    xml_close(&buffer, "Contents");
    assert_string_equal(buffer.text, "<Contents><Key>a&lt;b&gt;&amp;&quot;c&quot;'&#xD;\n\t&#x1;&#x1F;\xC3\xA4</Key>"
                                     "<Empty></Empty></Contents>");
    buffer_clear(&buffer);
    xml_element(&buffer, "a", "<&>\"'\r\n\r\t ]]> \xF0\x9F\x98\x80");
    assert_string_equal(xml_parse(arena, buffer_bytes(&buffer))->text, "<&>\"'\r\n\r\t ]]> \xF0\x9F\x98\x80");
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree),    cmocka_unit_test(what_is_read), cmocka_unit_test(limits),
        cmocka_unit_test(long_text), cmocka_unit_test(written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
