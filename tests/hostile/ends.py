"""Servers of their own: what comes to the environments' addresses from outside, a temporary directory without room, and an end while everything is open."""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from packaged import BOOTSTRAP_PACKAGE  # noqa: E402
from peer import Failure, Peer, Skip, World, about, ask, clear, expect, form, harness, zipped  # noqa: E402


def case_addresses_of_environments(root, short):
    """127.a.b.c that belongs to nobody, or to an environment that somebody else speaks for."""
    del root, short
    with harness.Server(seed=1) as server:
        world = World(server, True)
        for address in ("127.1.0.0", "127.5.6.7", "127.255.255.254", "127.0.0.2"):
            for path in ("/2018-06-01/runtime/invocation/next", "/2018-06-01/ping", "/2020-01-01/extension/register", "/", "/_lowcloud/health"):
                with about(address, path):
                    clear(ask(world.port, "GET", path, address=address), 200, 403, 404, 405)
            with about(address):
                clear(ask(world.port, "POST", "/2018-06-01/runtime/invocation/x/response", b"{}", address=address), 400, 403, 404)
                clear(ask(world.port, "POST", "/2018-06-01/runtime/init/error", b"{}", address=address), 400, 403, 404)
        world.server.idle("20s")


def case_end_while_all_is_open(root, short):
    """SIGTERM with parked, half sent, unread and silent requests and a busy handler: it ends soon, with 0, and all clients see the end."""
    del short
    environment = {"TMPDIR": os.path.join(root, "ending")}
    os.mkdir(environment["TMPDIR"])
    with harness.Server(seed=1, environment=environment) as server:
        world = World(server, True)
        url = world.sqs("CreateQueue", {"QueueName": "parked"}).json()["QueueUrl"]
        expect(world.put("/ending").status == 200, "no bucket")
        clear(world.put("/ending/large", b"l" * (8 * 1024 * 1024)), 200)
        name = world.make("ending", BOOTSTRAP_PACKAGE, timeout=60)
        poll = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"}
        peers = []
        for data in (form("POST", "/", json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20}), poll), form("GET", "/ending/large"), b"GET /half", b"",
                     b"PUT /ending/k HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf", form("POST", f"/2015-03-31/functions/{name}/invocations", '{"do":"never"}'),
                     form("GET", "/_lowcloud/idle?timeout=60s")):
            for _ in range(20):
                peer = Peer(world.port)
                peer.send(data)
                peers.append(peer)
        world.is_well()
        server.process.terminate()
        expect(server.process.wait(20 * harness.PATIENCE) == 0, f"ended with {server.process.returncode}\n{server.log()}")
        for peer in peers:
            peer.ended()
            peer.close()
        log = world.log()
    expect("must hold" not in log and "Sanitizer" not in log, log)
    expect(not os.listdir(environment["TMPDIR"]), f"left: {os.listdir(environment['TMPDIR'])}")


def case_full_temporary_directory(root, short):
    """The same as full_disk.py in memory: what does not fit in TMPDIR is refused, a package too."""
    del short
    place = os.path.join(root, "tiny")
    os.makedirs(place)
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skip("mounting needs root and unshare")
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False).returncode != 0:
        raise Skip("this machine allows no mount namespace")
    command = f'mount -t tmpfs -o size=4m tmpfs "{place}" && exec "{sys.executable}" "{os.path.abspath(__file__)}" "{place}"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, timeout=120 * harness.PATIENCE, check=False)
    expect(done.returncode == 0, (done.stdout + done.stderr).strip())


def inside(place):
    with harness.Server(seed=1, environment={"TMPDIR": place}) as server:
        world = World(server, True)
        clear(world.put("/kept"), 200)
        clear(world.put("/kept/first", b"f" * 1000000), 200)
        for _ in range(3):
            answer = clear(world.put("/kept/large", b"l" * 5000000), 503, 507)
            expect(b"disk" in answer.body or b"space" in answer.body, f"it does not say why: {answer!r}")
        large = zipped({"bootstrap": os.urandom(3500000)})
        answer = world.create("large", large)
        if clear(answer, 201, 503, 507).status == 201:
            answer = clear(world.invoke("large"), 200, 409, 502, 503)
            expect(answer.status != 200 or answer.headers.get("x-amz-function-error"), f"it ran: {answer!r}")
            clear(world.delete_function("large"), 204)
        expect(ask(world.port, "GET", "/kept/first").body == b"f" * 1000000, "what was there is not there")
        clear(ask(world.port, "DELETE", "/kept/first"), 204)
        server.idle("20s")
        clear(world.put("/kept/second", b"s" * 2000000), 200)
        expect(ask(world.port, "GET", "/kept/second").body == b"s" * 2000000, "it is another body")
        clear(ask(world.port, "DELETE", "/kept/second"), 204)
        world.make("small", BOOTSTRAP_PACKAGE)
        clear(world.invoke("small", {"do": "nothing"}), 200)
        world.is_well()


CASES = [case_addresses_of_environments, case_end_while_all_is_open, case_full_temporary_directory]

if __name__ == "__main__":
    try:
        inside(sys.argv[1])
    except (Failure, harness.ServerError) as problem:
        sys.exit(f"{type(problem).__name__}: {problem}")
