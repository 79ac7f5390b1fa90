#include "services/s3/integrity.h"

#include "emulator/base/encoding.h"
#include "services/s3/checksum.h"
#include "services/s3/errors.h"

static enum outcome check_md5(struct call *call, struct bytes body)
{
    const char *given = exchange_header(call->exchange, "Content-MD5");
    struct bytes raw;

    if (given == NULL)
        return ANSWERED;
    if (!base64_decode(call->arena, bytes_of(given), &raw) || raw.size != digest_size(DIGEST_MD5)) {
        fail_field(call, "Content-MD5", given);
        return fail(call, &s3_invalid_digest, "The Content-MD5 you specified was invalid.");
    }
    const char *computed = digest_base64(call->arena, DIGEST_MD5, body);
    if (text_equal(computed, given))
        return ANSWERED;
    fail_field(call, "ExpectedDigest", given);
    fail_field(call, "CalculatedDigest", computed);
    return fail(call, &s3_bad_digest, "The Content-MD5 you specified did not match what we received.");
}

static enum outcome check_checksum(struct call *call, enum checksum_kind kind, struct bytes body)
{
    const char *given = exchange_header(call->exchange, arena_print(call->arena, "x-amz-checksum-%s", checksum_lower_name(kind)));
    struct bytes raw;

    if (given == NULL)
        return ANSWERED;
    if (!checksum_decode(call->arena, kind, given, &raw))
        return fail(call, &s3_invalid_request, "Value for x-amz-checksum-%s header is invalid.", checksum_lower_name(kind));
    if (!text_equal(digest_base64(call->arena, checksum_digest(kind), body), given))
        return fail(call, &s3_bad_digest, "The %s you specified did not match the calculated checksum.", checksum_name(kind));
    return ANSWERED;
}

enum outcome integrity_check(struct call *call)
{
    if (call->exchange == NULL)
        return ANSWERED;
    if (check_md5(call, call->exchange->body) == FAILED)
        return FAILED;
    for (enum checksum_kind kind = CHECKSUM_CRC32; kind < CHECKSUM_KINDS; kind++)
        if (check_checksum(call, kind, call->exchange->body) == FAILED)
            return FAILED;
    return ANSWERED;
}
