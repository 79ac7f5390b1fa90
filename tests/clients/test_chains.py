"""Event source mappings, S3 notifications and HTTP APIs: what one service makes another do."""
import json
import urllib.error
import urllib.request

import pytest

WORK = """
import json

def handler(event, context):
    failures = []
    for record in event["Records"]:
        body = json.loads(record["body"])
        if body.get("raise"):
            raise RuntimeError("all of them")
        if body.get("fail"):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
"""


@pytest.fixture
def queue(client):
    sqs = client("sqs")

    def make(name, **attributes):
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    make.client = sqs
    make.counts = lambda url: tuple(
        int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages" + kind]) for kind in ("", "NotVisible")
    )
    return make


def test_a_mapping_deletes_what_worked_and_redrives_the_rest(cloud, client, queue, make_function):
    cloud.freeze()
    dead, dead_arn = queue("dead")
    url, arn = queue("in", VisibilityTimeout="30", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3}))
    make_function("work", WORK)
    lambda_ = client("lambda")
    mapping = lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName="work", FunctionResponseTypes=["ReportBatchItemFailures"])
    assert mapping["State"] == "Creating" and mapping["BatchSize"] == 10
    cloud.idle()
    assert lambda_.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Enabled"
    queue.client.send_message_batch(
        QueueUrl=url, Entries=[{"Id": "a", "MessageBody": '{"fail": true}'}, {"Id": "b", "MessageBody": "{}"}, {"Id": "c", "MessageBody": "{}"}]
    )
    cloud.idle()
    assert queue.counts(url) == (0, 1)
    for _ in range(3):
        cloud.advance("30s")
        cloud.idle()
    assert queue.counts(url) == (0, 0) and queue.counts(dead) == (1, 0)
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    cloud.idle()
    queue.client.send_message(QueueUrl=url, MessageBody="{}")
    cloud.idle()
    assert queue.counts(url) == (1, 0)
    lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    cloud.idle()
    assert lambda_.list_event_source_mappings(FunctionName="work")["EventSourceMappings"] == []


def test_an_asynchronous_failure_goes_to_its_destination(cloud, client, queue, make_function):
    cloud.freeze()
    url, arn = queue("dest")
    make_function("f", "def handler(event, context):\n    raise RuntimeError('again')\n")
    lambda_ = client("lambda")
    lambda_.put_function_event_invoke_config(FunctionName="f", DestinationConfig={"OnFailure": {"Destination": arn}})
    identity = lambda_.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"n":1}')["ResponseMetadata"]["RequestId"]
    cloud.idle()
    assert queue.counts(url) == (0, 0)
    cloud.advance("1m")
    cloud.advance("2m")
    cloud.idle()
    (message,) = queue.client.receive_message(QueueUrl=url)["Messages"]
    record = json.loads(message["Body"])
    assert record["requestContext"]["requestId"] == identity
    assert record["requestContext"]["condition"] == "RetriesExhausted" and record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"n": 1} and record["responsePayload"]["errorMessage"] == "again"


