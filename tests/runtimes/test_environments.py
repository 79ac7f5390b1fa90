"""Execution environments under the options that concern them: how many, how long they start, by what, and after a death of ours.

    python3 tests/runtimes/test_environments.py [NAME ...]
"""
import re
import subprocess
import tempfile
import threading
import time
import unittest

import functions
import harness
from functions import Case, Lambda


class Few(Case):
    """Two environments at most."""

    options = ("--max-environments", "2")

    def test_events_wait_in_order(self):
        f = self.python("import time\ndef handler(event, context):\n    time.sleep(0.05)\n    return event\n", Timeout=10)
        results = []
        threads = [threading.Thread(target=lambda n=n: results.append(self.api.value(f, n))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), list(range(8)))
        self.assertLessEqual(len([record for record in self.server.journal() if record["kind"] == "environment" and f":{f}:" in record["arn"] and not record.get("error")]), 2)

    def test_what_waits_while_the_code_changes_runs_the_new_code(self):
        f = self.python("import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return 'old'\n", Timeout=10)
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.api.value(f))) for _ in range(4)]
        for thread in threads:
            thread.start()
        waiting = f"an event for {f} waits for an environment"
        self.wait_until(lambda: self.api.request("GET", "/_lowcloud/idle?timeout=0s")[2].count(waiting.encode()) == 2)
        self.api.json("PUT", f"/2015-03-31/functions/{f}/code", {"ZipFile": functions.package({"app.py": "def handler(event, context): return 'new'"})})
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), ["new", "new", "old", "old"])

    def test_an_idle_one_makes_room(self):
        names = [self.python(f"def handler(event, context): return {n}") for n in range(4)]
        self.assertEqual([self.api.value(name) for name in names], [0, 1, 2, 3])


class Slow(Case):
    """Cold starts of a fixed time."""

    options = ("--cold-start", "400ms")

    def test_cold_and_warm(self):
        f = self.python("def handler(event, context): return 1")
        start = time.monotonic()
        log = self.api.invoke(f, 0, X_Amz_Log_Type="Tail")[3]
        self.assertGreaterEqual(time.monotonic() - start, 0.39)
        self.assertGreaterEqual(float(re.search(r"Init Duration: ([\d.]+)", log)[1]), 400)
        start = time.monotonic()
        self.api.value(f)
        self.assertLess(time.monotonic() - start, 0.3 * harness.PATIENCE)


class Modelled(Case):
    """Cold starts as AWS's are, under a frozen clock: reported, and nobody waits (facts 5.1)."""

    options = ("--cold-start", "model")
    settings = {"clock": "frozen@2026-01-02T03:04:05Z", "seed": 7}

    def test_reported(self):
        durations = []
        for _ in range(2):
            f = self.python("def handler(event, context): return 1")
            start = time.monotonic()
            log = self.api.invoke(f, 0, X_Amz_Log_Type="Tail")[3]
            self.assertLess(time.monotonic() - start, 0.5 * harness.PATIENCE)
            durations.append(float(re.search(r"Init Duration: ([\d.]+)", log)[1]))
            self.assertGreaterEqual(durations[-1], 58)
        self.assertNotEqual(*durations)


class Started(Case):
    """A command line in front of the bootstrap."""

    options = ("--runner", "/usr/bin/env RUNNER=here")

    def test_runner(self):
        f = self.python("import os\ndef handler(event, context): return os.environ['RUNNER']")
        self.assertEqual(self.api.value(f), "here")


class Strict(Case):
    options = ("--strict",)

    def test_a_version_that_is_not_there(self):
        f = self.name()
        self.api.create(f, {"index.js": "exports.handler = async () => 1"}, runtime="nodejs26.x", handler="index.handler")
        status, headers, body, _ = self.api.invoke(f, 1)
        self.assertEqual((status, headers["X-Amz-Function-Error"]), (200, "Unhandled"))
        self.assertRegex(body.decode(), "nodejs26.x (is not installed here; the nearest is .*, which --strict refuses|needs node, and PATH has none)")


class Told(unittest.TestCase):
    def test_runtimes_of_this_machine(self):
        for command in ("support", "lambda"), ("doctor",):
            told = subprocess.run([harness.default_binary(), *command], stdout=subprocess.PIPE, text=True, check=True).stdout
            self.assertRegex(told, r"\n  python3\.12 +(/|none: )")
            self.assertRegex(told, r"\n  nodejs22\.x +(/|none: )")


class Late(Case):
    """An init that does not end (facts 2.4): after ten seconds it is tried again within the event, under the function's timeout."""

    def test_init_timeout(self):
        f = self.python("import time\nprint('importing')\ntime.sleep(60)\ndef handler(event, context): return 1", Timeout=1)
        start = time.monotonic()
        payload, log = self.api.error(f)
        self.assertLess(abs(time.monotonic() - start - 11), 0.5 * harness.PATIENCE)
        self.assertRegex(payload["errorMessage"], r"^RequestId: \S+ Error: Task timed out after 1\.00 seconds$")
        self.assertRegex(log, r"^importing\nINIT_REPORT Init Duration: 1\d\d\d\.\d\d ms\tPhase: invoke\tStatus: timeout\nSTART ")
        self.server.idle()
        messages = [event["message"] for event in self.api.logs("FilterLogEvents", logGroupName=f"/aws/lambda/{f}")["events"]]
        self.assertRegex("".join(messages), r"^INIT_START [^\n]*\nimporting\nINIT_REPORT Init Duration: 1\d{4}\.\d\d ms\tPhase: init\tStatus: timeout\nimporting\n")


class Restarted(unittest.TestCase):
    def test_events_survive_us(self):
        with tempfile.TemporaryDirectory(prefix="lowcloud-data-") as data:
            first = harness.Server(data=data)
            first.start()
            try:
                api = Lambda(first)
                api.create("f", {"app.py": "import time\ndef handler(event, context):\n    time.sleep(0.2)\n    return event\n"})
                request_id = api.event("f", {"n": 1})
                first.process.kill()
            finally:
                first.stop(kill=True)
            with harness.Server(data=data) as second:
                second.idle()
                runs = [record for record in second.journal() if record["kind"] == "invocation"]
                self.assertEqual([(run["request_id"], run["error"]) for run in runs], [(request_id, None)])


if __name__ == "__main__":
    functions.run()
