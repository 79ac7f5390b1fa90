#include "services/lambda/runtime.h"

#include "emulator/aws/protocol.h"
#include "services/lambda/errors.h"

/* AWS prints this list in an order of its own that changes; ours is by family. */
#define AWS_RUNTIMES                                                                                                               \
    "[nodejs20.x, nodejs22.x, nodejs24.x, nodejs26.x, python3.9, python3.10, python3.11, python3.12, python3.13, python3.14, "     \
    "python3.15, java8.al2, java8.al2023, java11, java11.al2023, java17, java17.al2023, java21, java25, dotnet6, dotnet8, "        \
    "dotnet10, ruby3.2, ruby3.3, ruby3.4, ruby4.0, provided, provided.al2, provided.al2023]"

const char *const runtime_names[] = {"nodejs20.x", "nodejs22.x", "nodejs24.x",   "nodejs26.x",      "python3.9",
                                     "python3.10", "python3.11", "python3.12",   "python3.13",      "python3.14",
                                     "python3.15", "provided",   "provided.al2", "provided.al2023", NULL};
static const char *const not_yet[] = {
    "java8.al2", "java8.al2023", "java11",   "java11.al2023", "java17",  "java17.al2023", "java21",  "java25",
    "dotnet6",   "dotnet8",      "dotnet10", "ruby3.2",       "ruby3.3", "ruby3.4",       "ruby4.0", NULL};
static const char *const retired[] = {
    "nodejs",        "nodejs4.3",     "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs14.x",
    "nodejs16.x",    "nodejs18.x",    "java8",          "python2.7",  "python3.6",  "python3.7",  "python3.8",  "dotnetcore1.0",
    "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1",  "go1.x",      "ruby2.5",    "ruby2.7",    NULL};

static bool has(const char *const *list, const char *name)
{
    for (; *list != NULL; list++)
        if (text_equal(*list, name))
            return true;
    return false;
}

bool runtime_accept(struct call *call, const char *runtime)
{
    if (has(runtime_names, runtime))
        return true;
    if (has(not_yet, runtime))
        (void)fail(call, &error_not_implemented,
                   "lowcloud does not run functions of runtime %s yet. Use python3.x, nodejs20.x and later, or provided.al2023 "
                   "with an executable "
                   "'bootstrap' that speaks the Runtime API (or with Handler 'stdio:NAME').",
                   runtime);
    else if (has(retired, runtime))
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "The runtime parameter of %s is no longer supported for creating or updating AWS Lambda functions. We "
                          "recommend you use a "
                          "supported runtime while creating or updating functions.",
                          runtime);
    else
        (void)lambda_fail(call, &lambda_invalid_parameter,
                          "Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: " AWS_RUNTIMES
                          " or be a valid ARN",
                          runtime);
    return false;
}
