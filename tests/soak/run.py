#!/usr/bin/env python3
"""Kills lowcloud with SIGKILL under load, again and again: no handler and no descendant of one may live on, no file may be left after the next start, and
with --data no acknowledged write may be missing.

    tests/soak/run.py           100 rounds       tests/soak/run.py --short      6 rounds
"""
import base64
import http.client
import io
import json
import os
import random
import select
import sys
import tempfile
import threading
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402

MARK = "LOWCLOUD_SOAK_MARK"
HANDLER = '''
import os, signal, threading
def leave_a_daemon():
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            threading.Event().wait(600)
        os._exit(0)
    os.wait()
leave_a_daemon()
def handler(event, context):
    if event.get("hang"):
        threading.Event().wait(600)
    return {"pid": os.getpid()}
'''
ROLE = "arn:aws:iam::000000000000:role/soak"


def package():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("soak.py", HANDLER)
    return base64.b64encode(data.getvalue()).decode()


class Client:
    """One keep-alive connection; every answer that came is an acknowledgement."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=b"", headers=None):
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def sqs(self, operation, **members):
        status, body = self.ask("POST", "/", json.dumps(members), {"X-Amz-Target": "AmazonSQS." + operation, "Content-Type": "application/x-amz-json-1.0"})
        return status, json.loads(body) if body else {}


def set_up(port, mark):
    client = Client(port)
    client.sqs("CreateQueue", QueueName="kept")
    client.sqs("CreateQueue", QueueName="fed", Attributes={"VisibilityTimeout": "60"})
    client.ask("PUT", "/kept")
    status, body = client.ask("POST", "/2015-03-31/functions", json.dumps({
        "FunctionName": "soak", "Runtime": "python3.11", "Handler": "soak.handler", "Role": ROLE, "Timeout": 60, "Code": {"ZipFile": package()},
        "Environment": {"Variables": {MARK: mark}}}))
    assert status in (201, 409), body
    client.ask("POST", "/2015-03-31/event-source-mappings", json.dumps({"FunctionName": "soak", "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:fed"}))


def load(port, seed, kept, until):
    """Random work until the server is gone."""
    choose = random.Random(seed)
    try:
        client = Client(port)
        for number in range(1000000):
            what = choose.randrange(6)
            name = f"{seed}-{number}"
            if what < 2 and client.sqs("SendMessage", QueueUrl="http://x/000000000000/kept", MessageBody=name)[0] == 200:
                kept.append(("message", name))
            elif what == 2 and client.ask("PUT", "/kept/" + name, name * choose.choice((1, 2000)))[0] == 200:
                kept.append(("object", name))
            elif what == 3:
                client.sqs("SendMessage", QueueUrl="http://x/000000000000/fed", MessageBody="{}")
            elif what == 4:
                client.ask("POST", "/2015-03-31/functions/soak/invocations", "{}")
            elif what == 5:
                client.ask("POST", "/2015-03-31/functions/soak/invocations", json.dumps({"hang": choose.random() < 0.2}), {"X-Amz-Invocation-Type": "Event"})
            if len(kept) >= until.count:
                until.event.set()
    except (OSError, http.client.HTTPException, ValueError):
        pass


class Until:
    def __init__(self, count):
        self.count, self.event = count, threading.Event()


def marked(mark):
    """Processes that carry the mark in their environment."""
    found = []
    wanted = f"{MARK}={mark}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if wanted in environment.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


def survivors(mark, seconds):
    """Those that do not end in time; each is waited for, none is looked for twice."""
    deadline = time.monotonic() + seconds
    left = []
    for pid in marked(mark):
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if not select.select([handle], [], [], max(0, deadline - time.monotonic()))[0]:
            left.append(pid)
        os.close(handle)
    return left + [pid for pid in marked(mark) if pid not in left]


def missing(port, kept):
    """What was acknowledged and is not there any more."""
    client = Client(port)
    lost = []
    messages = set()
    while True:
        status, answer = client.sqs("ReceiveMessage", QueueUrl="http://x/000000000000/kept", MaxNumberOfMessages=10, VisibilityTimeout=600)
        batch = answer.get("Messages", [])
        for message in batch:
            if message["Body"] in messages:
                lost.append(("doubled", message["Body"]))
            messages.add(message["Body"])
        if not batch:
            break
        client.sqs("DeleteMessageBatch", QueueUrl="http://x/000000000000/kept",
                   Entries=[{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(batch)])
    for kind, name in kept:
        if kind == "message":
            if name not in messages:
                lost.append((kind, name))
        else:
            status, body = client.ask("GET", "/kept/" + name)
            if status != 200 or body.replace(name.encode(), b"") != b"":
                lost.append((kind, name))
    return lost


def one_round(number, durable, root):
    mark = f"{os.getpid()}-{number}"
    problems = []
    options = ["--isolation", "guardian"] if number % 3 == 2 else []
    environment = {"TMPDIR": os.path.join(root, "tmp")}
    data = os.path.join(root, f"data-{number}") if durable else None
    kept = []
    server = harness.Server(*options, data=data, environment=environment, seed=number + 1).start()
    try:
        set_up(server.port, mark)
        until = Until(random.Random(number).randrange(5, 120))
        threads = [threading.Thread(target=load, args=(server.port, f"{number}.{side}", kept, until)) for side in range(3)]
        for thread in threads:
            thread.start()
        until.event.wait(30 * harness.PATIENCE)
    finally:
        server.stop(kill=True)
    for thread in threads:
        thread.join()
    left = survivors(mark, 2 * harness.PATIENCE)
    if left:
        problems.append(f"processes {left} live on")
        for pid in left:
            os.kill(pid, 9)
    with harness.Server(*options, data=data, environment=environment) as again:
        directories = [name for name in os.listdir(environment["TMPDIR"]) if name.startswith("lowcloud")]
        if len(directories) > (0 if durable else 1):
            problems.append(f"left in TMPDIR: {directories}")
        if durable:
            lost = missing(again.port, list(kept))
            if lost:
                problems.append(f"{len(lost)} of {len(kept)} acknowledged writes are missing or doubled, first {lost[:3]}")
    return problems


def main():
    rounds = 6 if "--short" in sys.argv else 100
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="lowcloud-soak-") as root:
        os.mkdir(os.path.join(root, "tmp"))
        for number in range(rounds):
            problems = one_round(number, number % 2 == 1, root)
            passed += not problems
            failed += bool(problems)
            for problem in problems:
                print(f"round {number}: {problem}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
