/* The store, in memory and with a directory: transactions, what runs after them, reset, death in the middle, a full disk. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/store/store.h"

#include <cmocka.h>

static const char *const scripts[] = {
    "CREATE TABLE thing(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body BLOB, weight REAL)",
    "ALTER TABLE thing ADD COLUMN kind TEXT",
};

static struct query insert = QUERY("INSERT INTO thing(name, body, weight, kind) VALUES (?, ?, ?, ?)");
static struct query count_all = QUERY("SELECT count(*) FROM thing");
static struct query find = QUERY("SELECT id, name, body, weight, kind FROM thing WHERE name = ?");
static struct query erase = QUERY("DELETE FROM thing WHERE name = ?");

static char root[] = "/tmp/lowcloud-unit.XXXXXX";
static char directory[200];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

static int add(const char *name, size_t size)
{
    char *body = calloc(1, size + 1);

    assert_non_null(body);
    int result = query_run(&insert, "tbdn", name, (struct bytes){body, size}, 1.5);
    free(body);
    return result;
}

static int64_t count(void)
{
    return query_one(&count_all, -1, "");
}

static int open_in_memory(void **state)
{
    (void)state;
    return store_open(NULL);
}

static int open_in_directory(void **state)
{
    static int number;

    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/%d", root, ++number);
    return store_open(directory);
}

static int close_store(void **state)
{
    (void)state;
    if (store_in_transaction())
        store_rollback();
    store_close();
    return 0;
}

static void test_values(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    store_begin();
    assert_int_equal(query_run(&insert, "tbdt", "a", (struct bytes){"x\0y", 3}, 0.25, NULL), 1);
    assert_int_equal(query_run(&insert, "tbdt", "empty", (struct bytes){NULL, 0}, 0.0, ""), 1);
    int64_t id = store_last_id();
    assert_int_equal(store_commit(), 0);
    query_start(&find, "t", "a");
    assert_true(query_step(&find));
    struct bytes body = query_bytes(&find, arena, 2);
    assert_int_equal(body.size, 3);
    assert_memory_equal(body.at, "x\0y", 3);
    assert_true(query_double(&find, 3) > 0.24 && query_double(&find, 3) < 0.26);
    assert_true(query_is_null(&find, 4));
    assert_null(query_text(&find, arena, 4));
    assert_int_equal(query_integer(&find, 4), 0);
    const char *name = query_text(&find, arena, 1);
    assert_false(query_step(&find));
    query_end(&find);
    assert_string_equal(name, "a");
    query_start(&find, "t", "empty");
    assert_true(query_step(&find));
    assert_int_equal(query_integer(&find, 0), id);
    assert_false(query_is_null(&find, 2)); /* empty is not absent */
    assert_int_equal(query_bytes_borrow(&find, 2).size, 0);
    assert_string_equal(query_text(&find, NULL, 4), "");
    query_end(&find);
    assert_int_equal(query_one(&find, -7, "t", "nobody"), -7);
    assert_int_equal(query_run(&erase, "t", "nobody"), 0);
    arena_free(arena);
}

static void test_rollback(void **state)
{
    (void)state;
    store_begin();
    assert_true(store_in_transaction());
    assert_int_equal(add("a", 10), 1);
    store_rollback();
    assert_false(store_in_transaction());
    assert_int_equal(count(), 0);
    store_begin();
    assert_int_equal(add("a", 10), 1);
    assert_int_equal(add("a", 10), -EEXIST); /* a result, not a failure of the transaction */
    assert_false(store_failed());
    assert_int_equal(add("b", 10), 1);
    assert_int_equal(store_commit(), 0);
    assert_int_equal(count(), 2);
}

static char said[50];

static void *word(const char *text)
{
    return (void *)(uintptr_t)text;
}

static void say(void *context)
{
    assert_false(store_in_transaction());
    (void)strncat(said, context, sizeof said - strlen(said) - 1);
}

static void begin_another(void *context)
{
    store_begin();
    assert_int_equal(add(context, 1), 1);
    store_after_commit(say, word("nested "));
    assert_int_equal(store_commit(), 0);
}

static void test_what_runs_afterwards(void **state)
{
    (void)state;
    said[0] = '\0';
    store_begin();
    store_after_commit(say, word("1 "));
    store_after_rollback(say, word("never "));
    store_after_commit(begin_another, word("x"));
    store_after_commit(say, word("2 "));
    assert_string_equal(said, "");
    assert_int_equal(store_commit(), 0);
    assert_string_equal(said, "1 nested 2 ");
    assert_int_equal(count(), 1);
    said[0] = '\0';
    store_begin();
    store_after_commit(say, word("never "));
    store_after_rollback(say, word("back "));
    store_rollback();
    assert_string_equal(said, "back ");
    store_after_commit(say, word("now "));
    assert_string_equal(said, "back now ");
}

static void test_reset(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        store_begin();
        for (int i = 0; i < 50; i++) {
            char name[20];

            (void)snprintf(name, sizeof name, "n%d", i);
            assert_int_equal(add(name, 5000), 1);
        }
        assert_int_equal(store_commit(), 0);
        assert_int_equal(count(), 50);
        store_reset();
        assert_int_equal(count(), 0);
        assert_int_equal(query_one(&find, 0, "t", "n1"), 0);
    }
    assert_int_equal(store_check(), 0);
}

