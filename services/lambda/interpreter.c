#include "services/lambda/interpreter.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/buffer.h"
#include "emulator/base/log.h"

enum { CANDIDATES = 256, HEADER_BYTES = 64 * 1024 };

struct candidate {
    const char *path;
    int version; /* Python's minor, Node's major; -1: not known */
};

/* One entry a runtime asked for; they are few. */
struct known {
    const char *runtime;
    struct interpreter interpreter;
    bool is_told; /* that it is not the exact version */
    struct known *next;
};

static struct arena *arena; /* for what is remembered */
static struct known *all;

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

/* --- versions without running anything --- */

/* The number behind `name` in the file name: python3.12 -> 12. */
static int version_in(const char *file, const char *name)
{
    int64_t version = -1;
    size_t size = strlen(name);

    if (strncmp(file, name, size) != 0 || !text_integer(file + size, &version) || version < 0 || version > 999)
        return -1;
    return (int)version;
}

/* Node's headers lie beside it: PREFIX/include/node/node_version.h says NODE_MAJOR_VERSION. */
static int version_of_headers(struct arena *scratch, const char *program)
{
    static const char macro[] = "#define NODE_MAJOR_VERSION ";
    const char *bin = strrchr(program, '/');
    const char *path = arena_print(scratch, "%.*s/../include/node/node_version.h", (int)(bin - program), program);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int version = -1;

    if (fd < 0)
        return -1;
    char *text = arena_alloc(scratch, HEADER_BYTES + 1);
    ssize_t size = read(fd, text, HEADER_BYTES);
    (void)close(fd);
    const char *at = size > 0 ? strstr(text, macro) : NULL;
    if (at != NULL)
        version = (int)strtol(at + strlen(macro), NULL, 10);
    return version;
}

/* .../versions/node/v22.1.0/bin/node: a folder of the path that is a version. */
static int version_of_path(const char *program)
{
    for (const char *slash = strchr(program, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *at = slash + 1 + (slash[1] == 'v');
        size_t digits = strspn(at, "0123456789");

        if (digits > 0 && digits < 4 && at[digits] == '.')
            return (int)strtol(at, NULL, 10);
    }
    return -1;
}

static int version_of(struct arena *scratch, const char *program, bool is_node)
{
    char real[PATH_MAX];
    const char *resolved = realpath(program, real) != NULL ? real : program;
    int version;

    if (!is_node) {
        version = version_in(strrchr(program, '/') + 1, "python3.");
        return version >= 0 ? version : version_in(strrchr(resolved, '/') + 1, "python3.");
    }
    version = version_of_path(resolved);
    return version >= 0 ? version : version_of_headers(scratch, resolved);
}

/* --- where they are --- */

static void add(struct arena *scratch, struct candidate *list, int *count, const char *path, bool is_node)
{
    if (*count == CANDIDATES || !is_program(path))
        return;
    list[*count].path = arena_text(scratch, path);
    list[(*count)++].version = version_of(scratch, path, is_node);
}

static bool is_wanted(const char *file, bool is_node)
{
    if (is_node)
        return text_equal(file, "node") || text_equal(file, "nodejs");
    return text_equal(file, "python3") || version_in(file, "python3.") >= 0;
}

/* Every wanted program of FOLDER/NAME/bin. */
static void add_versions(struct arena *scratch, struct candidate *list, int *count, const char *folder, bool is_node)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;

    if (directory == NULL)
        return;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        const char *bin = arena_print(scratch, "%s/%s/bin", folder, entry->d_name);
        DIR *programs = opendir(bin);
        struct dirent *program;

        if (programs == NULL)
            continue;
        while ((program = readdir(programs)) != NULL)
            if (is_wanted(program->d_name, is_node))
                add(scratch, list, count, arena_print(scratch, "%s/%s", bin, program->d_name), is_node);
        (void)closedir(programs);
    }
    (void)closedir(directory);
}

static void add_behind_shims(struct arena *scratch, struct candidate *list, int *count, const char *folder, bool is_node)
{
    const char *root = arena_copy(scratch, folder, strlen(folder) - strlen("/shims"));

    add_versions(scratch, list, count, arena_print(scratch, "%s/versions", root), is_node);
    add_versions(scratch, list, count, arena_print(scratch, "%s/installs/%s", root, is_node ? "node" : "python"), is_node);
    if (is_node)
        add_versions(scratch, list, count, arena_print(scratch, "%s/installs/nodejs", root), is_node);
}

