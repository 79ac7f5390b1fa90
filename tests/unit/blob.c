/* Blobs: extents of one slab file, their references, and what becomes of them. */
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

#include "emulator/store/blob.h"
#include "emulator/store/store.h"

#include <cmocka.h>

static char root[] = "/tmp/lowcloud-unit.XXXXXX";
static char directory[200];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)walk;
    return type == FTW_DP ? rmdir(path) : unlink(path);
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
    store_close();
    return 0;
}

/* Bytes that say where they belong. */
static char byte_at(unsigned seed, int64_t at)
{
    return (char)((unsigned)at * 31u + (unsigned)(at >> 8) * 7u + seed);
}

static int feed(struct blob_writer *writer, unsigned seed, int64_t from, int64_t size)
{
    char piece[10007];
    int error = 0;

    while (size > 0 && error == 0) {
        int64_t now = size < (int64_t)sizeof piece ? size : (int64_t)sizeof piece;

        for (int64_t i = 0; i < now; i++)
            piece[i] = byte_at(seed, from + i);
        error = blob_write(writer, piece, (size_t)now);
        from += now;
        size -= now;
    }
    return error;
}

static int64_t make(unsigned seed, int64_t size)
{
    struct blob_writer *writer = blob_write_start();

    (void)feed(writer, seed, 0, size);
    store_begin();
    int64_t id = blob_write_end(writer);
    return store_commit() == 0 ? id : -1;
}

/* -1: as it should be; else the first wrong place, or -2 when it cannot be read. */
static int64_t compare(struct blob_reader *reader, unsigned seed, int64_t from, int64_t size)
{
    char piece[8191];

    while (size > 0) {
        ssize_t done = blob_read(reader, from, piece, size < (int64_t)sizeof piece ? (size_t)size : sizeof piece);

        if (done <= 0)
            return -2;
        for (ssize_t i = 0; i < done; i++)
            if (piece[i] != byte_at(seed, from + i))
                return from + i;
        from += done;
        size -= done;
    }
    return -1;
}

static void is_there(int64_t id, unsigned seed, int64_t size)
{
    struct blob_reader *reader = blob_open(id);
    char one;

    assert_non_null(reader);
    assert_int_equal(blob_size(reader), size);
    assert_int_equal(compare(reader, seed, 0, size), -1);
    assert_int_equal(blob_read(reader, size, &one, 1), 0);
    if (size > 100)
        assert_int_equal(compare(reader, seed, size / 3, size / 2), -1);
    blob_close(reader);
}

static void release(int64_t id)
{
    store_begin();
    blob_release(id);
    assert_int_equal(store_commit(), 0);
}

static void test_sizes(void **state)
{
    static const int64_t sizes[] = {0, 1, 4095, 4096, 4097, 65536, 1000000, 9000001};
    int64_t ids[sizeof sizes / sizeof sizes[0]], sum = 0;

    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ids[i] = make(i, sizes[i]);
        assert_true(ids[i] > 0);
        sum += sizes[i];
    }
    assert_int_equal(blob_live_bytes(), sum);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        is_there(ids[i], i, sizes[i]);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        release(ids[i]);
    assert_int_equal(blob_live_bytes(), 0);
    assert_null(blob_open(ids[3]));
    assert_null(blob_open(12345));
}

