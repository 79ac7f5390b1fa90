#include "services/lambda/report.h"

#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/digest.h"
#include "emulator/base/json.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"

static bool is_json(const struct function *function)
{
    return text_equal_fold(function->log_format, "JSON");
}

static double milliseconds(int64_t ns)
{
    return (double)ns / 1e6;
}

/* AWS bills whole milliseconds, begun ones too; since August 2025 a cold start is part of what is billed. The sum is made of the
 * printed figures. */
static int64_t billed_ms(int64_t duration_ns, int64_t init_ns)
{
    int64_t hundredths = (duration_ns + 5000) / 10000 + (init_ns > 0 ? (init_ns + 5000) / 10000 : 0);
    int64_t billed = (hundredths + 99) / 100;

    return billed > 0 ? billed : 1;
}

static void emit_json(struct output *output, struct arena *arena, const char *type, struct value record)
{
    struct value line = value_map();

    value_put(arena, &line, "time", value_text(date_iso8601(arena, clock_now())));
    value_put(arena, &line, "type", value_text(type));
    value_put(arena, &line, "record", record);
    output_line(output, json_print(arena, &line).at);
}

static double rounded(int64_t ns)
{
    return (double)((ns + 500) / 1000) / 1000.0;
}

/* The version of a runtime is AWS's business; ours says what it is. The ARN's hash stands for the runtime's name. */
void report_init_start(struct output *output, const struct function *function)
{
    struct arena *arena = arena_new();
    const char *digits = strpbrk(function->runtime, "0123456789");
    const char *version = text_starts(function->runtime, "provided") || digits == NULL
                              ? arena_print(arena, "%s.v1", function->runtime)
                              : arena_print(arena, "%.*s:%s.v1", (int)(digits - function->runtime), function->runtime, digits);
    const char *arn = arena_print(arena, "arn:aws:lambda:%s::runtime:%s", function->region,
                                  digest_hex(arena, DIGEST_SHA256, bytes_of(function->runtime)));

    if (is_json(function)) {
        struct value record = value_map();

        value_put(arena, &record, "initializationType", value_text("on-demand"));
        value_put(arena, &record, "phase", value_text("init"));
        value_put(arena, &record, "runtimeVersion", value_text(version));
        value_put(arena, &record, "runtimeVersionArn", value_text(arn));
        value_put(arena, &record, "functionName", value_text(function->name));
        value_put(arena, &record, "functionVersion", value_text(function->version));
        emit_json(output, arena, "platform.initStart", record);
    } else {
        output_line(output, arena_print(arena, "INIT_START Runtime Version: %s\tRuntime Version ARN: %s", version, arn));
    }
    arena_free(arena);
}

void report_init(struct output *output, const struct function *function, int64_t init_ns, const char *phase, const char *status,
                 const char *error_type)
{
    struct arena *arena = arena_new();

    if (is_json(function)) {
        struct value record = value_map(), metrics = value_map();

        value_put(arena, &metrics, "durationMs", value_double(rounded(init_ns)));
        value_put(arena, &record, "initializationType", value_text("on-demand"));
        value_put(arena, &record, "phase", value_text(phase));
        value_put(arena, &record, "status", value_text(status));
        if (error_type != NULL)
            value_put(arena, &record, "errorType", value_text(error_type));
        value_put(arena, &record, "metrics", metrics);
        emit_json(output, arena, "platform.initReport", record);
    } else {
        output_line(output,
                    arena_print(arena, "INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s%s%s", milliseconds(init_ns),
                                phase, status, error_type != NULL ? "\tError Type: " : "", error_type != NULL ? error_type : ""));
    }
    arena_free(arena);
}

void report_start(struct output *output, const struct invocation *invocation)
{
    struct arena *arena = arena_new();

    if (is_json(&invocation->function)) {
        struct value record = value_map();

        value_put(arena, &record, "requestId", value_text(invocation->request_id));
        value_put(arena, &record, "functionArn", value_text(invocation->function.arn));
        value_put(arena, &record, "version", value_text(invocation->function.version));
        emit_json(output, arena, "platform.start", record);
    } else {
        output_line(output,
                    arena_print(arena, "START RequestId: %s Version: %s", invocation->request_id, invocation->function.version));
    }
    arena_free(arena);
}

static int64_t megabytes(const struct invocation *invocation, int64_t bytes)
{
    int64_t used = (bytes + 1024 * 1024 - 1) / (1024 * 1024);

    /* The limit is enforced a moment after it was passed. */
    return used > invocation->function.memory_mb ? invocation->function.memory_mb : used;
}

static void end_as_text(struct output *output, struct arena *arena, const struct invocation *invocation,
                        const struct report *report)
{
    struct buffer line;

    output_line(output, arena_print(arena, "END RequestId: %s", invocation->request_id));
    buffer_init(&line, 4096);
    buffer_print(
        &line,
        "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %lld ms\tMemory Size: %lld MB\tMax Memory Used: %lld MB\t",
        invocation->request_id, milliseconds(report->duration_ns), (long long)billed_ms(report->duration_ns, report->init_ns),
        (long long)invocation->function.memory_mb, (long long)megabytes(invocation, report->peak_bytes));
    if (report->init_ns >= 0)
        buffer_print(&line, "Init Duration: %.2f ms\t", milliseconds(report->init_ns));
    if (!text_equal(report->status, "success"))
        buffer_print(&line, "Status: %s%s%s", report->status, report->error_type != NULL ? "\tError Type: " : "",
                     report->error_type != NULL ? report->error_type : "");
    output_line(output, line.text);
    buffer_free(&line);
}

static void end_as_json(struct output *output, struct arena *arena, const struct invocation *invocation,
                        const struct report *report)
{
    struct value record = value_map(), metrics = value_map();

    value_put(arena, &metrics, "durationMs", value_double(rounded(report->duration_ns)));
    value_put(arena, &metrics, "billedDurationMs", value_integer(billed_ms(report->duration_ns, report->init_ns)));
    value_put(arena, &metrics, "memorySizeMB", value_integer(invocation->function.memory_mb));
    value_put(arena, &metrics, "maxMemoryUsedMB", value_integer(megabytes(invocation, report->peak_bytes)));
    if (report->init_ns >= 0)
        value_put(arena, &metrics, "initDurationMs", value_double(rounded(report->init_ns)));
    value_put(arena, &record, "requestId", value_text(invocation->request_id));
    value_put(arena, &record, "metrics", metrics);
    value_put(arena, &record, "status", value_text(report->status));
    if (report->error_type != NULL)
        value_put(arena, &record, "errorType", value_text(report->error_type));
    emit_json(output, arena, "platform.report", record);
}

void report_end(struct output *output, const struct invocation *invocation, const struct report *report)
{
    struct arena *arena = arena_new();

    if (is_json(&invocation->function))
        end_as_json(output, arena, invocation, report);
    else
        end_as_text(output, arena, invocation, report);
    arena_free(arena);
}

void report_timeout(struct output *output, const struct invocation *invocation)
{
    struct arena *arena = arena_new();

    if (!is_json(&invocation->function))
        output_line(output, arena_print(arena, "%s %s Task timed out after %lld.00 seconds\n", date_iso8601(arena, clock_now()),
                                        invocation->request_id, (long long)invocation->function.timeout_s));
    arena_free(arena);
}

void report_error(struct output *output, const struct invocation *invocation, const char *type, const char *message)
{
    struct arena *arena = arena_new();

    if (!is_json(&invocation->function))
        output_line(output, arena_print(arena, "RequestId: %s Error: %s\n%s", invocation->request_id, message, type));
    arena_free(arena);
}
