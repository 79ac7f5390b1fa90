#!/usr/bin/env python3
"""Runs the suite and ends with one line, `N passed, N failed, N skipped`; status 1 when something failed.

    tests/main.py [STAGE ...]         stages in order: see STAGES; all of them when none is named
    BUILD=build-san tests/main.py     the programs of another build directory

Every stage's program prints such a line itself (unit programs speak TAP), and this one sums them up. A program that ends without its line, with a
status that contradicts it, or not in time has failed once more. With CI=true a client that could not be installed is a failure.
"""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import harness  # noqa: E402

ROOT, BUILD = harness.ROOT, harness.BUILD
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
LIMIT = 600 * harness.PATIENCE


def run_program(arguments, **extra):
    """(status or None when its time was over, output); the output comes in one piece at the end."""
    with tempfile.TemporaryDirectory(prefix="lowcloud-home-") as home:
        env = harness.clean_environment(home, PYTHONDONTWRITEBYTECODE="1", BUILD=os.path.basename(BUILD), **extra)
        process = subprocess.Popen(
            arguments, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True,
        )
        try:
            return finish(process)
        finally:
            end_group(process)


def end_group(process):
    """Ends a program and what it started: servers end at SIGTERM and take their handlers with them."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            try:
                os.killpg(process.pid, number)
                process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass


def finish(process):
    try:
        output, _ = process.communicate(timeout=LIMIT)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        end_group(process)
        output, _ = process.communicate()
        return None, output


class Sum:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lines = []

    def add(self, name, counts, seconds):
        passed, failed, skipped = counts
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        self.lines.append(f"{'FAILED' if failed else 'ok':6} {name:28} {passed:5} passed {failed:4} failed {skipped:4} skipped {seconds:7.1f} s")
        print(self.lines[-1], flush=True)

    def program(self, name, arguments, counts_of=harness.last_counts, **extra):
        start = time.monotonic()
        status, output = run_program(arguments, **extra)
        counts = counts_of(output)
        bad = counts is None or counts[1] or status != 0
        if bad:
            print(f"--- {name}: {' '.join(arguments)}\n{output}---", flush=True)
        if counts is None:
            counts = (0, 1, 0)
            print(f"{name} ended with {'no end in time' if status is None else status} and without its count")
        elif status != 0 and not counts[1]:
            counts = (counts[0], counts[1] + 1, counts[2])
            print(f"{name} says that nothing failed, but ended with {'no end in time' if status is None else status}")
        elif status == 0 and not bad:
            for line in re.findall(r"^(?:SKIPPED|skipped:|differs).*$", output, re.MULTILINE):
                print("       " + line)
        self.add(name, counts, time.monotonic() - start)


def unittest_counts(output):
    """What python3 -m unittest says at its end."""
    ran = re.search(r"^Ran (\d+) tests? in ", output, re.MULTILINE)
    if not ran:
        return None
    numbers = {key: int(value) for key, value in re.findall(r"(failures|errors|skipped)=(\d+)", output.split(ran[0])[1])}
    failed = min(int(ran[1]), numbers.get("failures", 0) + numbers.get("errors", 0))
    return int(ran[1]) - failed - numbers.get("skipped", 0), failed, numbers.get("skipped", 0)


def tap_counts(output):
    """cmocka's TAP; a plan without its results counts the missing ones as failed."""
    plan = sum(int(number) for number in re.findall(r"^\s*1\.\.(\d+)", output, re.MULTILINE))
    skipped = len(re.findall(r"^\s*(?:not )?ok \d+ .*# SKIP", output, re.MULTILINE | re.IGNORECASE))
    passed = len(re.findall(r"^\s*ok \d+(?!.*# SKIP)", output, re.MULTILINE | re.IGNORECASE))
    failed = len(re.findall(r"^\s*not ok \d+(?!.*# SKIP)", output, re.MULTILINE | re.IGNORECASE))  # cmocka calls a skipped test not ok
    if not plan and not passed and not failed:
        return None
    return passed, failed + max(0, plan - passed - failed - skipped), skipped


def stage_layers(total):
    total.program("layers", [PYTHON, "tools/check_layers.py"], lambda output: (0, 1, 0) if " 0 broken rules" not in output else (1, 0, 0))


def stage_generated(total):
    """What is generated and committed is what its generator makes."""
    for name, arguments in (("models", ["tools/generate_models.py", "--check"]), ("support tables", ["tools/support_tables.py", "--check"])):
        status, output = run_program([PYTHON] + arguments)
        if status != 0:
            print(f"--- {name}\n{output}---", flush=True)
        total.add(name, (1, 0, 0) if status == 0 else (0, 1, 0), 0)


def stage_tools(total):
    for path in sorted(files("tests/tools", "test_*.py") + files("tests/protocol", "test_*.py")):
        total.program(path, [PYTHON, path], unittest_counts)


def stage_unit(total):
    sources = {os.path.basename(path)[:-2] for path in files("tests/unit", "*.c")}
    for name in sorted(sources):
        program = os.path.join(BUILD, "tests", "unit", name)
        if os.access(program, os.X_OK):
            total.program("unit " + name, [program], tap_counts, CMOCKA_MESSAGE_OUTPUT="TAP")
        else:
            print(f"{program} is not built: run `make units`")
            total.add("unit " + name, (0, 1, 0), 0)


def stage_protocol(total):
    total.program("protocol", [PYTHON, "tests/protocol/run.py"])


def stage_clients(total):
    total.program("clients", [PYTHON, "tests/clients/run.py"])


def stage_demo(total):
    demo = "fixtures/orders/demo.sh"
    if os.path.exists(os.path.join(ROOT, demo)):
        start = time.monotonic()
        status, output = run_program([os.path.join(ROOT, demo)])
        if status != 0:
            print(f"--- {demo} ended with {status}\n{output}---", flush=True)
        total.add("demo", (1, 0, 0) if status == 0 else (0, 1, 0), time.monotonic() - start)


def stage_runtimes(total):
    for path in sorted(files("tests/runtimes", "test_*.py")):
        total.program(path, [PYTHON, path])


def stage_model(total):
    for program in ("run.py", "broken.py", "s3_listing.py"):
        total.program("model " + program, [PYTHON, "tests/model/" + program, "--short"])


def stage_short(name):
    """tests/NAME/run.py or run.sh, when it exists, in its short form."""

    def run(total):
        for program in (f"tests/{name}/run.py", f"tests/{name}/run.sh"):
            if os.path.exists(os.path.join(ROOT, program)):
                total.program(name, ([PYTHON] if program.endswith(".py") else ["bash"]) + [program, "--short"])

    return run


def files(folder, pattern):
    return [os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, folder, pattern))]


STAGES = {
    "layers": stage_layers,
    "generated": stage_generated,
    "tools": stage_tools,
    "unit": stage_unit,
    "protocol": stage_protocol,
    "runtimes": stage_runtimes,
    "control": stage_short("control"),
    "clients": stage_clients,
    "demo": stage_demo,
    "kill": stage_short("kill"),
    "model": stage_model,
    "property": stage_short("property"),
    "fuzz": stage_short("fuzz"),
    "hostile": stage_short("hostile"),
    "soak": stage_short("soak"),
}


def main():
    wanted = sys.argv[1:] or list(STAGES)
    unknown = [name for name in wanted if name not in STAGES]
    if unknown:
        sys.exit(f"no such stage: {', '.join(unknown)}; there are {', '.join(STAGES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended, too
    total = Sum()
    for name in STAGES:
        if name in wanted:
            STAGES[name](total)
    print("\n" + "\n".join(total.lines))
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
