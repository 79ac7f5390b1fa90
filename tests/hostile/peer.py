"""The client's side of the bare socket, and what every hostile case shares. Standard library only.

    Peer(port)                  one connection: send() bytes as they are, answer() parses one answer, ended() waits for the end
    ask(port, method, path...)  one well-formed request, on a connection of its own
    clear(answer, 400, ...)     the answer is one of these and no accident
"""
import base64
import contextlib
import io
import json
import os
import re
import select
import socket
import sys
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402

SECONDS = float(os.environ.get("LOWCLOUD_TEST_SECONDS", "20"))
ROLE = "arn:aws:iam::000000000000:role/hostile"
ACCIDENTS = re.compile(rb"InternalError|InternalFailure|ServiceException|InternalServerError|Internal Server Error|ServiceFailure", re.IGNORECASE)


class Failure(Exception):
    pass


class Skip(Exception):
    pass


@contextlib.contextmanager
def about(*what):
    """Says in a failure which of many inputs it was."""
    try:
        yield
    except Failure as problem:
        raise Failure(f"{' '.join(repr(thing)[:100] for thing in what)}: {problem}") from None


def expect(condition, text):
    if not condition:
        raise Failure(text)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as problem:
            raise Failure(f"no JSON: {self!r}") from problem

    def code(self):
        """The error's code, in whichever format the service has it."""
        given = self.headers.get("x-amzn-errortype") or ""
        found = re.search(rb"<Code>([^<]*)</Code>", self.body) or re.search(rb'"__type"\s*:\s*"([^"]*)"', self.body)
        if found:
            given = found.group(1).decode()
        return given.split("#")[-1].split(":")[0]


