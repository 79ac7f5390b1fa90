#!/usr/bin/env python3
"""Runs the client tests with every generation of client that this machine has; the last line is the count.

Old: Debian's /usr/bin/aws and /usr/bin/python3 with boto3. New: what setup.sh installed in build/clients. A generation that is not there counts as
one skipped test that says why; with CI=true it is a failure, because there it could have been installed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402

CLIENTS = os.path.join(harness.ROOT, "build", "clients")
NEW_PYTHON = os.path.join(CLIENTS, "venv", "bin", "python")
LIMIT = 800 * harness.PATIENCE


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, counts, seconds, note=""):
        self.passed += counts[0]
        self.failed += counts[1]
        self.skipped += counts[2]
        print(f"{name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped in {seconds:.1f} s{note}", flush=True)

    def missing(self, name, why):
        if os.environ.get("CI") == "true":
            print(f"FAILED  {name} is not there: {why}")
            self.add(name, (0, 1, 0), 0)
        else:
            print(f"skipped: {name}: {why}")
            self.add(name, (0, 0, 1), 0)


def run(arguments, limit=LIMIT, **extra):
    with tempfile.TemporaryDirectory(prefix="lowcloud-home-") as home:
        env = harness.clean_environment(home, PYTHONDONTWRITEBYTECODE="1", **extra)
        try:
            done = subprocess.run(
                arguments, cwd=harness.ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, errors="replace", timeout=limit, check=False,
            )
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            return None, (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""


def counts_of_junit(path):
    try:
        suite = ElementTree.parse(path).getroot().find("testsuite")
    except (OSError, ElementTree.ParseError):
        return None
    number = {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    return number["tests"] - failed - number["skipped"], failed, number["skipped"]


def pytest(total, name, python):
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lowcloud-pytest-") as work:
        report = os.path.join(work, "report.xml")
        status, output = run(
            [python, "-m", "pytest", "-q", "-x" if os.environ.get("LOWCLOUD_TEST_FIRST") else "-ra", "--tb=short", "-p", "no:cacheprovider",
             "--rootdir", HERE, "--basetemp", os.path.join(work, "tmp"), "--junitxml", report, HERE],
            LOWCLOUD_TEST_GENERATION=name.split()[0],
        )
        counts = counts_of_junit(report)
    if counts is None or counts[1] or status != 0:
        print(f"--- {name}\n{output}---")
    else:
        for line in re.findall(r"^SKIPPED.*$", output, re.MULTILINE):
            print("       " + line)
    total.add(name, counts or (0, 1, 0), time.monotonic() - start)


def script(total, name, arguments, **extra):
    start = time.monotonic()
    status, output = run(arguments, **extra)
    counts = harness.last_counts(output)
    if counts is None:
        counts = (0, 1, 0)
    elif status != 0 and not counts[1]:
        counts = (counts[0], 1, counts[2])
    if counts[1]:
        print(f"--- {name} ended with {status}\n{output}---")
    total.add(name, counts, time.monotonic() - start)


def has_modules(python, *names):
    status, _ = run([python, "-c", "import " + ", ".join(names)], limit=60)
    return status == 0


def main():
    total = Sum()
    status, output = run([os.path.join(HERE, "setup.sh")], limit=700)
    ready = set(re.findall(r"^ready (\w+)$", output, re.MULTILINE))
    why = dict(re.findall(r"^missing (\w+): (.*)$", output, re.MULTILINE))
    if status != 0:
        print(f"setup.sh ended with {status}\n{output}")

    if has_modules("/usr/bin/python3", "boto3", "pytest"):
        pytest(total, "old boto3", "/usr/bin/python3")
    else:
        total.missing("old boto3", "python3-boto3 or python3-pytest is not installed")
    if "python" in ready:
        pytest(total, "new boto3", NEW_PYTHON)
    else:
        total.missing("new boto3", why.get("python", "setup.sh failed"))

    command = [sys.executable, os.path.join(HERE, "cli.py")]
    if os.access("/usr/bin/aws", os.X_OK):
        script(total, "old AWS CLI", command, AWS_UNDER_TEST="/usr/bin/aws")
    else:
        total.missing("old AWS CLI", "awscli is not installed")
    if "python" in ready:
        script(total, "new AWS CLI", command, AWS_UNDER_TEST=os.path.join(CLIENTS, "venv", "bin", "aws"))
    else:
        total.missing("new AWS CLI", why.get("python", "setup.sh failed"))

    if "javascript" in ready:
        script(total, "JavaScript v3", [sys.executable, os.path.join(HERE, "javascript.py"), shutil.which("node")])
    else:
        total.missing("JavaScript v3", why.get("javascript", "setup.sh failed"))

    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
