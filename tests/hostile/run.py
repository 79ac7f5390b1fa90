#!/usr/bin/env python3
"""Whatever comes in on the real socket, or out of a handler, gets the error AWS gives or a clear one: never an accidental 500, never a hang, never a crash; the
next good request works, and nothing is left behind.

    tests/hostile/run.py [--short] [WORD ...]     only cases whose name contains a WORD (then the checks over the whole set are left out)

The whole set runs several times against one server with --data. After it: memory and descriptors have not grown, nothing is open, no process and no file is left,
the store passes its integrity check and opens again. See full_disk.py for a disk without room.
"""
import contextlib
import os
import re
import select
import sqlite3
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import bodies  # noqa: E402
import clients  # noqa: E402
import effects  # noqa: E402
import ends  # noqa: E402
import framing  # noqa: E402
import full_disk  # noqa: E402
import handlers  # noqa: E402
import packages  # noqa: E402
from peer import Failure, Skip, World, expect, harness  # noqa: E402

IS_SANITIZED = "san" in os.path.basename(harness.BUILD)
COMPLAINTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|this must hold but does not|^lowcloud: warning: a turn of the loop")

# What may still grow after the repetitions that fill caches and the journal's ring: what malloc keeps of large bodies, in pieces.
WARM, MORE, GROWTH_KB = (1, 1, 32 * 1024) if "--short" in sys.argv else (3, 4, 24 * 1024)
WAITING = ("case_control_vanishes", "case_handler_never_answers", "case_invoke_vanishes", "case_more_after_a_parked_request", "case_zip_that_explodes")


class Run:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def case(self, name, work, *arguments):
        begin = time.monotonic()
        try:
            work(*arguments)
            self.passed += 1
        except Skip as reason:
            self.skipped += 1
            print(f"SKIPPED {name}: {reason}", flush=True)
        except (Failure, harness.ServerError, OSError, ValueError, KeyError) as problem:
            self.failed += 1
            print(f"FAILED {name}: {type(problem).__name__ + ': ' if not isinstance(problem, Failure) else ''}{problem}", flush=True)
        if os.environ.get("LOWCLOUD_TEST_TIMES"):
            print(f"  {time.monotonic() - begin:6.2f} s {name}", flush=True)


def checked(case, world):
    case(world)
    expect(world.server.is_alive(), "the server has died")
    world.is_well()


def repeated(cases, short):
    """The short form waits once for what takes a handler's timeout."""
    return [case for case in cases if not short or case.__name__ not in WAITING]


def chosen(words):
    cases = [case for module in (framing, bodies, clients, packages, handlers, effects) for case in module.CASES]
    return [case for case in cases if not words or any(word in case.__name__ for word in words)]


def one_pass(run, world, cases, label):
    for case in cases:
        if not world.server.is_alive():
            raise harness.ServerError(f"the server has died\n{world.server.log()}")
        run.case(f"{case.__name__}{label}", checked, case, world)


def come_to_rest(world):
    world.server.idle("60s")
    journal = world.server.journal()
    open_ones = [record for record in journal if record.get("running") and record["kind"] != "environment"]
    expect(not open_ones, f"{len(open_ones)} records are still open, first {open_ones[0]}" if open_ones else "")
    world.server.reset()
    world.server.idle("60s")


def marked():
    """Processes with the mark that every function of ours has in its environment."""
    mark = f"LOWCLOUD_HOSTILE_MARK={os.getpid()}".encode()
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as environment:
                if mark in environment.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


def nobody_is_left():
    deadline = time.monotonic() + 3 * harness.PATIENCE
    for pid in marked():
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        gone = select.select([handle], [], [], max(0, deadline - time.monotonic()))[0]
        os.close(handle)
        expect(gone, f"process {pid} outlives the server")


def whole(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        expect(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "the store is damaged")


def no_complaints(log):
    for line in log.splitlines():
        expect(len(line) > 1000 or not COMPLAINTS.search(line), f"the log says: {line}")


def the_set(run, words, short, root):
    temporary, data = os.path.join(root, "tmp"), os.path.join(root, "data")
    os.mkdir(temporary)
    environment = {"TMPDIR": temporary}
    server = harness.Server(data=data, seed=1, environment=environment)
    cases = chosen(words)
    with server:
        world = World(server, short)
        before = sockets = 0
        for number in range(1 if words else WARM + MORE):
            if number == WARM:
                before, sockets = world.resident(), world.sockets()
            label = f" (again {number})" if number > 0 else ""
            one_pass(run, world, repeated(cases, short) if number > 0 else cases, label)
            run.case("rest" + label, come_to_rest, world)
        if words:
            run.case("log", no_complaints, world.log())
            return
        run.case("memory", memory_is_bounded, before, world)
        run.case("sockets", lambda: expect(world.sockets() <= sockets + 8, f"{sockets} sockets, then {world.sockets()}"))
        log = stop(run, world)
    run.case("log", no_complaints, log)
    run.case("processes", nobody_is_left)
    run.case("files", lambda: expect(not os.listdir(temporary), f"left in TMPDIR: {os.listdir(temporary)}"))
    run.case("integrity", whole, os.path.join(data, "lowcloud.db"))
    run.case("start again", start_again, data, environment)


def memory_is_bounded(before, world):
    if IS_SANITIZED:
        raise Skip("sanitizers keep freed memory; their leak check looks instead")
    after = world.resident()
    expect(after - before < GROWTH_KB, f"{before} KB after {WARM} repetitions, {after} KB after {WARM + MORE}")


def stop(run, world):
    """Ends it and gives the whole log; a sanitizer's finds come at the end."""
    process = world.server.process
    process.terminate()
    run.case("stop", lambda: expect(process.wait(20 * harness.PATIENCE) == 0, f"ended with {process.returncode}"))
    return world.log()


def start_again(data, environment):
    with harness.Server(data=data, environment=environment) as server:
        World(server, True).is_well()
        server.idle()


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    short = "--short" in sys.argv
    run = Run()
    with tempfile.TemporaryDirectory(prefix="lowcloud-hostile-") as root:
        try:
            the_set(run, words, short, root)
        except harness.ServerError as problem:
            run.failed += 1
            print(f"FAILED {problem}", flush=True)
        for case in full_disk.CASES + ends.CASES:
            if not words or any(word in case.__name__ for word in words):
                run.case(case.__name__, case, root, short)
    print(f"{run.passed} passed, {run.failed} failed, {run.skipped} skipped")
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
