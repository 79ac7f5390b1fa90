"""Lambda through boto3: real handlers of each kind, and what happens when they fail."""
import base64
import json
import re

import pytest

from conftest import ROLE
from packages import zipped

PYTHON = """
import json, logging, os, sys, time

def handler(event, context):
    if event.get("raise"):
        raise ValueError(event["raise"])
    if event.get("print"):
        print(event["print"])
        logging.getLogger().setLevel("INFO")
        logging.info("logged")
    if event.get("environment"):
        return dict(os.environ)
    if event.get("hang"):
        import threading
        threading.Event().wait()
    if event.get("allocate"):
        kept = bytearray(event["allocate"] * 1024 * 1024)
        kept[::4096] = b"x" * len(kept[::4096])
        return len(kept)
    return {"event": event, "remaining": context.get_remaining_time_in_millis(), "id": context.aws_request_id,
            "memory": context.memory_limit_in_mb, "arn": context.invoked_function_arn}
"""

NODE = """
exports.handler = async (event, context) => {
  if (event.raise) throw new TypeError(event.raise);
  console.log("said", event);
  return { event, id: context.awsRequestId, remaining: context.getRemainingTimeInMillis() };
};
"""

BOOTSTRAP = """#!/bin/sh
# The custom runtime of AWS's tutorial, with curl.
set -eu
while true; do
    headers=$(mktemp)
    event=$(curl -sS -LD "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
    id=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$headers" | tr -d '[:space:]' | cut -d: -f2)
    rm -f "$headers"
    curl -sS -o /dev/null "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" -d "{\\"handler\\":\\"$_HANDLER\\",\\"event\\":$event}"
done
"""


@pytest.fixture
def lambda_(client):
    return client("lambda")


@pytest.fixture
def invoke(lambda_):
    def call(name, event=None, **more):
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps({} if event is None else event).encode(), **more)
        payload = answer["Payload"].read()
        return answer, json.loads(payload) if payload else None

    return call


def test_python(make_function, invoke):
    arn = make_function("f", PYTHON, MemorySize=256, Timeout=10)
    answer, payload = invoke("f", {"a": [1, "ü", None]})
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer
    assert payload["event"] == {"a": [1, "ü", None]}
    assert payload["id"] == answer["ResponseMetadata"]["RequestId"]
    assert payload["arn"] == arn and payload["memory"] in ("256", 256)
    assert 5000 < payload["remaining"] <= 10000


def test_node(make_function, invoke):
    make_function("f", NODE, runtime="nodejs20.x")
    answer, payload = invoke("f", {"a": "ü"})
    assert payload["event"] == {"a": "ü"} and payload["id"] == answer["ResponseMetadata"]["RequestId"]
    answer, payload = invoke("f", {"raise": "no luck"})
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "TypeError" and payload["errorMessage"] == "no luck" and payload["trace"][0] == "TypeError: no luck"


def test_a_bootstrap_in_shell(make_function, invoke):
    make_function("f", zipped(bootstrap=BOOTSTRAP), runtime="provided.al2023", handler="any.thing")
    for n in range(3):
        _, payload = invoke("f", {"n": n})
        assert payload == {"handler": "any.thing", "event": {"n": n}}


def test_a_plain_executable(make_function, invoke):
    make_function("f", zipped(run="#!/bin/sh\ntr a-z A-Z\n"), runtime="provided.al2023", handler="stdio:run")
    _, payload = invoke("f", {"say": "hello"})
    assert payload == {"SAY": "HELLO"}


