/* Arenas, buffers, identifiers and log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/base/buffer.h"
#include "emulator/base/id.h"
#include "emulator/base/log.h"

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 4000, 5000, 16383, 16384, 70000, 3, 1000000, 8};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    /* The second round meets memory that the first has used. */
    for (int round = 0; round < 2; round++) {
        struct arena *arena = arena_new();
        unsigned char *at[COUNT];
        size_t total = 0;
        for (size_t i = 0; i < COUNT; i++) {
            at[i] = arena_alloc(arena, sizes[i]);
            assert_non_null(at[i]);
            assert_int_equal((uintptr_t)at[i] % 16, 0);
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(at[i][j], 0);
            memset(at[i], (int)i + 1, sizes[i]);
            total += sizes[i];
        }
        for (size_t i = 0; i < COUNT; i++) {
            for (size_t j = 0; j < sizes[i]; j++)
                assert_int_equal(at[i][j], i + 1);
        }
        assert_int_equal(arena_size(arena), total);
        arena_free(arena);
    }
    arena_free(NULL);
}

static void many_arenas_live_at_once(void **state)
{
    (void)state;
    struct arena *arenas[200];
    char *texts[200];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 200; i++) {
            arenas[i] = arena_new();
            texts[i] = arena_print(arenas[i], "arena %zu", i);
        }
        for (size_t i = 0; i < 200; i++) {
            assert_int_equal(strtoul(texts[i] + 6, NULL, 10), i);
            arena_free(arenas[i]);
        }
    }
}

static void copies_end_in_nul(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const char *copy = arena_copy(arena, "abcdef", 3);
    assert_string_equal(copy, "abc");
    assert_string_equal((char *)arena_copy(arena, NULL, 0), "");
    assert_string_equal(arena_text(arena, "text"), "text");
    assert_null(arena_text(arena, NULL));
    for (int length = 250; length < 260; length++)
        assert_int_equal(strlen(arena_print(arena, "%*d", length, 7)), length);
    arena_free(arena);
}

static char released[8];

static void note(void *object)
{
    size_t size = strlen(released);
    released[size] = *(const char *)object;
    released[size + 1] = '\0';
}

static void deferred_releases_run_last_first(void **state)
{
    (void)state;
    char names[] = "abc";
    struct arena *arena = arena_new();
    released[0] = '\0';
    for (size_t i = 0; i < 3; i++)
        arena_defer(arena, note, &names[i]);
    arena_free(arena);
    assert_string_equal(released, "cba");
}

static void a_buffer_grows(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000000);
    assert_string_equal(buffer.text, "");
    buffer_add(&buffer, NULL, 0);
    assert_string_equal(buffer.text, "");
    for (int i = 0; i < 1000; i++) {
        buffer_char(&buffer, 'x');
        buffer_text(&buffer, "yz");
        buffer_print(&buffer, "%d", i % 10);
    }
    assert_int_equal(buffer.size, 4000);
    assert_int_equal(strlen(buffer.text), 4000);
    assert_memory_equal(buffer.text + 3996, "xyz9", 4);
    memcpy(buffer_space(&buffer, 3), "end", 3);
    assert_string_equal(buffer.text + 4000, "end");
    buffer_clear(&buffer);
    assert_string_equal(buffer.text, "");
    buffer_print(&buffer, "%5000d", 1);
    assert_int_equal(buffer.size, 5000);
    assert_false(buffer.overflow);
    buffer_free(&buffer);
    buffer_free(NULL);
}

static void a_buffer_keeps_its_limit(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 5);
    buffer_text(&buffer, "12345");
    assert_false(buffer.overflow);
    buffer_char(&buffer, '6');
    assert_true(buffer.overflow);
    assert_string_equal(buffer.text, "12345");
    buffer_clear(&buffer);
    buffer_print(&buffer, "%s", "12345");
    assert_false(buffer.overflow);
    buffer_clear(&buffer);
    /* Nothing of an addition that does not fit is added, and then nothing more at all. */
    buffer_print(&buffer, "%s", "123456");
    assert_true(buffer.overflow);
    assert_string_equal(buffer.text, "");
    buffer_char(&buffer, '1');
    assert_string_equal(buffer.text, "");
    assert_null(buffer_space(&buffer, 1));
    buffer_free(&buffer);
    buffer_init(&buffer, 0);
    buffer_print(&buffer, "%s", "");
    assert_false(buffer.overflow);
    buffer_char(&buffer, 'a');
    assert_true(buffer.overflow);
    buffer_free(&buffer);
}

