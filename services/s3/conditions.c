#include "services/s3/conditions.h"

#include <string.h>

#include "emulator/loop/clock.h"
#include "services/s3/errors.h"

bool etag_matches(const char *header, const char *etag)
{
    size_t size = strlen(etag);
    for (const char *at = header; *at != '\0';) {
        at += strspn(at, ", \t");
        size_t length = strcspn(at, ",");
        size_t word = length;
        while (word > 0 && (at[word - 1] == ' ' || at[word - 1] == '\t'))
            word--;
        const char *text = at;
        if (word > 2 && text[0] == 'W' && text[1] == '/') {
            text += 2;
            word -= 2;
        }
        if (word >= 2 && text[0] == '"' && text[word - 1] == '"') {
            text++;
            word -= 2;
        }
        if ((word == 1 && *text == '*') || (word == size && memcmp(text, etag, size) == 0))
            return true;
        at += length;
    }
    return false;
}

/* Dates are compared by the second, as headers give them. */
static int64_t second(int64_t ms)
{
    return ms / 1000;
}

struct answers {
    bool match, none_match, modified, unmodified; /* true: does not hold */
};

/* If-Match decides over If-Unmodified-Since, If-None-Match over If-Modified-Since. */
static struct answers ask(struct call *call, const struct condition_members *members, const struct version *version)
{
    const char *match = input_text(call, members->if_match), *none_match = input_text(call, members->if_none_match);
    const struct value *modified = input_at(call, members->if_modified_since),
                       *unmodified = input_at(call, members->if_unmodified_since);
    struct answers answers = {false, false, false, false};

    if (match != NULL)
        answers.match = !etag_matches(match, version->etag);
    else if (value_is(unmodified, VALUE_TIME))
        answers.unmodified = second(version->modified) > second(unmodified->integer);
    if (none_match != NULL)
        answers.none_match = etag_matches(none_match, version->etag);
    else if (value_is(modified, VALUE_TIME) && modified->integer <= clock_now())
        answers.modified = second(version->modified) <= second(modified->integer);
    return answers;
}

enum outcome conditions_read(struct call *call, const struct condition_members *members, const struct version *version,
                             bool *not_modified)
{
    struct answers answers = ask(call, members, version);

    *not_modified = false;
    if (answers.match)
        return fail_precondition(call, "If-Match");
    if (answers.unmodified)
        return fail_precondition(call, "If-Unmodified-Since");
    *not_modified = answers.none_match || answers.modified;
    return ANSWERED;
}

enum outcome conditions_copy(struct call *call, const struct condition_members *members, const struct version *version)
{
    struct answers answers = ask(call, members, version);

    if (answers.match)
        return fail_precondition(call, "x-amz-copy-source-If-Match");
    if (answers.unmodified)
        return fail_precondition(call, "x-amz-copy-source-If-Unmodified-Since");
    if (answers.none_match)
        return fail_precondition(call, "x-amz-copy-source-If-None-Match");
    if (answers.modified)
        return fail_precondition(call, "x-amz-copy-source-If-Modified-Since");
    return ANSWERED;
}

enum outcome conditions_write_form(struct call *call, uint16_t if_match, uint16_t if_none_match)
{
    const char *match = input_text(call, if_match), *none_match = input_text(call, if_none_match);

    if (match != NULL && none_match != NULL)
        return fail_not_implemented(call, "If-Match,If-None-Match", "Multiple conditional request headers present in the request");
    if (match != NULL && text_equal(match, "*"))
        return fail_not_implemented(call, "If-Match", "We don't accept the provided value of If-Match header for this API");
    if (none_match != NULL && !text_equal(none_match, "*"))
        return fail_not_implemented(call, "If-None-Match",
                                    "We don't accept the provided value of If-None-Match header for this API");
    return ANSWERED;
}

static enum outcome fail_conflict(struct call *call, const char *condition, const char *key)
{
    fail_field(call, "Condition", condition);
    fail_field(call, "Key", key);
    return fail(call, &s3_conditional_conflict,
                "The conditional request cannot succeed due to a conflicting operation against this resource.");
}

enum outcome conditions_write(struct call *call, uint16_t if_match, uint16_t if_none_match, const struct bucket *bucket,
                              const char *key, const struct upload *upload)
{
    const char *match = input_text(call, if_match), *none_match = input_text(call, if_none_match);
    struct version version;

    if (match == NULL && none_match == NULL)
        return ANSWERED;
    if (conditions_write_form(call, if_match, if_none_match) == FAILED)
        return FAILED;
    bool exists = version_find(call->arena, bucket->id, bytes_of(key), &version);
    if (none_match != NULL) {
        if (exists)
            return fail_precondition(call, "If-None-Match");
        return upload != NULL && upload->key_existed ? fail_conflict(call, "If-None-Match", key) : ANSWERED;
    }
    if (!exists)
        return fail_no_such_key(call, key);
    if (!etag_matches(match, version.etag))
        return fail_precondition(call, "If-Match");
    return upload != NULL && version.id > upload->last_version ? fail_conflict(call, "If-Match", key) : ANSWERED;
}
