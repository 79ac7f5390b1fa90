#include "services/lambda/cold_start.h"

#include <math.h>
#include <string.h>

#include "emulator/base/id.h"
#include "services/lambda/invoke.h"

/* Init durations of hello-world functions on AWS in 2026, as shifted lognormals: shift + scale * exp(sigma * N(0,1)), in
 * milliseconds. */
static const struct {
    const char *runtime; /* begins with */
    double shift, scale, sigma;
} models[] = {
    {"provided.al2023", 36.5, 14.1, .320}, {"provided", 11.7, 5.1, .558},    {"python3.9", 46.0, 26.0, .420},
    {"python3.10", 46.0, 26.0, .420},      {"python3.11", 46.0, 26.0, .420}, {"python3.12", 58.6, 28.7, .431},
    {"python3.13", 59.3, 33.2, .519},      {"python3.14", 74.6, 43.6, .538}, {"python3", 74.6, 43.6, .538},
    {"nodejs24", 92.8, 47.7, .424},        {"nodejs", 96.3, 48.4, .400},
};

/* What a client waits for beside the init duration: finding a place, fetching the code. */
static const double platform_median = 100.0, platform_sigma = 0.3;

static double uniform(void) /* (0, 1] */
{
    return ((double)(id_random() >> 11) + 1.0) / 9007199254740992.0;
}

static double normal(void)
{
    double radius = sqrt(-2.0 * log(uniform()));

    return radius * cos(6.283185307179586 * uniform());
}

static struct cold_start model(const char *runtime)
{
    size_t count = sizeof models / sizeof models[0], i = 0;

    while (i + 1 < count && !text_starts(runtime, models[i].runtime))
        i++;
    double platform = platform_median * exp(platform_sigma * normal());
    double init = models[i].shift + models[i].scale * exp(models[i].sigma * normal());
    return (struct cold_start){.delay_ms = (int64_t)lround(platform + init), .init_ms = (int64_t)lround(init)};
}

struct cold_start cold_start_draw(const struct function *function)
{
    int64_t fixed = execution_options.cold_start_ms;

    switch (execution_options.cold_start) {
    case COLD_START_MODEL:
        return model(function->runtime);
    case COLD_START_FIXED:
        return (struct cold_start){.delay_ms = fixed, .init_ms = fixed};
    case COLD_START_REAL:
        break;
    }
    return (struct cold_start){0};
}
