#include "services/s3/upload_body.h"

#include <errno.h>
#include <string.h>

#include "emulator/aws/protocol.h"
#include "emulator/base/encoding.h"
#include "emulator/base/log.h"
#include "emulator/store/blob.h"
#include "services/s3/body.h"
#include "services/s3/chunked.h"
#include "services/s3/errors.h"

struct upload_body {
    struct chunked *chunked; /* NULL: the bytes come as they are */
    int64_t expected;        /* size after decoding; -1: not said */
    int64_t size;

    char *inline_bytes; /* the first BLOB_INLINE bytes; all of them while there is no writer */
    size_t room;
    struct blob_writer *writer;

    struct digest *md5, *main, *also, *sha256;
    unsigned char md5_out[DIGEST_MAX];
    const char *content_md5;    /* as sent, or NULL */
    const char *content_sha256; /* 64 digits, or NULL */
    struct checksum given;      /* by header or by trailer; value NULL while the trailer has not come */
    bool given_by_trailer;
    struct checksum computed;
    const char *also_value;
    enum checksum_kind also_kind;
};

static void release(void *object)
{
    struct upload_body *body = object;

    blob_write_abort(body->writer);
    digest_free(body->md5);
    digest_free(body->main);
    digest_free(body->also);
    digest_free(body->sha256);
}

/* What the headers say. */

static int write_data(void *context, const char *at, size_t size);
static int take_trailer(void *context, const char *name, const char *value);

static bool is_hex_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* facts/services.md 2.4: what x-amz-content-sha256 may say besides a digest. */
static bool is_payload_word(const char *text)
{
    static const char *const words[] = {"UNSIGNED-PAYLOAD",
                                        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                                        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
                                        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_equal(words[i], text))
            return true;
    return false;
}

static bool has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = list; at != NULL && *at != '\0';) {
        at += strspn(at, ", \t");
        size_t length = strcspn(at, ", \t");
        if (length == size && strncasecmp(at, word, size) == 0)
            return true;
        at += length;
    }
    return false;
}

/* x-amz-trailer announces the one checksum that comes behind the data. */
static enum outcome read_trailer_header(struct call *call, struct upload_body *body)
{
    const char *names = exchange_header_joined(call->exchange, "x-amz-trailer");
    if (names == NULL)
        return ANSWERED;
    for (enum checksum_kind kind = CHECKSUM_CRC32; kind < CHECKSUM_KINDS; kind++) {
        if (!has_word(names, arena_print(call->arena, "x-amz-checksum-%s", checksum_lower_name(kind))))
            continue;
        if (body->given.kind != CHECKSUM_NONE)
            return fail(call, &s3_invalid_request,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
        body->given.kind = kind;
        body->given_by_trailer = true;
    }
    if (!body->given_by_trailer && *names != '\0') {
        fail_field(call, "Header", "x-amz-trailer");
        return fail(call, &s3_not_implemented,
                    "A header you provided implies functionality that is not implemented: x-amz-trailer '%s'", names);
    }
    return ANSWERED;
}

static enum outcome read_framing(struct call *call, struct upload_body *body)
{
    struct exchange *exchange = call->exchange;
    if (exchange == NULL)
        return ANSWERED;
    const char *hash = exchange_header(exchange, "x-amz-content-sha256");
    const char *encoding = exchange_header_joined(exchange, "Content-Encoding");
    bool is_streaming = hash != NULL && text_starts(hash, "STREAMING-");

    if (hash != NULL && !is_hex_digest(hash) && !is_payload_word(hash))
        return fail_argument(call, "x-amz-content-sha256", hash,
                             "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value.");
    body->expected = exchange->content_length;
    if (hash != NULL && is_hex_digest(hash))
        body->content_sha256 = hash;
    if (!is_streaming && !has_word(encoding, "aws-chunked"))
        return ANSWERED;

    const char *decoded = exchange_header(exchange, "x-amz-decoded-content-length");
    body->expected = -1;
    if (decoded != NULL && (!text_integer(decoded, &body->expected) || body->expected < 0))
        return fail_argument(call, "x-amz-decoded-content-length", decoded,
                             "x-amz-decoded-content-length must be a non-negative integer");
    body->chunked = arena_alloc(call->arena, sizeof *body->chunked);
    body->chunked->data = write_data;
    body->chunked->trailer = take_trailer;
    body->chunked->context = call;
    return read_trailer_header(call, body);
}

static enum outcome check_content_md5(struct call *call, const char *text)
{
    struct bytes raw;
    if (text == NULL || (base64_decode(call->arena, bytes_of(text), &raw) && raw.size == 16))
        return ANSWERED;
    fail_field(call, "Content-MD5", text);
    return fail(call, &s3_invalid_digest, "The Content-MD5 you specified was invalid.");
}

static enum outcome fail_too_large(struct call *call, int64_t size)
{
    fail_field(call, "ProposedSize", arena_print(call->arena, "%lld", (long long)size));
    fail_field(call, "MaxSizeAllowed", arena_print(call->arena, "%lld", (long long)OBJECT_PUT_LIMIT));
    return fail(call, &s3_entity_too_large, "Your proposed upload exceeds the maximum allowed size");
}

enum outcome upload_body_start(struct call *call, const struct upload_wish *wish)
{
    struct upload_body *body = arena_alloc(call->arena, sizeof *body);
    struct bytes raw;

