#!/usr/bin/env python3
"""After idle nothing happens by itself: random chains of queues, buckets and functions, each sent through and waited for; from the moment that idle has
answered until the next request of ours, the journal must not grow.

    tests/property/run.py [--short] [--seed N]      1,000 chains (the short form 60)
"""
import base64
import http.client
import io
import json
import os
import random
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402

# Does the first hop with the rest of the chain in it, through the endpoint that its environment names.
HANDLER = '''
import http.client, json, os
from urllib.parse import urlparse, unquote_plus
endpoint = urlparse(os.environ["AWS_ENDPOINT_URL"])

def ask(method, path, body=b"", headers={}):
    connection = http.client.HTTPConnection(endpoint.hostname, endpoint.port)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status >= 300:
        raise RuntimeError("%s %s: %d %r" % (method, path, answer.status, data))
    return data

def go(chain):
    if not chain:
        return
    hop, rest = chain[0], json.dumps(chain[1:])
    if hop == "fail":
        raise ValueError("as asked")
    if hop == "queue":
        ask("POST", "/", json.dumps({"QueueUrl": "http://x/000000000000/hops", "MessageBody": rest}),
            {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"})
    elif hop == "bucket":
        ask("PUT", "/hops/%s" % os.urandom(6).hex(), rest)
    elif hop == "event":
        ask("POST", "/2015-03-31/functions/hop/invocations", json.dumps({"chain": chain[1:]}), {"X-Amz-Invocation-Type": "Event"})
    elif hop == "twice":
        go(chain[1:])
        go(chain[1:])

def handler(event, context):
    for record in event.get("Records", []):
        if "s3" in record:
            go(json.loads(ask("GET", "/%s/%s" % (record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])))))
        else:
            go(json.loads(record["body"]))
    go(event.get("chain", []))
    return "done"
'''
HOPS = ("queue", "bucket", "event", "twice", "fail")


def package():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("hop.py", HANDLER)
    return base64.b64encode(data.getvalue()).decode()


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120 * harness.PATIENCE)

    def ask(self, method, path, body=b"", headers=None):
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {data.decode(errors='replace')}")
        return data

    def last(self, after):
        """The number of the newest record."""
        lines = self.ask("GET", f"/_lowcloud/journal?after={after}&limit=10000").splitlines()
        return json.loads(lines[-1])["seq"] if lines else after


def set_up(client):
    sqs = {"X-Amz-Target": "AmazonSQS.CreateQueue", "Content-Type": "application/x-amz-json-1.0"}
    client.ask("POST", "/", json.dumps({"QueueName": "dead"}), sqs)
    client.ask("POST", "/", json.dumps({"QueueName": "hops", "Attributes": {
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2})}}), sqs)
    client.ask("POST", "/2015-03-31/functions", json.dumps({
        "FunctionName": "hop", "Runtime": "python3.11", "Handler": "hop.handler", "Role": "arn:aws:iam::000000000000:role/any", "Timeout": 30, "MemorySize": 256,
        "Code": {"ZipFile": package()}}))
    client.ask("POST", "/2015-03-31/functions/hop/policy", json.dumps({"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}))
    client.ask("PUT", "/2019-09-25/functions/hop/event-invoke-config", json.dumps({"MaximumRetryAttempts": 1}))
    client.ask("POST", "/2015-03-31/event-source-mappings", json.dumps({"FunctionName": "hop", "BatchSize": 1, "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:hops"}))
    client.ask("PUT", "/hops")
    client.ask("PUT", "/hops?notification", "<NotificationConfiguration><CloudFunctionConfiguration><CloudFunction>"
               "arn:aws:lambda:us-east-1:000000000000:function:hop</CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>"
               "</NotificationConfiguration>")


def start_chain(client, choose):
    chain = [choose.choice(HOPS) for _ in range(choose.randrange(1, 6))]
    # A doubling each time is enough to see; not one that fills the machine.
    while chain.count("twice") > 2:
        chain.remove("twice")
    client.ask("POST", "/2015-03-31/functions/hop/invocations", json.dumps({"chain": chain}), {"X-Amz-Invocation-Type": "Event"})
    return chain


def main():
    chains = 60 if "--short" in sys.argv else 1000
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
    choose = random.Random(seed)
    passed = failed = 0
    with harness.Server("--max-environments", "4", clock="frozen@2026-01-02T03:04:05Z", seed=seed, strict_turns=False) as server:
        client = Client(server.port)
        set_up(client)
        quiet = None
        for number in range(chains):
            # What the last idle promised, looked at as late as possible: when the next chain is about to begin.
            if quiet is not None and client.last(quiet) != quiet:
                failed += 1
                print(f"chain {number - 1} (seed {seed}): {chain}: something happened after idle: records after {quiet}", flush=True)
            chain = start_chain(client, choose)
            client.ask("GET", "/_lowcloud/idle?timeout=60s")
            if choose.random() < 0.3:
                client.ask("POST", "/_lowcloud/clock", json.dumps({"next": True}))
                client.ask("GET", "/_lowcloud/idle?timeout=60s")
            quiet = client.last(quiet or 0)
            passed += 1
        client.ask("GET", "/_lowcloud/health")
        if client.last(quiet) != quiet:
            failed += 1
            print("something happened after the last idle")
    print(f"{passed - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
