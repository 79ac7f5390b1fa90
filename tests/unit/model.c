/* The tables themselves, conversions between structs and maps, and what becomes of members that are not done. */
#include "tests/unit/protocol_stub.h"

#include <errno.h>

#include "emulator/aws/constraint.h"
#include "emulator/base/json.h"
#include "services/sqs/sqs_model.h"

/* Only one model's names fit into a file. */
extern const struct model lambda_model, s3_model, apigatewayv2_model, iam_model, sts_model, logs_model;
static const struct model *const models[] = {&sqs_model, &lambda_model, &s3_model,  &apigatewayv2_model,
                                             &iam_model, &sts_model,    &logs_model};
enum { MODELS = sizeof models / sizeof models[0] };

static struct service sqs = {.name = "sqs"};

static void finds(void **state)
{
    (void)state;
    for (size_t m = 0; m < MODELS; m++)
        for (int i = 0; i < models[m]->operation_count; i++)
            assert_int_equal(model_find_operation(models[m], operation_name(models[m], (uint16_t)i)), i);
    assert_int_equal(model_find_operation(&sqs_model, "SendMessag"), -1);
    assert_int_equal(model_find_operation(&sqs_model, ""), -1);
    assert_int_equal(model_find_operation(&sqs_model, "ZZZ"), -1);
    assert_int_equal(model_find_member(&sqs_model, SHAPE_SendMessageRequest, "DelaySeconds"), SendMessageRequest_DelaySeconds);
    assert_int_equal(model_find_member(&sqs_model, SHAPE_SendMessageRequest, "delaySeconds"), -1);
    assert_int_equal(model_find_error(&sqs_model, "QueueDoesNotExist"), SHAPE_QueueDoesNotExist);
    assert_int_equal(model_find_error(&sqs_model, "SendMessageRequest"), -1);
}

/* Every index points into its table, and every pattern is one that PCRE knows. */
static void tables_hold_together(void **state)
{
    (void)state;
    for (size_t m = 0; m < MODELS; m++) {
        const struct model *model = models[m];
        for (int i = 0; i < model->shape_count; i++) {
            const struct shape *shape = &model->shapes[i];
            assert_true(shape->element == NO_SHAPE || shape->element < model->shape_count);
            if (shape->type == SHAPE_TYPE_LIST || shape->type == SHAPE_TYPE_MAP)
                assert_true(shape->element < model->shape_count);
            for (int j = 0; j < shape->member_count; j++)
                assert_true(model->members[shape->first_member + (uint32_t)j].shape < model->shape_count);
            if (shape->regex != 0 && !constraint_pattern_is_good(model_string(model, shape->regex)))
                print_error("%s: the pattern of %s does not compile: %s\n", model->service, model_string(model, shape->name),
                            model_string(model, shape->regex));
            assert_true(shape->regex == 0 || constraint_pattern_is_good(model_string(model, shape->regex)));
        }
        for (int i = 0; i < model->operation_count; i++) {
            const struct operation *operation = &model->operations[i];
            assert_true(operation->input == NO_SHAPE || model->shapes[operation->input].type == SHAPE_TYPE_STRUCTURE);
            assert_true(operation->output == NO_SHAPE || model->shapes[operation->output].type == SHAPE_TYPE_STRUCTURE);
            assert_true(operation->first_selector + operation->selector_count <= model->selector_count);
        }
    }
}

