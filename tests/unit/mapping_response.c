/* What a function says about its batch. Rules: "Handling errors for an SQS event source in Lambda", success and failure conditions
 * of partial batch responses (facts/lambda.md section 4, facts/users.md A13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/lambda/mapping_response.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char *const ids[] = {"m1", "m2", "m3"};

static const struct {
    const char *payload;
    bool is_good;
    bool failed[3];
} rows[] = {
    {"{\"batchItemFailures\":[]}", true, {false, false, false}},
    {"{\"batchItemFailures\":null}", true, {false, false, false}},
    {"{}", true, {false, false, false}},
    {"null", true, {false, false, false}},
    {"", true, {false, false, false}},
    {"\"\"", true, {false, false, false}},
    {"[]", true, {false, false, false}},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"m2\"}]}", true, {false, true, false}},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"m3\"},{\"itemIdentifier\":\"m1\"},{\"itemIdentifier\":\"m3\"}]}",
     true,
     {true, false, true}},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}", false, {false, false, false}},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":null}]}", false, {false, false, false}},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":2}]}", false, {false, false, false}},
    {"{\"batchItemFailures\":[{\"foo\":\"m1\"}]}", false, {false, false, false}},
    {"{\"batchItemFailures\":[null]}", false, {false, false, false}},
    {"{\"batchItemFailures\":[\"m1\"]}", false, {false, false, false}},
    {"{\"batchItemFailures\":\"m1\"}", false, {false, false, false}},
    {"{\"batchItemFailures\":{}}", false, {false, false, false}},
    {"{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"},{\"itemIdentifier\":\"other\"}]}", false, {false, false, false}},
    {"{\"batchItemFailures\":[", false, {false, false, false}},
    {"not json", false, {false, false, false}},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool failed[3] = {false, false, false};

        if (mapping_response(bytes_of(rows[i].payload), ids, 3, failed) != rows[i].is_good)
            fail_msg("%s", rows[i].payload);
        for (size_t k = 0; k < 3; k++)
            if (failed[k] != rows[i].failed[k])
                fail_msg("%s: %s", rows[i].payload, ids[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
