/* lowcloud trace: the journal as a tree of causes, with emulated and real times. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "emulator/base/json.h"

struct record {
    const struct value *map;
    int64_t seq, cause, first, last, next; /* children by number in the array, -1: none */
};

static int64_t integer(const struct value *map, const char *name, int64_t fallback)
{
    const struct value *value = value_find(map, name);

    return value != NULL && value->kind == VALUE_INTEGER ? value->integer : fallback;
}

static const char *text(const struct value *map, const char *name)
{
    const char *found = value_find_text(map, name);

    return found == NULL ? "" : found;
}

/* Reads that set nothing in motion, environments that come and go, and polls that wait make a trace long and say little. */
static bool is_dull(const struct value *map)
{
    static const char *const verbs[] = {"Get", "List", "Describe", "Head", "Filter"};
    const char *operation = text(map, "operation");

    if (text_equal(text(map, "kind"), "environment"))
        return true;
    if (text_starts(text(map, "actor"), "mapping:") && text_equal(operation, "ReceiveMessage"))
        return true;
    if (!text_equal(text(map, "actor"), "client"))
        return false;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (text_starts(operation, verbs[i]))
            return true;
    return false;
}

static const char *last_part(const char *arn)
{
    const char *slash = arn;

    for (int colons = 0; *slash != '\0' && colons < 5; slash++)
        colons += *slash == ':';
    return *slash == '\0' ? arn : slash;
}

static void print_record(const struct record *record, int depth)
{
    const struct value *map = record->map;
    const char *kind = text(map, "kind"), *error = text(map, "error"), *arn = text(map, "arn");
    const char *emulated = text(map, "time");
    int64_t duration = integer(map, "duration_us", -1), status = integer(map, "status", 0), attempt = integer(map, "attempt", 0);
    const struct value *cold = value_find(map, "cold");

    (void)printf("%.23s  %9.3f ms  ", emulated, duration < 0 ? 0.0 : (double)duration / 1000);
    for (int i = 0; i < depth; i++)
        (void)fputs(i + 1 == depth ? "└─ " : "   ", stdout);
    if (text_equal(kind, "call"))
        (void)printf("%s:%s", text(map, "service"), text(map, "operation"));
    else
        (void)printf("%s %s", kind, text(map, "operation"));
    if (arn[0] != '\0')
        (void)printf(" %s", last_part(arn));
    if (attempt > 1)
        (void)printf(" (attempt %lld)", (long long)attempt);
    if (value_is(cold, VALUE_BOOL) && cold->boolean)
        (void)fputs(" cold", stdout);
    if (status >= 400)
        (void)printf(" %lld", (long long)status);
    if (error[0] != '\0')
        (void)printf(" %s", error);
    if (value_find(map, "running") != NULL)
        (void)fputs(" still running", stdout);
    (void)printf("  #%lld by %s\n", (long long)record->seq, text(map, "actor"));
}

static void print_tree(const struct record *records, int64_t at, int depth)
{
    print_record(&records[at], depth);
    for (int64_t child = records[at].first; child >= 0; child = records[child].next)
        print_tree(records, child, depth + 1);
}

/* A cause is always older than its effect, so it lies before it: found by number, from the nearest possible place. */
static int64_t place_of(const struct record *records, int64_t count, int64_t seq)
{
    int64_t low = 0, high = count - 1;

    while (low <= high) {
        int64_t middle = (low + high) / 2;

        if (records[middle].seq == seq)
            return middle;
        if (records[middle].seq < seq)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return -1;
}

/* False when there is no record `root`. */
static bool print_all(struct record *records, int64_t count, int64_t root, bool shows_all)
{
    bool found = root <= 0;

    for (int64_t i = 0; i < count; i++) {
        int64_t parent = records[i].cause > 0 ? place_of(records, i, records[i].cause) : -1;

        if (parent < 0)
            continue;
        records[i].cause = -1; /* no root */
        if (records[parent].first < 0)
            records[parent].first = i;
        else
            records[records[parent].last].next = i;
        records[parent].last = i;
    }
    for (int64_t i = 0; i < count; i++) {
        bool is_root = records[i].cause >= 0;
        bool is_left_out = !shows_all && is_dull(records[i].map) && records[i].first < 0;

        if (root > 0 ? records[i].seq == root : is_root && !is_left_out)
            print_tree(records, i, 0);
        found = found || records[i].seq == root;
    }
    return found;
}

int trace_command(int count, char **words)
{
    struct arena *arena = command_arena();
    const char *endpoint = client_endpoint(&count, words), *after = take_option(&count, words, "--after");
    bool shows_all = take_flag(&count, words, "--all");
    int64_t root = 0, number, records_count = 0, lines = 0;
    struct reply reply;

    if (has_unknown_option(count, words))
        return 2;
    if (count > 2 || (count == 2 && !text_integer(words[1], &root)) || (after != NULL && !text_integer(after, &number)))
        return usage_error(words[0], "a trace begins with the number of a record");
    if (!client_send(arena, endpoint, "GET", arena_print(arena, "/_lowcloud/journal?limit=1000000%s%s", after == NULL ? "" : "&after=", after == NULL ? "" : after), "",
                     bytes_of(""), &reply))
        return 1;
    if (reply.status != 200)
        return client_print(&reply);
    for (size_t i = 0; i < reply.body.size; i++)
        lines += reply.body.at[i] == '\n';
    struct record *records = arena_alloc(arena, ((size_t)lines + 1) * sizeof *records);
    for (const char *line = reply.body.at; line < reply.body.at + reply.body.size;) {
        const char *end = strchr(line, '\n');
        struct value *map = arena_alloc(arena, sizeof *map);

        if (end == NULL || json_parse(arena, (struct bytes){line, (size_t)(end - line)}, map, NULL) != 0)
            break;
        records[records_count++] = (struct record){map, integer(map, "seq", 0), integer(map, "cause", 0), -1, -1, -1};
        line = end + 1;
    }
    if (print_all(records, records_count, root, shows_all))
        return 0;
    (void)fprintf(stderr, "lowcloud trace: the journal holds no record %lld; 'lowcloud journal' lists them\n", (long long)root);
    return 1;
}
