"""Handlers that break the Runtime API's rules. facts/lambda.md 1.3 (answers), 1.5 (payloads), 2.3 (limits), 2.5 (timeouts)."""
import json

from packaged import BOOTSTRAP_PACKAGE
from peer import ask, clear, expect


def hostile(world, name="breaks", **settings):
    return world.make(name, BOOTSTRAP_PACKAGE, timeout=settings.pop("timeout", 20), **settings)


def result(world, name, event, error=None, message=None, payload=None, seconds=60):
    """Invokes; the payload must be this, or an error of this type."""
    answer = clear(world.invoke(name, event, seconds=seconds), 200)
    failed = answer.headers.get("x-amz-function-error")
    if error is None:
        expect(failed is None, f"{event}: an error: {answer!r}")
        expect(payload is None or answer.body == payload, f"{event}: expected {payload!r}, got {answer!r}")
    else:
        expect(failed == "Unhandled", f"{event}: no error: {answer!r}")
        expect(answer.json().get("errorType") == error, f"{event}: expected {error}, got {answer!r}")
        expect(message is None or message in answer.json()["errorMessage"], f"{event}: {message!r} is not in {answer!r}")
    return answer


def said(world, name):
    """What the Runtime API answered to the things that were done before."""
    return result(world, name, {"do": "what was said"}).json()


def lives(world, name):
    expect(result(world, name, {"do": "nothing"}).json()["got"] == "nothing", "the next event is not worked on")


def case_handler_answers_wrongly(world):
    name = hostile(world)
    lives(world, name)
    said(world, name)
    result(world, name, {"do": "twice"}, payload=b'"first"')
    statuses = [status for status, _ in said(world, name)]
    expect(statuses == [202, 403], f"two answers: 202 and 403 were expected, got {statuses}")
    result(world, name, {"do": "error after response"}, payload=b'"first"')
    expect([status for status, _ in said(world, name)][1] == 403, "an error after a response is not refused")
    result(world, name, {"do": "init error late"}, payload=b'"ok"')
    expect(said(world, name)[0][0] == 403, "init/error is not refused while an event runs")
    result(world, name, {"do": "wrong id"}, payload=b'"right"')
    answers = said(world, name)
    expect(answers[0][0] == 400 and "InvalidRequestID" in answers[0][1], f"a wrong id: {answers[0]}")
    expect(all(status in (400, 404) for status, _ in answers[1:-1]) and answers[-1][0] == 202, f"odd ids: {answers}")
    result(world, name, {"do": "next twice", "mark": 1}, payload=b'"ok"')
    expect(said(world, name)[0][1] == json.dumps({"do": "next twice", "mark": 1}), "a second next does not give the event again")
    result(world, name, {"do": "two nexts at once"}, payload=b'"ok"')
    lives(world, name)
    result(world, name, {"do": "mode", "mode": "streaming"}, payload=b'"streamed"')
    said(world, name)
    result(world, name, {"do": "odd mode"}, payload=b'"ok"')
    expect([status for status, _ in said(world, name)] == [400, 202], "an unknown response mode is not refused")


def case_handler_answers_too_much(world):
    name = hostile(world)
    said(world, name)
    message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    for what in ("7 MB", "7 MB chunked"):
        result(world, name, {"do": what}, error="Function.ResponseSizeTooLarge", message=message)
        statuses = [status for status, _ in said(world, name)]
        expect(statuses == [413], f"{what}: the handler was told {statuses}")
    answer = result(world, name, {"do": "6 MB"})
    expect(len(answer.body) == 6 * 1024 * 1024, f"6 MB became {len(answer.body)} bytes")
    expect(world.invoke(name, {"do": "7 MB error"}).headers.get("x-amz-function-error") == "Unhandled", "7 MB of error")
    lives(world, name)