static void a_buffer_is_handed_to_an_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    struct buffer buffer;
    buffer_init(&buffer, 100);
    struct bytes none = buffer_detach(&buffer, arena);
    assert_int_equal(none.size, 0);
    assert_string_equal(none.at, "");
    buffer_init(&buffer, 100);
    buffer_text(&buffer, "kept");
    struct bytes kept = buffer_detach(&buffer, arena);
    assert_int_equal(kept.size, 4);
    assert_string_equal(kept.at, "kept");
    assert_int_equal(buffer.size, 0);
    arena_free(arena);
}

static void is_a_version_4_uuid(const char *uuid)
{
    assert_int_equal(strlen(uuid), 36);
    for (int i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23)
            assert_int_equal(uuid[i], '-');
        else
            assert_non_null(strchr("0123456789abcdef", uuid[i]));
    }
    assert_int_equal(uuid[14], '4');
    assert_non_null(strchr("89ab", uuid[19]));
}

static void identifiers_repeat_only_when_seeded(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    const char *texts[4][4];
    static const uint64_t seeds[] = {7, 7, 8, 0};
    for (size_t i = 0; i < 4; i++) {
        id_seed(seeds[i]);
        texts[i][0] = id_uuid(arena);
        texts[i][1] = id_hex(arena, 33);
        texts[i][2] = id_from(arena, id_upper_alnum, 21);
        texts[i][3] = arena_print(arena, "%llu", (unsigned long long)id_random());
        is_a_version_4_uuid(texts[i][0]);
        assert_int_equal(strlen(texts[i][1]), 33);
        assert_int_equal(strspn(texts[i][1], "0123456789abcdef"), 33);
        assert_int_equal(strspn(texts[i][2], id_upper_alnum), 21);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(texts[0][i], texts[1][i]);
        assert_string_not_equal(texts[0][i], texts[2][i]);
        assert_string_not_equal(texts[0][i], texts[3][i]);
    }
    id_seed(0);
    assert_string_not_equal(id_uuid(arena), id_uuid(arena));
    assert_true(id_random() != id_random());
    arena_free(arena);
}

static void every_letter_of_an_alphabet_is_drawn(void **state)
{
    (void)state;
    struct arena *arena = arena_new();
    id_seed(0);
    const char *text = id_from(arena, id_url_safe, 20000);
    for (const char *letter = id_url_safe; *letter != '\0'; letter++)
        assert_non_null(strchr(text, *letter));
    assert_int_equal(strlen(id_url_safe), 64);
    assert_int_equal(strlen(id_alnum), 62);
    assert_int_equal(strlen(id_lower_alnum), 36);
    arena_free(arena);
}

/* What one call writes to stderr. */
static size_t logged(char *out, size_t room, void (*write_line)(const char *text), const char *text)
{
    int pipes[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    write_line(text);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipes[1]);
    ssize_t size = read(pipes[0], out, room - 1);
    assert_true(size >= 0);
    out[size] = '\0';
    close(pipes[0]);
    return (size_t)size;
}

static void as_error(const char *text)
{
    log_error("%s", text);
}

static void as_warning(const char *text)
{
    log_warn("%s", text);
}

static void as_info(const char *text)
{
    log_info("%s", text);
}

static void as_debug(const char *text)
{
    log_debug("%s", text);
}

static void a_log_line_is_one_clean_line(void **state)
{
    (void)state;
    char out[8192], longest[6000];
    logged(out, sizeof out, as_error, "one");
    assert_string_equal(out, "lowcloud: error: one\n");
    logged(out, sizeof out, as_warning, "two");
    assert_string_equal(out, "lowcloud: warning: two\n");
    logged(out, sizeof out, as_info, "a\nb\x1B[2Jc\x7F \xC2\x9Bm \xC3\xA4");
    assert_string_equal(out, "lowcloud: a?b?[2Jc? ??m \xC3\xA4\n");
    assert_int_equal(logged(out, sizeof out, as_debug, "not shown"), 0);
    log_set_level(LOG_LEVEL_DEBUG);
    logged(out, sizeof out, as_debug, "shown");
    assert_string_equal(out, "lowcloud: shown\n");
    log_set_level(LOG_LEVEL_ERROR);
    assert_int_equal(logged(out, sizeof out, as_warning, "not shown"), 0);
    log_set_level(LOG_LEVEL_INFO);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    size_t size = logged(out, sizeof out, as_info, longest);
    assert_true(size <= 4096);
    assert_string_equal(out + size - 5, "x...\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(many_arenas_live_at_once),
        cmocka_unit_test(copies_end_in_nul),
        cmocka_unit_test(deferred_releases_run_last_first),
        cmocka_unit_test(a_buffer_grows),
        cmocka_unit_test(a_buffer_keeps_its_limit),
        cmocka_unit_test(a_buffer_is_handed_to_an_arena),
        cmocka_unit_test(identifiers_repeat_only_when_seeded),
        cmocka_unit_test(every_letter_of_an_alphabet_is_drawn),
        cmocka_unit_test(a_log_line_is_one_clean_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
