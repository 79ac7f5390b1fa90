"""What services make of one another's bad answers: results of functions behind an HTTP API and behind a queue, and odd requests to an API's data plane."""
import json

from packaged import BOOTSTRAP_PACKAGE
from peer import Peer, about, ask, clear, expect, form, send_raw

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"


def api(world, name):
    """An HTTP API whose every route is this function; its host."""
    world.make(name, BOOTSTRAP_PACKAGE, timeout=1)
    answer = clear(ask(world.port, "POST", "/v2/apis", json.dumps({"name": "hostile", "protocolType": "HTTP", "target": FUNCTION + name})), 201)
    clear(ask(world.port, "POST", f"/2015-03-31/functions/{name}/policy", json.dumps(
        {"StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"})), 201, 409)
    return answer.json()["apiId"] + ".execute-api.localhost"


def case_results_behind_an_api(world):
    """facts/services.md 4.4: a result that is none is AWS's own 500, {"message":"Internal Server Error"}; nothing of a result reaches the header as a line of its own."""
    host = api(world, "behind-api")

    def status_of(result):
        body = result if isinstance(result, str) else json.dumps(result)
        with Peer(world.port) as peer:
            peer.send(form("POST", "/x", json.dumps({"do": "result", "result": body}), {"Host": host, "Content-Type": "application/json"}))
            answer = peer.answer()
            expect(answer is not None, "closed without an answer")
            expect("x-injected" not in answer.headers and b"x-injected" not in peer.buffer.lower(), f"a header was injected: {answer.headers}")
            return answer

    for result in ("{", "\u0000", '{"statusCode":', {"statusCode": "x"}, {"statusCode": -1}, {"statusCode": 99}, {"statusCode": 100}, {"statusCode": 1000}, {"statusCode": 10 ** 30}, {"statusCode": None},
                   {"statusCode": [200]}, {"statusCode": 200, "headers": []}, {"statusCode": 200, "headers": "x"}, {"statusCode": 200, "headers": {"a": {}}},
                   {"statusCode": 200, "headers": {"a": "b\r\nX-Injected: 1"}}, {"statusCode": 200, "headers": {"a\r\nX-Injected": "1"}}, {"statusCode": 200, "headers": {"": "x"}},
                   {"statusCode": 200, "headers": {"a b": "x"}}, {"statusCode": 200, "cookies": "x"}, {"statusCode": 200, "cookies": [1]}, {"statusCode": 200, "cookies": ["a=b\r\nX-Injected: 1"]},
                   {"statusCode": 200, "body": {}}, {"statusCode": 200, "body": 5}, {"statusCode": 200, "body": "!!!", "isBase64Encoded": True}, {"statusCode": 200, "isBase64Encoded": "yes"},
                   '{"statusCode":200,"headers":' + "[" * 50000):
        with about(result):
            answer = status_of(result)
            expect(answer.status == 500 and answer.json() == {"message": "Internal Server Error"}, f"{answer!r}")
    for result, status in (({"statusCode": 204}, 204), ({"statusCode": "404"}, 404), ({"statusCode": 200, "headers": {"Content-Length": "5", "Transfer-Encoding": "chunked", "Connection": "x"}, "body": "long body"}, 200),
                           ({"statusCode": 200, "headers": {"X": "v" * 6000}}, 200), ({"statusCode": 304, "body": "none"}, 304), ({"statusCode": 200, "body": "\u00e9\U0001f4a9"}, 200),
                           ({"statusCode": 200, "headers": {"X": "\u00e9"}}, 200), ({"statusCode": 200, "headers": {f"X-{number}": "v" * 100 for number in range(200)}}, 200), ("[]", 200), ("null", 200), ('"text"', 200)):
        with about(result):
            answer = status_of(result)
            expect(answer.status == status, f"{answer!r}")
    for what in ("exit", "7 MB", "error body", "never"):
        with about(what):
            answer = ask(world.port, "POST", "/x", json.dumps({"do": what, "body": "x"}), {"Host": host, "Content-Type": "application/json"})
            expect(answer.status == 500 and answer.json() == {"message": "Internal Server Error"}, f"{answer!r}")


