/* Plain children: output, input, ends, errors, and pipes that a grandchild holds. Environments are shown in tests/kill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/base/buffer.h"
#include "emulator/loop/clock.h"
#include "emulator/loop/loop.h"
#include "emulator/loop/process.h"

struct result {
    struct buffer streams[2];
    struct process_end end;
    char exec_path[256];
    int ends;
    bool is_inside_start;
    struct process *process;
    int kill_at_output;
};

static int running;

static void on_output(void *context, int stream, struct bytes bytes)
{
    struct result *result = context;
    assert_false(result->is_inside_start);
    assert_int_equal(result->ends, 0);
    assert_in_range(stream, 1, 2);
    buffer_add(&result->streams[stream - 1], bytes.at, bytes.size);
    if (result->kill_at_output)
        process_kill(result->process);
}

static void on_end(void *context, const struct process_end *end)
{
    struct result *result = context;
    assert_false(result->is_inside_start);
    result->end = *end;
    result->ends++;
    if (end->exec_path)
        snprintf(result->exec_path, sizeof result->exec_path, "%s", end->exec_path);
    if (--running == 0)
        loop_stop();
}

static void begin(struct result *result, const struct command *command)
{
    struct process_watch watch = {.on_output = on_output, .on_end = on_end, .context = result};
    buffer_init(&result->streams[0], 16 << 20);
    buffer_init(&result->streams[1], 16 << 20);
    running++;
    result->is_inside_start = true;
    assert_int_equal(process_start(command, &watch, &result->process), 0);
    result->is_inside_start = false;
}

static void finish(struct result *result)
{
    assert_int_equal(result->ends, 1);
    buffer_free(&result->streams[0]);
    buffer_free(&result->streams[1]);
}

static void run(struct result *result, const char *script, struct command command)
{
    const char *arguments[] = {"/bin/sh", "-c", script, NULL};
    command.arguments = arguments;
    begin(result, &command);
    loop_run();
    assert_int_equal(process_count(), 0);
}

static void output_and_status_are_told(void **state)
{
    (void)state;
    struct result result = {0};
    run(&result, "echo one; echo two >&2; exit 3", (struct command){0});
    assert_string_equal(result.streams[0].text, "one\n");
    assert_string_equal(result.streams[1].text, "two\n");
    assert_true(WIFEXITED(result.end.status));
    assert_int_equal(WEXITSTATUS(result.end.status), 3);
    assert_int_equal(result.end.exec_errno, 0);
    assert_null(result.end.exec_path);
    finish(&result);

    result = (struct result){0};
    run(&result, "kill -TERM $$", (struct command){0});
    assert_true(WIFSIGNALED(result.end.status));
    assert_int_equal(WTERMSIG(result.end.status), SIGTERM);
    finish(&result);
}

static void directory_and_environment_are_the_child_s(void **state)
{
    (void)state;
    struct result result = {0};
    const char *const environment[] = {"ONLY=this", NULL};
    run(&result, "pwd; echo $ONLY; echo ${HOME-none}", (struct command){.directory = "/usr", .environment = environment});
    assert_string_equal(result.streams[0].text, "/usr\nthis\nnone\n");
    finish(&result);
}

static void input_arrives_whole_and_ends(void **state)
{
    (void)state;
    static char input[5 << 20];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (char)(i * 7 + i / 1000);
    struct result result = {0};
    run(&result, "cat; echo end >&2", (struct command){.input = {input, sizeof input}});
    assert_int_equal(result.streams[0].size, sizeof input);
    assert_memory_equal(result.streams[0].text, input, sizeof input);
    assert_string_equal(result.streams[1].text, "end\n");
    finish(&result);

    result = (struct result){0};
    run(&result, "cat; echo end", (struct command){0});
    assert_string_equal(result.streams[0].text, "end\n");
    finish(&result);
}

static void only_three_descriptors_are_inherited(void **state)
{
    (void)state;
    struct result result = {0};
    assert_true(dup2(2, 77) == 77); /* on purpose not close-on-exec */
    run(&result, "for fd in /proc/$$/fd/*; do echo ${fd##*/}; done", (struct command){0});
    close(77);
    assert_non_null(strstr(result.streams[0].text, "0\n1\n2\n"));
    assert_null(strstr(result.streams[0].text, "77"));
    finish(&result);
}

static void signals_are_as_a_program_expects_them(void **state)
{
    (void)state;
    struct result result = {0};
    signal(SIGPIPE, SIG_IGN);
    /* of grep itself: a shell blocks everything for a moment around its fork */
    run(&result, "exec grep -E 'Sig(Blk|Ign)' /proc/self/status", (struct command){0});
    signal(SIGPIPE, SIG_DFL);
    const char *blocked = strstr(result.streams[0].text, "SigBlk:");
    const char *ignored = strstr(result.streams[0].text, "SigIgn:");
    assert_non_null(blocked);
    assert_non_null(ignored);
    assert_int_equal(strtoull(blocked + 7, NULL, 16), 0);
    assert_int_equal(strtoull(ignored + 7, NULL, 16) & 0x7fffffff, 0); /* posix_spawn() of glibc ignores its own 32 and 33 */
    finish(&result);
}

