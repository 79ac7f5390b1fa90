"""A disk without room under --data: a tiny tmpfs in a mount namespace of its own, so root only. The child program is this file.

Every error is clear and shaped like the service's; what was acknowledged is there, before and after a new start; when there is room again, the next write works."""
import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from packaged import BOOTSTRAP_PACKAGE  # noqa: E402
from peer import Failure, Skip, World, about, ask, clear, expect, harness  # noqa: E402


def case_full_disk(root, short):
    place = os.path.join(root, "small")
    os.makedirs(place, exist_ok=True)
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("mounting needs root and unshare")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False).returncode != 0:
        raise Skip("this machine allows no mount namespace")
    command = f'mount -t tmpfs -o size=12m tmpfs "{place}" && exec "{sys.executable}" "{os.path.abspath(__file__)}" "{place}"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=300 * harness.PATIENCE, check=False)
    expect(done.returncode == 0, (done.stdout + done.stderr).strip())


def refusal(data, environment=None, **options):
    """What a start that must fail says."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(harness.Server(data=data, environment=environment, **options))
        except harness.ServerError as problem:
            text = str(problem)
            expect("must hold" not in text and re.search(r"ended with [12] before READY", text), f"an unclear end: {text}")
            return text
    raise Failure(f"it started with {data}")


def case_broken_data_directories(root, short):
    """A start that cannot be says why, and leaves what is there as it is."""
    del short
    place = os.path.join(root, "broken")
    os.makedirs(place)
    file = os.path.join(place, "file")
    with open(file, "wb") as out:
        out.write(b"x")
    for data in (file, os.path.join(place, "no/such/parent"), "/proc/nothing", "/dev/null", ""):
        with about(data):
            refusal(data)
    for content in (b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000):
        data = os.path.join(place, "garbage")
        os.makedirs(data, exist_ok=True)
        with open(os.path.join(data, "lowcloud.db"), "wb") as out:
            out.write(content)
        with about(content):
            refusal(data)
            with open(os.path.join(data, "lowcloud.db"), "rb") as again:
                expect(again.read() == content, "a file that is no store was changed")
    good = os.path.join(place, "good")
    with harness.Server(data=good) as server:
        World(server, True).put("/kept")
        expect("lowcloud" in refusal(good), "a second server on one directory")
        World(server, True).is_well()
    with contextlib.closing(sqlite3.connect(os.path.join(good, "lowcloud.db"), isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        refusal(good)
    with harness.Server(data=good) as server:
        expect(ask(server.port, "HEAD", "/kept").status == 200, "the bucket is gone after refused starts")


CASES = [case_full_disk, case_broken_data_directories]


def message(world, url, text):
    return world.sqs("SendMessage", {"QueueUrl": url, "MessageBody": text})


def full(answer):
    """What a full disk answers: a 5xx that names the reason, no accident."""
    clear(answer, 503, 507)
    expect(b"disk" in answer.body or b"space" in answer.body, f"the error does not say that the disk is full: {answer!r}")


def fill(world, url, kept):
    """Objects large and small, then messages, until nothing more is taken."""
    refused = 0
    for size in (1024 * 1024, 64 * 1024, 5000, 100):
        for number in range(4000):
            name = f"{size}-{number}"
            answer = world.put(f"/kept/{name}", name.encode().ljust(size, b"."))
            if answer.status != 200:
                full(answer)
                refused += 1
                break
            kept["objects"][name] = size
    for size in (60000, 3000, 10):
        for number in range(20000):
            text = f"{size}-{number}".ljust(size, ".")
            answer = message(world, url, text)
            if answer.status != 200:
                full(answer)
                refused += 1
                break
            kept["messages"].append(text)
    expect(refused >= 4, f"only {refused} of 7 kinds of writes were refused: the disk was not full")


def while_full(world, url):
    """Every kind of write is refused clearly, every kind of reading works, and nothing dies."""
    attempts = [lambda: world.put("/kept/large", b"x" * 3000000), lambda: world.create("full", BOOTSTRAP_PACKAGE + b"\0" * 0),
                lambda: world.create("full-large", BOOTSTRAP_PACKAGE), lambda: world.put("/kept/part", b"y" * 500000),
                lambda: message(world, url, "z" * 200000), lambda: world.sqs("CreateQueue", {"QueueName": "n" * 80, "tags": {f"k{i}": "v" * 200 for i in range(40)}})]
    for number, attempt in enumerate(attempts):
        answer = attempt()
        expect(answer.status < 300 or answer.status in (503, 507), f"write {number} while full: {answer!r}")
        if answer.status >= 300:
            full(answer)
    upload = ask(world.port, "POST", "/kept/multi?uploads")
    if upload.status == 200:
        name = upload.body.split(b"<UploadId>")[1].split(b"<")[0].decode()
        full(world.put(f"/kept/multi?partNumber=1&uploadId={name}", b"p" * 5000000))
    clear(ask(world.port, "GET", "/kept?list-type=2&max-keys=3"), 200)
    clear(world.sqs("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]}), 200)
    received = world.sqs("ReceiveMessage", {"QueueUrl": url, "VisibilityTimeout": 0})
    expect(received.status in (200, 503), f"receive while full: {received!r}")
    world.server.idle("20s")
    world.is_well()


def all_there(world, url, kept):
    for name, size in kept["objects"].items():
        answer = ask(world.port, "GET", f"/kept/{name}")
        expect(answer.status == 200 and answer.body == name.encode().ljust(size, b"."), f"acknowledged object {name}: {answer!r}")
    listed = 0
    token = ""
    while True:
        answer = clear(ask(world.port, "GET", f"/kept?list-type=2{token}"), 200)
        listed += answer.body.count(b"<Key>")
        if b"<NextContinuationToken>" not in answer.body:
            break
        found = answer.body.split(b"<NextContinuationToken>")[1].split(b"<")[0].decode()
        token = "&continuation-token=" + found.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    expect(listed == len(kept["objects"]), f"{listed} objects are listed, {len(kept['objects'])} were acknowledged")
    answer = clear(world.sqs("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]}), 200).json()["Attributes"]
    expect(int(answer["ApproximateNumberOfMessages"]) + int(answer["ApproximateNumberOfMessagesNotVisible"]) == len(kept["messages"]),
           f"{len(kept['messages'])} messages were acknowledged, the queue counts {answer}")


def drain(world, url, kept):
    left = sorted(kept["messages"])
    got = []
    while True:
        batch = clear(world.sqs("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600}), 200).json().get("Messages", [])
        if not batch:
            break
        got += [entry["Body"] for entry in batch]
        clear(world.sqs("DeleteMessageBatch", {"QueueUrl": url, "Entries": [{"Id": str(number), "ReceiptHandle": entry["ReceiptHandle"]} for number, entry in enumerate(batch)]}), 200)
    expect(sorted(got) == left, f"{len(left)} messages were acknowledged, {len(got)} came")


def whole(data, copy, text):
    """Looks at a copy, which has room for what SQLite writes even to read."""
    shutil.rmtree(copy, ignore_errors=True)
    os.mkdir(copy)
    for name in os.listdir(data):
        if name.startswith("lowcloud.db") and not name.endswith("-shm"):
            shutil.copy(os.path.join(data, name), copy)
    with contextlib.closing(sqlite3.connect(os.path.join(copy, "lowcloud.db"))) as database:
        expect(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], text)


def inside(place):
    data = os.path.join(place, "data")
    kept = {"objects": {}, "messages": []}
    ballast = os.path.join(place, "ballast")
    with open(ballast, "wb") as file:
        file.write(b"b" * (3 * 1024 * 1024))
    with harness.Server(data=data, seed=1, strict_turns=False) as server:
        world = World(server, True)
        clear(world.put("/kept"), 200)
        url = clear(world.sqs("CreateQueue", {"QueueName": "kept"}), 200).json()["QueueUrl"]
        world.make("before", BOOTSTRAP_PACKAGE)
        clear(world.invoke("before"), 200)
        fill(world, url, kept)
        while_full(world, url)
        all_there(world, url, kept)
        after = [world.put("/kept/gone-" + str(number), b"x" * 5000) for number in range(3)]
        expect(all(answer.status in (200, 503) for answer in after), f"{after}")
        for number, answer in enumerate(after):
            if answer.status == 200:
                clear(ask(world.port, "DELETE", f"/kept/gone-{number}"), 204, 503)
        answer = world.invoke("before")
        expect(answer.status in (200, 503), f"invoke while full: {answer!r}")
        expect(server.is_alive(), "the server has died")
        server.stop(kill=True)
    whole(data, place + "-copy", "the store is damaged after SIGKILL on a full disk")
    with harness.Server(data=data, seed=2, strict_turns=False) as server:  # still full
        world = World(server, True)
        all_there(world, url, kept)
        os.unlink(ballast)
        clear(world.put("/kept/room", b"r" * 100000), 200)
        kept["objects"]["room"] = None
        expect(ask(world.port, "GET", "/kept/room").body == b"r" * 100000, "the first write after freeing space is not there")
        del kept["objects"]["room"]
        clear(ask(world.port, "DELETE", "/kept/room"), 204)
        clear(message(world, url, "after"), 200)
        kept["messages"].append("after")
        clear(world.invoke("before"), 200)
        all_there(world, url, kept)
        expect(server.stop() == 0, "it did not stop well")
    with harness.Server(data=data, seed=3, strict_turns=False) as server:
        world = World(server, True)
        all_there(world, url, kept)
        drain(world, url, kept)
        server.idle("20s")
    whole(data, place + "-copy", "the store is damaged")


if __name__ == "__main__":
    try:
        inside(sys.argv[1])
    except (Failure, harness.ServerError) as problem:
        sys.exit(f"{type(problem).__name__}: {problem}")
