/* Authorization headers and signed queries: the first byte says which. Whatever they are, every part is text and comes from the input. */
#include "tests/fuzz/fuzz.h"

#include "emulator/aws/identity.h"

/* One part is no longer than what it was cut from. */
static void check_part(const char *part, size_t size)
{
    check(part != NULL && strlen(part) <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signature signature;

    if (size == 0)
        return 0;
    struct call *call = request(fuzz_service(FUZZ_S3), "GET", "/bucket/key", "");
    char *text = arena_copy(call->arena, data + 1, size - 1);
    if ((data[0] & 1) != 0) {
        call->exchange->query = text;
    } else {
        struct header *header = arena_alloc(call->arena, sizeof *header);

        header->name = "Authorization";
        header->value = text;
        call->exchange->headers = header;
    }
    signature_parse(call->exchange, &signature);
    check_part(signature.access_key, size);
    check_part(signature.date, size);
    check_part(signature.region, size);
    check_part(signature.service, size);
    check_part(signature.signed_headers, size);
    check_part(signature.signature, size);
    check_part(signature.session_token, size);
    check(!signature.is_presigned || (data[0] & 1) != 0);
    end(call);
    return 0;
}
