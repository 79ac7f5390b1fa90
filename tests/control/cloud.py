"""What the tests of this folder have in common: a server with clients of several services. Standard library only."""
import http.client
import json
import os
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "runtimes"))

import functions  # noqa: E402
import harness  # noqa: E402

START = "2026-01-02T03:04:05Z"


def scope(service, account="test", region="us-east-1"):
    return f"AWS4-HMAC-SHA256 Credential={account}/20260102/{region}/{service}/aws4_request, SignedHeaders=host, Signature=00"


class Cloud(functions.Lambda):
    """As one account in one region."""

    def __init__(self, server, account=None, region="us-east-1"):
        super().__init__(server)
        self.account, self.region = account or "000000000000", region
        self.key = account or "test"

    def request(self, method, path, body=b"", **headers):
        target = headers.get("X_Amz_Target", "")
        service = "sqs" if target.startswith("AmazonSQS") else "logs" if target.startswith("Logs") else "lambda" if path.startswith("/2") else "apigateway" if path.startswith("/v2/") else "s3"
        headers.setdefault("Authorization", scope(service, self.key, self.region))
        return super().request(method, path, body, **headers)

    def url(self, name):
        return f"http://localhost:{self.server.port}/{self.account}/{name}"

    def sqs(self, operation, status=200, **body):
        got, _, answer = self.request("POST", "/", json.dumps(body), Content_Type="application/x-amz-json-1.0", X_Amz_Target="AmazonSQS." + operation)
        assert got == status, (operation, got, answer)
        return json.loads(answer) if answer else {}

    def queue(self, name, **attributes):
        given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        return self.sqs("CreateQueue", QueueName=name, Attributes=given)["QueueUrl"]

    def arn(self, name, service="sqs"):
        return f"arn:aws:{service}:{self.region}:{self.account}:{name}"

    def send(self, queue, body, **more):
        return self.sqs("SendMessage", QueueUrl=self.url(queue), MessageBody=body, **more)["MessageId"]

    def receive(self, queue, **more):
        return self.sqs("ReceiveMessage", QueueUrl=self.url(queue), **more).get("Messages", [])

    def map(self, queue, function, **more):
        return self.json("POST", "/2015-03-31/event-source-mappings/", {"EventSourceArn": self.arn(queue), "FunctionName": function, "BatchSize": 1, **more})["UUID"]

    def peek(self, queue):
        return self.server.control("GET", f"queues/{queue}/messages?account={self.account}&region={self.region}")


class Waiting:
    """A long poll in a thread of its own; the socket can be closed under it."""

    def __init__(self, cloud, queue, seconds=20, **more):
        body = json.dumps({"QueueUrl": cloud.url(queue), "WaitTimeSeconds": seconds, **more})
        before = cloud.server.journal()[-1:]
        self.connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=60 * harness.PATIENCE)
        self.connection.request("POST", "/", body, {
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage", "Authorization": scope("sqs", cloud.key, cloud.region)})
        after = before[0]["seq"] if before else 0
        end = time.monotonic() + 20 * harness.PATIENCE
        while not any(record.get("operation") == "ReceiveMessage" and record["actor"] == "client" for record in cloud.server.journal(after)):
            assert time.monotonic() < end, "the receive does not arrive"

    def hang_up(self):
        self.connection.close()

    def answer(self):
        got = self.connection.getresponse()
        body = got.read()
        self.connection.close()
        return got.status, got.headers, json.loads(body) if body else {}


class Case(unittest.TestCase):
    def server(self, *options, **settings):
        server = harness.Server(*options, **settings)
        server.start()
        self.addCleanup(server.stop)
        return server

    def until(self, condition):
        end = time.monotonic() + 20 * harness.PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end, "it never came true")

    def frozen(self, *options, **settings):
        server = self.server(*options, clock="frozen@" + START, seed=1, **settings)
        return server, Cloud(server)


def side_by_side(jobs):
    """Runs the functions in a thread each; their results in order."""
    results = [None] * len(jobs)

    def run(number, job):
        try:
            results[number] = job()
        except BaseException as problem:  # noqa: B036 pylint: disable=broad-except
            results[number] = problem

    threads = [threading.Thread(target=run, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
