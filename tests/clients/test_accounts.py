"""Two accounts, and two regions of one, with the same names everywhere: what happens in one is never seen in another."""
import json

from packages import zipped

OWNERS = (("111111111111", "us-east-1"), ("222222222222", "us-east-1"), ("111111111111", "eu-west-1"))

# Sends on what it got, through the endpoint and with the keys of its environment.
WORK = """
import json, os, urllib.request

def handler(event, context):
    region, account = context.invoked_function_arn.split(":")[3:5]
    for record in event["Records"]:
        body = {"got": record["body"], "from": record["eventSourceARN"], "by": context.invoked_function_arn, "region": os.environ["AWS_REGION"]}
        request = urllib.request.Request(
            os.environ["AWS_ENDPOINT_URL"],
            data=json.dumps({"QueueUrl": "out", "MessageBody": json.dumps(body)}).encode(),
            headers={"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0",
                     "Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/20260101/{region}/sqs/aws4_request, "
                                      "SignedHeaders=host, Signature=0"})
        urllib.request.urlopen(request).read()
"""


def test_the_same_names_everywhere(client, cloud):
    cloud.freeze()
    for account, region in OWNERS:
        sqs, lambda_, s3 = (client(name, account, region) for name in ("sqs", "lambda", "s3"))
        for name in ("in", "out"):
            sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})
        lambda_.create_function(
            FunctionName="work", Runtime="python3.12", Handler="index.handler", Role=f"arn:aws:iam::{account}:role/worker",
            Code={"ZipFile": zipped(index_py=WORK)}, Timeout=20,
        )
        lambda_.create_event_source_mapping(EventSourceArn=f"arn:aws:sqs:{region}:{account}:in", FunctionName="work", BatchSize=10)
        bucket = f"bucket-{account}-{region}"
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **place)
    cloud.idle()
    for account, region in OWNERS:
        s3 = client("s3", account, region)
        s3.put_bucket_notification_configuration(
            Bucket=f"bucket-{account}-{region}",
            NotificationConfiguration={"QueueConfigurations": [{"QueueArn": f"arn:aws:sqs:{region}:{account}:in", "Events": ["s3:ObjectCreated:*"]}]},
        )
        for n in range(3):
            s3.put_object(Bucket=f"bucket-{account}-{region}", Key=f"{account}-{region}-{n}", Body=b"x")
        client("sqs", account, region).send_message(QueueUrl=f"{cloud.endpoint}/{account}/in", MessageBody=json.dumps({"mine": [account, region]}))
    cloud.idle()
    for account, region in OWNERS:
        sqs = client("sqs", account, region)
        got = []
        while True:
            messages = sqs.receive_message(QueueUrl=f"{cloud.endpoint}/{account}/out", MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                break
            got += [json.loads(message["Body"]) for message in messages]
        # The test event, three objects and our own message.
        assert len(got) == 5, got
        for item in got:
            assert item["from"] == f"arn:aws:sqs:{region}:{account}:in"
            assert item["by"] == f"arn:aws:lambda:{region}:{account}:function:work" and item["region"] == region
            body = json.loads(item["got"])
            if "Records" in body:
                assert body["Records"][0]["awsRegion"] == region
                assert body["Records"][0]["s3"]["object"]["key"].startswith(f"{account}-{region}-")
            elif "Event" in body:
                assert body["Bucket"] == f"bucket-{account}-{region}"
            else:
                assert body == {"mine": [account, region]}
        groups = client("logs", account, region).describe_log_groups()["logGroups"]
        assert [group["arn"] for group in groups] == [f"arn:aws:logs:{region}:{account}:log-group:/aws/lambda/work:*"]
    # Nobody else has seen anything.
    assert "QueueUrls" not in client("sqs").list_queues()
    assert client("lambda").list_functions()["Functions"] == [] and client("s3").list_buckets()["Buckets"] == []