def test_notifications(cloud, client, queue, make_function):
    url, arn = queue("events")
    s3 = client("s3")
    s3.create_bucket(Bucket="box")
    function = make_function("f", """
import json, os, urllib.request

def handler(event, context):
    return event["Records"][0]["s3"]["object"]["key"]
""")
    lambda_ = client("lambda")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        s3.put_bucket_notification_configuration(
            Bucket="box", NotificationConfiguration={"LambdaFunctionConfigurations": [{"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}]}
        )
    assert caught.value.response["Error"]["Message"] == "Unable to validate the following destination configurations"
    lambda_.add_permission(
        FunctionName="f", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com", SourceArn="arn:aws:s3:::box"
    )
    configuration = {
        "QueueConfigurations": [
            {"Id": "q", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}
        ],
        "LambdaFunctionConfigurations": [
            {"Id": "l", "LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:Put"], "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "tables/"}, {"Name": "suffix", "Value": ".csv"}]}}}
        ],
    }
    s3.put_bucket_notification_configuration(Bucket="box", NotificationConfiguration=configuration)
    got = s3.get_bucket_notification_configuration(Bucket="box")
    assert got["QueueConfigurations"][0]["QueueArn"] == arn and got["LambdaFunctionConfigurations"][0]["Id"] == "l"
    cloud.idle()
    (test_event,) = queue.client.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(test_event["Body"])["Event"] == "s3:TestEvent"
    queue.client.delete_message(QueueUrl=url, ReceiptHandle=test_event["ReceiptHandle"])
    s3.put_object(Bucket="box", Key="in/my key@ü.txt", Body=b"hello")
    s3.put_object(Bucket="box", Key="out/x.txt", Body=b"hello")
    cloud.idle()
    (message,) = queue.client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    (record,) = json.loads(message["Body"])["Records"]
    assert record["s3"]["object"]["key"] == "in/my+key%40%C3%BC.txt" and record["s3"]["configurationId"] == "q"
    before = cloud.journal()[-1]["seq"]
    s3.put_object(Bucket="box", Key="tables/a.csv", Body=b"1,2")
    cloud.idle()
    records = cloud.journal(before)
    assert any(record["kind"] == "invocation" for record in records), records


ECHO = """
import json

def handler(event, context):
    if event["rawPath"].endswith("/raise"):
        raise RuntimeError("no luck")
    return {"statusCode": 201, "headers": {"x-a": "b"}, "cookies": ["c=d"], "body": json.dumps(event)}
"""


def fetch(url, host=None, **more):
    request = urllib.request.Request(url, headers=dict({"Host": host} if host else {}, **more.pop("headers", {})), **more)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_an_http_api(cloud, client, make_function):
    function = make_function("echo", ECHO)
    apigw = client("apigatewayv2")
    client("lambda").add_permission(
        FunctionName="echo", StatementId="gateway", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    api = apigw.create_api(Name="shop", ProtocolType="HTTP", Tags={"_custom_id_": "shop"})
    assert api["ApiId"] == "shop"
    integration = apigw.create_integration(ApiId="shop", IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0")["IntegrationId"]
    apigw.create_route(ApiId="shop", RouteKey="POST /orders/{id}", Target=f"integrations/{integration}")
    apigw.create_stage(ApiId="shop", StageName="$default", AutoDeploy=True)
    host = f"shop.execute-api.localhost:{cloud.port}"
    status, headers, body = fetch(f"{cloud.endpoint}/orders/7?a=1", host, data=b'{"x":1}', headers={"Content-Type": "application/json"})
    event = json.loads(body)
    assert status == 201 and headers["x-a"] == "b" and headers["set-cookie"] == "c=d" and headers["apigw-requestid"]
    assert event["routeKey"] == "POST /orders/{id}" and event["pathParameters"] == {"id": "7"} and event["queryStringParameters"] == {"a": "1"}
    assert json.loads(event["body"]) == {"x": 1} and event["isBase64Encoded"] is False
    assert fetch(f"{cloud.endpoint}/_aws/execute-api/shop/$default/orders/8", data=b"{}")[0] == 201
    status, _, body = fetch(f"{cloud.endpoint}/orders/7", host)
    assert status == 404 and json.loads(body) == {"message": "Not Found"}
    apigw.create_route(ApiId="shop", RouteKey="GET /raise", Target=f"integrations/{integration}")
    status, _, body = fetch(f"{cloud.endpoint}/raise", host)
    assert status == 500 and json.loads(body) == {"message": "Internal Server Error"}
    assert {item["RouteKey"] for item in apigw.get_routes(ApiId="shop")["Items"]} == {"POST /orders/{id}", "GET /raise"}
    quick = apigw.create_api(Name="quick", ProtocolType="HTTP", Target=function)
    assert fetch(f"{cloud.endpoint}/any", f"{quick['ApiId']}.execute-api.localhost:{cloud.port}")[0] == 201
    with pytest.raises(apigw.exceptions.NotFoundException):
        apigw.get_api(ApiId="nothing")
    apigw.delete_api(ApiId="shop")
    assert fetch(f"{cloud.endpoint}/orders/7", host)[0] == 404
