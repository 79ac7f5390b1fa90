#include "services/s3/cors.h"

#include <string.h>
#include <strings.h>

#include "services/s3/configuration.h"
#include "services/s3/errors.h"
#include "services/s3/operations.h"
#include "services/s3/s3_model.h"

enum { CORS_RULES = 100, CORS_ID = 255, CORS_HEADERS = 8192 };

/* The configuration. */

static enum outcome check_wildcards(struct call *call, const struct value *texts, const char *what)
{
    for (uint32_t i = 0; value_is(texts, VALUE_LIST) && i < texts->size; i++) {
        const char *star = strchr(texts->items[i].text, '*');
        if (star != NULL && strchr(star + 1, '*') != NULL)
            return fail(call, &s3_invalid_request, "%s \"%s\" can not have more than one wildcard.", what, texts->items[i].text);
    }
    return ANSWERED;
}

enum outcome bucket_cors_check(struct call *call, const struct bucket *bucket, struct value *document)
{
    static const char *const known[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
    const struct value *rules = at(document, CORSConfiguration_CORSRules);
    (void)bucket;

    if (!value_is(rules, VALUE_LIST) || rules->size == 0 || rules->size > CORS_RULES)
        return fail_malformed_xml(call);
    for (uint32_t i = 0; i < rules->size; i++) {
        const struct value *rule = &rules->items[i], *methods = at(rule, CORSRule_AllowedMethods);
        const char *id = at_text(rule, CORSRule_ID);
        for (uint32_t j = 0; j < methods->size; j++) {
            size_t place = 0;
            while (place < sizeof known / sizeof known[0] && !text_equal(known[place], methods->items[j].text))
                place++;
            if (place == sizeof known / sizeof known[0])
                return fail(call, &s3_invalid_request, "Found unsupported HTTP method in CORS config. Unsupported method is %s",
                            methods->items[j].text);
        }
        if ((id != NULL && strlen(id) > CORS_ID) || methods->size == 0 || at(rule, CORSRule_AllowedOrigins)->size == 0)
            return fail_malformed_xml(call);
        if (check_wildcards(call, at(rule, CORSRule_AllowedOrigins), "AllowedOrigin") == FAILED ||
            check_wildcards(call, at(rule, CORSRule_AllowedHeaders), "AllowedHeader") == FAILED)
            return FAILED;
    }
    return ANSWERED;
}

/* Rules and requests. */

/* One `*` stands for any text. */
static bool fits(const char *pattern, const char *text, bool is_folded)
{
    const char *star = strchr(pattern, '*');
    size_t size = strlen(text);
    int (*compare)(const char *, const char *, size_t) = is_folded ? strncasecmp : strncmp;

    if (star == NULL)
        return strlen(pattern) == size && compare(pattern, text, size) == 0;
    size_t head = (size_t)(star - pattern), tail = strlen(star + 1);
    return size >= head + tail && compare(pattern, text, head) == 0 && compare(star + 1, text + size - tail, tail) == 0;
}

static bool fits_any(const struct value *patterns, const char *text, bool is_folded)
{
    for (uint32_t i = 0; value_is(patterns, VALUE_LIST) && i < patterns->size; i++)
        if (fits(patterns->items[i].text, text, is_folded))
            return true;
    return false;
}

/* Every name of Access-Control-Request-Headers is allowed; *lower is their list as the answer has it. */
static bool fits_headers(struct arena *arena, const struct value *rule, const char *asked, const char **lower)
{
    char *names = arena_text(arena, asked != NULL ? asked : ""), *next = names, *name;
    struct buffer buffer;
    bool fit = true;

    buffer_init(&buffer, CORS_HEADERS);
    while (fit && (name = strsep(&next, ",")) != NULL) {
        name += strspn(name, " \t");
        name[strcspn(name, " \t")] = '\0';
        if (*name == '\0')
            continue;
        for (char *character = name; *character != '\0'; character++)
            if (*character >= 'A' && *character <= 'Z')
                *character = (char)(*character + 'a' - 'A');
        fit = fits_any(at(rule, CORSRule_AllowedHeaders), name, true);
        buffer_print(&buffer, "%s%s", buffer.size > 0 ? ", " : "", name);
    }
    *lower = buffer_detach(&buffer, arena).at;
    return fit;
}

static const char *joined(struct arena *arena, const struct value *texts)
{
    struct buffer buffer;
    buffer_init(&buffer, CORS_HEADERS);
    for (uint32_t i = 0; i < texts->size; i++)
        buffer_print(&buffer, "%s%s", i > 0 ? ", " : "", texts->items[i].text);
    return buffer_detach(&buffer, arena).at;
}

/* The first rule that allows origin, method and headers, as headers of the answer; false: none does. */
static bool apply_rules(struct call *call, const struct value *rules, const char *origin, const char *method, const char *headers)
{
    for (uint32_t i = 0; i < rules->size; i++) {
        const struct value *rule = &rules->items[i], *methods = at(rule, CORSRule_AllowedMethods), *exposed = at(rule, CORSRule_ExposeHeaders),
                           *age = at(rule, CORSRule_MaxAgeSeconds), *origins = at(rule, CORSRule_AllowedOrigins);
        bool is_open = false;
        const char *lower;
        if (!fits_any(origins, origin, false) || !fits_any(methods, method, false) ||
            !fits_headers(call->arena, rule, headers, &lower))
            continue;
        for (uint32_t j = 0; j < origins->size; j++)
            is_open = is_open || text_equal(origins->items[j].text, "*");
        call_header(call, "Access-Control-Allow-Origin", is_open ? "*" : origin);
        if (!is_open)
            call_header(call, "Access-Control-Allow-Credentials", "true");
        call_header(call, "Access-Control-Allow-Methods", joined(call->arena, methods));
        if (*lower != '\0')
            call_header(call, "Access-Control-Allow-Headers", lower);
        if (value_is(exposed, VALUE_LIST) && exposed->size > 0)
            call_header(call, "Access-Control-Expose-Headers", joined(call->arena, exposed));
        if (age != NULL)
            call_header(call, "Access-Control-Max-Age", arena_print(call->arena, "%lld", (long long)age->integer));
        call_header(call, "Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
        return true;
    }
    return false;
}

void bucket_cors_headers(struct call *call, const struct bucket *bucket)
{
    const char *origin = call->exchange != NULL ? exchange_header(call->exchange, "Origin") : NULL;
    struct value configuration;

    /* An operation that looks at its headers before its body comes through here twice. */
    if (origin != NULL && !call_has_header(call, "Access-Control-Allow-Origin") &&
        configuration_find(call, bucket->id, "cors", SHAPE_CORSConfiguration, &configuration))
        (void)apply_rules(call, at(&configuration, CORSConfiguration_CORSRules), origin, call->exchange->method, NULL);
}

/* Preflights: OPTIONS, never signed. */

static enum outcome forbid(struct call *call, const char *method, const char *type, const char *message)
{
    fail_field(call, "Method", method);
    fail_field(call, "ResourceType", type);
    return fail(call, &s3_access_forbidden, "CORSResponse: %s", message);
}

_Static_assert((int)PreflightRequest_Bucket == (int)PreflightBucketRequest_Bucket, "preflight() serves both");

enum outcome preflight(struct call *call)
{
    const char *name = input_text(call, PreflightRequest_Bucket), *origin = exchange_header(call->exchange, "Origin"),
               *method = exchange_header(call->exchange, "Access-Control-Request-Method");
    struct value configuration;
    struct bucket bucket;

    call->arn = arena_print(call->arena, "arn:aws:s3:::%s", name);
    if (origin == NULL)
        return fail(call, &s3_bad_request, "Insufficient information. Origin request header needed.");
    if (method == NULL)
        method = "OPTIONS";
    if (!bucket_find(call->arena, name, &bucket))
        return forbid(call, method, "BUCKET", "Bucket not found");
    if (!configuration_find(call, bucket.id, "cors", SHAPE_CORSConfiguration, &configuration))
        return forbid(call, method, "BUCKET", "CORS is not enabled for this bucket.");
    if (!apply_rules(call, at(&configuration, CORSConfiguration_CORSRules), origin, method,
                     exchange_header(call->exchange, "Access-Control-Request-Headers")))
        return forbid(call, method, "OBJECT",
                      "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
                      "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS "
                      "spec.");
    return answer(call);
}
