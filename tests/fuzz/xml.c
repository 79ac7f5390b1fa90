/* XML bodies of S3: the first byte chooses the operation. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *method, *target;
    } operations[] = {
        {"PUT", "/b"},
        {"PUT", "/b?tagging"},
        {"PUT", "/b?acl"},
        {"PUT", "/b?cors"},
        {"PUT", "/b?lifecycle"},
        {"PUT", "/b?website"},
        {"PUT", "/b?versioning"},
        {"PUT", "/b?notification"},
        {"PUT", "/b?encryption"},
        {"POST", "/b?delete"},
        {"POST", "/b/k?restore"},
        {"PUT", "/b/k?retention"},
        {"PUT", "/b/k?legal-hold"},
        {"PUT", "/b?replication"},
        {"POST", "/b/k?uploadId=u"},
        {"POST", "/b/k?select&select-type=2"},
    };
    if (size == 0)
        return 0;
    size_t which = data[0] % (sizeof operations / sizeof operations[0]);
    struct call *call = request(fuzz_service(FUZZ_S3), operations[which].method, operations[which].target, "");
    struct bytes body = {arena_copy(call->arena, data + 1, size - 1), size - 1};
    const char *path = call->exchange->path;
    (void)xml_parse(call->arena, body);
    fuzz_finish(call,
                protocol_find(call, path) && protocol_head(call, path) && protocol_body(call, body) && protocol_validate(call));
    end(call);
    return 0;
}
