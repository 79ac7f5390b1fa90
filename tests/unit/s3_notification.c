/* Notification rules: events, filters, overlaps, and the policies that S3 reads (facts/services.md 2.14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail /* call.h has one */

#include <string.h>

#include "services/s3/event.h"
#include "services/s3/host.h"

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

static struct notification notification(const char *event, const char *prefix, const char *suffix)
{
    struct notification made = {.kind = NOTIFICATION_QUEUE, .id = "id", .arn = "arn", .events = value_list()};
    value_push(arena, &made.events, value_text(event));
    made.prefix = prefix != NULL ? prefix : "";
    made.suffix = suffix != NULL ? suffix : "";
    made.has_filter = prefix != NULL || suffix != NULL;
    return made;
}

#define CREATED "s3:ObjectCreated:*"
#define PUT "s3:ObjectCreated:Put"

static const struct {
    const char *event_a, *prefix_a, *suffix_a, *event_b, *prefix_b, *suffix_b;
    const char *conflict; /* how the message begins */
} overlaps[] = {
    {CREATED, NULL, NULL, CREATED, NULL, NULL, "Configurations overlap"},
    {CREATED, NULL, NULL, PUT, NULL, NULL, "Configurations overlap"},
    {PUT, NULL, NULL, CREATED, NULL, NULL, "Configurations overlap"},
    {PUT, NULL, NULL, "s3:ObjectCreated:Copy", NULL, NULL, NULL},
    {CREATED, NULL, NULL, "s3:ObjectRemoved:*", NULL, NULL, NULL},
    {CREATED, "images/", NULL, CREATED, "images/", NULL, "Configuration is ambiguously"},
    {CREATED, "images/", NULL, CREATED, "images/small/", NULL, "Configuration is ambiguously"},
    {CREATED, "images/", NULL, CREATED, NULL, NULL, "Configuration is ambiguously"},
    {CREATED, "images/", NULL, CREATED, "logs/", NULL, NULL},
    {CREATED, NULL, ".jpg", CREATED, NULL, ".png", NULL},
    {CREATED, NULL, ".jpg", CREATED, NULL, "small.jpg", "Configuration is ambiguously"},
    {CREATED, "images/", ".jpg", CREATED, "images/", ".png", NULL},
    {CREATED, "images/", ".jpg", CREATED, "logs/", ".jpg", NULL},
    {CREATED, "images/", ".jpg", CREATED, NULL, ".jpg", "Configuration is ambiguously"},
    {CREATED, "images/", NULL, CREATED, NULL, ".jpg", "Configuration is ambiguously"},
};

static void test_overlaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(overlaps); i++) {
        struct notification a = notification(overlaps[i].event_a, overlaps[i].prefix_a, overlaps[i].suffix_a);
        struct notification b = notification(overlaps[i].event_b, overlaps[i].prefix_b, overlaps[i].suffix_b);
        const char *conflict = notification_conflict(&a, &b), *other = notification_conflict(&b, &a);
        if (overlaps[i].conflict == NULL) {
            assert_null(conflict);
            assert_null(other);
        } else {
            assert_non_null(conflict);
            assert_int_equal(strncmp(conflict, overlaps[i].conflict, strlen(overlaps[i].conflict)), 0);
            assert_string_equal(conflict, other);
        }
    }
}

static const struct {
    const char *event, *prefix, *suffix, *happened, *key;
    bool wants;
} filters[] = {
    {CREATED, NULL, NULL, PUT, "a", true},
    {CREATED, NULL, NULL, "s3:ObjectRemoved:Delete", "a", false},
    {PUT, NULL, NULL, "s3:ObjectCreated:Copy", "a", false},
    {CREATED, "in/", NULL, PUT, "in/a", true},
    {CREATED, "in/", NULL, PUT, "out/a", false},
    {CREATED, NULL, ".jpg", PUT, "a.jpg", true},
    {CREATED, NULL, ".jpg", PUT, "a.txt", false},
    {CREATED, "in/", ".jpg", PUT, "in/a.jpg", true},
    {CREATED, "my+photos/", NULL, PUT, "my photos/a", true}, /* filters are written as keys are encoded */
    {CREATED, "my photos/", NULL, PUT, "my photos/a", false},
};

static void test_filters(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(filters); i++) {
        struct notification wanted = notification(filters[i].event, filters[i].prefix, filters[i].suffix);
        assert_int_equal(notification_wants(&wanted, filters[i].happened, event_key(arena, filters[i].key)), filters[i].wants);
    }
}

/* Form encoding as the record has it; snapshots test_key_encoding and issue texts of facts/users.md A18. */
static void test_keys(void **state)
{
    (void)state;
    assert_string_equal(event_key(arena, "a b/\xc3\xbc+1.jpg"), "a+b/%C3%BC%2B1.jpg");
    assert_string_equal(event_key(arena, "my key@x"), "my+key%40x");
    assert_string_equal(event_key(arena, "date=2026/x-y_z.txt"), "date%3D2026/x-y_z.txt");
}

static const struct {
    const char *policy;
    bool allows;
} policies[] = {
    {NULL, false},
    {"nonsense", false},
    {"{\"Statement\":[]}", false},
    {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\"}]}", true},
    {"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":[\"lambda:*\"]}}", true},
    {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\"}]}", false},
    {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"lambda:GetFunction\"}]}", false},
    {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\","
     "\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::mine\"},\"StringEquals\":{\"AWS:SourceAccount\":\"000000000000\"}}}]}",
     true},
    {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"lambda:InvokeFunction\","
     "\"Condition\":{\"ArnLike\":{\"AWS:SourceArn\":\"arn:aws:s3:::other\"}}}]}",
     false},
    {"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\"},"
     "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"lambda:InvokeFunction\"}]}",
     false},
};

static void test_policies(void **state)
{
    (void)state;
    const struct bucket bucket = {.name = "mine", .account = "000000000000"};
    for (size_t i = 0; i < COUNT(policies); i++)
        assert_int_equal(policy_allows(arena, policies[i].policy, "s3.amazonaws.com", "lambda:InvokeFunction", &bucket), policies[i].allows);
}

/* Virtual hosts: what stands before localhost; facts/services.md 2.1. */
static const struct {
    const char *labels;
    bool any;
    const char *bucket; /* NULL: not S3's */
} hosts[] = {
    {"mine.s3", true, "mine"},
    {"mine.s3.us-east-1", true, "mine"},
    {"my.dotted.bucket.s3", true, "my.dotted.bucket"},
    {"mine.s3-us-west-2", false, "mine"},
    {"mine.s3.dualstack.eu-west-1", false, "mine"},
    {"s3", true, ""},
    {"s3.us-east-1", true, ""},
    {"s3-eu-west-1", false, ""},
    {"mine", true, "mine"},
    {"mine", false, NULL},
    {"logs.s3", true, "logs"},
    {"logs", true, NULL},
    {"sqs.us-east-1", true, NULL},
    {"abc.execute-api", true, NULL},
    {"abc.lambda-url.us-east-1", true, NULL},
    {"mine.s3-website.us-east-1", true, NULL},
    {"", true, NULL},
};

static void test_hosts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        const char *bucket = host_bucket(arena, hosts[i].labels, hosts[i].any);
        if (hosts[i].bucket == NULL)
            assert_null(bucket);
        else
            assert_string_equal(bucket, hosts[i].bucket);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_overlaps, set_up, tear_down), cmocka_unit_test_setup_teardown(test_filters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys, set_up, tear_down),     cmocka_unit_test_setup_teardown(test_policies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hosts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
