#include "services/lambda/invocation.h"

#include <string.h>

#include "emulator/aws/journal.h"
#include "emulator/base/id.h"
#include "emulator/base/json.h"
#include "emulator/loop/clock.h"

struct invocation *invocation_new(void)
{
    struct arena *arena = arena_new();
    struct invocation *invocation = arena_alloc(arena, sizeof *invocation);

    invocation->arena = arena;
    invocation->queued_ns = clock_real_ns();
    return invocation;
}

void invocation_free(struct invocation *invocation)
{
    if (invocation != NULL)
        arena_free(invocation->arena);
}

const char *invocation_trace(struct arena *arena, const char *given)
{
    const char *root = given != NULL && strstr(given, "Root=") != NULL
                           ? given
                           : arena_print(arena, "Root=1-%08x-%s", (unsigned)(clock_now() / 1000), id_hex(arena, 24));

    if (strstr(root, "Parent=") == NULL)
        root = arena_print(arena, "%s;Parent=%s", root, id_hex(arena, 16));
    if (strstr(root, "Sampled=") == NULL)
        root = arena_print(arena, "%s;Sampled=0", root);
    return root;
}

void invocation_answer(struct invocation *invocation, const struct result *result)
{
    if (invocation->is_answered)
        return;
    invocation->is_answered = true;
    if (invocation->seq != 0)
        journal_close(invocation->seq, &(struct journal_end){.status = 200, .error = result->error_type, .duration_us = -1});
    if (invocation->answered != NULL)
        invocation->answered(invocation, result);
    invocation->answered = NULL;
}

struct result invocation_failure(struct invocation *invocation, const char *type, const char *message)
{
    struct value payload = value_map();

    value_put(invocation->arena, &payload, "errorType", value_text(type));
    value_put(invocation->arena, &payload, "errorMessage",
              value_text(arena_print(invocation->arena, "RequestId: %s Error: %s", invocation->request_id, message)));
    return (struct result){
        .payload = json_print(invocation->arena, &payload), .is_error = true, .error_type = type, .platform_error = type};
}
