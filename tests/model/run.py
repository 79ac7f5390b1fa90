#!/usr/bin/env python3
"""Random operations on queues, each compared with the model of sqs_model.py; the clock is frozen and moves only when an operation says so.

    tests/model/run.py [--short] [--operations N] [--seed N] [--binary PROGRAM]        100,000 operations (the short form 8,000)

The first difference ends the run; the same seed shows it again.
"""
import argparse
import http.client
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import harness  # noqa: E402
from sqs_model import Handle, Model, Queue  # noqa: E402

START_MS = 1767323045000  # 2026-01-02T03:04:05Z
HANDLES = 40  # as many are remembered, old ones too


class Difference(Exception):
    pass


def expect(what, wanted, got):
    if wanted != got:
        raise Difference(f"{what}: the model says {wanted!r}, the server {got!r}")


class Client:
    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def ask(self, operation, **members):
        """(error code or None, answer)"""
        self.connection.request(
            "POST", "/", json.dumps(members), {"X-Amz-Target": "AmazonSQS." + operation, "Content-Type": "application/x-amz-json-1.0"}
        )
        answer = self.connection.getresponse()
        text = answer.read()
        parsed = json.loads(text) if text else {}
        if answer.status >= 500:
            raise Difference(f"{operation}: {answer.status} {text!r}")
        return (parsed.get("__type", "").split("#")[-1] if answer.status != 200 else None), parsed

    def control(self, path, **body):
        self.connection.request("POST", "/_lowcloud/" + path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Difference(f"{path}: {answer.status} {text!r}")


class Run:
    def __init__(self, server, seed):
        self.random = random.Random(seed)
        self.client = Client(server)
        self.model = Model(START_MS)
        self.queues = []
        self.handles = []
        self.bodies = 0
        self.done = {}  # operation -> how often
        self.make_queues()

    # -- the cloud ----------------------------------------------------------------------------------------------------

    def make_queues(self):
        dead, dead_fifo = Queue("dead", retention=3600), Queue("dead.fifo", is_fifo=True, content=True)
        for queue in (
            dead,
            dead_fifo,
            Queue("plain", retention=120, visibility=5),
            Queue("slow", delay=7, visibility=10),
            Queue("work", visibility=3, dead_letters=dead, most=2),
            Queue("fair", visibility=20, is_fair=True),
            Queue("order.fifo", is_fifo=True, visibility=6),
            Queue("late.fifo", is_fifo=True, delay=4, visibility=5, content=True, retention=600),
            Queue("groups.fifo", is_fifo=True, visibility=4, by_group=True, dead_letters=dead_fifo, most=3),
        ):
            attributes = {"DelaySeconds": queue.delay, "VisibilityTimeout": queue.visibility, "MessageRetentionPeriod": queue.retention}
            if queue.is_fifo:
                attributes.update(FifoQueue="true", ContentBasedDeduplication="true" if queue.content else "false")
                attributes["DeduplicationScope"] = "messageGroup" if queue.by_group else "queue"
            if queue.dead_letters:
                arn = "arn:aws:sqs:us-east-1:000000000000:" + queue.dead_letters.name
                attributes["RedrivePolicy"] = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": queue.most})
            error, _ = self.client.ask("CreateQueue", QueueName=queue.name, Attributes={key: str(value) for key, value in attributes.items()})
            expect("CreateQueue " + queue.name, None, error)
            self.queues.append(queue)

    # -- operations ---------------------------------------------------------------------------------------------------

    def members_of_message(self, queue):
        self.bodies += 1
        members = {"MessageBody": f"body {self.random.randrange(30) if queue.content else self.bodies}"}
        if queue.is_fifo:
            members["MessageGroupId"] = self.random.choice("abcde")
            if not queue.content or self.random.random() < 0.3:
                members["MessageDeduplicationId"] = f"id{self.random.randrange(15)}"
        elif queue.is_fair:
            members["MessageGroupId"] = self.random.choice(("noisy", "noisy", "noisy", "a", "b", "c"))
        elif self.random.random() < 0.3:
            members["DelaySeconds"] = self.random.choice((0, 1, 5, 20))
        return members

    def sent(self, queue, members, answer):
        message, was_there = self.model.send(
            queue, members["MessageBody"], members.get("DelaySeconds"), members.get("MessageGroupId"), members.get("MessageDeduplicationId")
        )
        if was_there:
            expect("id of a duplicate", message.id, answer["MessageId"])
            expect("sequence number of a duplicate", message.sequence, answer["SequenceNumber"])
            return
        message.id = answer["MessageId"]
        message.sequence = answer.get("SequenceNumber")
        if queue.is_fifo:
            if message.sequence <= getattr(queue, "last", ""):
                raise Difference(f"sequence number {message.sequence} after {queue.last}")
            queue.last = message.sequence

    def send(self, queue):
        members = self.members_of_message(queue)
        error, answer = self.client.ask("SendMessage", QueueUrl=queue.name, **members)
        expect("SendMessage", None, error)
        self.sent(queue, members, answer)

    def send_batch(self, queue):
        entries = [dict(self.members_of_message(queue), Id=str(number)) for number in range(self.random.randint(1, 10))]
        error, answer = self.client.ask("SendMessageBatch", QueueUrl=queue.name, Entries=entries)
        expect("SendMessageBatch", (None, None, len(entries)), (error, answer.get("Failed"), len(answer.get("Successful", []))))
        for entry, result in zip(entries, answer["Successful"]):
            self.sent(queue, entry, result)

    def receive(self, queue):
        most = self.random.choice((1, 1, 2, 3, 10))
        members = {"MaxNumberOfMessages": most, "AttributeNames": ["All"]}
        if self.random.random() < 0.3:
            members["VisibilityTimeout"] = self.random.choice((0, 1, 8, 30))
        if queue.is_fifo and self.random.random() < 0.3:
            members["ReceiveRequestAttemptId"] = self.random.choice("xyz")
        error, answer = self.client.ask("ReceiveMessage", QueueUrl=queue.name, **members)
        expect("ReceiveMessage", None, error)
        got = answer.get("Messages", [])
        if queue.is_fair:
            problem, wanted = self.model.receive_fair(queue, most, members.get("VisibilityTimeout"), [m["MessageId"] for m in got])
            if problem:
                raise Difference("fair queue: " + problem)
        else:
            wanted = self.model.receive(queue, most, members.get("VisibilityTimeout"), members.get("ReceiveRequestAttemptId"))
        expect(f"messages of {queue.name}", [(m.id, m.body, m.receives) for m in wanted],
               [(m["MessageId"], m["Body"], int(m["Attributes"]["ApproximateReceiveCount"])) for m in got])
        for message, shown in zip(wanted, got):
            self.compare(message, shown["Attributes"])
            self.handles.append(Handle(queue, message, message.receives, shown["ReceiptHandle"]))
        del self.handles[:-HANDLES]

    def compare(self, message, shown):
        source = message.source and "arn:aws:sqs:us-east-1:000000000000:" + message.source
        expect("attributes", (str(message.sent_at), str(message.first_received), message.group, message.deduplication, source),
               (shown["SentTimestamp"], shown["ApproximateFirstReceiveTimestamp"], shown.get("MessageGroupId"), shown.get("MessageDeduplicationId"),
                shown.get("DeadLetterQueueSourceArn")))

    def delete(self, _):
        if self.handles:
            handle = self.random.choice(self.handles)
            error, _ = self.client.ask("DeleteMessage", QueueUrl=handle.queue.name, ReceiptHandle=handle.text)
            expect("DeleteMessage", None if self.model.delete(handle) else "InvalidParameterValueException", error)

    def delete_batch(self, queue):
        handles = [handle for handle in self.handles[-12:] if handle.queue is queue]
        if handles:
            entries = [{"Id": str(number), "ReceiptHandle": handle.text} for number, handle in enumerate(handles[:10])]
            error, answer = self.client.ask("DeleteMessageBatch", QueueUrl=queue.name, Entries=entries)
            expect("DeleteMessageBatch", None, error)
            failed = {entry["Id"] for entry in answer.get("Failed", [])}
            expect("deleted", [self.model.delete(handle) for handle in handles[:10]], [entry["Id"] not in failed for entry in entries])

    def change(self, _):
        if self.handles:
            handle, timeout = self.random.choice(self.handles), self.random.choice((0, 0, 1, 10, 40))
            error, _ = self.client.ask("ChangeMessageVisibility", QueueUrl=handle.queue.name, ReceiptHandle=handle.text, VisibilityTimeout=timeout)
            expect("ChangeMessageVisibility", None if self.model.change(handle, timeout) else "InvalidParameterValueException", error)

    def count(self, queue):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible"]
        error, answer = self.client.ask("GetQueueAttributes", QueueUrl=queue.name, AttributeNames=names)
        expect("GetQueueAttributes", None, error)
        expect(f"visible, delayed and in flight of {queue.name}", self.model.counts(queue), tuple(int(answer["Attributes"][name]) for name in names))

    def configure(self, queue):
        delay, visibility = self.random.choice((0, 0, 3, 9)), self.random.choice((2, 5, 12))
        error, _ = self.client.ask("SetQueueAttributes", QueueUrl=queue.name, Attributes={"DelaySeconds": str(delay), "VisibilityTimeout": str(visibility)})
        expect("SetQueueAttributes", None, error)
        queue.delay, queue.visibility = delay, visibility

    def purge(self, queue):
        error, _ = self.client.ask("PurgeQueue", QueueUrl=queue.name)
        expect("PurgeQueue", None, error)
        self.model.purge(queue)

    def advance(self, queue):
        """By some time, or to the edge of something that is about to happen in the queue: just before it, or at it."""
        ms = self.random.choice((1, 250, 999, 1000, 1001, 3000, 5000, 11000))
        edges = sorted(edge - self.model.now for edge in self.model.edges(queue))
        if edges and self.random.random() < 0.5:
            ms = max(1, (edges[0] if self.random.random() < 0.7 else self.random.choice(edges)) - self.random.choice((0, 0, 1)))
        self.client.control("clock", advance=f"{ms}ms")
        self.model.now += ms

    def one(self):
        operation = self.random.choices(
            (self.send, self.send_batch, self.receive, self.delete, self.delete_batch, self.change, self.count, self.configure, self.purge, self.advance),
            (14, 3, 30, 12, 4, 8, 12, 1, 0.4, 14),
        )[0]
        name = operation.__name__
        self.done[name] = self.done.get(name, 0) + 1
        operation(self.random.choice(self.queues))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--operations", type=int)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--binary")
    given = parser.parse_args()
    wanted = given.operations or (8000 if given.short else 100000)
    print(f"seed {given.seed}", flush=True)
    done = 0
    with harness.Server(clock="frozen@2026-01-02T03:04:05Z", binary=given.binary) as server:
        try:
            run = Run(server, given.seed)
            while done < wanted:
                run.one()
                done += 1
        except (Difference, OSError, http.client.HTTPException) as problem:
            print(f"FAILED  operation {done + 1} of {wanted}: {problem}\n{server.log(10)}")
            print("0 passed, 1 failed, 0 skipped")
            return 1
    print(", ".join(f"{name} {count}" for name, count in sorted(run.done.items())))
    print(f"{done} operations without a difference")
    print("1 passed, 0 failed, 0 skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
