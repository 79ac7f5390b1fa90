/* AWS JSON 1.0 and 1.1, with SQS and Logs. Sources: facts/services.md 1.1, 1.2, 1.5 and appendix F. */
#include "tests/unit/protocol_stub.h"

#include "services/sqs/sqs_model.h"

/* Only one model's names fit into a file. */
extern const struct model logs_model;

static struct service sqs = {.name = "sqs"}, logs = {.name = "logs"};

#define SQS_HEADERS(operation) "Content-Type: application/x-amz-json-1.0\nX-Amz-Target: AmazonSQS." operation "\n"
#define LOGS_HEADERS(operation) "Content-Type: application/x-amz-json-1.1\nX-Amz-Target: Logs_20140328." operation "\n"

static void reads_a_message(void **state)
{
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("SendMessage"));
    (void)state;
    assert_true(accepted(call, "{\"QueueUrl\":\"http://q\",\"MessageBody\":\"h\\u00e9\",\"DelaySeconds\":0,\"Unknown\":[1],"
                               "\"MessageAttributes\":{\"A\":{\"DataType\":\"Binary\",\"BinaryValue\":\"AAE=\"}}}"));
    assert_int_equal(call->operation, OP_SendMessage);
    assert_string_equal(text_at(&call->input, SendMessageRequest_MessageBody), "h\u00e9");
    assert_int_equal(slot(&call->input, SendMessageRequest_DelaySeconds)->kind, VALUE_INTEGER);
    assert_int_equal(slot(&call->input, SendMessageRequest_DelaySeconds)->integer, 0);
    assert_int_equal(slot(&call->input, SendMessageRequest_MessageGroupId)->kind, VALUE_ABSENT);
    const struct value *attributes = slot(&call->input, SendMessageRequest_MessageAttributes);
    assert_int_equal(attributes->kind, VALUE_MAP);
    const struct value *binary = slot(&attributes->items[1], MessageAttributeValue_BinaryValue);
    assert_int_equal(binary->kind, VALUE_BYTES);
    assert_int_equal(binary->size, 2);
    assert_memory_equal(binary->text, "\0\1", 2);
    put(call, SendMessageResult_MessageId, value_text("id\"1"));
    put(call, SendMessageResult_MD5OfMessageBody, value_text("md5"));
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.status, 200);
    assert_string_equal(answered.body, "{\"MD5OfMessageBody\":\"md5\",\"MessageId\":\"id\\\"1\"}");
    assert_string_equal(answer_header("Content-Type"), "application/x-amz-json-1.0");
    assert_string_equal(answer_header("x-amzn-RequestId"), call->request_id);
    end(call);
}

static void takes_tags_in_either_case(void **state)
{
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("CreateQueue"));
    (void)state;
    assert_true(accepted(call, "{\"QueueName\":\"q\",\"Tags\":{\"a\":\"b\"}}"));
    assert_string_equal(value_find_text(slot(&call->input, CreateQueueRequest_tags), "a"), "b");
    end(call);
}

static void null_is_absent(void **state)
{
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("SendMessage"));
    (void)state;
    assert_refused(call, "{\"QueueUrl\":\"u\",\"MessageBody\":null}", 400, "MissingRequiredParameterException",
                   "The request must contain the parameter MessageBody.");
    end(call);
}

static void answers_nothing_and_empty(void **state)
{
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("DeleteMessage"));
    (void)state;
    assert_true(accepted(call, "{\"QueueUrl\":\"u\",\"ReceiptHandle\":\"r\"}"));
    protocol_answer(call, 0, NULL);
    assert_int_equal(answered.size, 0);
    end(call);
    call = request(&sqs, "POST", "/", SQS_HEADERS("ListQueues"));
    assert_true(accepted(call, ""));
    protocol_answer(call, 0, NULL);
    assert_string_equal(answered.body, "{}");
    end(call);
}

static void says_errors_twice(void **state)
{
    static const struct aws_error missing = {"QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue", false};
    static const struct aws_error invalid = {"InvalidParameterValueException", 400, "InvalidParameterValue", false};
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("ListQueues"));
    (void)state;
    assert_true(accepted(call, "{}"));
    fail(call, &missing, "The specified queue does not exist.");
    protocol_error(call, 0, NULL);
    assert_int_equal(answered.status, 400);
    assert_string_equal(answered.body,
                        "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"The specified queue does not exist.\"}");
    assert_string_equal(answer_header("x-amzn-query-error"), "AWS.SimpleQueueService.NonExistentQueue;Sender");
    end(call);
    call = request(&sqs, "POST", "/", SQS_HEADERS("ListQueues"));
    assert_true(accepted(call, "{}"));
    fail(call, &invalid, "no");
    protocol_error(call, 0, NULL);
    assert_string_equal(answered.body,
                        "{\"__type\":\"com.amazon.coral.service#InvalidParameterValueException\",\"message\":\"no\"}");
    assert_string_equal(answer_header("x-amzn-query-error"), "InvalidParameterValue;Sender");
    end(call);
}