def case_requests_to_an_api(world):
    """Whatever a request has in it becomes an event that is JSON."""
    host = api(world, "echoes")
    for target in ("/%ff", "/%00", "/%zz", "/a%2fb", "/..", "/../../x", "//", "/\\", "/?a=%ff&b=%00&c=%zz", "/?" + "a=b&" * 2000, "/?=&=&&=", "/" + "p" * 8000, "/?q=" + "%22%5c%0a" * 500, "/'\"<>"):
        for headers in ({}, {"X-Odd": "\xff\x80"}, {"X-Quote": '"\\\t'}, {"Cookie": "a; b=c;; =; \xff"}, {"Content-Type": "\xff"}):
            with about(target, headers):
                clear(send_raw(world.port, form("POST", target, b'{"do":"nothing"}', dict(headers, Host=host))), 200, 400, 404, 414)
    for method, headers in (("POST", {"X\udcffY": "1"}), ("B\udcffW", {}), ("POST", {"User-Agent": "\udcff"}), ("POST", {"X-Amzn-Trace-Id": "\udcff"}), ("POST", {"X-Forwarded-For": "\udcff"})):
        with about(method, headers):
            clear(send_raw(world.port, form(method, "/x", b'{"do":"nothing"}', dict(headers, Host=host))), 200, 400)
            odd = dict(headers, Host="\udcff")
            clear(send_raw(world.port, form(method, f"/_aws/execute-api/{host.split('.')[0]}/$default/x", b'{"do":"nothing"}', odd)), 200, 400)
    for body in (b"", b"\xff\xfe\x00", b"\0" * 1000, b"{" * 100000, "\ud800".encode("utf-8", "surrogatepass"), b"x" * (5 * 1024 * 1024)):
        with about(body):
            clear(ask(world.port, "POST", "/x", body, {"Host": host, "Content-Type": "text/plain"}), 200, 413)
    answer = ask(world.port, "POST", "/x", b"x" * (9 * 1024 * 1024), {"Host": host})  # more than Lambda takes: an integration that fails
    expect(answer.status == 500 and answer.json() == {"message": "Internal Server Error"}, f"9 MiB: {answer!r}")
    clear(ask(world.port, "POST", "/x", b"x" * (11 * 1024 * 1024), {"Host": host}), 413)


def case_results_behind_a_queue(world):
    """facts/lambda.md, ReportBatchItemFailures: what is no report fails the whole batch; every message comes again, none is lost, and idle comes."""
    name = world.make("behind-queue", BOOTSTRAP_PACKAGE, timeout=2)
    url = world.sqs("CreateQueue", {"QueueName": "fed", "Attributes": {"VisibilityTimeout": "60"}}).json()["QueueUrl"]
    reports = ["{", "[]x", '{"batchItemFailures":5}', '{"batchItemFailures":[5]}', '{"batchItemFailures":[{"itemIdentifier":5}]}', '{"batchItemFailures":[{"itemIdentifier":""}]}',
               '{"batchItemFailures":[{"itemIdentifier":null}]}', '{"batchItemFailures":[{"itemIdentifier":"unknown"}]}', '{"batchItemFailures":[{"wrong":"key"}]}', "[" * 50000, "\u0000"]
    for report in reports:
        clear(world.sqs("SendMessage", {"QueueUrl": url, "MessageBody": json.dumps({"do": "result", "result": report})}), 200, 400)
    answer = clear(ask(world.port, "POST", "/2015-03-31/event-source-mappings", json.dumps(
        {"FunctionName": name, "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:fed", "BatchSize": 1, "FunctionResponseTypes": ["ReportBatchItemFailures"]})), 202).json()
    world.server.idle("30s")
    counts = world.sqs("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]}).json()["Attributes"]
    left = int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])
    expect(left == len(reports), f"{len(reports)} messages with results that are no report, {left} are left")
    clear(ask(world.port, "DELETE", f"/2015-03-31/event-source-mappings/{answer['UUID']}"), 202)


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]
