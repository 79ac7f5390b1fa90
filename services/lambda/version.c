#include "services/lambda/version.h"

#include "emulator/base/id.h"
#include "emulator/base/log.h"
#include "emulator/loop/clock.h"
#include "emulator/store/store.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"

static struct query last =
    QUERY("SELECT id FROM function_version WHERE function = ? AND version > 0 ORDER BY version DESC LIMIT 1");
static struct query next = QUERY("UPDATE function SET versions = versions + 1 WHERE id = ?");
static struct query number = QUERY("SELECT versions FROM function WHERE id = ?");

/* What a customer can change, but for the description: that one makes a new version only when it was given to PublishVersion. */
static bool is_same(const struct configuration *a, const struct configuration *b)
{
    return text_equal(a->code_sha256, b->code_sha256) && text_equal(a->runtime, b->runtime) && text_equal(a->handler, b->handler) &&
           text_equal(a->role, b->role) && text_equal(a->architecture, b->architecture) && a->memory == b->memory &&
           a->timeout == b->timeout && a->storage == b->storage && text_equal(a->environment, b->environment) &&
           text_equal(a->dead_letter, b->dead_letter) && text_equal(a->tracing, b->tracing) &&
           text_equal(a->snap_start, b->snap_start) && text_equal(a->log_format, b->log_format) &&
           text_equal(a->log_group, b->log_group) && text_equal(a->application_level, b->application_level) &&
           text_equal(a->system_level, b->system_level) && text_equal(a->vpc, b->vpc) && text_equal(a->kms_key, b->kms_key) &&
           text_equal(a->directory, b->directory);
}

void version_publish(struct call *call, const struct configuration *latest, const char *description,
                     struct configuration *published)
{
    int64_t id = query_one(&last, 0, "i", latest->function_id);

    if (description == NULL)
        description = latest->description;
    if (id != 0) {
        check(configuration_load(call->arena, id, published));
        if (is_same(latest, published) && text_equal(description, published->description))
            return;
    }
    (void)query_run(&next, "i", latest->function_id);
    *published = *latest;
    published->version = query_one(&number, 1, "i", latest->function_id);
    published->revision = 1;
    published->revision_id = id_uuid(call->arena);
    published->last_modified = clock_now();
    published->description = description;
    configuration_insert(published);
}

enum outcome lambda_publish_version(struct call *call)
{
    const char *revision = input_text(call, PublishVersionRequest_RevisionId),
               *sha = input_text(call, PublishVersionRequest_CodeSha256);
    struct configuration latest, published;
    struct name name;
    int64_t id;

    if (!name_read(call, input_text(call, PublishVersionRequest_FunctionName), &name))
        return FAILED;
    name.qualifier = NULL;
    id = name_find(call, &name);
    if (id == 0)
        return FAILED;
    check(configuration_load(call->arena, id, &latest));
    if (!latest.is_unpacked && !text_equal(latest.state, "Failed")) {
        function_when_ready(id, call, lambda_publish_version);
        return PARKED;
    }
    if (revision != NULL && !text_equal(revision, latest.revision_id))
        return lambda_stale_revision(call);
    if (sha != NULL && !text_equal(sha, latest.code_sha256))
        return lambda_fail(
            call, &lambda_invalid_parameter,
            "CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in "
            "$LATEST.",
            sha, latest.code_sha256);
    version_publish(call, &latest, input_text(call, PublishVersionRequest_Description), &published);
    configuration_answer(call, &published, VIEW_CURRENT, true);
    return answer(call);
}
