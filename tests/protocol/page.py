"""Reads a conversation: a Markdown page whose fenced blocks are the steps. README.md beside this file describes the form."""
import re
from dataclasses import dataclass, field

REQUEST_LINE = re.compile(r"([A-Z]+) (\S.*) (HTTP/\d\.\d)$")
STATUS_LINE = re.compile(r"HTTP/1\.\d (\d{3})(?: .*)?$")
FENCE = re.compile(r"^(```+)\s*([^`\n]*)$")
FLAGS = {"unverified", "escaped", "raw", "more", "cut"}


class PageError(Exception):
    pass


@dataclass
class Block:
    kind: str  # request, answer, clock, connection
    file: str
    line: int
    connection: str = "default"
    flags: set = field(default_factory=set)
    text: str = ""
    heading: str = ""

    @property
    def place(self):
        return f"{self.file}:{self.line}"


def fences(text):
    """(info words, line number of the first content line, content, heading) of every fenced block."""
    fence, words, start, content, heading = None, None, 0, [], ""
    for number, line in enumerate(text.split("\n"), 1):
        if fence is None:
            if line.startswith("#"):
                heading = line.lstrip("# ").strip()
            match = FENCE.match(line)
            if match:
                fence, words, start, content = match[1], match[2].split(), number + 1, []
        elif line.rstrip() == fence:
            yield words, start, "\n".join(content), heading
            fence = None
        else:
            content.append(line)
    if fence is not None:
        raise PageError(f"line {start - 1}: this block has no end")


def read(path, shown):
    """The page's steps in order, and its files: {"echo/index.py": text}."""
    with open(path, encoding="utf-8", newline="\n") as source:
        text = source.read()
    blocks, files = [], {}
    for words, line, content, heading in fences(text):
        named_file = [word[5:] for word in words if word.startswith("file=")]
        if named_file:
            files[named_file[0]] = content + "\n"
            continue
        if not words or words[0] not in ("http", "clock", "connection"):
            continue
        block = Block(words[0], shown, line, flags=set(words[1:]) & FLAGS, text=content, heading=heading)
        names = [word for word in words[1:] if word not in FLAGS]
        if len(names) > 1:
            raise PageError(f"{block.place}: unknown words {names}")
        if names:
            block.connection = names[0]
        if block.kind == "http":
            first = content.split("\n", 1)[0]
            if block.flags & {"raw", "more"}:
                block.kind = "request"
            elif STATUS_LINE.match(first):
                block.kind = "answer"
            elif REQUEST_LINE.match(first):
                block.kind = "request"
            else:
                raise PageError(f"{block.place}: neither a request line nor a status line: {first!r}")
        blocks.append(block)
    return blocks, files


def split(block):
    """(first line, [(header, value)], body or None when the page gives no body at all)."""
    head, separator, body = block.text.partition("\n\n")
    if not separator and head.endswith("\n"):
        head, separator, body = head[:-1], "\n", ""
    lines = head.split("\n")
    headers = []
    for offset, line in enumerate(lines[1:], 1):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise PageError(f"{block.file}:{block.line + offset}: no header: {line!r}")
        headers.append((name.strip(), value.strip()))
    return lines[0], headers, body if separator else None


ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|[nrt0\\])")


def unescape(data):
    """Bytes of text with \\n \\r \\t \\0 \\\\ and \\xNN."""
    simple = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}
    return ESCAPE.sub(lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else simple[m[1]], data)
