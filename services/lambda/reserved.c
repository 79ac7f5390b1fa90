#include "services/lambda/reserved.h"

#include "emulator/base/log.h"
#include "emulator/store/store.h"
#include "services/lambda/configuration.h"
#include "services/lambda/errors.h"
#include "services/lambda/lambda_model.h"
#include "services/lambda/name.h"
#include "services/lambda/operations.h"

static struct query total = QUERY("SELECT sum(reserved) FROM function WHERE account = ? AND region = ? AND id <> ?");
static struct query reserve = QUERY("UPDATE function SET reserved = ? WHERE id = ?");
static struct query release = QUERY("UPDATE function SET reserved = NULL WHERE id = ?");
static struct query reserved_of = QUERY("SELECT reserved FROM function WHERE id = ? AND reserved IS NOT NULL");

int64_t concurrency_reserved(const char *account, const char *region, int64_t but)
{
    return query_one(&total, 0, "tti", account, region, but);
}

/* The row of the function, not of a version; 0 after fail(). */
static int64_t find(struct call *call, const char *text)
{
    struct configuration c;
    struct name name;
    int64_t id;

    if (!name_read(call, text, &name))
        return 0;
    name.qualifier = NULL;
    id = name_find(call, &name);
    if (id == 0)
        return 0;
    check(configuration_load(call->arena, id, &c));
    return c.function_id;
}

enum outcome lambda_put_function_concurrency(struct call *call)
{
    int64_t wanted = input_integer(call, PutFunctionConcurrencyRequest_ReservedConcurrentExecutions, 0);
    int64_t id = find(call, input_text(call, PutFunctionConcurrencyRequest_FunctionName));

    if (id == 0)
        return FAILED;
    if (wanted > CONCURRENCY_LIMIT - UNRESERVED_MINIMUM - concurrency_reserved(call->account, call->region, id))
        return lambda_fail(
            call, &lambda_invalid_parameter,
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            "minimum value of [%d].",
            UNRESERVED_MINIMUM);
    (void)query_run(&reserve, "ii", wanted, id);
    output_integer(call, Concurrency_ReservedConcurrentExecutions, wanted);
    return answer(call);
}

enum outcome lambda_get_function_concurrency(struct call *call)
{
    int64_t id = find(call, input_text(call, GetFunctionConcurrencyRequest_FunctionName)), reserved;

    if (id == 0)
        return FAILED;
    reserved = query_one(&reserved_of, -1, "i", id);
    if (reserved >= 0)
        output_integer(call, GetFunctionConcurrencyResponse_ReservedConcurrentExecutions, reserved);
    return answer(call);
}

enum outcome lambda_delete_function_concurrency(struct call *call)
{
    int64_t id = find(call, input_text(call, DeleteFunctionConcurrencyRequest_FunctionName));

    if (id == 0)
        return FAILED;
    (void)query_run(&release, "i", id);
    return answer(call);
}