class Peer:
    """One connection. Every wait has a deadline: what does not come in time hangs, and is a failure."""

    def __init__(self, port, address="127.0.0.1", seconds=SECONDS):
        self.limit = seconds * harness.PATIENCE
        self.socket = socket.create_connection((address, port), timeout=self.limit)
        self.buffer = b""
        self.is_cut = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """False when the other side would take no more: it has closed, with or without an answer."""
        try:
            self.socket.sendall(data)
            return True
        except socket.timeout as problem:
            raise Failure(f"the server neither reads nor closes: {len(data)} bytes") from problem
        except OSError:
            self.is_cut = True
            return False

    def finish_sending(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.is_cut = True

    def reset(self):
        """Goes away with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def more(self):
        try:
            piece = self.socket.recv(262144)
        except socket.timeout as problem:
            raise Failure(f"no answer within {self.limit:g} s, so far {self.buffer[:200]!r}") from problem
        except OSError:
            piece = b""
        self.buffer += piece
        return len(piece) > 0

    def take(self, size):
        while len(self.buffer) < size:
            expect(self.more(), f"the answer ends after {len(self.buffer)} of {size} bytes: {self.buffer[:200]!r}")
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            expect(self.more(), f"the answer ends in the middle of a line: {self.buffer[:200]!r}")
        taken, self.buffer = self.buffer.split(b"\r\n", 1)
        return taken

    def answer(self, method="GET"):
        """The next answer; None when the connection has ended without one. 100 Continue is passed over."""
        while True:
            while len(self.buffer) < 12:
                if not self.more():
                    expect(not self.buffer, f"neither an answer nor the end: {self.buffer!r}")
                    return None
            start = self.line()
            match = re.fullmatch(rb"HTTP/1\.[01] (\d\d\d)(?: .*)?", start)
            expect(match, f"no status line: {start[:200]!r}")
            headers = {}
            while True:
                line = self.line()
                if not line:
                    break
                name, colon, value = line.partition(b":")
                expect(colon and re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name), f"no header line: {line[:200]!r}")
                headers[name.decode().lower()] = value.strip().decode("latin-1")
            status = int(match.group(1))
            if status != 100:
                return Answer(status, headers, self.body(method, status, headers))

    def body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304):
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = b""
            while True:
                size = int(self.line().split(b";")[0], 16)
                body += self.take(size)
                self.take(2)
                if size == 0:
                    return body
        if "content-length" in headers:
            return self.take(int(headers["content-length"]))
        while self.more():
            continue
        body, self.buffer = self.buffer, b""
        return body

    def ended(self):
        """Waits for the end; what comes before it is given."""
        while self.more():
            continue
        return self.buffer

    def is_silent(self):
        """Nothing has come so far (and nothing is waited for)."""
        return not self.buffer and not select.select([self.socket], [], [], 0)[0]


def form(method, path, body=b"", headers=None):
    """The bytes of a well-formed request."""
    if isinstance(body, str):
        body = body.encode()
    given = {"Host": "localhost"}
    given.update(headers or {})
    if body or method in ("POST", "PUT"):
        given.setdefault("Content-Length", str(len(body)))
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    return f"{method} {path} HTTP/1.1\r\n".encode("utf-8", "surrogateescape") + lines.encode("utf-8", "surrogateescape") + b"\r\n" + body


def ask(port, method, path, body=b"", headers=None, seconds=SECONDS, address="127.0.0.1"):
    with Peer(port, address, seconds) as peer:
        peer.send(form(method, path, body, headers))
        answer = peer.answer(method)
        expect(answer is not None, f"{method} {path[:100]}: closed without an answer")
        return answer


def send_raw(port, data, method="GET", finish=False, seconds=SECONDS):
    """Bytes on a connection of their own; the first answer or None."""
    with Peer(port, seconds=seconds) as peer:
        peer.send(data)
        if finish:
            peer.finish_sending()
        return peer.answer(method)


def clear(answer, *statuses, code=None, closed=False):
    """One of these statuses (with this code, a pattern), or, if `closed`, the end of the connection. Never an accident of ours."""
    if answer is None:
        expect(closed, "closed without an answer")
        return None
    expect(answer.status != 500 and not ACCIDENTS.search(answer.body[:2000]), f"an accident: {answer!r}")
    expect(answer.status in statuses, f"expected {' or '.join(map(str, statuses))}, got {answer!r}")
    if code is not None:
        expect(re.fullmatch(code, answer.code()), f"expected {code}, got {answer.code()!r}: {answer!r}")
    if answer.status == 503:
        expect("close" in answer.headers.get("connection", "") or len(answer.body) > 0, f"an unclear 503: {answer!r}")
    return answer


# --- the services, in short -------------------------------------------------------------------------------------------------------


class World:
    """A server and what the cases need of it."""

    def __init__(self, server, short):
        self.server, self.short = server, short
        self.port = server.port

    def sqs(self, operation, members, account=None):
        body = members if isinstance(members, (bytes, str)) else json.dumps(members)
        headers = {"X-Amz-Target": "AmazonSQS." + operation, "Content-Type": "application/x-amz-json-1.0"}
        return ask(self.port, "POST", "/", body, headers)

    def query(self, fields, path="/"):
        return ask(self.port, "POST", path, fields, {"Content-Type": "application/x-www-form-urlencoded"})

    def put(self, path, body=b"", headers=None):
        return ask(self.port, "PUT", path, body, headers)

    def create(self, name, package, runtime="provided.al2023", handler="handler", timeout=3, memory=256, variables=None):
        return ask(self.port, "POST", "/2015-03-31/functions", json.dumps({
            "FunctionName": name, "Runtime": runtime, "Handler": handler, "Role": ROLE, "Timeout": timeout, "MemorySize": memory,
            "Environment": {"Variables": dict(variables or {}, LOWCLOUD_HOSTILE_MARK=str(os.getpid()))},
            "Code": {"ZipFile": package if isinstance(package, str) else base64.b64encode(package).decode()}}), seconds=60)

    def make(self, name, package, **settings):
        answer = self.create(name, package, **settings)
        expect(answer.status in (201, 409), f"CreateFunction {name}: {answer!r}")
        return name

    def invoke(self, name, event="{}", headers=None, seconds=40):
        body = event if isinstance(event, (bytes, str)) else json.dumps(event)
        return ask(self.port, "POST", f"/2015-03-31/functions/{name}/invocations", body, headers, seconds=seconds)

    def delete_function(self, name):
        return ask(self.port, "DELETE", f"/2015-03-31/functions/{name}")

    def is_well(self):
        """The next good request works."""
        answer = ask(self.port, "GET", "/_lowcloud/health")
        expect(answer.status == 200 and answer.json()["status"] == "ok", f"health: {answer!r}")
        answer = self.sqs("ListQueues", {})
        expect(answer.status == 200, f"ListQueues: {answer!r}")

    def log(self):
        with open(self.server.log_path, errors="replace") as log:
            return log.read()

    def resident(self):
        """KiB."""
        with open(f"/proc/{self.server.process.pid}/status") as status:
            return int(re.search(r"^VmRSS:\s+(\d+)", status.read(), re.MULTILINE).group(1))

    def sockets(self):
        """Connections that the server holds."""
        count = 0
        for name in os.listdir(f"/proc/{self.server.process.pid}/fd"):
            try:
                count += os.readlink(f"/proc/{self.server.process.pid}/fd/{name}").startswith("socket:")
            except OSError:
                continue
        return count


def zipped(files, mode=0o755):
    """A zip of {name: content}; a content that is a tuple is (content, external attributes)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100000 | mode) << 16
            if isinstance(content, tuple):
                content, entry.external_attr = content
            archive.writestr(entry, content)
    return data.getvalue()
