/* Method, path, query and headers of the REST services: a first byte for service and method, then a target, then header lines. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int services[] = {FUZZ_S3, FUZZ_LAMBDA, FUZZ_APIGATEWAY};
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"};
    struct arena *arena = arena_new();
    char *target, *headers;
    if (size > 1) {
        target = arena_copy(arena, data + 1, size - 1);
        headers = target + strcspn(target, "\n");
        if (*headers != '\0')
            *headers++ = '\0';
        /* The server hands on a path that begins with a slash and no white space. */
        if (target[0] == '/' && strpbrk(target, " \t\r") == NULL) {
            struct call *call = request(fuzz_service(services[data[0] % 3]), methods[data[0] / 3 % 6], target, headers);
            fuzz_finish(call, accepted(call, ""));
            end(call);
        }
    }
    arena_free(arena);
    return 0;
}
