"""Compares what came with what a page expects. Every function adds lines of text to `problems`; none means equal.

Placeholders in expected text:
    {name}          any text (at least one character); the first time it is captured, later it must repeat
    {name:kind}     the same, of a kind: see KINDS
    {any} {any:kind}  not captured
    {a*1000}        the character a, a thousand times (also {\\n*1000}); any one character
    {{text}}        literally {text}
    {absent}        as a whole value: the header, member or element must be missing
"""
import json
import re
import xml.etree.ElementTree as ElementTree

KINDS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "number": r"-?[0-9]+",
    "hex": r"[0-9a-f]+",
    "md5": r"[0-9a-f]{32}",
    "iso": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)",
    "isoms": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "http-date": r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT",
    "base64": r"[A-Za-z0-9+/]+={0,2}",
    "account": r"[0-9]{12}",
    "upper16": r"[0-9A-Z]{16}",
    "text": r"(?s:.*)",
    "line": r"[^\n]*",
}

PLACEHOLDER = re.compile(
    r"\{\{(?P<literal>[^{}]*)\}\}"
    r"|\{(?P<char>\\.|[^\\])\*(?P<count>\d+)\}"
    r"|\{(?P<name>[a-z][a-z0-9_-]*)?(?::(?P<kind>[a-z0-9-]+))?(?:\|(?P<filter>[a-z0-9]+))?\}"
)
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\"}
NEVER_CAPTURED = {"any", "absent", "only", "unordered", "json"}
ABSENT = "{absent}"


class Unknown(Exception):
    """A placeholder for which there is no value."""


def repeated(match):
    return ESCAPES.get(match["char"], match["char"]) * int(match["count"])


def names_in(text):
    """The names that a page's expected text would capture."""
    return {
        m["name"]
        for m in PLACEHOLDER.finditer(text)
        if m["name"] and m["literal"] is None and m["char"] is None and m["name"] not in NEVER_CAPTURED
    }


def is_placeholder(match):
    return match is not None and any(match[part] is not None for part in ("name", "kind", "char", "literal"))


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def compare_text(expected, actual, captures, where, problems):
    """Text against text with placeholders. `actual` may be any JSON value when `expected` is one placeholder alone."""
    whole = PLACEHOLDER.fullmatch(expected)
    if not isinstance(actual, str):
        if not (whole and (whole["name"] or whole["kind"])):
            problems.append(f"{where}: expected {expected!r}, got {json.dumps(actual, ensure_ascii=False)}")
            return
    pattern, at, new = "", 0, {}
    for match in PLACEHOLDER.finditer(expected):
        pattern += re.escape(expected[at : match.start()])
        at = match.end()
        name, kind = match["name"], match["kind"]
        if match["literal"] is not None:
            pattern += re.escape("{" + match["literal"] + "}")
        elif match["char"] is not None:
            pattern += re.escape(repeated(match))
        elif name in captures:
            pattern += re.escape(text_of(captures[name]))
        elif name is None and kind is None:
            pattern += re.escape(match[0])
        elif kind is not None and kind not in KINDS:
            problems.append(f"{where}: the page names an unknown kind: {match[0]}")
            return
        else:
            inner = KINDS[kind] if kind else r"(?s:.+)" if whole else r"(?s:.+?)"
            if name is None or name == "any":
                pattern += f"(?:{inner})"
            elif name in new:
                pattern += f"(?P=capture{new[name]})"
            else:
                new[name] = len(new)
                pattern += f"(?P<capture{new[name]}>{inner})"
    pattern += re.escape(expected[at:])
    found = re.fullmatch(pattern, text_of(actual))
    if not found:
        known = {name: captures[name] for name in names_in(expected) if name in captures}
        note = f" (with {', '.join(f'{k}={text_of(v)!r}' for k, v in known.items())})" if known else ""
        problems.append(f"{where}: expected {expected!r}{note}, got {actual!r}")
        return
    for name, number in new.items():
        captures[name] = actual if whole else found[f"capture{number}"]