    body->expected = -1;
    body->content_md5 = input_text(call, wish->content_md5);
    if (checksum_input(call, wish->members, &body->given) == FAILED || check_content_md5(call, body->content_md5) == FAILED ||
        read_framing(call, body) == FAILED)
        return FAILED;
    if (body->given.value != NULL && !checksum_decode(call->arena, body->given.kind, body->given.value, &raw))
        return fail(call, &s3_invalid_request, "Value for x-amz-checksum-%s header is invalid.",
                    checksum_lower_name(body->given.kind));
    if (body->expected > OBJECT_PUT_LIMIT)
        return fail_too_large(call, body->expected);

    body->computed.kind = body->given.kind != CHECKSUM_NONE ? body->given.kind
                          : wish->wanted != CHECKSUM_NONE   ? wish->wanted
                                                            : CHECKSUM_CRC64NVME;
    body->also_kind = wish->also;
    arena_defer(call->arena, release, body);
    body->md5 = digest_new(DIGEST_MD5);
    body->main = digest_new(checksum_digest(body->computed.kind));
    if (wish->also != CHECKSUM_NONE && wish->also != body->computed.kind)
        body->also = digest_new(checksum_digest(wish->also));
    if (body->content_sha256 != NULL)
        body->sha256 = digest_new(DIGEST_SHA256);
    call->context = body;
    return ANSWERED;
}

enum checksum_kind upload_body_given(const struct call *call)
{
    const struct upload_body *body = call->context;
    return body->given.kind;
}

/* The bytes. */

static int storage_failed(struct call *call, int error)
{
    if (error == -ENOSPC)
        fail(call, &error_storage_full, "There is no space left for the body of this object.");
    else
        fail(call, &error_internal, "The body of this object could not be written.");
    return error;
}

static int keep(struct call *call, struct upload_body *body, const char *at, size_t size)
{
    size_t held = body->writer == NULL ? (size_t)body->size : 0;

    if (body->writer == NULL && held + size <= BLOB_INLINE) {
        if (held + size > body->room) { /* most small bodies come in one piece: no more memory than they need */
            char *grown = arena_alloc(call->arena, held > 0 ? BLOB_INLINE + 1 : size + 1);
            if (held > 0)
                memcpy(grown, body->inline_bytes, held);
            body->room = held > 0 ? BLOB_INLINE : size;
            body->inline_bytes = grown;
        }
        memcpy(body->inline_bytes + held, at, size);
        return 0;
    }
    int error = 0;
    if (body->writer == NULL) {
        body->writer = blob_write_start();
        error = blob_write(body->writer, body->inline_bytes, held);
    }
    if (error == 0)
        error = blob_write(body->writer, at, size);
    return error == 0 ? 0 : storage_failed(call, error);
}

static int write_data(void *context, const char *at, size_t size)
{
    struct call *call = context;
    struct upload_body *body = call->context;

    if (size == 0)
        return 0;
    if (body->size + (int64_t)size > OBJECT_PUT_LIMIT) {
        fail_too_large(call, body->size + (int64_t)size);
        return -EFBIG;
    }
    int error = keep(call, body, at, size);
    if (error != 0)
        return error;
    body->size += (int64_t)size;
    digest_add(body->md5, at, size);
    digest_add(body->main, at, size);
    if (body->also != NULL)
        digest_add(body->also, at, size);
    if (body->sha256 != NULL)
        digest_add(body->sha256, at, size);
    return 0;
}

static int take_trailer(void *context, const char *name, const char *value)
{
    struct call *call = context;
    struct upload_body *body = call->context;
    struct bytes raw;

    if (!text_starts(name, "x-amz-checksum-"))
        return 0; /* x-amz-trailer-signature and the like */
    if (!body->given_by_trailer || body->given.value != NULL ||
        !text_equal(name + strlen("x-amz-checksum-"), checksum_lower_name(body->given.kind))) {
        fail(call, &s3_malformed_trailer,
             "The request contained trailing data that was not well-formed or did not conform to our published schema.");
        return -EBADMSG;
    }
    if (!checksum_decode(call->arena, body->given.kind, value, &raw)) {
        fail(call, &s3_invalid_request, "Value for %s trailing header is invalid.", name);
        return -EBADMSG;
    }
    body->given.value = arena_text(call->arena, value);
    return 0;
}

static void fail_framing(struct call *call)
{
    fail(call, &s3_incomplete_body, "The request body terminated unexpectedly");
}

int upload_body_take(struct call *call, const char *at, size_t size)
{
    struct upload_body *body = call->context;

    if (body->chunked == NULL)
        return write_data(call, at, size);
    int error = chunked_take(body->chunked, at, size);
    if (error == -EINVAL)
        fail_framing(call);
    return error;
}

/* The end. */

static const char *end_base64(struct arena *arena, struct digest *digest)
{
    unsigned char out[DIGEST_MAX];
    size_t size = digest_end(digest, out);
    return base64_encode(arena, (struct bytes){(const char *)out, size});
}

static enum outcome compare_content_md5(struct call *call, const struct upload_body *body)
{
    struct bytes raw;
    if (body->content_md5 == NULL || !base64_decode(call->arena, bytes_of(body->content_md5), &raw) ||
        memcmp(raw.at, body->md5_out, 16) == 0)
        return ANSWERED;
    fail_field(call, "ExpectedDigest", body->content_md5);
    fail_field(call, "CalculatedDigest", base64_encode(call->arena, (struct bytes){(const char *)body->md5_out, 16}));
    return fail(call, &s3_bad_digest, "The Content-MD5 you specified did not match what we received.");
}

static enum outcome compare_sha256(struct call *call, struct upload_body *body)
{
    unsigned char out[DIGEST_MAX];
    if (body->sha256 == NULL)
        return ANSWERED;
    size_t size = digest_end(body->sha256, out);
    const char *computed = hex_encode(call->arena, (struct bytes){(const char *)out, size});
    if (text_equal(computed, body->content_sha256))
        return ANSWERED;
    fail_field(call, "ClientComputedContentSHA256", body->content_sha256);
    fail_field(call, "S3ComputedContentSHA256", computed);
    return fail(call, &s3_content_sha256_mismatch, "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

enum outcome upload_body_end(struct call *call)
{
    struct upload_body *body = call->context;

    if (body->chunked != NULL) {
        int error = chunked_end(body->chunked);
        if (error == -EINVAL)
            fail_framing(call);
        if (error != 0)
            return FAILED;
    }
    if (body->expected >= 0 && body->size != body->expected)
        return fail(call, &s3_incomplete_body, "You did not provide the number of bytes specified by the %s HTTP header",
                    body->chunked != NULL ? "x-amz-decoded-content-length" : "Content-Length");
    if (body->given_by_trailer && body->given.value == NULL)
        return fail(call, &s3_malformed_trailer,
                    "The request contained trailing data that was not well-formed or did not conform to our published schema.");

    digest_end(body->md5, body->md5_out);
    body->computed.value = end_base64(call->arena, body->main);
    if (body->also != NULL)
        body->also_value = end_base64(call->arena, body->also);
    else if (body->also_kind == body->computed.kind)
        body->also_value = body->computed.value;
    if (compare_content_md5(call, body) == FAILED || compare_sha256(call, body) == FAILED)
        return FAILED;
    if (body->given.kind != CHECKSUM_NONE && !text_equal(body->given.value, body->computed.value))
        return fail(call, &s3_bad_digest, "The %s you specified did not match the calculated checksum.",
                    checksum_name(body->given.kind));
    return ANSWERED;
}

int64_t upload_body_size(const struct call *call)
{
    const struct upload_body *body = call->context;
    return body->size;
}

const unsigned char *upload_body_md5(const struct call *call)
{
    const struct upload_body *body = call->context;
    return body->md5_out;
}

struct checksum upload_body_checksum(const struct call *call)
{
    const struct upload_body *body = call->context;
    return body->computed;
}

const char *upload_body_also(const struct call *call)
{
    const struct upload_body *body = call->context;
    return body->also_value;
}

int64_t upload_body_store(struct call *call)
{
    struct upload_body *body = call->context;

    if (body->writer == NULL)
        return body_of_bytes((struct bytes){body->inline_bytes, (size_t)body->size});
    struct blob_writer *writer = body->writer;
    body->writer = NULL;
    int64_t blob = blob_write_end(writer);
    if (blob < 0)
        return storage_failed(call, (int)blob);
    return body_of_blob(blob, body->size);
}