def test_the_environment(make_function, invoke, cloud):
    make_function("f", PYTHON, Environment={"Variables": {"MINE": "1", "EMPTY": ""}})
    _, env = invoke("f", {"environment": True})
    assert env["MINE"] == "1" and env["EMPTY"] == ""
    assert env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "us-east-1"
    assert env["AWS_LAMBDA_FUNCTION_NAME"] == "f" and env["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128" and env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert env["_HANDLER"] == "index.handler" and env["TZ"] == ":UTC" and env["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert env["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/f"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", env["AWS_LAMBDA_LOG_STREAM_NAME"])
    assert re.fullmatch(r"127\.\d+\.\d+\.\d+:\d+", env["AWS_LAMBDA_RUNTIME_API"])
    assert env["AWS_ENDPOINT_URL"].endswith(f":{cloud.port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"):
        assert env[name]
    # What the server was started with does not leak in.
    assert "LOWCLOUD_STRICT_TURNS" not in env


def test_errors_of_a_handler(make_function, invoke):
    make_function("f", PYTHON)
    answer, payload = invoke("f", {"raise": "no luck"})
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "ValueError" and payload["errorMessage"] == "no luck" and payload["stackTrace"]
    answer, _ = invoke("f", {})
    assert "FunctionError" not in answer


def test_a_timeout(make_function, invoke):
    make_function("f", PYTHON, Timeout=1)
    answer, payload = invoke("f", {"hang": True}, LogType="Tail")
    identity = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert payload == {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {identity} Error: Task timed out after 1.00 seconds"}
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "Task timed out after 1.00 seconds" in log and "Status: timeout" in log
    answer, _ = invoke("f", {})
    assert "FunctionError" not in answer


def test_the_log_tail(make_function, invoke):
    make_function("f", PYTHON)
    answer, _ = invoke("f", {"print": "out of it"}, LogType="Tail")
    identity = answer["ResponseMetadata"]["RequestId"]
    lines = base64.b64decode(answer["LogResult"]).decode().split("\n")
    start, end = lines.index(f"START RequestId: {identity} Version: $LATEST"), lines.index(f"END RequestId: {identity}")
    assert "out of it" in lines[start:end]
    assert any(re.fullmatch(rf"\[INFO\]\t[0-9T:.-]+Z\t{identity}\tlogged", line) for line in lines[start:end])
    report = next(line for line in lines[end:] if line.startswith("REPORT"))
    found = re.fullmatch(
        rf"REPORT RequestId: {identity}\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: (\d+) MB\tInit Duration: (\d+\.\d\d) ms\t", report)
    assert found, report
    assert int(found[2]) >= float(found[1]) and 0 < int(found[3]) <= 128
    answer, _ = invoke("f", {}, LogType="Tail")
    assert "Init Duration" not in base64.b64decode(answer["LogResult"]).decode().split("START")[-1]
    answer, _ = invoke("f", {})
    assert "LogResult" not in answer


def test_memory_is_reported_and_enforced(make_function, invoke):
    make_function("f", PYTHON, MemorySize=256, Timeout=20)
    answer, payload = invoke("f", {"allocate": 100}, LogType="Tail")
    used = int(re.search(r"Max Memory Used: (\d+) MB", base64.b64decode(answer["LogResult"]).decode())[1])
    assert payload == 100 * 1024 * 1024 and 100 <= used <= 160
    answer, payload = invoke("f", {"allocate": 600})
    assert answer["FunctionError"] == "Unhandled" and payload["errorType"] in ("Runtime.OutOfMemory", "Runtime.ExitError")
    answer, _ = invoke("f", {})
    assert "FunctionError" not in answer


def test_dry_run_and_event(make_function, invoke, cloud):
    make_function("f", PYTHON)
    answer, payload = invoke("f", InvocationType="DryRun")
    assert answer["StatusCode"] == 204 and payload is None
    answer, payload = invoke("f", InvocationType="Event")
    assert answer["StatusCode"] == 202 and payload is None
    cloud.idle()
    assert any(record.get("kind") == "invocation" for record in cloud.journal())


def test_versions_and_configuration(make_function, invoke, lambda_):
    make_function("f", PYTHON, Description="one")
    assert lambda_.publish_version(FunctionName="f")["Version"] == "1"
    lambda_.update_function_configuration(FunctionName="f", Description="two", Timeout=7)
    lambda_.get_waiter("function_updated").wait(FunctionName="f")
    lambda_.update_function_code(FunctionName="f", ZipFile=zipped(index_py="def handler(event, context):\n    return 'new'\n"))
    lambda_.get_waiter("function_updated").wait(FunctionName="f")
    assert invoke("f")[1] == "new"
    answer, payload = invoke("f", {"x": 1}, Qualifier="1")
    assert answer["ExecutedVersion"] == "1" and payload["event"] == {"x": 1}
    assert [item["FunctionName"] for item in lambda_.list_functions()["Functions"]] == ["f"]
    assert lambda_.get_function(FunctionName="f")["Configuration"]["Timeout"] == 7


def test_errors_of_the_service(lambda_, make_function):
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException) as caught:
        lambda_.get_function(FunctionName="nothing")
    assert caught.value.response["Error"]["Message"] == "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nothing"
    make_function("f", PYTHON)
    with pytest.raises(lambda_.exceptions.ResourceConflictException):
        make_function("f", PYTHON)
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException):
        lambda_.create_function(FunctionName="x", Runtime="python3.12", Role=ROLE, Handler="a.b", Code={"ZipFile": b"no zip"})
    with pytest.raises(lambda_.exceptions.InvalidRequestContentException):
        lambda_.invoke(FunctionName="f", Payload=b"{no json")
    lambda_.delete_function(FunctionName="f")
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.invoke(FunctionName="f")


def test_code_from_s3(client, lambda_, invoke):
    s3 = client("s3")
    s3.create_bucket(Bucket="code")
    s3.put_object(Bucket="code", Key="f.zip", Body=zipped(index_py=PYTHON))
    lambda_.create_function(
        FunctionName="f", Runtime="python3.12", Role=ROLE, Handler="index.handler", Code={"S3Bucket": "code", "S3Key": "f.zip"}
    )
    assert invoke("f", {"a": 1})[1]["event"] == {"a": 1}


def test_a_directory_that_changes(lambda_, invoke, tmp_path):
    (tmp_path / "index.py").write_text("def handler(event, context):\n    return 1\n")
    lambda_.create_function(
        FunctionName="f", Runtime="python3.12", Role=ROLE, Handler="index.handler", Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)}
    )
    assert invoke("f")[1] == 1
    (tmp_path / "index.py").write_text("def handler(event, context):\n    return 'changed'\n")
    assert invoke("f")[1] == "changed"


def test_a_handler_calls_back(client, make_function, invoke, cloud):
    """An SDK inside the handler finds us by AWS_ENDPOINT_URL; the call carries its cause. Signed by hand: no SDK is needed in the handler."""
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    make_function("f", """
import json, os, urllib.request

def handler(event, context):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], data=json.dumps({"QueueUrl": event["url"], "MessageBody": "from inside"}).encode(),
        headers={"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0",
                 "Authorization": "AWS4-HMAC-SHA256 Credential=" + os.environ["AWS_ACCESS_KEY_ID"] + "/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0"})
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())["MessageId"]
""")
    _, identity = invoke("f", {"url": url})
    (message,) = client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert message["MessageId"] == identity and message["Body"] == "from inside"
    records = cloud.journal()
    send = next(record for record in records if record.get("operation") == "SendMessage")
    by_seq = {record["seq"]: record for record in records}
    assert send["cause"] and by_seq[send["cause"]]["kind"] == "invocation"