/* Bodies that arrive side by side lie between one another. */
static void test_writers_side_by_side(void **state)
{
    enum { WRITERS = 7, PIECES = 40 };
    struct blob_writer *writers[WRITERS];
    int64_t ids[WRITERS];

    (void)state;
    for (unsigned i = 0; i < WRITERS; i++)
        writers[i] = blob_write_start();
    for (int64_t at = 0; at < PIECES; at++)
        for (unsigned i = 0; i < WRITERS; i++)
            assert_int_equal(feed(writers[i], i, at * 33333, 33333), 0);
    blob_write_abort(writers[2]);
    blob_write_abort(NULL);
    for (unsigned i = 0; i < WRITERS; i++) {
        if (i == 2)
            continue;
        assert_int_equal(blob_write_size(writers[i]), PIECES * 33333);
        store_begin();
        ids[i] = blob_write_end(writers[i]);
        assert_int_equal(store_commit(), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        if (i != 2)
            is_there(ids[i], i, PIECES * 33333);
}

static void test_rollback_gives_the_extent_back(void **state)
{
    struct blob_writer *writer = blob_write_start();

    (void)state;
    int64_t kept = make(1, 100000);
    assert_int_equal(feed(writer, 2, 0, 500000), 0);
    store_begin();
    int64_t id = blob_write_end(writer);
    assert_true(id > 0);
    store_rollback();
    assert_null(blob_open(id));
    assert_int_equal(blob_live_bytes(), 100000);
    is_there(kept, 1, 100000);
    store_begin();
    blob_release(kept);
    store_rollback(); /* the count is as it was */
    is_there(kept, 1, 100000);
    assert_int_equal(blob_live_bytes(), 100000);
    release(kept);
    assert_int_equal(blob_live_bytes(), 0);
}

static void test_references(void **state)
{
    int64_t id = make(1, 50000);

    (void)state;
    store_begin();
    blob_retain(id);
    blob_retain(id);
    assert_int_equal(store_commit(), 0);
    release(id);
    release(id);
    is_there(id, 1, 50000);
    release(id);
    assert_null(blob_open(id));
}

static void test_a_reader_outlives_the_last_reference(void **state)
{
    int64_t id = make(1, 300000);
    struct blob_reader *reader = blob_open(id), *second = blob_open(id);

    (void)state;
    assert_int_equal(compare(reader, 1, 0, 1000), -1);
    release(id);
    assert_null(blob_open(id));
    int64_t other = make(2, 300000); /* does not take its place */
    assert_int_equal(compare(reader, 1, 0, 300000), -1);
    blob_close(reader);
    assert_int_equal(compare(second, 1, 0, 300000), -1);
    blob_close(second);
    blob_close(NULL);
    is_there(other, 2, 300000);
}

static void test_reset(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        int64_t id = make(1, 200000);
        struct blob_reader *reader = blob_open(id);
        struct blob_writer *writer = blob_write_start();
        char one;

        assert_int_equal(feed(writer, 3, 0, 100000), 0);
        store_reset();
        assert_int_equal(blob_live_bytes(), 0);
        assert_null(blob_open(id));
        assert_int_equal(blob_read(reader, 0, &one, 1), -EIO);
        assert_int_equal(feed(writer, 3, 100000, 10), -EIO); /* of another time */
        int64_t fresh = make(4, 250000);
        store_begin();
        assert_true(blob_write_end(writer) < 0);
        store_rollback();
        blob_close(reader);
        is_there(fresh, 4, 250000);
    }
}

/* --- with a directory ------------------------------------------------------------------------------------------------------------ */

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

static int64_t allocated(void)
{
    char path[300];
    struct stat status;

    (void)snprintf(path, sizeof path, "%s/blobs", directory);
    assert_int_equal(stat(path, &status), 0);
    return status.st_blocks * 512;
}

/* Asserts are not for children. */
#define must(condition) ((condition) ? (void)0 : (fprintf(stderr, "line %d: %s\n", __LINE__, #condition), _exit(20)))

static void write_and_die(void)
{
    must(store_open(directory) == 0);
    must(make(1, 1000000) == 1);
    must(make(2, 3000000) == 2);
    must(make(3, 1000000) == 3);
    store_begin();
    blob_release(2);
    must(store_commit() == 0);
    struct blob_writer *unfinished = blob_write_start(), *unnamed = blob_write_start();
    must(feed(unfinished, 4, 0, 5000000) == 0);
    must(feed(unnamed, 5, 0, 5000000) == 0);
    store_begin();
    must(blob_write_end(unnamed) > 0);
}

static void test_recovery_after_a_death(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/death", root);
    in_child(write_and_die);
    assert_int_equal(store_open(directory), 0);
    is_there(1, 1, 1000000);
    is_there(3, 3, 1000000);
    assert_null(blob_open(2));
    assert_null(blob_open(4));
    assert_int_equal(blob_live_bytes(), 2000000);
    assert_in_range(allocated(), 2000000, 2100000 + 4 * 65536);
    int64_t fresh = make(9, 4000000);
    is_there(fresh, 9, 4000000);
    is_there(1, 1, 1000000);
    is_there(3, 3, 1000000);
    store_close();
    assert_int_equal(store_open(directory), 0);
    is_there(fresh, 9, 4000000);
    store_close();
}

static void test_the_disk_is_given_back(void **state)
{
    int64_t ids[20];

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        ids[i] = make(i, 400000);
    int64_t before = allocated();
    for (unsigned i = 0; i < 20; i += 2)
        release(ids[i]);
    assert_in_range(allocated(), 1, before - 10 * 380000);
    for (unsigned i = 1; i < 20; i += 2)
        is_there(ids[i], i, 400000);
}

static void fill_the_disk(void)
{
    struct rlimit limit = {2000000, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};

    must(store_open(directory) == 0);
    int64_t kept = make(1, 500000);
    must(kept > 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    struct blob_writer *writer = blob_write_start();
    must(feed(writer, 2, 0, 5000000) == -ENOSPC);
    must(blob_write(writer, "x", 1) == -ENOSPC); /* sticky */
    store_begin();
    must(blob_write_end(writer) == -ENOSPC);
    store_rollback();
    must(blob_live_bytes() == 500000);
    must(setrlimit(RLIMIT_FSIZE, &none) == 0);
    must(make(3, 5000000) > 0);
    must(store_check() == 0);
}

static void test_a_full_disk(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof directory, "%s/full", root);
    in_child(fill_the_disk);
    assert_int_equal(store_open(directory), 0);
    is_there(1, 1, 500000);
    is_there(2, 3, 5000000);
    store_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_sizes, open_in_directory, close_store),
        cmocka_unit_test_setup_teardown(test_writers_side_by_side, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_rollback_gives_the_extent_back, open_in_directory, close_store),
        cmocka_unit_test_setup_teardown(test_references, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_a_reader_outlives_the_last_reference, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_reset, open_in_memory, close_store),
        cmocka_unit_test_setup_teardown(test_reset, open_in_directory, close_store),
        cmocka_unit_test(test_recovery_after_a_death),
        cmocka_unit_test_setup_teardown(test_the_disk_is_given_back, open_in_directory, close_store),
        cmocka_unit_test(test_a_full_disk),
    };
    if (mkdtemp(root) == NULL)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed;
}
