#!/usr/bin/env python3
"""Runs the conversations of this folder against a server and says what differs.

    tests/protocol/run.py [--binary PATH] [-v] [PAGE.md ...]

One server is started (frozen clock, seed 1); each page begins with a reset. README.md describes the pages. The last line is
`N passed, N failed, N skipped`; the status is 1 when something failed.
"""
import argparse
import base64
import glob
import io
import json
import os
import re
import shutil
import sys
import tempfile
import urllib.parse
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import harness  # noqa: E402
import match  # noqa: E402
import page  # noqa: E402
import wire  # noqa: E402

CLOCK = "frozen@2026-01-02T03:04:05Z"
FILTERS = {
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "json": lambda text: json.dumps(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
}
BODILESS = {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"}


class Tally:
    def __init__(self, verbose):
        self.passed = self.failed = self.skipped = self.unverified = 0
        self.verbose = verbose

    def step(self, block, problems, answer=None, asked=None):
        if not problems:
            if "unverified" not in block.flags:
                self.passed += 1
            if self.verbose:
                print(f"ok      {block.place} {block.heading}")
            return
        if "unverified" in block.flags:
            self.unverified += 1
            print(f"differs (unverified, not counted) {block.place} {block.heading}")
        else:
            self.failed += 1
            print(f"FAILED  {block.place} {block.heading}")
        for problem in problems:
            print("        - " + problem)
        if asked:
            print("        asked: " + asked)
        if answer is not None:
            print("\n".join("        | " + line for line in answer.shown().split("\n")))


class Conversation:
    def __init__(self, server, path, tally, timeout):
        self.server, self.path, self.tally = server, path, tally
        self.shown = os.path.relpath(path, os.getcwd()) if not os.path.relpath(path).startswith("..") else path
        self.timeout = timeout
        self.captures = {"host": f"localhost:{server.port}", "port": str(server.port), "endpoint": f"http://localhost:{server.port}"}
        self.promised = set()  # names that answers before this point should have captured
        self.connections = {}
        self.asked = {}
        self.directory = tempfile.mkdtemp(prefix="lowcloud-page-")

    def connection(self, name):
        if name not in self.connections:
            self.connections[name] = wire.Connection("127.0.0.1", self.server.port, self.timeout)
        return self.connections[name]

    def run(self):
        try:
            blocks, self.files = page.read(self.path, self.shown)
            for number, block in enumerate(blocks):
                following = blocks[number + 1] if number + 1 < len(blocks) else None
                getattr(self, "do_" + block.kind)(block, following)
            self.finish()
        finally:
            for connection in self.connections.values():
                connection.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    def finish(self):
        for name, connection in self.connections.items():
            if connection.pending:
                lost = page.Block("answer", self.shown, 0, name)
                self.tally.step(lost, [f"{len(connection.pending)} answer(s) on connection '{name}' were never read"])

    # -- requests -----------------------------------------------------------------------------------------------------

    def substitute(self, text):
        def one(found):
            name, kind = found["name"], found["kind"]
            if found["literal"] is not None:
                return "{" + found["literal"] + "}"
            if found["char"] is not None:
                return match.repeated(found)
            if name == "zip" and kind:
                return base64.b64encode(self.zip(kind)).decode()
            if name == "directory" and kind:
                return self.unpacked(kind)
            if name in self.captures:
                value = match.text_of(self.captures[name])
                return FILTERS[found["filter"]](value) if found["filter"] else value
            if name in self.promised:
                raise match.Unknown(f"no value was captured for {{{name}}}")
            return found[0]

        return match.PLACEHOLDER.sub(one, text)

    def members(self, folder):
        found = {path[len(folder) + 1 :]: text for path, text in self.files.items() if path.startswith(folder + "/")}
        if not found:
            raise page.PageError(f"{self.shown}: no block with file={folder}/...")
        return found

    def zip(self, folder):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.members(folder).items():
                entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
                entry.external_attr = 0o100755 << 16
                archive.writestr(entry, text)
        return out.getvalue()

    def unpacked(self, folder):
        where = os.path.join(self.directory, folder)
        for name, text in self.members(folder).items():
            target = os.path.join(where, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(target, 0o755)
        return where

    def build(self, block):
        """(bytes to send, method)"""
        if block.flags & {"raw", "more"}:
            text = self.substitute(block.text.replace("\n", ""))
            data = page.unescape(text.encode("utf-8", "surrogateescape"))
            return data, data.split(b" ", 1)[0].decode("latin-1")
        first, headers, body = page.split(block)
        method, target, version = page.REQUEST_LINE.match(first).groups()
        headers = [(name, self.substitute(value)) for name, value in headers]
        given = {name.lower(): value for name, value in headers}
        form = "x-www-form-urlencoded" in given.get("content-type", "")
        if body is not None and form and "escaped" not in block.flags:
            body = body.replace("\n", "")
        data = self.substitute(body or "").encode("utf-8", "surrogateescape")
        if "escaped" in block.flags:
            data = page.unescape(data)
        if "host" not in given:
            headers.insert(0, ("Host", self.captures["host"]))
        if "content-length" not in given and "transfer-encoding" not in given and (data or method not in BODILESS):
            headers.append(("Content-Length", str(len(data))))
        lines = [f"{method} {self.substitute(target)} {version}"]
        lines += [f"{name}: {value}" for name, value in headers if value != match.ABSENT]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + data, method

    def do_request(self, block, following):
        connection = self.connection(block.connection)
        try:
            data, method = self.build(block)
        except (match.Unknown, page.PageError, KeyError) as problem:
            self.tally.step(block, [f"not sent: {problem}"])
            connection.close()
            return
        if "more" not in block.flags:
            self.asked[block.connection] = block.text.split("\n", 1)[0]
        try:
            connection.send(data, None if "more" in block.flags else method)
        except OSError as problem:
            self.tally.step(block, [f"not sent: {problem}"])
            connection.close()
            return
        if "cut" in block.flags:
            connection.half_close()
        answered_next = following is not None and following.kind == "answer" and following.connection == block.connection
        if not answered_next:
            # What was sent must have reached the server before the next step: its loop has turned when these are answered.
            for _ in range(3):
                self.server.request("GET", "/_lowcloud/health")

    # -- answers ------------------------------------------------------------------------------------------------------

    def do_answer(self, block, _following):
        first, headers, body = page.split(block)
        self.promised |= match.names_in(block.text)
        connection = self.connection(block.connection)
        asked = self.asked.get(block.connection)
        try:
            answer = connection.read()
        except (wire.NoAnswer, OSError) as problem:
            connection.close()
            notes = [str(problem)]
            self.tally.step(block, notes, asked=asked)
            if not self.server.is_alive():
                raise harness.ServerError("the server has ended; its last lines:\n" + self.server.log()) from problem
            return
        problems = list(answer.problems)
        status = int(page.STATUS_LINE.match(first)[1])
        if answer.status != status:
            problems.append(f"status: expected {status}, got {answer.status}")
        self.compare_headers(headers, answer, problems)
        if body is not None:
            if not body and answer.body:
                problems.append("body: expected none")
            elif body:
                if "escaped" in block.flags:
                    wanted = page.unescape(body.encode())
                    if wanted != answer.body:
                        problems.append(f"body: expected {wanted!r}")
                else:
                    content_type = (answer.header("Content-Type") or [""])[0]
                    match.compare_body(body, answer.body, content_type, self.captures, problems)
        self.tally.step(block, problems, answer, asked)

    def compare_headers(self, headers, answer, problems):
        wanted = {}
        for name, value in headers:
            wanted.setdefault(name.lower(), []).append((name, value))
        for lower, entries in wanted.items():
            have = answer.header(lower)
            name = entries[0][0]
            if [value for _, value in entries] == [match.ABSENT]:
                if have:
                    problems.append(f"header {name}: must be absent, is {have}")
            elif len(have) != len(entries):
                problems.append(f"header {name}: expected {len(entries)}, got {have or 'none'}")
            else:
                for (_, value), actual in zip(entries, have):
                    match.compare_text(value, actual, self.captures, f"header {name}", problems)

    # -- clock and connections ----------------------------------------------------------------------------------------

    ORDERS = {
        "advance": lambda word: {"advance": word},
        "advance_to": lambda word: {"advance_to": word},
        "freeze": lambda word: {"freeze": True},
        "resume": lambda word: {"resume": True},
        "next": lambda word: {"next": True},
        "scale": lambda word: {"scale": float(word) if "." in word else int(word)},
    }

    def do_clock(self, block, _following):
        for offset, line in enumerate(block.text.split("\n")):
            if not line.strip():
                continue
            order, _, expected = line.partition("=>")
            verb, _, word = order.strip().partition(" ")
            step = page.Block("clock", block.file, block.line + offset, flags=block.flags, heading=f"{block.heading}: {order.strip()}")
            problems = []
            try:
                word = self.substitute(word.strip())
                if verb == "idle":
                    answer = self.server.idle(word or "10s")
                elif verb == "show":
                    answer = self.server.clock()
                elif verb in self.ORDERS:
                    answer = self.server.clock(**self.ORDERS[verb](word))
                else:
                    raise page.PageError(f"no such order: {verb}")
                if expected.strip():
                    self.promised |= match.names_in(expected)
                    match.compare_json(json.loads(expected), answer, self.captures, "$", problems)
            except (harness.ServerError, match.Unknown, page.PageError, ValueError) as problem:
                problems.append(str(problem))
            self.tally.step(step, problems)

    def do_connection(self, block, _following):
        """close (hang up), end (half-close), await-end (the server must close, without another byte)."""
        connection = self.connection(block.connection)
        verb = block.text.strip()
        problems = []
        try:
            if verb == "close":
                connection.close()
                for _ in range(3):
                    self.server.request("GET", "/_lowcloud/health")
            elif verb == "end":
                connection.half_close()
            elif verb == "await-end":
                rest = connection.await_end()
                if rest:
                    problems.append(f"expected the end of the connection, got {rest[:300]!r}")
                connection.close()
            else:
                problems.append(f"no such order: {verb}")
        except (wire.NoAnswer, OSError, AttributeError) as problem:
            problems.append(f"{verb}: {problem}")
        self.tally.step(block, problems)


def run(paths, binary=None, verbose=False, server_class=harness.Server):
    tally = Tally(verbose)
    timeout = 10 * harness.PATIENCE
    server = None
    try:
        for path in paths:
            before = tally.failed
            try:
                if server is not None and not server.is_alive():
                    server.stop()
                    server = None
                if server is None:
                    server = server_class(clock=CLOCK, seed=1, binary=binary).start()
                else:
                    server.reset()
                Conversation(server, path, tally, timeout).run()
                server.request("GET", "/_lowcloud/health")
            except (harness.ServerError, page.PageError) as problem:
                # Without the server or a readable page the rest of this page says nothing more.
                tally.step(page.Block("page", path, 1), [str(problem)])
            if verbose or tally.failed != before:
                print(f"{os.path.basename(path)}: {'failed' if tally.failed != before else 'passed'}")
    finally:
        if server is not None:
            status = server.stop()
            if status not in (0, None):
                print(f"FAILED  the server ended with {status}")
                tally.failed += 1
    if tally.unverified:
        print(f"{tally.unverified} unverified answer(s) differ; they are not counted")
    return tally


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", help="default: every NN-*.md of this folder, in order")
    parser.add_argument("--binary", help="default: $LOWCLOUD, or build/lowcloud")
    parser.add_argument("-v", "--verbose", action="store_true", help="name the passed steps too")
    given = parser.parse_args()
    pages = given.pages or sorted(p for p in glob.glob(os.path.join(HERE, "*.md")) if re.match(r"\d\d-", os.path.basename(p)))
    tally = run(pages, given.binary, given.verbose)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