def compare_json(expected, actual, captures, where, problems):
    if isinstance(expected, dict) and set(expected) == {"{json}"}:
        try:
            inner = json.loads(actual)
        except (TypeError, ValueError):
            problems.append(f"{where}: expected text that is JSON, got {actual!r}")
            return
        compare_json(expected["{json}"], inner, captures, where + "(json)", problems)
    elif isinstance(expected, str):
        compare_text(expected, actual, captures, where, problems)
    elif isinstance(expected, dict):
        if not isinstance(actual, dict):
            problems.append(f"{where}: expected an object, got {json.dumps(actual, ensure_ascii=False)}")
            return
        for name, value in expected.items():
            if name == "{only}":
                continue
            if value == ABSENT:
                if name in actual:
                    problems.append(f"{where}.{name}: must be absent, is {json.dumps(actual[name], ensure_ascii=False)}")
            elif name not in actual:
                problems.append(f"{where}.{name}: is missing, expected {json.dumps(value, ensure_ascii=False)}")
            else:
                compare_json(value, actual[name], captures, f"{where}.{name}", problems)
        if "{only}" in expected:
            for name in sorted(set(actual) - set(expected)):
                problems.append(f"{where}.{name}: is not expected here ({json.dumps(actual[name], ensure_ascii=False)})")
    elif isinstance(expected, list):
        if not isinstance(actual, list):
            problems.append(f"{where}: expected a list, got {json.dumps(actual, ensure_ascii=False)}")
        elif expected and expected[0] == "{unordered}":
            compare_unordered(expected[1:], actual, captures, where, problems)
        else:
            compare_list(expected, actual, captures, where, problems)
    elif type(expected) is not type(actual) and not (
        isinstance(expected, (int, float)) and isinstance(actual, (int, float)) and not isinstance(actual, bool)
        and not isinstance(expected, bool)
    ):
        problems.append(f"{where}: expected {json.dumps(expected)}, got {json.dumps(actual, ensure_ascii=False)}")
    elif expected != actual:
        problems.append(f"{where}: expected {json.dumps(expected)}, got {json.dumps(actual, ensure_ascii=False)}")


def compare_list(expected, actual, captures, where, problems):
    open_end = bool(expected) and expected[-1] == "..."
    wanted = expected[:-1] if open_end else expected
    if len(actual) < len(wanted) or (not open_end and len(actual) != len(wanted)):
        least = "at least " if open_end else ""
        problems.append(f"{where}: expected {least}{len(wanted)} elements, got {len(actual)}: {json.dumps(actual, ensure_ascii=False)}")
        return
    for number, value in enumerate(wanted):
        compare_json(value, actual[number], captures, f"{where}[{number}]", problems)


def compare_unordered(expected, actual, captures, where, problems):
    if len(expected) != len(actual):
        problems.append(f"{where}: expected {len(expected)} elements in any order, got {len(actual)}: {json.dumps(actual, ensure_ascii=False)}")
        return
    left = list(actual)
    for value in expected:
        for candidate in left:
            trial, trial_captures = [], dict(captures)
            compare_json(value, candidate, trial_captures, where, trial)
            if not trial:
                captures.update(trial_captures)
                left.remove(candidate)
                break
        else:
            problems.append(f"{where}: nothing matches {json.dumps(value, ensure_ascii=False)} among {json.dumps(left, ensure_ascii=False)}")


def local(tag):
    return tag.rsplit("}", 1)[-1]


def namespace(tag):
    return tag[1:].rsplit("}", 1)[0] if tag.startswith("{") else ""


