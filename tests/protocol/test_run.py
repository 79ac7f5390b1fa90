#!/usr/bin/env python3
"""The runner itself, against a small server of its own: it must see what is wrong, and only that."""
import contextlib
import io
import json
import os
import socket
import sys
import tempfile
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import match  # noqa: E402
import page  # noqa: E402
import run  # noqa: E402


class Echo:
    """Answers `POST /echo` with its body, `GET /park` when `POST /wake` comes, and the control paths with {}."""

    def __init__(self, **_):
        self.control_calls, self.parked, self.raw = [], [], []
        self.is_parked = threading.Event()

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rb")
        with contextlib.suppress(OSError):
            while self.one(connection, stream):
                pass
        stream.close()
        connection.close()

    def one(self, connection, stream):
        first = stream.readline()
        if not first:
            return False
        self.raw.append(first)
        headers = {}
        for line in iter(stream.readline, b"\r\n"):
            if not line:
                return False
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        path = first.split()[1].decode()
        if path == "/park":
            self.parked.append(connection)
            self.is_parked.set()
        elif path == "/wake":
            self.is_parked.wait(10)  # a thread each: unlike the real server, this one does not keep the order of arrival
            for waiting in self.parked:
                self.answer(waiting, b'{"woken":true}')
            self.parked = []
            self.answer(connection, b"{}")
        elif path == "/chunked":
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n")
        elif path == "/short":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            return False
        elif path == "/continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.answer(connection, body)
        else:
            self.answer(connection, body, headers.get("content-type", "text/plain"), headers)
        return True

    @staticmethod
    def answer(connection, body, kind="application/json", headers=None):
        extra = f"X-Host: {headers.get('host', 'none')}\r\nX-Length: {headers.get('content-length', 'none')}\r\n" if headers else ""
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def request(self, method, path, *_):
        self.control_calls.append((method, path))
        return 200, {}, b"{}"

    def clock(self, **order):
        self.control_calls.append(order)
        return {"fired": 2, "mode": "frozen"}

    def idle(self, timeout):
        return {"idle": True, "timeout": timeout}

    def reset(self):
        pass

    def is_alive(self):
        return True

    def log(self):
        return ""

    def stop(self):
        self.listener.close()
        return 0


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        run.harness.PATIENCE, before = 0.05, run.harness.PATIENCE
        self.addCleanup(setattr, run.harness, "PATIENCE", before)

    def converse(self, text):
        path = os.path.join(self.folder.name, "10-page.md")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        self.server = None

        def make(**options):
            self.server = Echo(**options)
            return self.server

        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            tally = run.run([path], server_class=make)
        self.output = out.getvalue()
        return tally.passed, tally.failed

    def echo(self, sent, expected, kind="application/json", flags=""):
        return self.converse(
            f"# T\n\n```http\nPOST /echo HTTP/1.1\nContent-Type: {kind}\n\n{sent}\n```\n\n```http {flags}\nHTTP/1.1 200 OK\n\n{expected}\n```\n"
        )

    def test_json_members_not_mentioned_are_not_compared(self):
        self.assertEqual(self.echo('{"a":1,"b":[1,2],"c":null}', '{"c": null, "b": [1, 2]}'), (1, 0))

    def test_json_differences_are_found(self):
        for sent, expected in (
            ('{"a":1}', '{"a": 2}'),
            ('{"a":1}', '{"a": "1"}'),
            ('{"a":true}', '{"a": 1}'),
            ('{"a":1}', '{"b": 1}'),
            ('{"a":1}', '{"a": "{absent}"}'),
            ('{"a":[1,2]}', '{"a": [1]}'),
            ('{"a":[1]}', '{"a": [1, 2, "..."]}'),
            ('{"a":[2,1]}', '{"a": [1, 2]}'),
            ('{"a":1,"b":2}', '{"a": 1, "{only}": true}'),
            ('{"a":null}', '{"a": {}}'),
            ('{"a":"{}"}', '{"a": {"{json}": {"b": 1}}}'),
            ('{"a":[1,3]}', '{"a": ["{unordered}", 1, 2]}'),
            ("[]", "{}"),
            ("no json", "{}"),
            ('{"a":"x"}', '{"a": "{id:uuid}"}'),
        ):
            with self.subTest(sent=sent, expected=expected):
                self.assertEqual(self.echo(sent, expected), (0, 1), self.output if hasattr(self, "output") else "")

    def test_json_allowances(self):
        for sent, expected in (
            ('{"a":[1,2,3]}', '{"a": [1, "..."]}'),
            ('{"a":[2,1]}', '{"a": ["{unordered}", 1, 2]}'),
            ('{"a":"{\\"b\\":[1]}"}', '{"a": {"{json}": {"b": [1]}}}'),
            ('{"a":1}', '{"b": "{absent}"}'),
            ('{"a":5,"b":5}', '{"a": "{n:number}", "b": "{n}"}'),
            ('{"a":"x-9f"}', '{"a": "x-{rest:hex}"}'),
            ('{"a":"/orders/{id}"}', '{"a": "/orders/{{id}}"}'),
            ('{"a":1.0}', '{"a": 1}'),
            ("{}", "{}"),
        ):
            with self.subTest(sent=sent, expected=expected):
                self.assertEqual(self.echo(sent, expected), (1, 0), getattr(self, "output", ""))

    def test_xml(self):
        good = (
            ("<a><b>1</b><c>2</c></a>", "<a><c>2</c><b>1</b></a>"),
            ('<a xmlns="http://x/"><b/></a>', "<a><b/></a>"),
            ('<a xmlns="http://x/"><b/></a>', '<a xmlns="http://x/"><b/></a>'),
            ("<a><b>1</b><b>2</b></a>", '<a><b>1</b><more of="b"/></a>'),
            ("<a><b>1</b></a>", "<a><c>{absent}</c></a>"),
            ("<a/>", '<a xmlns="{absent}"/>'),
            ("<a><k>x</k><l>x</l></a>", "<a><k>{v}</k><l>{v}</l></a>"),
            ("<a><b>1</b><c>2</c></a>", '<a ordered="yes"><b>1</b><c>2</c></a>'),
        )
        bad = (
            ("<a><b>1</b></a>", "<b/>"),
            ("<a><b>1</b></a>", "<a><b>2</b></a>"),
            ("<a><b>1</b><b>1</b></a>", "<a><b>1</b></a>"),
            ('<a xmlns="http://x/"/>', '<a xmlns="http://y/"/>'),
            ('<a xmlns="http://x/"/>', '<a xmlns="{absent}"/>'),
            ("<a><b>1</b></a>", "<a><b>{absent}</b></a>"),
            ("<a><k>x</k><l>y</l></a>", "<a><k>{v}</k><l>{v}</l></a>"),
            ("<a><c>2</c><b>1</b></a>", '<a ordered="yes"><b>1</b><c>2</c></a>'),
            ("<a><b><c/></b></a>", "<a><b/></a>"),
            ("<a>", "<a/>"),
        )
        for result, cases in (((1, 0), good), ((0, 1), bad)):
            for sent, expected in cases:
                with self.subTest(sent=sent, expected=expected):
                    self.assertEqual(self.echo(sent, expected, "application/xml"), result, getattr(self, "output", ""))

    def test_text_and_repetition(self):
        self.assertEqual(self.echo("x{a*5}y", "xaaaaay", "text/plain"), (1, 0))
        self.assertEqual(self.echo("hello", "hell", "text/plain"), (0, 1))
        self.assertEqual(self.echo("a\\x00\\r\\nb", "a\\0\\r\\nb", "text/plain", "escaped"), (0, 1))

    def test_unverified_answers_are_not_counted(self):
        self.assertEqual(self.echo('{"a":1}', '{"a": 2}', flags="unverified"), (0, 0))
        self.assertIn("unverified", self.output)
        self.assertEqual(self.echo('{"a":1}', '{"a": 1}', flags="unverified"), (0, 0))

    def test_captures_are_sent_and_must_repeat(self):
        text = (
            "```http\nPOST /echo HTTP/1.1\n\nid=abc\n```\n```http\nHTTP/1.1 200 OK\n\nid={id}\n```\n"
            "```http\nPOST /echo HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\na={id|url}\n&b={unknown}\n```\n"
            "```http\nHTTP/1.1 200 OK\nX-Host: {host}\nX-Length: 17\n\na=abc&b={{unknown}}\n```\n"
            "```http\nPOST /echo HTTP/1.1\n\nid=other\n```\n```http\nHTTP/1.1 200 OK\n\nid={id}\n```\n"
        )
        self.assertEqual(self.converse(text), (2, 1), self.output)

    def test_a_value_that_was_never_captured_is_not_sent(self):
        text = (
            "```http\nPOST /echo HTTP/1.1\n\nnothing\n```\n```http\nHTTP/1.1 200 OK\n\nid={id}\n```\n"
            "```http\nPOST /echo HTTP/1.1\n\n{id}\n```\n```http\nHTTP/1.1 200 OK\n```\n"
        )
        self.assertEqual(self.converse(text), (0, 3), self.output)

    def test_headers(self):
        text = (
            "```http\nPOST /echo HTTP/1.1\nHost: {absent}\n\nx\n```\n"
            "```http\nHTTP/1.1 200 OK\nx-host: none\nX-Length: {n:number}\nX-Nothing: {absent}\n```\n"
            "```http\nPOST /echo HTTP/1.1\n\nx\n```\n```http\nHTTP/1.1 200 OK\nX-Host: {absent}\n```\n"
        )
        self.assertEqual(self.converse(text), (1, 1), self.output)

    def test_a_parked_answer_on_a_named_connection(self):
        text = (
            "```http waiting\nGET /park HTTP/1.1\n```\n```http\nPOST /wake HTTP/1.1\n```\n```http\nHTTP/1.1 200 OK\n```\n"
            '```http waiting\nHTTP/1.1 200 OK\n\n{"woken": true}\n```\n'
        )
        self.assertEqual(self.converse(text), (2, 0), self.output)
        self.assertIn(("GET", "/_lowcloud/health"), self.server.control_calls)

    def test_an_answer_that_never_comes_or_is_never_read(self):
        self.assertEqual(self.converse("```http\nGET /park HTTP/1.1\n```\n```http\nHTTP/1.1 200 OK\n```\n"), (0, 1))
        self.assertEqual(self.converse("```http\nGET /park HTTP/1.1\n```\n"), (0, 1))
        self.assertIn("never read", self.output)
        self.assertEqual(self.converse("```http\nHTTP/1.1 200 OK\n```\n"), (0, 1))

    def test_framing(self):
        self.assertEqual(
            self.converse("```http\nGET /chunked HTTP/1.1\n```\n```http\nHTTP/1.1 200 OK\nX-Trailer: t\n\nabcde\n```\n"), (1, 0)
        )
        self.assertEqual(self.converse("```http\nGET /short HTTP/1.1\n```\n```http\nHTTP/1.1 200 OK\n```\n"), (0, 1))
        self.assertEqual(self.converse("```http\nGET /continue HTTP/1.1\n```\n```http\nHTTP/1.1 200 OK\n```\n"), (1, 0))
        raw = "```http raw\nPOST /echo HTTP/1.1\\r\\n\nContent-Length: 3\\r\\n\\r\\n\na\\x00b\n```\n```http escaped\nHTTP/1.1 200 OK\n\na\\0b\n```\n"
        self.assertEqual(self.converse(raw), (1, 0), self.output)

    def test_a_request_in_pieces(self):
        text = "```http\nPOST /echo HTTP/1.1\nContent-Length: 6\n\nabc\n```\n```http more\ndef\n```\n```http\nHTTP/1.1 200 OK\n\nabcdef\n```\n"
        self.assertEqual(self.converse(text), (1, 0), self.output)

    def test_a_cut_request_and_a_hang_up(self):
        text = "```http cut\nPOST /echo HTTP/1.1\nContent-Length: 10\n\nabc\n```\n```connection\nclose\n```\n"
        self.assertEqual(self.converse(text), (1, 0), self.output)

    def test_clock_orders(self):
        text = '```clock\nadvance 20s => {"fired": 2}\nidle 5s\nnext => {"fired": 3}\nleap 3s\n```\n'
        self.assertEqual(self.converse(text), (2, 2), self.output)
        self.assertIn({"advance": "20s"}, self.server.control_calls)

    def test_files_become_zips(self):
        text = "```python file=echo/index.py\nx = 1\n```\n```http\nPOST /echo HTTP/1.1\n\n{zip:echo}\n```\n```http\nHTTP/1.1 200 OK\n\nUEsDB{rest}\n```\n"
        self.assertEqual(self.converse(text), (1, 0), self.output)

    def test_a_broken_page_fails(self):
        self.assertEqual(self.converse("```http\nnonsense\n```\n"), (0, 1))
        self.assertEqual(self.converse("```http\nGET / HTTP/1.1\n"), (0, 1))

    def test_names(self):
        self.assertEqual(match.names_in('{"a": "{x}-{y:uuid} {any} {{z}} {b*3} {absent}"}'), {"x", "y"})
        self.assertEqual(list(page.fences("```http a\nx\n```\n"))[0][0], ["http", "a"])
        self.assertEqual(json.loads('{"a": 1}'), {"a": 1})


if __name__ == "__main__":
    unittest.main()