def case_handler_answers_no_json(world):
    """What a bootstrap answers is handed on as it is: only its size is looked at."""
    name = hostile(world)
    for what, payload in (("invalid json", b"{not json"), ("invalid bytes", b"\xff\xfe\x00\x01"), ("empty", b"")):
        result(world, name, {"do": what}, payload=payload)
    for body in ("", "[]", "null", "{", "\u0000", "\ud800", '{"errorType":' + "[" * 50000, '{"errorType":{"a":1}}', '{"errorType":"' + "T" * 100000 + '"}', '"%s%n"'):
        answer = clear(world.invoke(name, json.dumps({"do": "error body", "body": body})), 200)
        expect(answer.headers.get("x-amz-function-error") == "Unhandled", f"error body {body[:30]!r}: {answer!r}")
    for kind in ("", "x", "Function.", "Function.x", "Runtime.A%s", "F" * 5000, "Runtime.", "."):
        answer = clear(world.invoke(name, {"do": "error header", "type": kind}), 200)
        expect(answer.headers.get("x-amz-function-error") == "Unhandled", f"error type {kind!r}: {answer!r}")
    for what in ("close in the middle", "broken chunks"):
        result(world, name, {"do": what}, payload=b'"after a cut"')
    lives(world, name)


def case_handler_never_answers(world):
    name = hostile(world, "late", timeout=1)
    lives(world, name)
    result(world, name, {"do": "never"}, error="Sandbox.Timedout", message="Task timed out after 1.00 seconds")
    result(world, name, {"do": "stop itself"}, error="Sandbox.Timedout")
    lives(world, name)


def case_handler_ends(world):
    name = hostile(world)
    for what, message in (("exit", "Runtime exited without providing a reason"), ("exit 7", "Runtime exited with error: exit status 7"),
                          ("kill itself", "Runtime exited with error: signal: killed"), ("abort", "Runtime exited with error: signal: aborted"),
                          ("detach and exit", "Runtime exited with error: exit status 3")):
        result(world, name, {"do": what}, error="Runtime.ExitError", message=message)
        lives(world, name)
    result(world, name, {"do": "respond and exit"}, payload=b'"last words"')
    lives(world, name)
    result(world, name, {"do": "detach"}, payload=b'"ok"')
    result(world, name, {"do": "detach"}, payload=b'"ok"')
    lives(world, name)


def case_handler_fails_at_start(world):
    name = hostile(world, "exits", variables={"AT_START": "exit"})
    result(world, name, {}, error="Runtime.ExitError", message="exit status 5")
    name = hostile(world, "odd", variables={"AT_START": "init error"})
    answer = clear(world.invoke(name), 200)
    expect(answer.headers.get("x-amz-function-error") == "Unhandled" and answer.body == b"\xff{", f"init error: {answer!r}")
    name = hostile(world, "early", variables={"AT_START": "response before next"})
    expect(said(world, name)[0][0] in (400, 403), "a response before the first next was taken")
    if not world.short:
        name = hostile(world, "stuck", timeout=2, variables={"AT_START": "never"})
        result(world, name, {}, error="Sandbox.Timedout", seconds=60)


def case_handler_prints(world):
    name = hostile(world, "prints", timeout=60)
    result(world, name, {"do": "print much", "mb": 10 if world.short else 100}, payload=b'"ok"', seconds=120)
    for what in ("print binary", "one long line", "close its pipes"):
        answer = clear(world.invoke(name, {"do": what}, {"X-Amz-Log-Type": "Tail"}), 200)
        expect(answer.headers.get("x-amz-function-error") is None and "x-amz-log-result" in answer.headers, f"{what}: {answer!r}")
    lives(world, name)
    answer = ask(world.port, "POST", "/", json.dumps({"logGroupName": "/aws/lambda/prints", "limit": 100}),
                 {"X-Amz-Target": "Logs_20140328.FilterLogEvents", "Content-Type": "application/x-amz-json-1.1"})
    clear(answer, 200).json()


