/* The Query protocol with SQS, IAM and STS. Sources: facts/services.md 1.1, 1.2, 1.3. */
#include "tests/unit/protocol_stub.h"

#include "services/sqs/sqs_model.h"

/* Only one model's names fit into a file. */
extern const struct model iam_model, sts_model;

static struct service sqs = {.name = "sqs"}, iam = {.name = "iam"}, sts = {.name = "sts"};

#define FORM "Content-Type: application/x-www-form-urlencoded; charset=utf-8\n"

static void reads_flattened_names(void **state)
{
    struct call *call = request(&sqs, "POST", "/", FORM);
    (void)state;
    assert_true(accepted(
        call, "Action=SendMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fh%2F1%2Fq&MessageBody=a+b%2Bc&DelaySeconds=0"
              "&MessageAttribute.2.Name=B&MessageAttribute.2.Value.DataType=Binary&MessageAttribute.2.Value.BinaryValue=AAE%3D"
              "&MessageAttribute.1.Name=A&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=x"));
    assert_int_equal(call->operation, OP_SendMessage);
    assert_string_equal(text_at(&call->input, SendMessageRequest_MessageBody), "a b+c");
    assert_int_equal(slot(&call->input, SendMessageRequest_DelaySeconds)->integer, 0);
    const struct value *attributes = slot(&call->input, SendMessageRequest_MessageAttributes);
    assert_int_equal(attributes->size, 2);
    assert_string_equal(attributes->items[0].text, "A");
    assert_string_equal(text_at(&attributes->items[1], MessageAttributeValue_StringValue), "x");
    assert_int_equal(slot(&attributes->items[3], MessageAttributeValue_BinaryValue)->size, 2);
    end(call);
}

static void reads_batches_in_order(void **state)
{
    struct call *call = request(&sqs, "POST", "/", FORM);
    char body[4096] = "Action=SendMessageBatch&QueueUrl=q";
    (void)state;
    for (int i = 1; i <= 12; i++)
        snprintf(body + strlen(body), sizeof body - strlen(body),
                 "&SendMessageBatchRequestEntry.%d.Id=id%d&SendMessageBatchRequestEntry.%d.MessageBody=m", i, i, i);
    assert_true(accepted(call, body));
    const struct value *entries = slot(&call->input, SendMessageBatchRequest_Entries);
    assert_int_equal(entries->size, 12);
    assert_string_equal(text_at(&entries->items[1], SendMessageBatchRequestEntry_Id), "id2");
    assert_string_equal(text_at(&entries->items[9], SendMessageBatchRequestEntry_Id), "id10");
    end(call);
}

static void reads_member_names_too(void **state)
{
    struct call *call = request(&sqs, "POST", "/", FORM);
    (void)state;
    assert_true(accepted(
        call, "Action=CreateQueue&QueueName=q&Attributes.1.Name=DelaySeconds&Attributes.1.Value=5&Tags.1.Key=k&Tags.1.Value=v"));
    assert_string_equal(value_find_text(slot(&call->input, CreateQueueRequest_Attributes), "DelaySeconds"), "5");
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_true(accepted(call, "Action=GetQueueAttributes&QueueUrl=q&AttributeNames.1=All"));
    assert_string_equal(slot(&call->input, GetQueueAttributesRequest_AttributeNames)->items[0].text, "All");
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_true(accepted(
        call, "Action=CreateQueue&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value="));
    assert_string_equal(value_find_text(slot(&call->input, CreateQueueRequest_tags), "k"), "");
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_true(accepted(call, "Action=SetQueueAttributes&QueueUrl=q&Attribute.Name=DelaySeconds&Attribute.Value=5"));
    assert_string_equal(value_find_text(slot(&call->input, SetQueueAttributesRequest_Attributes), "DelaySeconds"), "5");
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_true(accepted(call, "Action=GetQueueAttributes&QueueUrl=q&AttributeName=All"));
    assert_string_equal(slot(&call->input, GetQueueAttributesRequest_AttributeNames)->items[0].text, "All");
    end(call);
}

