#include "emulator/store/store.h"
#include "services/lambda/reserved.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/operations.h"
#include "services/lambda/package.h"

/* AWS's default quota of code storage: 75 GB. */
static const int64_t code_storage = INT64_C(80530636800);

static struct query usage =
    QUERY("SELECT count(*), sum(code_size) FROM function JOIN function_version ON function_version.function = function.id"
          " WHERE account = ? AND region = ?");
static struct query functions = QUERY("SELECT count(*) FROM function WHERE account = ? AND region = ?");

enum outcome lambda_get_account_settings(struct call *call)
{
    struct value limit = call_struct(call, SHAPE_AccountLimit), used = call_struct(call, SHAPE_AccountUsage);

    set(&limit, AccountLimit_TotalCodeSize, value_integer(code_storage));
    set(&limit, AccountLimit_CodeSizeUnzipped, value_integer(UNZIPPED_LIMIT));
    set(&limit, AccountLimit_CodeSizeZipped, value_integer(ZIP_LIMIT));
    set(&limit, AccountLimit_ConcurrentExecutions, value_integer(CONCURRENCY_LIMIT));
    set(&limit, AccountLimit_UnreservedConcurrentExecutions,
        value_integer(CONCURRENCY_LIMIT - concurrency_reserved(call->account, call->region, 0)));
    query_start(&usage, "tt", call->account, call->region);
    (void)query_step(&usage);
    set(&used, AccountUsage_TotalCodeSize, value_integer(query_integer(&usage, 1)));
    query_end(&usage);
    set(&used, AccountUsage_FunctionCount, value_integer(query_one(&functions, 0, "tt", call->account, call->region)));
    output_set(call, GetAccountSettingsResponse_AccountLimit, limit);
    output_set(call, GetAccountSettingsResponse_AccountUsage, used);
    return answer(call);
}
