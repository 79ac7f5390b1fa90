"""The functions that the cases deploy: one bootstrap that speaks to the Runtime API on the bare socket and breaks whichever rule the event names."""
from peer import zipped

BOOTSTRAP = r'''#!/usr/bin/python3
import http.client, json, os, signal, socket, subprocess, sys, threading

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = "/2018-06-01/runtime/"
said = []


def call(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(API)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    result = answer.status, answer.headers, answer.read()
    connection.close()
    return result


def respond(id, body=b'"ok"', headers=None):
    status, _, text = call("POST", ROOT + "invocation/" + id + "/response", body, headers)
    said.append([status, text.decode(errors="replace")[:200]])
    return status


def raw(data, wait=True):
    host, port = API.split(":")
    with socket.create_connection((host, int(port))) as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            answer = peer.recv(4096) if wait else b""
        except OSError as problem:
            answer = b""
    said.append([int(answer[9:12]) if answer[9:12].isdigit() else 0, answer[:40].decode("latin-1")])


def detach():
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            threading.Event().wait(600)
        os._exit(0)
    os.wait()


def run(event, id):
    do = event.get("do")
    where = ROOT + "invocation/"
    if do == "what was said":
        respond(id, json.dumps(said))
        said.clear()
    elif do == "twice":
        respond(id, b'"first"')
        respond(id, b'"second"')
    elif do == "error after response":
        respond(id, b'"first"')
        said.append([call("POST", where + id + "/error", b"{}")[0], "error"])
    elif do == "init error late":
        said.append([call("POST", ROOT + "init/error", b"{}")[0], "init/error"])
        respond(id)
    elif do == "wrong id":
        respond("00000000-0000-0000-0000-000000000000", b'"stolen"')
        for wrong in ("", "x" * 3000, "%00", "%ff", "..", "%2e%2e%2f", "%s%n", id + "x", id[:-1]):
            raw(("POST %sinvocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" % (ROOT, wrong)).encode())
        respond(id, b'"right"')
    elif do == "7 MB":
        respond(id, b'"' + b"x" * (7 * 1024 * 1024) + b'"')
    elif do == "7 MB chunked":
        respond(id, (b"x" * 65536 for _ in range(112)))
    elif do == "6 MB":
        respond(id, b'"' + b"x" * (6 * 1024 * 1024 - 2) + b'"')
    elif do == "7 MB error":
        call("POST", where + id + "/error", b'{"errorMessage":"' + b"x" * (7 * 1024 * 1024) + b'"}')
    elif do == "invalid json":
        respond(id, b"{not json")
    elif do == "invalid bytes":
        respond(id, b"\xff\xfe\x00\x01")
    elif do == "empty":
        respond(id, b"")
    elif do == "never":
        threading.Event().wait(600)
    elif do == "take a second":
        threading.Event().wait(1)
        respond(id)
    elif do == "close in the middle":
        raw(("POST %s%s/response HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{" % (where, id)).encode(), False)
        respond(id, b'"after a cut"')
    elif do == "broken chunks":
        raw(("POST %s%s/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab" % (where, id)).encode(), False)
        raw(("POST %s%s/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab" % (where, id)).encode())
        respond(id, b'"after a cut"')
    elif do == "detach":
        detach()
        respond(id)
    elif do == "detach and exit":
        detach()
        os._exit(3)
    elif do == "exit":
        os._exit(0)
    elif do == "exit 7":
        os._exit(7)
    elif do == "respond and exit":
        respond(id, b'"last words"')
        os._exit(1)
    elif do == "kill itself":
        os.kill(os.getpid(), signal.SIGKILL)
    elif do == "abort":
        os.abort()
    elif do == "stop itself":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif do == "print much":
        line = b"x" * 4095 + b"\n"
        out = os.fdopen(1, "wb", closefd=False)
        for _ in range(event["mb"] * 256):
            out.write(line)
        out.flush()
        respond(id)
    elif do == "print binary":
        os.write(1, bytes(range(256)) * 40 + b"\0" * 1000 + b"\xc3" + b"no end of line")
        os.write(2, b"\xff\xfe%s%n%n\x1b[2J\r\r\n")
        respond(id)
    elif do == "one long line":
        for _ in range(64):
            os.write(1, b"y" * 65536)
        respond(id)
    elif do == "close its pipes":
        os.close(1)
        os.close(2)
        respond(id)
    elif do == "next twice":
        status, headers, body = call("GET", where + "next")
        said.append([status, headers["Lambda-Runtime-Aws-Request-Id"] == id and body.decode()])
        respond(id)
    elif do == "two nexts at once":
        respond(id)
        thread = threading.Thread(target=lambda: said.append(["the other next", "gone" if vanish() else ""]))
        thread.start()
        thread.join()
    elif do == "flood":
        garbage = [b"\0" * 100, b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"POST /2018-06-01/runtime/ HTTP/1.1\r\nContent-Length: 5\r\n\r\nx", b"G" * 100000,
                   b"DELETE /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /2018-06-01/runtime/invocation/ HTTP/1.1\r\nHost: x\r\n\r\n",
                   b"POST /2020-01-01/extension/register HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", b"PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{",
                   b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nLambda-Runtime-Function-Error-Type: " + b"F" * 5000 + b"\r\n\r\n",
                   b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /2021-04-23/credentials HTTP/1.1\r\nHost: x\r\n\r\n"]
        for number in range(event["times"]):
            raw(garbage[number % len(garbage)])
        respond(id)
    elif do == "error header":
        call("POST", where + id + "/error", b'{"errorMessage":"m","errorType":"T"}', {"Lambda-Runtime-Function-Error-Type": event["type"]})
    elif do == "error body":
        call("POST", where + id + "/error", event["body"].encode("utf-8", "surrogatepass"))
    elif do == "mode":
        respond(id, b'"streamed"', {"Lambda-Runtime-Function-Response-Mode": event["mode"]})
        respond(id, b'"again"')
    elif do == "result":
        respond(id, event["result"].encode("utf-8", "surrogatepass"))
    elif do == "odd mode":
        respond(id, b'"no"', {"Lambda-Runtime-Function-Response-Mode": "sideways"})
        respond(id)
    elif do == "copy object":
        host = os.environ["AWS_ENDPOINT_URL"].split("//")[1]
        connection = http.client.HTTPConnection(host)
        key = event["Records"][0]["s3"]["object"]["key"]
        connection.request("PUT", "/loop/" + str(int(key) + 1), b"x")
        connection.getresponse().read()
        respond(id)
    else:
        respond(id, json.dumps({"got": do, "pid": os.getpid()}))


def vanish():
    host, port = API.split(":")
    with socket.create_connection((host, int(port))) as peer:
        peer.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
    return True


def unwrapped(event):
    """What to do may stand in a message's body or in a request's."""
    try:
        if "s3" in event["Records"][0]:
            return dict(event, do="copy object")
        return json.loads(event["Records"][0]["body"])
    except (KeyError, TypeError, IndexError):
        pass
    try:
        return json.loads(event["body"]) if "requestContext" in event else event
    except (KeyError, TypeError, ValueError):
        return {}


def main():
    start = os.environ.get("AT_START")
    if start == "exit":
        sys.exit(5)
    if start == "never":
        threading.Event().wait(600)
    if start == "init error":
        call("POST", ROOT + "init/error", b"\xff{", {"Lambda-Runtime-Function-Error-Type": "Runtime.Odd"})
        call("GET", ROOT + "invocation/next")
    if start == "response before next":
        respond("00000000-0000-0000-0000-000000000000")
    while True:
        status, headers, body = call("GET", ROOT + "invocation/next")
        event = unwrapped(json.loads(body))
        run(event if isinstance(event, dict) else {}, headers["Lambda-Runtime-Aws-Request-Id"])


main()
'''

BOOTSTRAP_PACKAGE = zipped({"bootstrap": BOOTSTRAP})