static void the_path_is_the_queue(void **state)
{
    struct call *call = request(&sqs, "GET", "/000000000000/q?Action=ReceiveMessage&MaxNumberOfMessages=2", "");
    (void)state;
    assert_true(accepted(call, ""));
    assert_string_equal(text_at(&call->input, ReceiveMessageRequest_QueueUrl), "http://localhost:4566/000000000000/q");
    end(call);
    call = request(&sqs, "POST", "/000000000000/q?Action=ReceiveMessage", FORM);
    assert_true(accepted(call, "QueueUrl=other"));
    assert_string_equal(text_at(&call->input, ReceiveMessageRequest_QueueUrl), "other");
    end(call);
    call = request(&sqs, "GET", "/000000000000/q?Action=CreateQueue&QueueName=x", "");
    assert_refused(call, "", 400, "InvalidAction", "The action CreateQueue is not valid for this endpoint.");
    end(call);
    call = request(&sqs, "GET", "/000000000000/q", "");
    assert_refused(call, "", 404, "UnknownOperationException", NULL);
    assert_string_equal(answered.body, "<UnknownOperationException/>\n");
    end(call);
}

static void answers_in_xml(void **state)
{
    struct call *call = request(&sqs, "POST", "/", FORM);
    (void)state;
    assert_true(accepted(call, "Action=ReceiveMessage&QueueUrl=q"));
    struct value message = model_struct(sqs.model, call->arena, SHAPE_Message), messages = value_list(), attributes = value_map();
    value_put(call->arena, &attributes, "SentTimestamp", value_text("1"));
    value_put(call->arena, &attributes, "SenderId", value_text("x"));
    message.items[Message_Body] = value_text("\"<\r&");
    message.items[Message_Attributes] = attributes;
    value_push(call->arena, &messages, message);
    put(call, ReceiveMessageResult_Messages, messages);
    protocol_answer(call, 0, NULL);
    assert_string_equal(answer_header("Content-Type"), "text/xml");
    assert_string_equal(answered.body, "<?xml version=\"1.0\"?>\n<ReceiveMessageResponse "
                                       "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ReceiveMessageResult><Message>"
                                       "<Attribute><Name>SentTimestamp</Name><Value>1</Value></"
                                       "Attribute><Attribute><Name>SenderId</Name><Value>x</Value></Attribute>"
                                       "<Body>&quot;&lt;&#xD;&amp;</Body></Message></ReceiveMessageResult>"
                                       "<ResponseMetadata><RequestId>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</RequestId></"
                                       "ResponseMetadata></ReceiveMessageResponse>");
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_true(accepted(call, "Action=DeleteMessage&QueueUrl=q&ReceiptHandle=r"));
    protocol_answer(call, 0, NULL);
    assert_null(strstr(answered.body, "DeleteMessageResult"));
    end(call);
}

static void answers_in_json_when_asked(void **state)
{
    struct call *call = request(&sqs, "POST", "/", FORM "Accept: application/json\n");
    (void)state;
    assert_true(accepted(call, "Action=GetQueueAttributes&QueueUrl=q"));
    struct value attributes = value_map();
    value_put(call->arena, &attributes, "QueueArn", value_text("arn"));
    put(call, GetQueueAttributesResult_Attributes, attributes);
    protocol_answer(call, 0, NULL);
    assert_string_equal(answered.body, "{\"GetQueueAttributesResponse\":{\"GetQueueAttributesResult\":{\"Attributes\":[{\"Name\":"
                                       "\"QueueArn\",\"Value\":\"arn\"}]},"
                                       "\"ResponseMetadata\":{\"RequestId\":\"0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9\"}}}");
    end(call);
}

static void errors_in_xml(void **state)
{
    static const struct aws_error missing = {"QueueDoesNotExist", 400, "AWS.SimpleQueueService.NonExistentQueue", false};
    struct call *call = request(&sqs, "POST", "/", FORM);
    (void)state;
    assert_true(accepted(call, "Action=ListQueues"));
    fail(call, &missing, "The specified queue does not exist for this wsdl version.");
    protocol_error(call, 0, NULL);
    assert_string_equal(
        answered.body,
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender</Type>"
        "<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist for this wsdl "
        "version.</Message>"
        "<Detail/></Error><RequestId>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</RequestId></ErrorResponse>");
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_refused(call, "Action=SendMessage&QueueUrl=q", 400, "MissingRequiredParameterException",
                   "The request must contain the parameter MessageBody.");
    assert_non_null(strstr(answered.body, "<Code>MissingParameter</Code>"));
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_refused(call, "Action=ReceiveMessage&QueueUrl=q&WaitTimeSeconds=x", 400, "SerializationException", NULL);
    assert_non_null(strstr(answered.body, "<Code>MalformedInput</Code>"));
    end(call);
    call = request(&sqs, "POST", "/", FORM);
    assert_refused(call, "Action=ListQueues&x=%zz", 400, "MalformedQueryString", NULL);
    end(call);
}

