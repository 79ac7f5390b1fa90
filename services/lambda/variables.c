#include "services/lambda/variables.h"

#include <string.h>

#include "emulator/base/log.h"

enum { VARIABLES = 256 };

struct list {
    struct arena *arena;
    const char *names[VARIABLES];
    const char **lines; /* VARIABLES + 1 */
    size_t count;
};

/* The later one wins; the customer's are last, and reserved names were refused when the function was configured. */
static void put(struct list *list, const char *name, const char *value)
{
    size_t at = 0;

    while (at < list->count && strcmp(list->names[at], name) != 0)
        at++;
    if (at == list->count && list->count == VARIABLES) {
        log_warn("a function has more than %d environment variables: %s is left out", VARIABLES, name);
        return;
    }
    list->count += at == list->count;
    list->names[at] = name;
    list->lines[at] = arena_print(list->arena, "%s=%s", name, value);
}

static void put_runtime(struct list *list, const struct variables *variables)
{
    const char *runtime = variables->function->runtime, *root = variables->task_root, *own = variables->runtime_directory;

    if (!text_starts(runtime, "provided"))
        put(list, "AWS_EXECUTION_ENV", arena_print(list->arena, "AWS_Lambda_%s", runtime));
    if (text_starts(runtime, "python")) {
        put(list, "PYTHONPATH", own);
        if (strlen(runtime) == strlen("python3.13") && strcmp(runtime, "python3.13") >= 0)
            put(list, "LC_CTYPE", "C.UTF-8");
    } else if (text_starts(runtime, "nodejs")) {
        const char *major = arena_copy(list->arena, runtime + 6, strspn(runtime + 6, "0123456789"));

        put(list, "NODE_PATH",
            arena_print(list->arena, "/opt/nodejs/node%s/node_modules:/opt/nodejs/node_modules:%s/node_modules:%s:%s", major, own,
                        own, root));
    }
}

static void put_function(struct list *list, const struct variables *variables)
{
    const struct function *function = variables->function;

    put(list, "AWS_REGION", function->region);
    put(list, "AWS_DEFAULT_REGION", function->region);
    put(list, "AWS_ACCESS_KEY_ID", variables->access_key);
    put(list, "AWS_SECRET_ACCESS_KEY", variables->secret);
    put(list, "AWS_SESSION_TOKEN", variables->session_token);
    put(list, "AWS_LAMBDA_FUNCTION_NAME", function->name);
    put(list, "AWS_LAMBDA_FUNCTION_VERSION", function->version);
    put(list, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", arena_print(list->arena, "%lld", (long long)function->memory_mb));
    put(list, "AWS_LAMBDA_LOG_GROUP_NAME", function->log_group);
    put(list, "AWS_LAMBDA_LOG_STREAM_NAME", variables->log_stream);
    put(list, "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    put(list, "AWS_LAMBDA_RUNTIME_API", variables->address);
    put(list, "AWS_ENDPOINT_URL", arena_print(list->arena, "http://%s", variables->address));
    put(list, "_HANDLER", function->handler);
    if (text_equal_fold(function->log_format, "JSON")) {
        put(list, "AWS_LAMBDA_LOG_FORMAT", "JSON");
        put(list, "AWS_LAMBDA_LOG_LEVEL", "INFO");
    }
}

const char *const *variables_list(struct arena *arena, const struct variables *variables)
{
    struct list *list = arena_alloc(arena, sizeof *list);
    const char *root = variables->task_root, *own = variables->runtime_directory;

    list->arena = arena;
    list->lines = arena_alloc(arena, (VARIABLES + 1) * sizeof *list->lines);
    put(list, "PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin");
    put(list, "LD_LIBRARY_PATH",
        arena_print(arena, "/var/lang/lib:/lib64:/usr/lib64:%s:%s/lib:%s:%s/lib:/opt/lib", own, own, root, root));
    put(list, "LANG", "en_US.UTF-8");
    put(list, "TZ", ":UTC");
    put(list, "PWD", root);
    put(list, "SHLVL", "0");
    put(list, "LAMBDA_TASK_ROOT", root);
    put(list, "LAMBDA_RUNTIME_DIR", own);
    put(list, "AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    put(list, "AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000");
    put(list, "_AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129");
    put(list, "_AWS_XRAY_DAEMON_PORT", "2000");
    if (variables->temporary != NULL)
        put(list, "TMPDIR", variables->temporary); /* not AWS's: /tmp itself is the machine's here */
    put_function(list, variables);
    put_runtime(list, variables);
    const struct value *own_map = &variables->function->environment;
    for (uint32_t i = 0; own_map->kind == VALUE_MAP && i < own_map->size; i++)
        if (own_map->items[2 * i + 1].kind == VALUE_TEXT)
            put(list, own_map->items[2 * i].text, own_map->items[2 * i + 1].text);
    return list->lines;
}
