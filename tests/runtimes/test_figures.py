"""The figures of REPORT against handlers that take a known time and a known amount of memory, on every level of isolation and with
both ways of watching memory (facts/lambda.md 2.7, 2.8; DESIGN.md, "The way of an invocation").

    python3 tests/runtimes/test_figures.py [NAME ...]
"""
import re
import time
import unittest

import functions
import harness
from functions import NODE, Case

MEGABYTES = 50
# What an interpreter takes for itself, at most: 12 MB for Python, 48 MB for Node.js.
OWN = {"python": 25, "node": 75, "stdio": 12}
TAKE = "def handler(event, context):\n    data = bytearray(event * 1048576)\n    for i in range(0, len(data), 4096): data[i] = 1\n    return len(data)\n"


class Figures(Case):
    options = ("--isolation", "namespace")

    def figures(self, name, event):
        """(duration, billed, memory used, init or None), and the answer's time as the client saw it."""
        start = time.monotonic()
        status, _, body, log = self.api.invoke(name, event, X_Amz_Log_Type="Tail")
        took = (time.monotonic() - start) * 1000
        report = re.search(r"\nREPORT RequestId: \S+\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\tMemory Size: \d+ MB\tMax Memory Used: (\d+) MB\t(?:Init Duration: ([\d.]+) ms\t)?", log)
        self.assertEqual((status, bool(report)), (200, True), (body, log))
        duration, billed, used, init = report.groups()
        return float(duration), int(billed), int(used), init and float(init), took

    def check_memory(self, name, own):
        used = self.figures(name, MEGABYTES)[2]
        self.assertTrue(MEGABYTES <= used <= MEGABYTES + own, f"{used} MB of a handler that took {MEGABYTES}")
        # Invocations that share an environment show the most that any of them used.
        self.assertGreaterEqual(self.figures(name, 0)[2], used)

    def test_memory_of_python(self):
        name = self.python(TAKE)
        before = self.figures(name, 0)[2]
        self.assertTrue(5 <= before <= OWN["python"], f"{before} MB of a handler that took nothing")
        self.check_memory(name, OWN["python"])

    @unittest.skipUnless(NODE, "node is not installed")
    def test_memory_of_node(self):
        name = self.name()
        self.api.create(name, {"index.js": "exports.handler = async (event) => Buffer.alloc(event * 1048576, 1).length"}, "nodejs22.x", "index.handler", MemorySize=256)
        self.check_memory(name, OWN["node"])

    def test_memory_of_an_executable(self):
        name = self.name()
        # It stays a moment, so that a look at the process finds it where there is no cgroup.
        self.api.create(name, {"take": "#!/usr/bin/python3\nimport sys, time\ndata = bytearray(int(sys.stdin.read()) * 1048576)\n"
                                       "for i in range(0, len(data), 4096): data[i] = 1\ntime.sleep(0.15)\n"}, "provided.al2023", "stdio:take")
        self.check_memory(name, OWN["stdio"] + OWN["python"])

    def test_too_much_memory(self):
        name = self.python(TAKE, Timeout=20)
        self.assertEqual(self.figures(name, 300)[2], 128)
        self.assertLess(self.figures(name, 0)[2], 128)

    def test_times(self):
        name = self.python("import time\ntime.sleep(0.2)\ndef handler(event, context): time.sleep(event)\n", Timeout=5)
        slack = 60 * harness.PATIENCE
        duration, billed, _, init, took = self.figures(name, 0.25)
        self.assertTrue(250 <= duration and 200 <= init, (duration, init))
        self.assertEqual(billed, -(-round((duration + init) * 100) // 100))
        self.assertLessEqual(duration + init, took)
        # A busy machine makes one event longer, never shorter: the best of several is what lowcloud itself adds.
        warm = [self.figures(name, 0.25) for _ in range(4)]
        for duration, billed, _, init, took in warm:
            self.assertTrue(250 <= duration <= took, duration)
            self.assertEqual((billed, init), (-(-round(duration * 100) // 100), None))
        self.assertLessEqual(min(figures[0] for figures in warm), 250 + slack)


class Polled(Figures):
    """Without cgroups."""

    settings = {"environment": {"LOWCLOUD_CGROUP": "0"}}


class Guarded(Figures):
    options = ("--isolation", "guardian")


class GuardedAndPolled(Polled):
    options = ("--isolation", "guardian")


if __name__ == "__main__":
    functions.run()
