"""Starts a server of one's own for a test, and talks to its control endpoints. Standard library only.

    with Server(clock="frozen@2026-01-02T03:04:05Z", seed=1) as server:
        server.endpoint                     # http://127.0.0.1:PORT, from the READY line
        server.environment()                # for a client: a HOME of its own, keys, region, AWS_ENDPOINT_URL
        server.advance("30s"); server.idle("5s"); server.reset()

The server is ended by its process id when the block is left, on failure too. Nothing here sleeps: the READY line, an
answer or the end of a process is what is waited for, each with a deadline in real time.
"""
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
# Sanitizers and valgrind are several times slower: one factor for every deadline.
PATIENCE = float(os.environ.get("LOWCLOUD_TEST_PATIENCE", "6" if "san" in os.path.basename(BUILD) else "1"))


def default_binary():
    return os.path.abspath(os.environ.get("LOWCLOUD") or os.path.join(BUILD, "lowcloud"))


class ServerError(Exception):
    """The server did not start, ended by itself, or refused a control request."""


def clean_environment(home, **extra):
    """The machine's environment without anything that steers an AWS client, a proxy or lowcloud."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"(AWS_|LOWCLOUD_(?!STRICT|TEST)|BOTO_|https?_proxy|all_proxy|PYTEST_)", name, re.IGNORECASE)
    }
    env.update(
        HOME=home,
        AWS_CONFIG_FILE=os.path.join(home, "config"),
        AWS_SHARED_CREDENTIALS_FILE=os.path.join(home, "credentials"),
        AWS_EC2_METADATA_DISABLED="true",
        AWS_PAGER="",
        NO_PROXY="*",
        no_proxy="*",
    )
    env.update(extra)
    return env


class Server:
    def __init__(self, *options, clock=None, seed=None, data=None, binary=None, environment=None, strict_turns=True):
        self.binary = os.path.abspath(binary or default_binary())
        self.options = ["start", "--port", "0"]
        for name, value in (("--clock", clock), ("--seed", seed), ("--data", data)):
            if value is not None:
                self.options += [name, str(value)]
        self.options += options
        self.extra_environment = dict(environment or {})
        if strict_turns and "san" not in os.path.basename(BUILD):
            self.extra_environment.setdefault("LOWCLOUD_STRICT_TURNS", "50")
        self.process = None
        self.directory = None

    # -- life ---------------------------------------------------------------------------------------------------------

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        if not os.access(self.binary, os.X_OK):
            raise ServerError(f"{self.binary} is not there or not executable: run `make`")
        self.directory = tempfile.mkdtemp(prefix="lowcloud-test-")
        self.home = os.path.join(self.directory, "home")
        os.mkdir(self.home)
        self.log_path = os.path.join(self.directory, "stderr")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [self.binary] + self.options,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean_environment(self.home, **self.extra_environment),
                cwd=self.directory,
            )
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _await_ready(self):
        deadline = time.monotonic() + 20 * PATIENCE
        line = b""
        output = self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise ServerError(f"no READY line within {20 * PATIENCE:g} s\n{self.log()}")
            piece = os.read(output, 4096)
            if not piece:
                self.process.wait()
                raise ServerError(f"ended with {self.process.returncode} before READY\n{self.log()}")
            line += piece
        match = re.fullmatch(rb"READY http://([^\s/]+):(\d+)\n", line)
        if not match:
            raise ServerError(f"expected exactly one line 'READY http://HOST:PORT' on stdout, got {line!r}\n{self.log()}")
        self.host, self.port = match.group(1).decode(), int(match.group(2))
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def stop(self, kill=False):
        """SIGTERM, then SIGKILL when that does not end it; kill=True: SIGKILL at once. Gives the exit status."""
        status = None
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            try:
                status = self.process.wait(10 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                status = self.process.wait()
            self.process.stdout.close()
            self.process = None
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None
        return status

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self, lines=40):
        try:
            with open(self.log_path, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except OSError:
            return ""

    def environment(self, **extra):
        """For a client of this server."""
        given = dict(
            AWS_ENDPOINT_URL=self.endpoint,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_REGION="us-east-1",
        )
        given.update(extra)
        return clean_environment(self.home, **given)

    # -- control ------------------------------------------------------------------------------------------------------

    def request(self, method, path, body=None, headers=None, timeout=30):
        """One plain HTTP request: (status, headers, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as problem:
            state = "is alive" if self.is_alive() else f"has ended with {self.process and self.process.poll()}"
            raise ServerError(f"{method} {path}: {problem!r}; the server {state}\n{self.log()}") from problem
        finally:
            connection.close()

    def control(self, method, path, body=None):
        """A control request that must succeed; its JSON answer."""
        text = None if body is None else json.dumps(body)
        status, _, answer = self.request(method, "/_lowcloud/" + path, text, {"Content-Type": "application/json"})
        if status // 100 != 2:
            raise ServerError(f"{method} /_lowcloud/{path}: {status} {answer.decode(errors='replace')}")
        return json.loads(answer) if answer else None

    def reset(self):
        return self.control("POST", "reset")

    def clock(self, **order):
        return self.control("POST", "clock", order) if order else self.control("GET", "clock")

    def freeze(self):
        return self.clock(freeze=True)

    def advance(self, duration):
        return self.clock(advance=duration)

    def next(self):
        return self.clock(next=True)

    def idle(self, timeout="30s"):
        return self.control("GET", "idle?timeout=" + timeout)

    def journal(self, after=0):
        status, _, answer = self.request("GET", f"/_lowcloud/journal?after={after}")
        if status != 200:
            raise ServerError(f"journal: {status} {answer!r}")
        return [json.loads(line) for line in answer.decode().splitlines() if line]


def free_port():
    """A port that was free a moment ago: for EADDRINUSE tests only; everything else uses --port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def last_counts(text):
    """(passed, failed, skipped) from the last line that says so; None when there is none."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", text, re.MULTILINE)
    return tuple(int(number) for number in found[-1]) if found else None


if __name__ == "__main__":
    sys.exit("a library: see tests/main.py")