static void wrong_types(void **state)
{
    static const struct {
        const char *body, *message;
    } rows[] = {
        {"{\"QueueName\":\"q\",\"Attributes\":{\"DelaySeconds\":1}}", "NUMBER_VALUE can not be converted to a String"},
        {"{\"QueueName\":true}", "TRUE_VALUE can not be converted to a String"},
        {"{\"QueueName\":[\"q\"]}", "Start of list found where not expected"},
        {"{\"QueueName\":{}}", "Start of structure or map found where not expected."},
        {"[]", "Start of list found where not expected"},
        {"{\"Attributes\":\"x\"}", "Expected structure or null"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("CreateQueue"));
        assert_refused(call, rows[i].body, 400, "SerializationException", rows[i].message);
        end(call);
    }
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("ReceiveMessage"));
    assert_refused(call, "{\"WaitTimeSeconds\":\"5\"}", 400, "SerializationException",
                   "STRING_VALUE can not be converted to an Integer");
    end(call);
    call = request(&sqs, "POST", "/", SQS_HEADERS("ReceiveMessage"));
    assert_refused(call, "{\"WaitTimeSeconds\":", 400, "SerializationException", NULL);
    assert_non_null(strstr(answered.body, "com.amazon.coral.service#SerializationException"));
    end(call);
    call = request(&sqs, "POST", "/", SQS_HEADERS("ReceiveMessage"));
    assert_true(accepted(call, "{\"QueueUrl\":\"q\",\"WaitTimeSeconds\":5.0}"));
    assert_int_equal(slot(&call->input, ReceiveMessageRequest_WaitTimeSeconds)->integer, 5);
    end(call);
    call = request(&sqs, "POST", "/", SQS_HEADERS("ReceiveMessage"));
    assert_refused(call, "{\"QueueUrl\":\"q\",\"WaitTimeSeconds\":99999999999}", 400, "SerializationException", NULL);
    end(call);
}

static void names_what_a_batch_lacks(void **state)
{
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("SendMessageBatch"));
    (void)state;
    assert_refused(call, "{\"QueueUrl\":\"q\",\"Entries\":[{\"Id\":\"a\",\"MessageBody\":\"x\"},{\"MessageBody\":\"y\"}]}", 400,
                   "MissingRequiredParameterException",
                   "The request must contain the parameter SendMessageBatchRequestEntry.2.Id.");
    end(call);
}

static void unknown_targets(void **state)
{
    struct call *call = request(&sqs, "POST", "/", SQS_HEADERS("Fly"));
    (void)state;
    assert_refused(call, "{}", 400, "UnknownOperationException", NULL);
    assert_string_equal(answer_header("Content-Type"), "application/x-amz-json-1.0");
    end(call);
    call = request(&logs, "POST", "/", "Content-Type: application/x-amz-json-1.1\n");
    assert_refused(call, "{}", 400, "UnknownOperationException", NULL);
    end(call);
}

static void words_of_the_framework(void **state)
{
    struct call *call = request(&logs, "POST", "/", LOGS_HEADERS("GetLogEvents"));
    (void)state;
    assert_refused(call, "{\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"limit\":10001}", 400, "InvalidParameterException",
                   "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value "
                   "less than or equal to 10000");
    end(call);
    call = request(&logs, "POST", "/", LOGS_HEADERS("DescribeLogGroups"));
    assert_refused(call, "{\"logGroupNamePrefix\":\"\"}", 400, "InvalidParameterException",
                   "2 validation errors detected: Value '' at 'logGroupNamePrefix' failed to satisfy constraint: Member must "
                   "satisfy regular expression "
                   "pattern: [\\.\\-_/#A-Za-z0-9]+; Value '' at 'logGroupNamePrefix' failed to satisfy constraint: Member must "
                   "have length greater than "
                   "or equal to 1");
    end(call);
    call = request(&logs, "POST", "/", LOGS_HEADERS("CreateLogGroup"));
    assert_refused(
        call, "{}", 400, "InvalidParameterException",
        "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null");
    assert_string_equal(
        answered.body,
        "{\"__type\":\"InvalidParameterException\",\"message\":\"1 validation error detected: Value null at 'logGroupName' "
        "failed to satisfy constraint: Member must not be null\"}");
    end(call);
    call = request(&logs, "POST", "/", LOGS_HEADERS("PutLogEvents"));
    assert_refused(call, "{\"logGroupName\":\"g\",\"logStreamName\":\"s\",\"logEvents\":[{\"timestamp\":1,\"message\":\"\"}]}", 400,
                   "InvalidParameterException",
                   "1 validation error detected: Value '' at 'logEvents.1.member.message' failed to satisfy constraint: Member "
                   "must have length greater "
                   "than or equal to 1");
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_message),          cmocka_unit_test(takes_tags_in_either_case),
        cmocka_unit_test(null_is_absent),           cmocka_unit_test(answers_nothing_and_empty),
        cmocka_unit_test(says_errors_twice),        cmocka_unit_test(wrong_types),
        cmocka_unit_test(names_what_a_batch_lacks), cmocka_unit_test(unknown_targets),
        cmocka_unit_test(words_of_the_framework),
    };
    sqs.model = all_done(&sqs_model);
    logs.model = all_done(&logs_model);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