static void maps_become_structs_and_return(void **state)
{
    static const char json[] =
        "{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"DelaySeconds\":0,\"MessageAttributes\":{\"a\":{\"BinaryValue\":\"AAE=\","
        "\"DataType\":\"Binary\"}}}";
    struct arena *arena = arena_new();
    struct value map, made, back;
    const char *problem = NULL;
    (void)state;
    assert_int_equal(json_parse(arena, bytes_of(json), &map, NULL), 0);
    assert_int_equal(model_from_map(&sqs_model, arena, SHAPE_SendMessageRequest, &map, &made, &problem), 0);
    assert_string_equal(text_at(&made, SendMessageRequest_MessageBody), "b");
    assert_int_equal(slot(&made, SendMessageRequest_DelaySeconds)->integer, 0);
    assert_int_equal(slot(&made, SendMessageRequest_MessageGroupId)->kind, VALUE_ABSENT);
    back = model_to_map(&sqs_model, arena, SHAPE_SendMessageRequest, &made);
    assert_int_equal(value_find(value_find(value_find(&back, "MessageAttributes"), "a"), "BinaryValue")->kind, VALUE_BYTES);
    assert_int_equal(model_from_map(&sqs_model, arena, SHAPE_SendMessageRequest, &back, &made, &problem), 0);
    assert_int_equal(json_parse(arena, json_print(arena, &back), &map, NULL), 0);
    struct value again, expected;
    assert_int_equal(json_parse(arena, bytes_of(json), &expected, NULL), 0);
    assert_true(value_equal(&map, &expected));

    static const struct {
        const char *json, *problem;
    } bad[] = {
        {"{\"Queue\":1}", "Queue"},
        {"{\"DelaySeconds\":\"1\"}", "DelaySeconds"},
        {"{\"MessageBody\":1}", "MessageBody"},
        {"{\"MessageAttributes\":{\"a\":{\"Unknown\":1}}}", "Unknown"},
        {"{\"MessageAttributes\":[]}", "MessageAttributes"},
        {"[]", "SendMessageRequest"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(json_parse(arena, bytes_of(bad[i].json), &map, NULL), 0);
        assert_int_equal(model_from_map(&sqs_model, arena, SHAPE_SendMessageRequest, &map, &again, &problem), -EINVAL);
        assert_string_equal(problem, bad[i].problem);
    }
    arena_free(arena);
}

static void maps_are_inputs(void **state)
{
    struct call *call = request(&sqs, "POST", "/", "");
    struct value map = value_map();
    (void)state;
    call->operation = OP_SendMessage;
    value_put(call->arena, &map, "MessageBody", value_text("b"));
    assert_true(protocol_map(call, &map));
    assert_string_equal(text_at(&call->input, SendMessageRequest_MessageBody), "b");
    value_put(call->arena, &map, "Nothing", value_text("b"));
    assert_false(protocol_map(call, &map));
    assert_string_equal(call->error_message, "Nothing of SendMessage is unknown or of a wrong type");
    end(call);
}

/* Support: SendMessage with one member of each state. */
static struct member *members;
static struct operation *operations;

static struct member *member_of(uint16_t shape, int member)
{
    return &members[sqs.model->shapes[shape].first_member + (uint32_t)member];
}

static bool passes(const char *body)
{
    struct call *call = request(&sqs, "POST", "/", "X-Amz-Target: AmazonSQS.SendMessage\n");
    bool passed = accepted(call, body);
    if (!passed) {
        protocol_error(call, 0, NULL);
        assert_int_equal(answered.status, 501);
        assert_string_equal(call->error->code, "NotImplementedException");
    }
    end(call);
    return passed;
}

static void support_states(void **state)
{
    struct model *model = (struct model *)(uintptr_t)all_done(&sqs_model);
    const struct model *before = sqs.model;
    (void)state;
    sqs.model = model;
    members = (struct member *)(uintptr_t)model->members;
    operations = (struct operation *)(uintptr_t)model->operations;
    member_of(SHAPE_SendMessageRequest, SendMessageRequest_MessageSystemAttributes)->support = SUPPORT_REFUSED;
    member_of(SHAPE_SendMessageRequest, SendMessageRequest_MessageGroupId)->support = SUPPORT_RECORDED;
    member_of(SHAPE_MessageAttributeValue, MessageAttributeValue_BinaryListValues)->support = SUPPORT_REFUSED;

    assert_true(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\"}"));
    assert_true(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"MessageGroupId\":\"g\"}"));
    assert_true(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"MessageSystemAttributes\":null}"));
    assert_true(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"MessageSystemAttributes\":{}}"));
    assert_false(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"MessageSystemAttributes\":{\"a\":{}}}"));
    assert_non_null(
        strstr(answered.body, "lowcloud does not emulate MessageSystemAttributes of SendMessage; see 'lowcloud support sqs'"));
    assert_false(
        passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"MessageAttributes\":{\"a\":{\"BinaryListValues\":[\"AA==\"]}}}"));
    assert_non_null(strstr(answered.body, "does not emulate MessageAttributes.BinaryListValues of SendMessage"));

    protocol_strict = true;
    assert_false(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\",\"MessageGroupId\":\"g\"}"));
    assert_non_null(
        strstr(answered.body, "does not emulate MessageGroupId of SendMessage (it would only be recorded, and --strict is on)"));
    operations[OP_SendMessage].support = SUPPORT_RECORDED;
    assert_false(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\"}"));
    protocol_strict = false;
    assert_true(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\"}"));
    operations[OP_SendMessage].support = SUPPORT_REFUSED;
    assert_false(passes("{\"QueueUrl\":\"q\",\"MessageBody\":\"b\"}"));
    assert_non_null(strstr(answered.body, "lowcloud does not emulate SendMessage; see 'lowcloud support sqs'"));
    sqs.model = before;
}

static void patterns_match_whole_texts(void **state)
{
    static const struct {
        const char *text;
        bool fits;
    } rows[] = {{"/aws/lambda/f", true}, {"a b", false}, {"a\n", false}, {"", false}, {"\u00e9", false}};
    uint16_t shape = NO_SHAPE;
    (void)state;
    for (uint16_t i = 0; i < logs_model.shape_count; i++)
        if (text_equal(model_string(&logs_model, logs_model.shapes[i].name), "LogGroupName"))
            shape = i;
    assert_int_not_equal(shape, NO_SHAPE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct value value = value_text(rows[i].text);
        assert_int_equal(constraint_is_broken(&logs_model, shape, CONSTRAINT_PATTERN, &value), !rows[i].fits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),           cmocka_unit_test(tables_hold_together), cmocka_unit_test(maps_become_structs_and_return),
        cmocka_unit_test(maps_are_inputs), cmocka_unit_test(support_states),       cmocka_unit_test(patterns_match_whole_texts),
    };
    sqs.model = all_done(&sqs_model);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
