#include <string.h>

#include "emulator/aws/identity.h"
#include "emulator/base/encoding.h"

/* Credential=KEY/date/region/service/aws4_request; a key may hold '/', the scope cannot, so it is read from the end. */
static void parse_credential(struct arena *arena, const char *text, struct signature *signature)
{
    const char *parts[4];
    char *copy = arena_text(arena, text);

    for (int i = 3; i >= 0; i--) {
        char *slash = strrchr(copy, '/');

        if (slash == NULL) {
            signature->access_key = copy;
            return;
        }
        *slash = '\0';
        parts[i] = slash + 1;
    }
    signature->access_key = copy;
    signature->date = parts[0];
    signature->region = parts[1];
    signature->service = parts[2];
}

static char *part_after(struct arena *arena, const char *header, const char *name)
{
    const char *at = strstr(header, name);

    if (at == NULL)
        return NULL;
    at += strlen(name);
    return arena_copy(arena, at, strcspn(at, ", \t"));
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void parse_header(struct arena *arena, const char *header, struct signature *signature)
{
    if (text_starts(header, "AWS4-")) {
        const char *credential = part_after(arena, header, "Credential=");

        signature->kind = text_starts(header, "AWS4-ECDSA-P256-SHA256") ? SIGNATURE_V4A : SIGNATURE_V4;
        signature->signed_headers = or_empty(part_after(arena, header, "SignedHeaders="));
        signature->signature = or_empty(part_after(arena, header, "Signature="));
        if (credential != NULL && signature->kind == SIGNATURE_V4)
            parse_credential(arena, credential, signature);
        else if (credential != NULL) { /* KEY/date/service/aws4_request: no region in the scope */
            signature->access_key = arena_copy(arena, credential, strcspn(credential, "/"));
            char *scope = arena_text(arena, credential), *end = strrchr(scope, '/');
            if (end != NULL)
                *end = '\0';
            const char *service = strrchr(scope, '/');
            signature->service = service == NULL ? "" : service + 1;
        }
    } else if (text_starts(header, "AWS ")) {
        const char *colon = strrchr(header, ':');

        signature->kind = SIGNATURE_V2;
        if (colon != NULL) {
            signature->access_key = arena_copy(arena, header + 4, (size_t)(colon - header - 4));
            signature->signature = colon + 1;
        }
    }
}

void signature_parse(struct exchange *exchange, struct signature *signature)
{
    const char *header = exchange_header(exchange, "Authorization"), *token = exchange_header(exchange, "X-Amz-Security-Token");
    struct arena *arena = exchange->arena;

    *signature = (struct signature){SIGNATURE_NONE, false, "", "", "", "", "", "", or_empty(token)};
    if (header != NULL) {
        parse_header(arena, header, signature);
        return;
    }
    if (strstr(exchange->query, "X-Amz-") == NULL && strstr(exchange->query, "AWSAccessKeyId=") == NULL)
        return;
    size_t count;
    const struct form_field *fields = form_parse(arena, bytes_of(exchange->query), /* plus_is_space */ false, &count);

    for (size_t i = 0; i < count; i++) {
        const char *name = fields[i].name, *value = fields[i].value;

        if (text_equal(name, "X-Amz-Credential")) {
            signature->kind = SIGNATURE_V4;
            signature->is_presigned = true;
            parse_credential(arena, value, signature);
        } else if (text_equal(name, "AWSAccessKeyId")) {
            signature->kind = SIGNATURE_V2;
            signature->is_presigned = true;
            signature->access_key = value;
        } else if (text_equal(name, "X-Amz-Signature") || text_equal(name, "Signature"))
            signature->signature = value;
        else if (text_equal(name, "X-Amz-SignedHeaders"))
            signature->signed_headers = value;
        else if (text_equal(name, "X-Amz-Security-Token"))
            signature->session_token = value;
    }
}
