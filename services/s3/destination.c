#include "services/s3/destination.h"

#include "emulator/aws/arn.h"
#include "services/s3/errors.h"

/* One question under way. */
struct question {
    struct destinations *all;
    size_t place;
    struct call *call;   /* NULL: answered */
    const char *problem; /* what is wrong with it; NULL: nothing */
    const char *name;    /* as the error names it */
};

struct destinations {
    struct call *call;
    struct bucket bucket;
    size_t count, open;
    enum outcome (*run)(struct call *call);
    struct question questions[];
};

static void gone(struct call *call)
{
    struct destinations *all = call->context;
    for (size_t i = 0; i < all->count; i++)
        if (all->questions[i].call != NULL)
            call_forget(all->questions[i].call);
}

static void answered(struct question *question)
{
    question->call = NULL;
    if (--question->all->open == 0)
        call_wake(question->all->call, question->all->run);
}

/* Queues. */

/* Known difference: a queue without any policy is accepted; AWS wants one that lets S3 in. One that has a policy must let S3 in. */
static void queue_attributes_came(struct call *answer, void *context)
{
    struct question *question = context;
    const struct value *attributes = value_find(call_result(answer), "Attributes");
    const char *policy = value_find_text(attributes, "Policy");

    if (answer->error != NULL)
        question->problem = "The destination queue does not exist";
    else if (text_equal(value_find_text(attributes, "FifoQueue"), "true"))
        question->problem = "FIFO SQS queues are not supported as notification destinations";
    else if (policy != NULL && *policy != '\0' &&
             !policy_allows(answer->arena, policy, "s3.amazonaws.com", "sqs:SendMessage", &question->all->bucket))
        question->problem = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket";
    answered(question);
}

static void ask_queue(struct question *question, const struct arn *arn)
{
    struct call *call = question->all->call;
    struct value input = value_map(), names = value_list();

    value_push(call->arena, &names, value_text("All"));
    value_put(call->arena, &input, "QueueUrl",
              value_text(arena_print(call->arena, "https://sqs.%s.amazonaws.com/%s/%s", arn->region, arn->account, arn->resource)));
    value_put(call->arena, &input, "AttributeNames", names);
    question->call = call_queue(&(struct call_request){.service = "sqs",
                                                       .operation = "GetQueueAttributes",
                                                       .account = question->all->bucket.account,
                                                       .region = arn->region,
                                                       .actor = "s3",
                                                       .cause = call->seq,
                                                       .input = input,
                                                       .done = queue_attributes_came,
                                                       .context = question});
}

/* Functions. */

static void function_policy_came(struct call *answer, void *context)
{
    struct question *question = context;
    const char *policy = answer->error == NULL ? value_find_text(call_result(answer), "Policy") : NULL;

    if (!policy_allows(answer->arena, policy, "s3.amazonaws.com", "lambda:InvokeFunction", &question->all->bucket)) {
        struct arena *arena = question->all->call->arena;
        question->problem = arena_print(arena, "Not authorized to invoke function [%s]", question->name);
        question->name = arena_print(arena, "%s, null", question->name);
    }
    answered(question);
}

/* A name or an ARN up to it, without the qualifier, which GetPolicy takes by itself. */
static void ask_function(struct question *question, const struct arn *arn)
{
    struct call *call = question->all->call;
    struct value input = value_map();

    value_put(call->arena, &input, "FunctionName", value_text(question->name));
    question->call = call_queue(&(struct call_request){.service = "lambda",
                                                       .operation = "GetPolicy",
                                                       .account = question->all->bucket.account,
                                                       .region = arn->region,
                                                       .actor = "s3",
                                                       .cause = call->seq,
                                                       .input = input,
                                                       .done = function_policy_came,
                                                       .context = question});
}

/* All of them. */

static enum outcome judge(struct call *call, const struct destinations *all)
{
    int number = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (all->questions[i].problem == NULL)
            continue;
        number++;
        fail_field(call, arena_print(call->arena, "ArgumentName%d", number), all->questions[i].name);
        fail_field(call, arena_print(call->arena, "ArgumentValue%d", number), all->questions[i].problem);
    }
    if (number == 0)
        return ANSWERED;
    return fail(call, &s3_invalid_argument, "Unable to validate the following destination configurations");
}

enum outcome destination_check(struct call *call, const struct bucket *bucket, const struct notification *notifications,
                               size_t count, enum outcome (*run)(struct call *call))
{
    struct destinations *all = call->context;

    if (all != NULL)
        return judge(call, all);
    all = arena_alloc(call->arena, sizeof *all + count * sizeof all->questions[0]);
    all->call = call;
    all->bucket = *bucket;
    all->count = all->open = count;
    all->run = run;
    call->context = all;
    for (size_t i = 0; i < count; i++) {
        struct arn arn;
        all->questions[i] = (struct question){.all = all, .place = i, .name = notifications[i].arn};
        bool is_arn = arn_parse(call->arena, notifications[i].arn, &arn);
        if (is_arn && notifications[i].kind == NOTIFICATION_QUEUE)
            ask_queue(&all->questions[i], &arn);
        else if (is_arn)
            ask_function(&all->questions[i], &arn);
    }
    return park(call, -1, NULL, gone);
}