static int search(struct arena *scratch, struct candidate *list, bool is_node)
{
    const char *variable = getenv("PATH");
    char *rest = arena_text(scratch, variable != NULL ? variable : "/usr/local/bin:/usr/bin:/bin"), *folder;
    int count = 0;

    while ((folder = strsep(&rest, ":")) != NULL) {
        size_t size = strlen(folder);
        DIR *directory;
        struct dirent *entry;

        while (size > 1 && folder[size - 1] == '/')
            folder[--size] = '\0';
        if (folder[0] != '/')
            continue;
        if (text_ends(folder, "/shims")) {
            add_behind_shims(scratch, list, &count, folder, is_node);
            continue;
        }
        directory = opendir(folder);
        if (directory == NULL)
            continue;
        while ((entry = readdir(directory)) != NULL)
            if (is_wanted(entry->d_name, is_node))
                add(scratch, list, &count, arena_print(scratch, "%s/%s", folder, entry->d_name), is_node);
        (void)closedir(directory);
    }
    return count;
}

/* --- which one --- */

/* An environment has folders of its own over these. */
static bool is_hidden(const char *path)
{
    return text_starts(path, "/opt/") || text_starts(path, "/tmp/") || text_starts(path, "/var/task/") ||
           text_starts(path, "/var/runtime/");
}

static int distance(const struct candidate *candidate, int wanted)
{
    int far = candidate->version < 0 ? 1000 : abs(candidate->version - wanted) * 2 + (candidate->version < wanted);

    return is_hidden(candidate->path) ? far + 10000 : far;
}

static const struct candidate *nearest(const struct candidate *list, int count, int wanted)
{
    const struct candidate *best = NULL;

    /* The first in PATH of those that are equally near. */
    for (int i = 0; i < count; i++)
        if (best == NULL || distance(&list[i], wanted) < distance(best, wanted))
            best = &list[i];
    return best;
}

static void choose(struct interpreter *interpreter, const char *runtime)
{
    struct arena *scratch = arena_new();
    struct candidate *list = arena_alloc(scratch, CANDIDATES * sizeof *list);
    const char *digits = interpreter->is_node ? runtime + strlen("nodejs") : runtime + strlen("python3.");
    int wanted = (int)strtol(digits, NULL, 10);
    const struct candidate *found = nearest(list, search(scratch, list, interpreter->is_node), wanted);

    if (found == NULL) {
        interpreter->problem =
            arena_print(arena, "%s needs %s, and PATH has none of any version", runtime, interpreter->is_node ? "node" : "python3");
    } else if (found->version == wanted || (found->version < 0 && !protocol_strict)) {
        interpreter->path = arena_text(arena, found->path);
        interpreter->is_exact = true;
    } else if (protocol_strict) {
        interpreter->problem =
            arena_print(arena, "%s is not installed here; the nearest is %s, which --strict refuses", runtime, found->path);
    } else {
        interpreter->path = arena_text(arena, found->path);
    }
    arena_free(scratch);
}

static struct known *know(const char *runtime)
{
    for (struct known *known = all; known != NULL; known = known->next)
        if (text_equal(known->runtime, runtime))
            return known;
    if (arena == NULL)
        arena = arena_new();
    struct known *known = arena_alloc(arena, sizeof *known);
    known->runtime = arena_text(arena, runtime);
    known->interpreter.is_node = text_starts(runtime, "nodejs");
    known->next = all;
    all = known;
    if (known->interpreter.is_node || text_starts(runtime, "python3."))
        choose(&known->interpreter, runtime);
    else
        known->interpreter.problem = arena_print(arena, "no interpreter is known for runtime %s", runtime);
    return known;
}

const struct interpreter *interpreter_look(const char *runtime)
{
    return &know(runtime)->interpreter;
}

const struct interpreter *interpreter_find(const char *runtime)
{
    struct known *known = know(runtime);

    if (known->interpreter.path != NULL && !known->interpreter.is_exact && !known->is_told)
        log_warn("%s is not installed here: its functions run on %s", runtime, known->interpreter.path);
    known->is_told = true;
    return &known->interpreter;
}
