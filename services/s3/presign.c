#include "services/s3/presign.h"

#include <string.h>

#include "emulator/base/dates.h"
#include "emulator/base/encoding.h"
#include "emulator/loop/clock.h"
#include "services/s3/errors.h"
#include "services/s3/s3_model.h"

enum { EXPIRES_MOST = 604800 };

static const char *field(const struct form_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(fields[i].name, name))
            return fields[i].value;
    return NULL;
}

static enum outcome fail_expired(struct call *call, const char *seconds, int64_t expires)
{
    if (seconds != NULL)
        fail_field(call, "X-Amz-Expires", seconds);
    fail_field(call, "Expires", date_iso8601_s(call->arena, expires));
    fail_field(call, "ServerTime", date_iso8601_s(call->arena, clock_now()));
    return fail(call, &s3_access_denied, "Request has expired");
}

/* KEY/DATE/REGION/SERVICE/aws4_request; version 4A names no region. */
static bool is_credential(const char *text)
{
    int slashes = 0;
    for (const char *at = text; at != NULL && *at != '\0'; at++)
        slashes += *at == '/';
    return slashes >= 3 && text_ends(text, "/aws4_request");
}

static enum outcome check_v4(struct call *call, const struct form_field *fields, size_t count)
{
    static const char *const needed[] = {"X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Signature",
                                         "X-Amz-Date",      "X-Amz-SignedHeaders", "X-Amz-Expires"};
    int64_t seconds, date;

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (field(fields, count, needed[i]) == NULL)
            return fail(call, &s3_auth_query_parameters,
                        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                        "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.");
    if (!is_credential(field(fields, count, "X-Amz-Credential")))
        return fail(call, &s3_auth_query_parameters,
                    "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
                    "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    const char *expires = field(fields, count, "X-Amz-Expires");
    if (!text_integer(expires, &seconds))
        return fail(call, &s3_auth_query_parameters, "X-Amz-Expires should be a number");
    if (seconds < 0)
        return fail(call, &s3_auth_query_parameters, "X-Amz-Expires must be non-negative");
    if (seconds > EXPIRES_MOST)
        return fail(call, &s3_auth_query_parameters,
                    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
                    "604800 seconds");
    if (!date_parse_amz(field(fields, count, "X-Amz-Date"), &date))
        return fail(call, &s3_auth_query_parameters, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
    int64_t end = clock_from_client(date) + seconds * 1000;
    return clock_now() > end ? fail_expired(call, expires, end) : ANSWERED;
}

static enum outcome check_v2(struct call *call, const struct form_field *fields, size_t count)
{
    const char *expires = field(fields, count, "Expires");
    int64_t seconds;

    if (expires == NULL || field(fields, count, "Signature") == NULL || field(fields, count, "AWSAccessKeyId") == NULL)
        return fail(call, &s3_access_denied,
                    "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
    if (!text_integer(expires, &seconds) || seconds < 0 || seconds > INT64_MAX / 1000)
        return fail(call, &s3_access_denied, "Invalid date (should be seconds since epoch): %s", expires);
    int64_t end = clock_from_client(seconds * 1000);
    return clock_now() > end ? fail_expired(call, NULL, end) : ANSWERED;
}

/* Headers that a presigner has moved into the query. */

static bool is_ignored(const char *name)
{
    /* What SDKs bake in for an empty body that is not yet known. */
    return text_starts(name, "x-amz-checksum-") || text_equal(name, "x-amz-sdk-checksum-algorithm") ||
           text_equal(name, "x-amz-user-agent");
}

static enum outcome hoist(struct call *call, const struct form_field *field)
{
    const struct shape *shape = &s3_model.shapes[s3_model.operations[call->operation].input];

    for (uint16_t i = 0; i < shape->member_count; i++) {
        const struct member *member = &s3_model.members[shape->first_member + i];
        const char *wire = model_string(&s3_model, member->wire_name);
        bool is_map = member->location == LOCATION_HEADERS;
        if (is_map ? !text_starts_fold(field->name, wire)
                   : member->location != LOCATION_HEADER || !text_equal_fold(field->name, wire))
            continue;
        if (member->support == SUPPORT_REFUSED)
            return fail_not_implemented(call, field->name, NULL);
        struct value *slot = &call->input.items[i];
        if (is_map) {
            if (slot->kind != VALUE_MAP)
                *slot = value_map();
            value_put(call->arena, slot, field->name + strlen(wire), value_text(field->value));
        } else if (slot->kind == VALUE_ABSENT && s3_model.shapes[member->shape].type == SHAPE_TYPE_STRING) {
            *slot = value_text(field->value);
        }
        return ANSWERED;
    }
    return ANSWERED;
}

enum outcome presign_check(struct call *call)
{
    size_t count = 0;

    if (call->exchange == NULL || *call->exchange->query == '\0')
        return ANSWERED;
    const char *query = call->exchange->query;
    bool may_be_v4 = strstr(query, "X-Amz-") != NULL,
         may_be_v2 = strstr(query, "Signature=") != NULL || strstr(query, "AWSAccessKeyId=") != NULL;
    if (!may_be_v4 && !may_be_v2)
        return ANSWERED;
    struct form_field *fields = form_parse(call->arena, bytes_of(query), false, &count);
    if (fields == NULL)
        return ANSWERED;

    bool is_v4 = field(fields, count, "X-Amz-Algorithm") != NULL || field(fields, count, "X-Amz-Signature") != NULL ||
                 field(fields, count, "X-Amz-Credential") != NULL;
    bool is_v2 = !is_v4 && (field(fields, count, "Signature") != NULL || field(fields, count, "AWSAccessKeyId") != NULL);
    if (!is_v4 && !is_v2)
        return ANSWERED;
    if ((is_v4 ? check_v4(call, fields, count) : check_v2(call, fields, count)) == FAILED)
        return FAILED;
    for (size_t i = 0; i < count; i++)
        if (text_starts(fields[i].name, "x-amz-") && !is_ignored(fields[i].name) && call->input.kind == VALUE_STRUCT &&
            hoist(call, &fields[i]) == FAILED)
            return FAILED;
    return ANSWERED;
}