static char *make_file(const char *directory, const char *name, const char *text, mode_t mode)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void failed(const char *path, const char *directory, int error, const char *culprit)
{
    struct result result = {0};
    const char *arguments[] = {"name", NULL};
    struct command command = {.path = path, .arguments = arguments, .directory = directory};
    begin(&result, &command);
    assert_int_equal(result.ends, 0);
    process_kill(result.process);
    loop_run();
    assert_int_equal(result.end.exec_errno, error);
    assert_string_equal(result.exec_path, culprit);
    assert_int_equal(process_count(), 0);
    finish(&result);
}

static void a_failed_exec_says_what_is_missing(void **state)
{
    (void)state;
    char directory[] = "/tmp/lowcloud-process-XXXXXX";
    assert_non_null(mkdtemp(directory));
    failed("/no/such/program", NULL, ENOENT, "/no/such/program");
    failed("/bin/sh", "/no/such/directory", ENOENT, "/no/such/directory");
    failed(directory, NULL, EACCES, directory);
    char *path = make_file(directory, "plain", "#!/bin/sh\n", 0644);
    failed(path, NULL, EACCES, path);
    unlink(path);
    path = make_file(directory, "text", "no program\n", 0755);
    failed(path, NULL, ENOEXEC, path);
    unlink(path);
    path = make_file(directory, "script", "#! /no/such/shell -e\n", 0755);
    failed(path, NULL, ENOENT, "/no/such/shell");
    unlink(path);
    path = make_file(directory, "windows", "#!/bin/sh\r\n", 0755);
    failed(path, NULL, ENOENT, "/bin/sh\\r");
    unlink(path);
    assert_int_equal(rmdir(directory), 0);
}

/* Its own group would be killed for holding the pipe; this one has left it, and costs the patience. */
static void a_grandchild_that_holds_the_pipe_does_not_hold_the_end(void **state)
{
    (void)state;
    struct result result = {0};
    int64_t before = clock_real_ns();
    run(&result, "sleep 30 & echo first", (struct command){0});
    assert_string_equal(result.streams[0].text, "first\n");
    assert_int_equal(result.end.status, 0);
    assert_true(clock_real_ns() - before < INT64_C(5000000000));
    finish(&result);

    result = (struct result){0};
    before = clock_real_ns();
    char directory[] = "/tmp/lowcloud-process-XXXXXX";
    assert_non_null(mkdtemp(directory));
    run(&result, "mkfifo up; setsid sh -c 'echo $$ >&2; echo > up; exec sleep 30' & read line < up; rm up; echo first",
        (struct command){.directory = directory});
    assert_int_equal(rmdir(directory), 0);
    assert_string_equal(result.streams[0].text, "first\n");
    assert_true(clock_real_ns() - before < INT64_C(5000000000));
    int other = (int)strtol(result.streams[1].text, NULL, 10);
    assert_true(other > 1);
    kill(other, SIGKILL);
    finish(&result);
}

static void kill_reaches_the_group(void **state)
{
    (void)state;
    struct result result = {.kill_at_output = 1};
    run(&result, "sleep 30 & echo ready; wait", (struct command){0});
    assert_true(WIFSIGNALED(result.end.status));
    assert_int_equal(WTERMSIG(result.end.status), SIGKILL);
    finish(&result);
}

static void many_at_once_all_end(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    static struct result results[COUNT];
    const char *arguments[] = {"/bin/sh", "-c", "head -c 200000 /dev/zero; exit 7", NULL};
    struct command command = {.arguments = arguments};
    for (int i = 0; i < COUNT; i++) {
        results[i] = (struct result){0};
        begin(&results[i], &command);
    }
    assert_int_equal(process_count(), COUNT);
    loop_run();
    assert_int_equal(process_count(), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(results[i].streams[0].size, 200000);
        assert_int_equal(WEXITSTATUS(results[i].end.status), 7);
        finish(&results[i]);
    }
}

static int start_loop(void **state)
{
    (void)state;
    loop_start();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_status_are_told),
        cmocka_unit_test(directory_and_environment_are_the_child_s),
        cmocka_unit_test(input_arrives_whole_and_ends),
        cmocka_unit_test(only_three_descriptors_are_inherited),
        cmocka_unit_test(signals_are_as_a_program_expects_them),
        cmocka_unit_test(a_failed_exec_says_what_is_missing),
        cmocka_unit_test(a_grandchild_that_holds_the_pipe_does_not_hold_the_end),
        cmocka_unit_test(kill_reaches_the_group),
        cmocka_unit_test(many_at_once_all_end),
    };
    return cmocka_run_group_tests(tests, start_loop, NULL);
}