def compare_xml(expected_text, actual_text, captures, problems):
    """Children of different names may come in any order (unless ordered="yes" stands on the expected parent), those of one name
    by position and in exactly that number, unless <more of="NAME"/> stands beside them. A namespace counts where the expected
    root has one; xmlns="{absent}" forbids one."""
    try:
        # The parser refuses braces in a namespace: they are its own separators.
        expected = ElementTree.fromstring(expected_text.replace('xmlns="{absent}"', 'xmlns="absent"').encode())
    except ElementTree.ParseError as problem:
        problems.append(f"the page's expected body is no XML: {problem}")
        return
    try:
        actual = ElementTree.fromstring(actual_text.encode("utf-8", "surrogateescape"))
    except ElementTree.ParseError as problem:
        problems.append(f"body: is no XML ({problem}): {actual_text[:300]!r}")
        return
    wanted = namespace(expected.tag)
    if local(expected.tag) != local(actual.tag):
        problems.append(f"body: expected root <{local(expected.tag)}>, got <{local(actual.tag)}>")
        return
    if wanted and (namespace(actual.tag) or "absent") != wanted:
        problems.append(f"/{local(actual.tag)}: expected namespace {wanted!r}, got {namespace(actual.tag)!r}")
    compare_element(expected, actual, captures, "/" + local(actual.tag), problems)


def compare_element(expected, actual, captures, where, problems):
    for name, value in expected.attrib.items():
        if name == "ordered":
            continue
        have = {local(key): text for key, text in actual.attrib.items()}
        if local(name) not in have:
            problems.append(f"{where}/@{local(name)}: is missing")
        else:
            compare_text(value, have[local(name)], captures, f"{where}/@{local(name)}", problems)
    wanted = {}
    more = set()
    for child in expected:
        if local(child.tag) == "more":
            more.add(child.attrib["of"])
        else:
            wanted.setdefault(local(child.tag), []).append(child)
    if not wanted and not more:
        compare_leaf(expected, actual, captures, where, problems)
        return
    have = {}
    for child in actual:
        have.setdefault(local(child.tag), []).append(child)
    for name, children in wanted.items():
        present = have.get(name, [])
        if len(children) == 1 and len(children[0]) == 0 and (children[0].text or "").strip() == ABSENT:
            if present:
                problems.append(f"{where}/{name}: must be absent, is {ElementTree.tostring(present[0], 'unicode')!r}")
            continue
        if len(present) < len(children) or (len(present) > len(children) and name not in more):
            problems.append(f"{where}/{name}: expected {len(children)}, got {len(present)}")
            continue
        for number, child in enumerate(children):
            place = f"{where}/{name}" + (f"[{number + 1}]" if len(children) > 1 else "")
            compare_element(child, present[number], captures, place, problems)
    if expected.attrib.get("ordered") == "yes":
        order = [local(child.tag) for child in actual if local(child.tag) in wanted]
        seen = list(dict.fromkeys(order))
        should = [name for name in wanted if name in seen]
        if seen != should:
            problems.append(f"{where}: expected the order {should}, got {seen}")


def compare_leaf(expected, actual, captures, where, problems):
    text = expected.text or ""
    if text.strip() == "{any}":
        return
    if len(actual):
        problems.append(f"{where}: expected {text!r}, got an element with children <{local(actual[0].tag)}>...")
        return
    compare_text(text, actual.text or "", captures, where, problems)


def compare_body(expected, actual, content_type, captures, problems):
    """`expected` is the page's text, `actual` bytes."""
    text = actual.decode("utf-8", "surrogateescape")
    stripped = expected.lstrip()
    if stripped.startswith("<") and not content_type.startswith("text/html"):
        compare_xml(expected, text, captures, problems)
        return
    if stripped[:1] in ("{", "[") and not is_placeholder(PLACEHOLDER.match(stripped)):
        try:
            wanted = json.loads(expected)
        except ValueError as problem:
            problems.append(f"the page's expected body is no JSON: {problem}")
            return
        try:
            have = json.loads(text)
        except ValueError as problem:
            problems.append(f"body: is no JSON ({problem}): {text[:300]!r}")
            return
        compare_json(wanted, have, captures, "$", problems)
        return
    compare_text(expected, text, captures, "body", problems)
