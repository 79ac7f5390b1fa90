#!/usr/bin/env python3
"""Random walks against plain Python models of AWS's rules, over HTTP, under a frozen clock. The models share nothing with the server.

    tests/model/run.py [--short] [--seed N] [--steps N]

Each walk compares every answer with what the model allows. So that a model which sees nothing is noticed, each of its rules is then broken on
purpose, and the same walk must differ. The last line is the count; a failure prints the seed and the last steps.
"""
import argparse
import json
import os
import random
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402


class Differs(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Differs(text)


# --- SQS ---------------------------------------------------------------------------------------------------------------------


class SqsModel:
    """A standard queue with a dead-letter queue. Sources: the developer guide's pages on visibility timeout, delay queues, dead-letter queues and
    message retention. Which of the visible messages a receive gives is free, and it may give fewer than asked; that it gives those which have been visible
    for the longest time, and how used-up ones in front are passed over, is lowcloud's own promise."""

    RULES = {"visibility": 30, "max_receives": 3, "retention": 3600, "delay_counts": True, "zero_delay_overrides": True, "change_is_absolute": True}
    BROKEN = {"visibility": 31, "max_receives": 4, "retention": 3000, "delay_counts": False, "zero_delay_overrides": False, "change_is_absolute": False}

    def __init__(self, rules):
        self.rules = dict(self.RULES, **rules)
        self.now = 0
        self.queues = {"work": {}, "dead": {}}
        self.queue_delay = self.sent = 0

    def send(self, identity, delay):
        if delay is None or (delay == 0 and not self.rules["zero_delay_overrides"]):
            delay = self.queue_delay
        if not self.rules["delay_counts"]:
            delay = 0
        self.queues["work"][identity] = {"visible": self.now + delay, "delayed": delay > 0, "receives": 0, "sent": self.now, "order": self.sent}
        self.sent += 1

    def expire(self):
        for messages in self.queues.values():
            for identity in [i for i, m in messages.items() if self.now - m["sent"] >= self.rules["retention"]]:
                del messages[identity]

    def visible(self, name):
        self.expire()
        return {i: m for i, m in self.queues[name].items() if m["visible"] <= self.now}

    def receive(self, name, most, timeout, got):
        """`got`: [(id, receive count)] that the server gave."""
        given = self.take(name, most)
        if name == "work":
            expect([identity for identity, _ in got] == given, f"a receive of {most} gave {got}, the model {given}")
        else:
            expect(len(got) == len(given), f"a receive of {most} gave {got}, the model has {len(given)} for it")
        visible = self.visible(name)
        for identity, count in got:
            expect(identity in visible, f"{identity} was received, but is not visible in the model")
            message = visible[identity]
            message["receives"] += 1
            message["delayed"] = False
            expect(count == message["receives"], f"{identity} has receive count {count}, the model says {message['receives']}")
            message["visible"] = self.now + (self.rules["visibility"] if timeout is None else timeout)

    def take(self, name, most):
        """The ids that a receive gives, in order; used-up ones that stand before them move on. A head of `most` is looked at, again while it was all used up."""
        while True:
            visible = self.visible(name)
            head = sorted(visible, key=lambda identity: (visible[identity]["visible"], visible[identity]["order"]))[:most]
            used = [i for i in head if name == "work" and visible[i]["receives"] >= self.rules["max_receives"]]
            for identity in used:
                self.queues["dead"][identity] = dict(self.queues["work"].pop(identity), visible=self.now)
            if not head or len(used) < len(head):
                return [identity for identity in head if identity not in used]

    def change(self, identity, timeout):
        message = self.queues["work"][identity]
        start = self.now if self.rules["change_is_absolute"] else max(message["visible"], self.now)
        message["visible"] = start + timeout

    def counts(self, name):
        self.expire()
        messages = self.queues[name].values()
        waiting = [m for m in messages if m["visible"] > self.now]
        delayed = sum(1 for m in waiting if m["delayed"])
        return len(messages) - len(waiting), len(waiting) - delayed, delayed


class SqsWalk:
    def __init__(self, server, seed, rules):
        self.server, self.random, self.model = server, random.Random(seed), SqsModel(rules)
        self.trail, self.handles = [], {}
        server.reset()
        self.call("CreateQueue", QueueName="dead", Attributes={"MessageRetentionPeriod": "3600"})
        policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 3})
        self.call("CreateQueue", QueueName="work", Attributes={"RedrivePolicy": policy, "MessageRetentionPeriod": "3600"})

    def call(self, operation, **members):
        status, _, body = self.server.request(
            "POST", "/", json.dumps(members), {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS." + operation}
        )
        expect(status == 200, f"{operation} {members}: {status} {body.decode(errors='replace')}")
        return json.loads(body) if body else {}

    def step(self):
        choice = self.random.choices(
            ("send", "receive", "dead", "delete", "change", "advance", "delay", "counts"), (6, 8, 2, 2, 3, 6, 1, 4)
        )[0]
        getattr(self, choice)()

    def note(self, text):
        self.trail.append(f"t={self.model.now} {text}")

    def send(self):
        delay = self.random.choice((None, None, 0, 5, 60))
        members = {} if delay is None else {"DelaySeconds": delay}
        identity = self.call("SendMessage", QueueUrl="work", MessageBody="x", **members)["MessageId"]
        self.model.send(identity, delay)
        self.note(f"send delay={delay} -> {identity}")

    def receive(self, name="work"):
        most = self.random.choice((1, 1, 3, 10))
        timeout = self.random.choice((None, None, None, 0, 7, 100))
        members = {} if timeout is None else {"VisibilityTimeout": timeout}
        self.note(f"receive {name} most={most} timeout={timeout}")
        answer = self.call("ReceiveMessage", QueueUrl=name, MaxNumberOfMessages=most, AttributeNames=["ApproximateReceiveCount"], **members)
        got = [(m["MessageId"], int(m["Attributes"]["ApproximateReceiveCount"])) for m in answer.get("Messages", [])]
        self.note(f"  -> {got}")
        expect(len(dict(got)) == len(got), f"a message twice in one answer: {got}")
        self.model.receive(name, most, timeout, got)
        for message in answer.get("Messages", []):
            self.handles[message["MessageId"]] = message["ReceiptHandle"]

    def dead(self):
        self.receive("dead")

    def held(self):
        return sorted(identity for identity in self.handles if identity in self.model.queues["work"])

    def delete(self):
        if self.held():
            identity = self.random.choice(self.held())
            self.note(f"delete {identity}")
            self.call("DeleteMessage", QueueUrl="work", ReceiptHandle=self.handles.pop(identity))
            del self.model.queues["work"][identity]

    def change(self):
        self.model.expire()
        if self.held():
            identity = self.random.choice(self.held())
            timeout = self.random.choice((0, 0, 3, 200))
            self.note(f"change {identity} to {timeout}")
            self.call("ChangeMessageVisibility", QueueUrl="work", ReceiptHandle=self.handles[identity], VisibilityTimeout=timeout)
            self.model.change(identity, timeout)

    def advance(self):
        seconds = self.random.choice((1, 2, 5, 29, 30, 31, 60, 300))
        self.note(f"advance {seconds}")
        self.server.advance(f"{seconds}s")
        self.model.now += seconds

    def delay(self):
        self.model.queue_delay = self.random.choice((0, 0, 20))
        self.note(f"queue delay {self.model.queue_delay}")
        self.call("SetQueueAttributes", QueueUrl="work", Attributes={"DelaySeconds": str(self.model.queue_delay)})

    def counts(self):
        for name in ("work", "dead"):
            attributes = self.call("GetQueueAttributes", QueueUrl=name, AttributeNames=["All"])["Attributes"]
            have = tuple(int(attributes["ApproximateNumberOfMessages" + kind]) for kind in ("", "NotVisible", "Delayed"))
            self.note(f"counts {name} -> {have}")
            expect(have == self.model.counts(name), f"{name} counts (visible, in flight, delayed) {have}, the model says {self.model.counts(name)}")


# --- S3 listing -----------------------------------------------------------------------------------------------------------------


class S3Model:
    """Keys of a bucket and the two listings. Sources: ListObjectsV2 and ListObjects in the API reference."""

    RULES = {"byte_order": True, "prefixes_count": True, "skip_whole_prefix": True, "marker_is_exclusive": True}
    BROKEN = {"byte_order": False, "prefixes_count": False, "skip_whole_prefix": False, "marker_is_exclusive": False}

    def __init__(self, rules):
        self.rules = dict(self.RULES, **rules)
        self.keys = {}

    def page(self, prefix, delimiter, after, most, skips):
        """([keys and prefixes in order], truncated, last) after `after`: a key, or, when it skips, a common prefix whose keys are all passed over. A marker
        and a continuation token skip; start-after is but a key."""
        order = (lambda key: key.encode()) if self.rules["byte_order"] else (lambda key: (key.lower(), key))
        found, seen = [], set()
        for key in sorted(self.keys, key=order):
            if not key.startswith(prefix):
                continue
            if after is not None and (order(key) < order(after) or (key == after and self.rules["marker_is_exclusive"])):
                continue
            common = None
            if delimiter and delimiter in key[len(prefix) :]:
                common = prefix + key[len(prefix) :].split(delimiter)[0] + delimiter
                if self.rules["skip_whole_prefix"] and skips and after is not None and after == common:
                    continue
            entry = (common, True) if common else (key, False)
            if entry in seen:
                continue
            counted = len([e for e in found if self.rules["prefixes_count"] or not e[1]])
            if counted >= most:
                return found, True, found[-1][0]
            seen.add(entry)
            found.append(entry)
        return found, False, None


ALPHABET = ("a", "b", "/", "c", "ü", "Z", " ", "+", "😀", "%", "&", "0")


class S3Walk:
    def __init__(self, server, seed, rules):
        self.server, self.random, self.model = server, random.Random(seed), S3Model(rules)
        self.trail = []
        server.reset()
        server.request("PUT", "/bucket")

    def note(self, text):
        self.trail.append(text)

    def word(self, most):
        return "".join(self.random.choice(ALPHABET) for _ in range(self.random.randint(1, most)))

    def step(self):
        choice = self.random.choices(("put", "delete", "list"), (5, 1, 4))[0]
        getattr(self, choice)()

    @staticmethod
    def path(key):
        return "/bucket/" + urllib.parse.quote(key, safe="/")

    def put(self):
        key, body = self.word(5), self.word(3).encode()
        self.note(f"put {key!r}")
        status, _, text = self.server.request("PUT", self.path(key), body)
        expect(status == 200, f"put {key!r}: {status} {text}")
        self.model.keys[key] = body
        status, _, text = self.server.request("GET", self.path(key))
        expect((status, text) == (200, body), f"get {key!r}: {status} {text!r}, put {body!r}")

    def delete(self):
        if self.model.keys:
            key = self.random.choice(sorted(self.model.keys))
            self.note(f"delete {key!r}")
            expect(self.server.request("DELETE", self.path(key))[0] == 204, f"delete {key!r}")
            del self.model.keys[key]

    def list(self):
        version = self.random.choice((1, 2))
        prefix = self.random.choice(("", "", "a", "a/", "ü", self.word(2)))
        delimiter = self.random.choice(("", "/", "/", "b", "/a"))
        most = self.random.choice((1, 2, 3, 7, 1000))
        start = self.random.choice((None, None, None, self.word(2)))
        after, token = start, None
        self.note(f"list v{version} prefix={prefix!r} delimiter={delimiter!r} most={most} after={start!r}")
        for _ in range(len(self.model.keys) + 2):
            query = {"prefix": prefix, "max-keys": most, "encoding-type": "url"}
            if delimiter:
                query["delimiter"] = delimiter
            if version == 2:
                query["list-type"] = 2
                query.update({"continuation-token": token} if token else {"start-after": start} if start else {})
            elif after is not None:
                query["marker"] = after
            status, _, body = self.server.request("GET", "/bucket?" + urllib.parse.urlencode(query))
            expect(status == 200, f"list {query}: {status} {body}")
            wanted, more, last = self.model.page(prefix, delimiter, after, most, version == 1 or token is not None)
            found, truncated, token, marker = self.read(body)
            self.note(f"  -> {found} {truncated}")
            expect(sorted(found) == sorted(wanted), f"the page has {found}, the model {wanted}")
            keys = [name for name, is_prefix in found if not is_prefix]
            expect(keys == sorted(keys, key=lambda key: key.encode()), f"keys out of order: {keys}")
            expect(truncated == more, f"IsTruncated is {truncated}, the model says {more}")
            if not more:
                return
            if version == 1 and delimiter:
                expect(marker == last, f"NextMarker is {marker!r}, the model says {last!r}")
            if version == 2:
                expect(token, "no NextContinuationToken on a truncated page")
            after = last
        raise Differs("the listing does not come to an end")

    @staticmethod
    def read(body):
        root = ElementTree.fromstring(body)
        space = root.tag.split("}")[0] + "}"
        text = lambda name: (lambda node: None if node is None else urllib.parse.unquote(node.text or ""))(root.find(space + name))  # noqa: E731
        found = [(urllib.parse.unquote(node.find(space + "Key").text), False) for node in root.iter(space + "Contents")]
        found += [(urllib.parse.unquote(node.find(space + "Prefix").text), True) for node in root.iter(space + "CommonPrefixes")]
        token = root.find(space + "NextContinuationToken")
        return found, text("IsTruncated") == "true", None if token is None else token.text, text("NextMarker")


# --- running --------------------------------------------------------------------------------------------------------------------


def walk(make, server, seed, steps, rules):
    """None, or what differed."""
    going = make(server, seed, rules)
    try:
        for _ in range(steps):
            going.step()
    except Differs as difference:
        return f"{difference}\n        " + "\n        ".join(going.trail[-12:])
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="a few walks instead of many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=400)
    given = parser.parse_args()
    walks = 4 if given.short else 40
    passed = failed = 0
    with harness.Server(clock="frozen@2026-01-02T03:04:05Z", seed=1) as server:
        for make, model in ((SqsWalk, SqsModel), (S3Walk, S3Model)):
            for seed in range(given.seed, given.seed + walks):
                difference = walk(make, server, seed, given.steps, {})
                passed, failed = passed + (difference is None), failed + (difference is not None)
                if difference:
                    print(f"FAILED  {make.__name__} --seed {seed}: {difference}", flush=True)
            for rule, wrong in model.BROKEN.items():
                # Some walk must come to a place where the rule matters.
                noticed = any(walk(make, server, seed, given.steps, {rule: wrong}) for seed in range(given.seed, given.seed + 5))
                passed, failed = passed + noticed, failed + (not noticed)
                if not noticed:
                    print(f"FAILED  {make.__name__} does not notice a broken rule: {rule}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
