/* The execution side as the service sees it: its hooks and its options. */
#include "emulator/aws/service.h"
#include "emulator/store/store.h"
#include "services/lambda/async.h"
#include "services/lambda/concurrency.h"
#include "services/lambda/environment.h"
#include "services/lambda/event_config.h"
#include "services/lambda/invoke.h"
#include "services/lambda/runtime_api.h"
#include "services/lambda/spawn.h"

struct execution_options execution_options = {
    .cold_start = COLD_START_REAL,
    .max_environments = 64,
    .idle_ms = 300000,
    .isolation = ISOLATION_NAMESPACE,
};

bool execution_claim(struct exchange *exchange)
{
    return runtime_api_claim(exchange);
}

void execution_start(void)
{
    static bool has_started;

    if (!has_started) {
        spawn_clean();
        environment_end_all_keys();
    }
    has_started = true;
    async_start();
}

void execution_reset(void)
{
    async_reset();
    concurrency_reset();
}

void execution_stop(void)
{
    execution_reset();
}

void execution_pending(struct pending *pending)
{
    concurrency_pending(pending);
    async_pending(pending);
}

static void retire(void *context)
{
    concurrency_retire((int64_t)(intptr_t)context);
}

void environments_retire(int64_t function_version_id)
{
    if (store_in_transaction())
        store_after_commit(retire, (void *)(intptr_t)function_version_id);
    else
        concurrency_retire(function_version_id);
}

/* Its asynchronous events find out by themselves when they are due. */
void execution_function_deleted(const char *account, const char *region, const char *name, int64_t function_id)
{
    (void)function_id;
    event_config_forget(account, region, name);
}
