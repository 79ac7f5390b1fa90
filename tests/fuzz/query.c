/* The Query protocol: the first byte chooses the service and whether the form is the body or the query. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int services[] = {FUZZ_SQS, FUZZ_IAM, FUZZ_STS};
    if (size == 0)
        return 0;
    struct call *call = request(fuzz_service(services[data[0] % 3]), "POST", (data[0] & 64) ? "/000000000000/q" : "/",
                                (data[0] & 32) ? "Accept: application/json\n" : "");
    char *text = arena_copy(call->arena, data + 1, size - 1);
    const char *path = call->exchange->path;
    if (data[0] & 128) {
        call->exchange->query = text;
        text = arena_text(call->arena, "");
        size = 1;
    }
    fuzz_finish(call, protocol_find(call, path) && protocol_head(call, path) &&
                          protocol_body(call, (struct bytes){text, size - 1}) && protocol_validate(call));
    end(call);
    return 0;
}