def case_handler_floods_the_runtime_api(world):
    name = hostile(world)
    said(world, name)
    result(world, name, {"do": "flood", "times": 240 if world.short else 2400}, payload=b'"ok"')
    expect(all(status < 500 or status == 505 for status, _ in said(world, name)), "an accident in the Runtime API")
    lives(world, name)


ODD_PYTHON = """
import os, sys
class Speechless(Exception):
    def __str__(self):
        raise KeyError("none")
def handler(event, context):
    do = event["do"]
    if do == "surrogate": raise ValueError("\\ud800")
    if do == "speechless": raise Speechless()
    if do == "long": raise ValueError("x" * 7000000)
    if do == "deep":
        value = []
        for _ in range(100000): value = [value]
        return value
    if do == "set": return {1, 2}
    if do == "answer surrogate": return "\\ud800"
    if do == "recursion": return handler(event, context)
    if do == "exit": sys.exit(3)
    if do == "base": raise KeyboardInterrupt()
    if do == "close": os.closerange(0, 100)
    return do
"""

ODD_NODE = """
exports.handler = async (event) => {
  const what = {big: () => "x".repeat(7 * 1024 * 1024), circular: () => { const a = {}; a.a = a; return a; }, bigint: () => 5n, odd: () => { throw {odd: 1}; }, none: () => { throw null; },
    exit: () => process.exit(3), recursion: () => { const f = () => f() + 1; return f(); }};
  return what[event.do] ? what[event.do]() : event.do;
};
"""


def case_runtimes_and_odd_results(world):
    """Python and Node.js handlers that return and raise what has no form: an error of the runtime's own, and the next event is worked on."""
    from peer import zipped
    python = world.make("odd-python", zipped({"odd.py": ODD_PYTHON}), runtime="python3.12", handler="odd.handler", timeout=20)
    node = world.make("odd-node", zipped({"odd.js": ODD_NODE}), runtime="nodejs20.x", handler="odd.handler", timeout=20)
    for name, cases in ((python, {"surrogate": "ValueError", "speechless": "Speechless", "long": None, "deep": "Runtime.MarshalError", "set": "Runtime.MarshalError",
                                  "answer surrogate": "Runtime.MarshalError", "recursion": "RecursionError", "exit": "Runtime.ExitError", "base": "Runtime.ExitError", "close": None}),
                        (node, {"big": "Function.ResponseSizeTooLarge", "circular": None, "bigint": None, "odd": None, "none": None, "exit": "Runtime.ExitError", "recursion": "RangeError"})):
        for what, error in cases.items():
            answer = clear(world.invoke(name, {"do": what}), 200)
            expect(answer.headers.get("x-amz-function-error") == "Unhandled", f"{name} {what}: {answer!r}")
            expect(error is None or answer.json()["errorType"] == error, f"{name} {what}: expected {error}, got {answer!r}")
            result(world, name, {"do": "well"}, payload=b'"well"')


def case_recursion(world):
    """S3 -> Lambda -> S3 -> ... is stopped at the bound, and idle comes."""
    name = hostile(world, "recursive")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    expect(world.put("/loop").status == 200, "no bucket")
    clear(ask(world.port, "POST", f"/2015-03-31/functions/{name}/policy", json.dumps(
        {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"})), 201, 409)
    rule = f"<CloudFunctionConfiguration><CloudFunction>{arn}</CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration>"
    clear(world.put("/loop?notification", f"<NotificationConfiguration>{rule}</NotificationConfiguration>"), 200)
    clear(world.put("/loop/0", b"x"), 200)
    world.server.idle("60s")
    answer = clear(ask(world.port, "GET", "/loop?list-type=2"), 200)
    count = answer.body.count(b"<Key>")
    expect(8 <= count <= 40, f"the loop was stopped after {count} rounds; AWS does so after about 16")
    clear(world.put("/loop?notification", "<NotificationConfiguration/>"), 200)


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]
