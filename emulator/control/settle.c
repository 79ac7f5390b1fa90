#include "emulator/control/settle.h"

#include "emulator/aws/delivery.h"
#include "emulator/control/control.h"
#include "emulator/loop/loop.h"

/* A response that was seen is too early: what its sender does next may still be on its way. Three turns in which nothing came bring accepted
 * connections, their first bytes and the pipes' last ones. */
enum { PASSES = 3 };

static struct settle_wait *waits;

struct pending pending_now(enum pending_for mode, struct arena *arena)
{
    struct pending pending = {.mode = mode, .arena = arena, .list = value_list(), .next_due = -1};

    delivery_pending(&pending);
    call_pending(&pending);
    for (int i = 0; aws_services[i] != NULL; i++)
        if (aws_services[i]->pending != NULL)
            aws_services[i]->pending(&pending);
    if (mode != PENDING_SCHEDULED && loop_has_slice())
        pending_add(&pending, "lowcloud", -1, "work in slices");
    return pending;
}

static bool is_quiet(enum pending_for mode)
{
    return !loop_has_soon() && pending_now(mode, NULL).count == 0;
}

static void look(void *context)
{
    struct settle_wait **link = &waits;

    (void)context;
    while (*link != NULL) {
        struct settle_wait *wait = *link;

        wait->is_new = false;
        wait->passes = is_quiet(wait->mode) ? wait->passes + 1 : 0;
        if (wait->passes < PASSES) {
            link = &wait->next;
            continue;
        }
        *link = wait->next;
        wait->is_waiting = false;
        wait->done(wait);
        return; /* what it did may have changed everything */
    }
}

/* Between passes the loop must turn without waiting; and a new wait must be looked at once even if nothing comes any more. */
static int limit(void *context)
{
    (void)context;
    for (const struct settle_wait *wait = waits; wait != NULL; wait = wait->next)
        if (wait->passes > 0 || is_quiet(wait->mode)) /* also one that was added after the last look */
            return 0;
    return -1;
}

void settle_start(void)
{
    loop_hook(look, NULL);
    loop_limit(limit, NULL);
}

void settle_wait(struct settle_wait *wait)
{
    struct settle_wait **link = &waits;

    if (wait->is_waiting)
        return;
    while (*link != NULL)
        link = &(*link)->next;
    wait->passes = 0;
    wait->is_new = true;
    wait->is_waiting = true;
    wait->next = NULL;
    *link = wait;
}

bool settle_is_asked_by(const char *local_address)
{
    for (const struct settle_wait *wait = waits; wait != NULL; wait = wait->next)
        if (wait->asker != NULL && text_equal(wait->asker, local_address))
            return true;
    return false;
}

bool control_is_asked_by(const char *local_address)
{
    return settle_is_asked_by(local_address) || clock_is_asked_by(local_address);
}

void settle_cancel(struct settle_wait *wait)
{
    if (!wait->is_waiting)
        return;
    for (struct settle_wait **link = &waits; *link != NULL; link = &(*link)->next)
        if (*link == wait) {
            *link = wait->next;
            wait->is_waiting = false;
            return;
        }
}
