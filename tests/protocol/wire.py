"""HTTP/1.1 on a bare socket, so that what no client library would send can be sent, and what came is seen as it came."""
import socket
from dataclasses import dataclass, field


class NoAnswer(Exception):
    pass


@dataclass
class Answer:
    status: int
    reason: str
    headers: list = field(default_factory=list)  # (name, value) as they came
    body: bytes = b""
    interim: list = field(default_factory=list)  # status codes of 1xx answers before it
    problems: list = field(default_factory=list)  # breaches of HTTP itself

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values

    def shown(self, limit=1500):
        text = self.body[:limit].decode("utf-8", "backslashreplace")
        more = f"\n... {len(self.body) - limit} more bytes" if len(self.body) > limit else ""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"] + [f"{name}: {value}" for name, value in self.headers]
        return "\n".join(lines) + "\n\n" + text + more


class Connection:
    def __init__(self, host, port, timeout):
        self.address, self.timeout = (host, port), timeout
        self.socket = None
        self.buffer = b""
        self.pending = []  # methods of requests whose answers were not read yet
        self.closed_by_server = False

    def open(self):
        self.close()
        self.socket = socket.create_connection(self.address, self.timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.closed_by_server = b"", False

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket, self.pending = None, []

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data, method):
        """method None: more bytes of the request before."""
        if self.socket is None or (self.closed_by_server and not self.pending):
            self.open()
        if method is not None:
            self.pending.append(method)
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may refuse early: its answer, if any, is still to be read

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except socket.timeout:
            raise NoAnswer(f"no answer within {self.timeout:g} s (so far: {self.buffer[:200]!r})") from None
        except ConnectionResetError:
            piece = b""
        if not piece:
            self.closed_by_server = True
        self.buffer += piece
        return bool(piece)

    def _until(self, mark):
        while mark not in self.buffer:
            if not self._more():
                raise NoAnswer(f"the server closed the connection (so far: {self.buffer[:200]!r})")
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def _exactly(self, size, answer):
        while len(self.buffer) < size:
            if not self._more():
                answer.problems.append(f"the body ends after {len(self.buffer)} of {size} bytes")
                break
        found, self.buffer = self.buffer[:size], self.buffer[size:]
        return found

    def _chunked(self, answer):
        body = b""
        while True:
            line = self._until(b"\r\n")
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                answer.problems.append(f"a bad chunk size line {line!r}")
                return body
            if size == 0:
                break
            body += self._exactly(size, answer)
            if self._exactly(2, answer) != b"\r\n":
                answer.problems.append("a chunk without its CRLF")
                return body
        while True:
            line = self._until(b"\r\n")
            if not line:
                return body
            name, _, value = line.decode("latin-1").partition(":")
            answer.headers.append((name.strip(), value.strip()))

    def read(self):
        """The next answer; interim ones are noted in it."""
        if self.socket is None or not self.pending:
            raise NoAnswer("there is no unanswered request on this connection")
        method = self.pending.pop(0)
        interim = []
        while True:
            head = self._until(b"\r\n\r\n").decode("utf-8", "surrogateescape").split("\r\n")
            version, _, rest = head[0].partition(" ")
            code, _, reason = rest.partition(" ")
            if not version.startswith("HTTP/1.") or not code.isdigit():
                raise NoAnswer(f"no status line: {head[0]!r}")
            answer = Answer(int(code), reason, interim=interim)
            for line in head[1:]:
                name, colon, value = line.partition(":")
                if not colon:
                    answer.problems.append(f"a header line without colon: {line!r}")
                answer.headers.append((name.strip(), value.strip()))
            if answer.status >= 200 or answer.status == 101:
                break
            interim.append(answer.status)
        lengths = answer.header("Content-Length")
        if len(lengths) > 1:
            answer.problems.append("more than one Content-Length")
        chunked = any("chunked" in value.lower() for value in answer.header("Transfer-Encoding"))
        if chunked and lengths:
            answer.problems.append("both Content-Length and Transfer-Encoding")
        if method == "HEAD" or answer.status in (101, 204, 304):
            pass
        elif chunked:
            answer.body = self._chunked(answer)
        elif lengths:
            answer.body = self._exactly(int(lengths[0]), answer)
        else:
            while self._more():
                pass
            answer.body, self.buffer = self.buffer, b""
        if any(value.lower() == "close" for value in answer.header("Connection")):
            self.closed_by_server = True
        return answer

    def await_end(self):
        """Reads until the server closes; what came besides."""
        while self._more():
            pass
        rest, self.buffer = self.buffer, b""
        return rest