/* In a child that dies without any farewell. */
static void in_child(void (*run)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        run();
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void write_and_die(void)
{
    if (store_open(directory) != 0)
        _exit(1);
    for (int i = 0; i < 100; i++) {
        char name[20];

        (void)snprintf(name, sizeof name, "n%d", i);
        store_begin();
        (void)add(name, 3000);
        if (store_commit() != 0)
            _exit(2);
    }
    store_begin();
    (void)add("unfinished", 100);
}

static void open_again(void)
{
    if (store_open(directory) != -EBUSY)
        _exit(1);
}

static void hold(void)
{
    int status;

    if (store_open(directory) != 0)
        _exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl("/proc/self/exe", "store", "--second", directory, (char *)NULL);
        _exit(9);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0)
        _exit(2);
}

/* A second process finds it taken; death sets it free. */
static void test_a_directory_has_one_owner(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/owned", root);
    in_child(hold);
    assert_int_equal(store_open(directory), 0);
    store_close();
}

static void test_a_death_in_a_transaction(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/death", root);
    in_child(write_and_die);
    assert_int_equal(store_open(directory), 0);
    assert_int_equal(count(), 100);
    assert_int_equal(query_one(&find, 0, "t", "unfinished"), 0);
    assert_int_equal(store_check(), 0);
    store_close();
    assert_int_equal(store_open(directory), 0); /* migrations run once */
    assert_int_equal(count(), 100);
    store_close();
}

static void die_at_once(void)
{
    if (store_open(NULL) != 0)
        _exit(1);
}

static void test_a_temporary_directory_goes(void **state)
{
    char path[300];

    (void)state;
    assert_int_equal(setenv("TMPDIR", root, 1), 0);
    in_child(die_at_once);
    assert_int_equal(store_open(NULL), 0); /* sweeps what the dead one left */
    (void)snprintf(path, sizeof path, "%s", store_directory());
    assert_int_equal(access(path, F_OK), 0);
    assert_false(store_is_durable());
    store_close();
    assert_int_equal(access(path, F_OK), -1);
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("sh", "sh", "-c", "! ls -d \"$TMPDIR\"/lowcloud.* 2>/dev/null", (char *)NULL);
        _exit(9);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* --- a full disk: a limit on the size of files, in a child, so that it can be lifted by ending -------------------------------------- */

static void limit_files(rlim_t size)
{
    struct rlimit limit = {size, RLIM_INFINITY};

    (void)signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(10);
}

/* Asserts are not to be used here: cmocka would jump back into the parent's tests. */
#define must(condition) ((condition) ? (void)0 : (fprintf(stderr, "line %d: %s\n", __LINE__, #condition), _exit(20)))

static void fill_the_disk(void)
{
    int64_t good = 0;
    int error = 0;

    must(store_open(directory) == 0);
    store_begin();
    must(add("before", 100) == 1);
    must(store_commit() == 0);
    limit_files(512 * 1024);
    said[0] = '\0';
    for (int i = 0; i < 1000 && error == 0; i++) {
        char name[20];

        (void)snprintf(name, sizeof name, "n%d", i);
        store_begin();
        store_after_rollback(say, word("back "));
        (void)add(name, 20000);
        error = store_commit();
        good += error == 0;
    }
    must(error == -ENOSPC || error == -EIO);
    must(strcmp(said, "back ") == 0);
    must(!store_in_transaction() && !store_failed());
    must(count() == good + 1);
    /* Reading goes on; a write fails again, without harm; when there is room again, it works. */
    must(query_one(&find, 0, "t", "before") == 1);
    store_begin();
    (void)add("still full", 200000);
    must(store_commit() != 0);
    limit_files(RLIM_INFINITY);
    store_begin();
    must(add("room again", 200000) == 1);
    must(store_commit() == 0);
    must(store_check() == 0);
    must(count() == good + 2);
    must(query_one(&find, 0, "t", "still full") == 0);
}

static void test_a_full_disk(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/full", root);
    in_child(fill_the_disk);
    assert_int_equal(store_open(directory), 0);
    assert_int_equal(store_check(), 0);
    assert_true(query_one(&find, 0, "t", "room again") > 0);
    store_close();
}

static void test_a_directory_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(store_open("/proc/nothing/here"), -ENOENT);
    store_close();
    assert_int_equal(store_open("/dev/null"), -ENOTDIR);
    store_close();
}

int main(int count_of_words, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_values, open_in_directory, close_store),
        cmocka_unit_test_setup_teardown(test_rollback, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_rollback, open_in_directory, close_store),
        cmocka_unit_test_setup_teardown(test_what_runs_afterwards, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_reset, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_reset, open_in_directory, close_store),
        cmocka_unit_test(test_a_directory_has_one_owner),
        cmocka_unit_test(test_a_death_in_a_transaction),
        cmocka_unit_test(test_a_temporary_directory_goes),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_a_directory_that_cannot_be),
    };
    store_schema("things", scripts, 2);
    if (count_of_words == 3 && strcmp(words[1], "--second") == 0) {
        (void)snprintf(directory, sizeof directory, "%s", words[2]);
        open_again();
        return 0;
    }
    if (mkdtemp(root) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}