static void iam_and_sts(void **state)
{
    struct call *call = request(&sts, "POST", "/", FORM);
    (void)state;
    assert_true(accepted(call, "Action=GetCallerIdentity&Version=2011-06-15"));
    call->output = model_struct(sts.model, call->arena, operation_of(call)->output);
    call->output.items[model_find_member(sts.model, operation_of(call)->output, "Account")] = value_text("000000000000");
    protocol_answer(call, 0, NULL);
    assert_string_equal(
        answered.body,
        "<GetCallerIdentityResponse "
        "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Account>000000000000</Account>"
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>");
    end(call);
    call = request(&sts, "POST", "/", FORM);
    assert_refused(call, "Action=Fly", 400, "InvalidAction", "Could not find operation Fly for version 2011-06-15");
    end(call);
    call = request(&sts, "POST", "/", FORM);
    assert_refused(call, "Version=2011-06-15", 400, "MissingAction", NULL);
    end(call);
    call = request(&iam, "POST", "/", FORM);
    assert_refused(call, "Action=GetRole&RoleName=", 400, "ValidationException", NULL);
    assert_non_null(strstr(answered.body, "<Code>ValidationError</Code>"));
    end(call);
    call = request(&iam, "POST", "/", FORM);
    assert_true(accepted(call, "Action=TagRole&RoleName=r&Tags.member.1.Key=k&Tags.member.1.Value=v"));
    assert_int_equal(slot(&call->input, model_find_member(iam.model, operation_of(call)->input, "Tags"))->size, 1);
    end(call);
    call = request(&iam, "POST", "/", FORM);
    assert_true(accepted(call, "Action=ListRoles"));
    struct value roles = value_list();
    int member = model_find_member(iam.model, operation_of(call)->output, "Roles");
    uint16_t role = shape_of(iam.model, members_of(iam.model, operation_of(call)->output)[member].shape)->element;
    value_push(call->arena, &roles, model_struct(iam.model, call->arena, role));
    roles.items[0].items[model_find_member(iam.model, role, "CreateDate")] = value_time(1000);
    call->output = model_struct(iam.model, call->arena, operation_of(call)->output);
    call->output.items[member] = roles;
    protocol_answer(call, 0, NULL);
    assert_non_null(strstr(answered.body, "<Roles><member><CreateDate>1970-01-01T00:00:01Z</CreateDate></member></Roles>"));
    end(call);
}

static void hostile_parameters(void **state)
{
    struct buffer body;
    (void)state;
    buffer_init(&body, 1 << 20);
    buffer_text(&body, "Action=SendMessage&QueueUrl=q&MessageBody=b");
    for (int i = 0; i < 9000; i++)
        buffer_print(&body, "&MessageAttribute.%d.Name=a%d", i, i);
    struct call *call = request(&sqs, "POST", "/", FORM);
    assert_refused(call, body.text, 400, "SerializationException", NULL);
    end(call);
    buffer_clear(&body);
    buffer_text(&body, "Action=SendMessage&");
    for (int i = 0; i < 4000; i++)
        buffer_text(&body, "a.");
    call = request(&sqs, "POST", "/", FORM);
    assert_refused(call, body.text, 400, "MalformedQueryString", NULL);
    end(call);
    buffer_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_flattened_names),  cmocka_unit_test(reads_batches_in_order),
        cmocka_unit_test(reads_member_names_too), cmocka_unit_test(the_path_is_the_queue),
        cmocka_unit_test(answers_in_xml),         cmocka_unit_test(answers_in_json_when_asked),
        cmocka_unit_test(errors_in_xml),          cmocka_unit_test(iam_and_sts),
        cmocka_unit_test(hostile_parameters),
    };
    sqs.model = all_done(&sqs_model);
    iam.model = all_done(&iam_model);
    sts.model = all_done(&sts_model);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
