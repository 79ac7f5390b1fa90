#!/usr/bin/env python3
"""The AWS CLI as people type it, against a server of its own; AWS_UNDER_TEST is the command. The last line is the count."""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402
from packages import zipped  # noqa: E402

AWS = os.environ.get("AWS_UNDER_TEST", "/usr/bin/aws")
ROLE = "arn:aws:iam::000000000000:role/worker"


class Cli:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.env = server.environment()
        # Which option says "this is the payload, not its base64" differs between versions 1 and 2.
        version = subprocess.run([AWS, "--version"], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout
        self.raw_payload = ["--cli-binary-format", "raw-in-base64-out"] if version.startswith("aws-cli/2") else []
        self.has_tail = version.startswith("aws-cli/2")
        self.version = version.strip()

    def run(self, *words, ok=True):
        done = subprocess.run(
            [AWS, "--endpoint-url", self.server.endpoint, *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300 * harness.PATIENCE, check=False,
        )
        if (done.returncode == 0) != ok:
            raise AssertionError(f"aws {' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if ok else done.stderr

    def json(self, *words):
        text = self.run(*words, "--output", "json")
        return json.loads(text) if text.strip() else None

    def path(self, name):
        return os.path.join(self.folder, name)

    def log(self, group):
        """The messages of a log group: by `logs tail` where the CLI has it (version 2)."""
        if self.has_tail:
            return [line.split(" ", 1)[1] for line in self.run("logs", "tail", group, "--format", "short", "--since", "1h").splitlines() if " " in line]
        events = self.json("logs", "filter-log-events", "--log-group-name", group)["events"]
        return [event["message"].rstrip("\n") for event in events]


def make_file(path, size):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    block = hashlib.sha256(path.encode()).digest() * 2048
    with open(path, "wb") as out:
        for at in range(0, size, len(block)):
            out.write(block[: size - at])


def same(one, other):
    digests = []
    for path in (one, other):
        with open(path, "rb") as data:
            digests.append(hashlib.file_digest(data, "md5").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.md5(data.read()).hexdigest())
    return digests[0] == digests[1]


def test_s3_cp(aws):
    aws.run("s3", "mb", "s3://bucket")
    for name, size in (("empty", 0), ("one", 1), ("five", 5 * 1024 * 1024), ("twenty", 20 * 1024 * 1024), ("hundred", 100 * 1024 * 1024)):
        make_file(aws.path(f"in/{name}"), size)
        aws.run("s3", "cp", f"in/{name}", f"s3://bucket/{name}", "--no-progress")
        aws.run("s3", "cp", f"s3://bucket/{name}", f"out/{name}", "--no-progress")
        assert same(aws.path(f"in/{name}"), aws.path(f"out/{name}")), name
    listed = aws.run("s3", "ls", "s3://bucket")
    assert [line.split()[2:] for line in listed.splitlines()] == [
        ["0", "empty"], ["5242880", "five"], ["104857600", "hundred"], ["1", "one"], ["20971520", "twenty"]], listed
    aws.run("s3", "cp", "s3://bucket/hundred", "s3://bucket/copied", "--no-progress")
    assert aws.json("s3api", "head-object", "--bucket", "bucket", "--key", "copied")["ContentLength"] == 104857600
    aws.run("s3", "mv", "s3://bucket/one", "s3://bucket/moved")
    assert "404" in aws.run("s3api", "head-object", "--bucket", "bucket", "--key", "one", ok=False)
    assert "BucketNotEmpty" in aws.run("s3", "rb", "s3://bucket", ok=False)
    aws.run("s3", "rb", "s3://bucket", "--force")
    assert aws.run("s3", "ls").strip() == ""


def test_s3_sync(aws):
    aws.run("s3", "mb", "s3://bucket")
    for name in ("a", "b/c", "b/d e", "ü/f"):
        make_file(aws.path(f"in/{name}"), 1000)
    aws.run("s3", "sync", "in", "s3://bucket/to", "--no-progress")
    assert aws.run("s3", "sync", "in", "s3://bucket/to", "--no-progress").strip() == "", "the second time there is nothing to do"
    aws.run("s3", "sync", "s3://bucket/to", "out", "--no-progress")
    for name in ("a", "b/c", "b/d e", "ü/f"):
        assert same(aws.path(f"in/{name}"), aws.path(f"out/{name}"))
    os.remove(aws.path("in/a"))
    aws.run("s3", "sync", "in", "s3://bucket/to", "--delete", "--no-progress")
    assert "to/a" not in aws.run("s3", "ls", "--recursive", "s3://bucket")
    aws.run("s3", "rm", "s3://bucket/to", "--recursive")
    aws.run("s3", "rb", "s3://bucket")


def test_s3_streams_and_errors(aws):
    aws.run("s3", "mb", "s3://bucket")
    env = dict(aws.env)
    subprocess.run(
        [AWS, "--endpoint-url", aws.server.endpoint, "s3", "cp", "-", "s3://bucket/k"], input=b"from stdin", env=env, check=True,
        stdout=subprocess.DEVNULL, timeout=120 * harness.PATIENCE,
    )
    assert aws.run("s3", "cp", "s3://bucket/k", "-") == "from stdin"
    assert "NoSuchBucket" in aws.run("s3", "ls", "s3://nothing", ok=False)
    assert "NoSuchKey" in aws.run("s3api", "get-object", "--bucket", "bucket", "--key", "nothing", "out", ok=False)
    aws.run("s3api", "put-object", "--bucket", "bucket", "--key", "bodyless")
    assert aws.json("s3api", "list-objects-v2", "--bucket", "bucket", "--query", "Contents[].Key") == ["bodyless", "k"]


def test_sqs(aws):
    url = aws.json("sqs", "create-queue", "--queue-name", "q", "--attributes", "DelaySeconds=0")["QueueUrl"]
    sent = aws.json("sqs", "send-message", "--queue-url", url, "--message-body", "hello ü",
                    "--message-attributes", '{"Title":{"DataType":"String","StringValue":"The Whistler"}}')
    assert sent["MD5OfMessageAttributes"] == "f4ba90390ad3f80d43ce8a9e4a4abfd6"
    (message,) = aws.json("sqs", "receive-message", "--queue-url", url, "--attribute-names", "All", "--message-attribute-names", "All")["Messages"]
    assert message["Body"] == "hello ü" and message["MessageAttributes"]["Title"]["StringValue"] == "The Whistler"
    aws.run("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert aws.run("sqs", "receive-message", "--queue-url", url).strip() == ""
    assert "NonExistentQueue" in aws.run("sqs", "get-queue-url", "--queue-name", "nothing", ok=False)


def create(aws, name, runtime="python3.12", handler="index.handler", **files):
    with open(aws.path(f"{name}.zip"), "wb") as out:
        out.write(zipped(**files))
    return aws.json("lambda", "create-function", "--function-name", name, "--runtime", runtime, "--handler", handler, "--role", ROLE,
                    "--zip-file", f"fileb://{name}.zip", "--timeout", "10")


SAY = "def handler(event, context):\n    print('said', event.get('n'))\n    return {'n': event.get('n')}\n"


def test_lambda(aws):
    assert create(aws, "say", index_py=SAY)["State"] == "Pending"
    aws.run("lambda", "wait", "function-active", "--function-name", "say")
    answer = aws.json("lambda", "invoke", "--function-name", "say", "--payload", '{"n": 7}', *aws.raw_payload, "--log-type", "Tail", "out.json")
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer and answer["LogResult"]
    with open(aws.path("out.json"), encoding="utf-8") as out:
        assert json.load(out) == {"n": 7}
    create(aws, "sh", "provided.al2023", "stdio:run", run="#!/bin/sh\ncat\n")
    aws.json("lambda", "invoke", "--function-name", "sh", "--payload", '{"a":1}', *aws.raw_payload, "out.json")
    with open(aws.path("out.json"), encoding="utf-8") as out:
        assert json.load(out) == {"a": 1}
    assert aws.json("lambda", "list-functions", "--query", "Functions[].FunctionName") == ["say", "sh"]
    aws.run("lambda", "delete-function", "--function-name", "sh")
    assert "ResourceNotFoundException" in aws.run("lambda", "get-function", "--function-name", "sh", ok=False)


def test_logs(aws):
    create(aws, "say", index_py=SAY)
    for n in range(2):
        aws.json("lambda", "invoke", "--function-name", "say", "--payload", json.dumps({"n": n}), *aws.raw_payload, "out.json")
    aws.server.idle()
    lines = aws.log("/aws/lambda/say")
    assert "said 0" in lines and "said 1" in lines and any(line.startswith("REPORT RequestId: ") for line in lines), lines
    assert lines.index("said 0") < lines.index("said 1")
    if aws.has_tail:
        assert "said 1" in aws.run("logs", "tail", "/aws/lambda/say", "--filter-pattern", "said")
        assert "ResourceNotFoundException" in aws.run("logs", "tail", "/aws/lambda/nothing", ok=False)


def test_a_chain(aws):
    """HTTP API → Lambda, and SQS → Lambda, deployed by the CLI alone."""
    url = aws.json("sqs", "create-queue", "--queue-name", "in", "--attributes", "VisibilityTimeout=60")["QueueUrl"]
    create(aws, "work", index_py="def handler(event, context):\n    print(event['Records'][0]['body'])\n")
    mapping = aws.json("lambda", "create-event-source-mapping", "--function-name", "work",
                       "--event-source-arn", "arn:aws:sqs:us-east-1:000000000000:in", "--batch-size", "1")
    aws.server.idle()
    assert aws.json("lambda", "get-event-source-mapping", "--uuid", mapping["UUID"])["State"] == "Enabled"
    aws.json("sqs", "send-message", "--queue-url", url, "--message-body", "through the chain")
    aws.server.idle()
    assert "through the chain" in aws.log("/aws/lambda/work")
    create(aws, "web", index_py="def handler(event, context):\n    return {'statusCode': 202, 'body': event['rawPath']}\n")
    aws.json("lambda", "add-permission", "--function-name", "web", "--statement-id", "gateway", "--action", "lambda:InvokeFunction",
             "--principal", "apigateway.amazonaws.com")
    api = aws.json("apigatewayv2", "create-api", "--name", "web", "--protocol-type", "HTTP",
                   "--target", "arn:aws:lambda:us-east-1:000000000000:function:web", "--tags", "_custom_id_=web")
    assert api["ApiId"] == "web"
    status, _, body = aws.server.request("GET", "/some/where", headers={"Host": f"web.execute-api.localhost:{aws.server.port}"})
    assert (status, body) == (202, b"/some/where")


def test_identity(aws):
    assert aws.json("sts", "get-caller-identity")["Account"] == "000000000000"
    aws.json("iam", "create-role", "--role-name", "worker", "--assume-role-policy-document", '{"Version":"2012-10-17","Statement":[]}')
    assert aws.json("iam", "list-roles", "--query", "Roles[].RoleName") == ["worker"]


def main():
    passed = failed = 0
    with harness.Server(seed=1) as server:
        for name, test in [(name, test) for name, test in globals().items() if name.startswith("test_")]:
            start = time.monotonic()
            try:
                if not server.is_alive():
                    raise harness.ServerError("the server has ended\n" + server.log())
                server.reset()
                with tempfile.TemporaryDirectory(prefix="lowcloud-cli-") as folder:
                    test(Cli(server, folder))
                passed += 1
                print(f"ok      {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {name}\n{traceback.format_exc(limit=4)}", flush=True)
                if server.is_alive():
                    print(server.log(15))
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
