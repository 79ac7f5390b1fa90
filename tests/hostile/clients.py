"""Clients that vanish, stop reading, or only take up room."""
import json
import resource
import threading

from packaged import BOOTSTRAP_PACKAGE
from peer import Peer, ask, clear, expect, form, harness

MB = 1024 * 1024


def leave(peer, hard):
    if hard:
        peer.reset()
    else:
        peer.close()


def parked(world, request, what):
    """Sends what will wait; true when it does: the next request on another connection shows that it has been read."""
    peer = Peer(world.port)
    peer.send(request)
    world.is_well()
    expect(peer.is_silent(), f"{what} does not wait: {peer.buffer!r}")
    return peer


def case_long_poll_vanishes(world):
    """The message goes to whoever still waits; to a client that has gone, never."""
    url = world.sqs("CreateQueue", {"QueueName": "vanish"}).json()["QueueUrl"]
    poll = form("POST", "/", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}), {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"})
    for hard in (False, True):
        leave(parked(world, poll, "a long poll"), hard)
        world.is_well()
        clear(world.sqs("SendMessage", {"QueueUrl": url, "MessageBody": "kept"}), 200)
        received = clear(world.sqs("ReceiveMessage", {"QueueUrl": url}), 200).json()
        expect(len(received.get("Messages", [])) == 1, f"the message went to a client that had gone: {received}")
        clear(world.sqs("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": received["Messages"][0]["ReceiptHandle"]}), 200)
    many = [Peer(world.port) for _ in range(100)]
    for peer in many:
        peer.send(poll)
    world.is_well()
    for number, peer in enumerate(many[:-1]):
        leave(peer, number % 2 == 0)
    clear(world.sqs("SendMessage", {"QueueUrl": url, "MessageBody": "the last one"}), 200)
    answer = many[-1].answer()
    many[-1].close()
    clear(answer, 200)
    expect(len(answer.json().get("Messages", [])) == 1, f"the last waiting client got nothing: {answer!r}")


def case_more_after_a_parked_request(world):
    """Pipelined behind a long poll, and a half-closed client: both get their answers."""
    url = world.sqs("CreateQueue", {"QueueName": "behind"}).json()["QueueUrl"]
    headers = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"}
    poll = form("POST", "/", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 1}), headers)
    with Peer(world.port) as peer:
        peer.send(poll + form("GET", "/_lowcloud/health"))
        clear(peer.answer(), 200)
        expect("status" in peer.answer().json(), "no answer to the request behind the poll")


def case_invoke_vanishes(world):
    """A synchronous invoke goes on without its client, and ends."""
    name = world.make("vanishes", BOOTSTRAP_PACKAGE, timeout=3)
    clear(world.invoke(name, {"do": "nothing"}), 200)
    path = f"/2015-03-31/functions/{name}/invocations"
    for hard in (False, True):
        leave(parked(world, form("POST", path, '{"do": "take a second"}'), "an invoke"), hard)
        world.is_well()
    clear(world.invoke(name, {"do": "nothing"}), 200)
    world.server.idle("30s")


def case_control_vanishes(world):
    """idle and advance whose client goes: the next order is taken."""
    name = world.make("vanishes", BOOTSTRAP_PACKAGE, timeout=3)
    path = f"/2015-03-31/functions/{name}/invocations"
    for hard in (False, True):
        busy = parked(world, form("POST", path, '{"do": "take a second"}'), "an invoke")
        leave(parked(world, form("GET", "/_lowcloud/idle?timeout=30s"), "idle"), hard)
        world.is_well()
        busy.close()
    path = f"/2015-03-31/functions/{world.make('soon', BOOTSTRAP_PACKAGE, timeout=1)}/invocations"
    world.server.freeze()
    try:
        for hard in (False, True):
            busy = parked(world, form("POST", path, '{"do": "never"}'), "an invoke")
            with Peer(world.port) as peer:
                peer.send(form("POST", "/_lowcloud/clock", '{"advance": "1s"}'))
                leave(peer, hard)
            busy.close()
            clear(ask(world.port, "POST", "/_lowcloud/clock", '{"advance": "1s"}', seconds=40), 200, 409)
    finally:
        world.server.clock(resume=True)
    world.server.idle("30s")


def case_slow_readers(world):
    """An object of 8 MiB to clients that read a little, stop, and go: memory and the others do not suffer, and the object can be deleted meanwhile."""
    body = bytes(range(256)) * (8 * MB // 256)
    expect(world.put("/slow").status == 200, "no bucket")
    clear(world.put("/slow/object", body), 200)
    before = world.resident()
    peers = []
    for _ in range(30):
        peer = Peer(world.port)
        peer.send(form("GET", "/slow/object"))
        expect(peer.more(), "no answer")
        peers.append(peer)
    world.is_well()
    expect(world.resident() - before < 32 * 1024, f"30 readers that stopped cost {world.resident() - before} KB")
    clear(ask(world.port, "DELETE", "/slow/object"), 204)
    answer = peers[0].answer()
    expect(answer.body == body, "a reader that was slow got other bytes after the object was deleted")
    for number, peer in enumerate(peers):
        leave(peer, number % 2 == 0)
    clear(ask(world.port, "GET", "/slow/object"), 404)


def case_slow_answer_from_memory(world):
    """A list of many keys, asked for many times on one connection that reads nothing."""
    expect(world.put("/listed").status == 200, "no bucket")
    for number in range(50):
        clear(world.put(f"/listed/{'k' * 200}{number}"), 200)
    with Peer(world.port, seconds=5) as peer:
        peer.socket.setblocking(False)
        sent = 0
        try:
            for _ in range(20000):
                sent += peer.socket.send(form("GET", "/listed?list-type=2"))
        except BlockingIOError:
            pass
        world.is_well()
        expect(sent > 0, "nothing was sent")


def case_two_thousand_silent(world):
    """Connections that send nothing, or half a request, are cheap and stand in nobody's way."""
    wanted = 2000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, wanted + 500), hard))
        wanted = min(wanted, min(hard, wanted + 500) - 200)
    before = world.resident()
    peers = []
    try:
        for number in range(wanted):
            peer = Peer(world.port)
            if number % 3 == 1:
                peer.send(b"GET /_lowcloud/hea")
            elif number % 3 == 2:
                peer.send(b"PUT /bucket/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
            peers.append(peer)
        world.is_well()
        grown = world.resident() - before
        expect(grown < wanted * 64 * (4 if "san" in harness.BUILD else 1), f"{wanted} connections cost {grown} KB")
        for number, peer in enumerate(peers):
            if number % 3 == 0:
                peer.send(form("GET", "/_lowcloud/health"))
        for number, peer in enumerate(peers):
            if number % 3 == 0:
                clear(peer.answer(), 200)
    finally:
        for peer in peers:
            peer.reset()


def case_many_at_once(world):
    """Threads that connect, send good and bad requests and go, all at once."""
    problems = []

    def work(seed):
        try:
            for number in range(40):
                with Peer(world.port) as peer:
                    if (seed + number) % 3 == 0:
                        peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                    elif (seed + number) % 3 == 1:
                        peer.send(form("GET", "/_lowcloud/health"))
                        clear(peer.answer(), 200)
                    else:
                        peer.send(form("GET", "/_lowcloud/health") * 3)
                        peer.reset()
        except Exception as problem:  # noqa: BLE001 - reported by the case
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not problems, f"{problems[:2]}")


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]
