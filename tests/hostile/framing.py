"""HTTP's own grammar broken: request lines, headers, lengths, chunks, targets and hosts. RFC 9110 and 9112."""
from peer import Peer, about, ask, clear, expect, form, send_raw

HEALTH = b"GET /_lowcloud/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
MB = 1024 * 1024


def case_request_lines(world):
    """Either a 4xx or 505, or the end of the connection."""
    for line in (b"nonsense\r\n\r\n", b"\r\n\r\n\r\n\r\n" + b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
                 b" GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", b"GET / HTTQ/1.1\r\nHost: x\r\n\r\n",
                 b"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1 extra\r\nHost: x\r\n\r\n",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xab" * 300, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\xff\xfe\xfd" * 50 + b"\r\n\r\n",
                 b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\rHost: x\r\r", b"%s%n%s%n / HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"G" * 200000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n", b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", b"get /low HTTP/1.1\r\nHost: x\r\n\r\n"):
        with about(line):
            clear(send_raw(world.port, line, finish=True), 200, 400, 403, 404, 405, 413, 414, 431, 501, 505, closed=True)


def case_targets(world):
    for target, statuses in ((b"*", (400, 403, 404, 405)), (b"", (400,)), (b"?", (200, 400, 404)), (b"//", (200, 400, 403, 404)), (b"/%", (400,)), (b"/%zz", (400,)),
                             (b"/bucket/%2", (400, 404)), (b"/bucket/%00", (400, 404)), (b"/bucket/a%ff%fe", (400, 404)), (b"/bucket?%zz=1", (400, 404)),
                             (b"/bucket?list-type=2&max-keys=%", (400, 404)), (b"bucket/key", (400, 403, 404, 405)), (b"http://", (200, 400, 403, 404)),
                             (b"http:///x", (200, 400, 403, 404)), (b"http://[::1/x", (400, 403, 404)), (b"/../../etc/passwd", (400, 403, 404)),
                             (b"/_lowcloud/../../etc/passwd", (400, 404)), (b"/_lowcloud/%2e%2e/%2e%2e/etc/passwd", (400, 404)), (b"/_lowcloud/queues/../../x/messages", (400, 404)),
                             (b"/_lowcloud/queues/%00/messages", (400, 404)), (b"/_lowcloud/queues/%ff/messages", (400, 404)), (b"/_lowcloud/queues//messages", (400, 404)),
                             (b"/_lowcloud/%zz", (400, 404)), (b"/_lowcloud", (400, 404)), (b"/_lowcloud/", (400, 404)), (b"/_lowcloudy", (400, 404)), (b"/_aws", (400, 404)),
                             (b"/_aws/", (400, 404)), (b"/_aws/execute-api", (400, 404)), (b"/_aws/execute-api/", (400, 403, 404)), (b"/_aws/execute-api/../../x", (400, 403, 404)),
                             (b"/_aws/execute-api/%2e%2e/%2e%2e", (400, 403, 404)), (b"/_aws/execute-api/x/%zz", (400, 403, 404)), (b"/_aws/sqs/messages", (400, 404)),
                             (b"/_localstack/../x", (400, 404)), (b"/" + b"a" * 9000, (400, 404, 414)), (b"/" + b"a" * 40000, (400, 404, 414, 431)),
                             (b"/bucket/" + b"k" * 1025, (400, 404)), (b"/bucket/" + b"%41" * 1025, (400, 404)), (b"/x?" + b"a&" * 5000, (400, 404)),
                             (b"/2015-03-31/functions/" + b"f" * 5000, (400, 404)), (b"/2015-03-31/functions/%00", (400, 404)), (b"/2015-03-31/functions/a%2fb%2f..", (400, 404)),
                             (b"/2015-03-31/functions/../../x", (400, 404)), (b"/2015-03-31/functions//invocations", (400, 404, 405)), (b"/2015-03-31/", (400, 403, 404)),
                             (b"/2015-13-45/functions", (400, 403, 404)), (b"/v2/apis/%00", (400, 404)), (b"/v2/apis/%ff/routes", (400, 404)), (b"/v2/apis/" + b"a" * 5000, (400, 404)),
                             (b"/000000000000/%00", (400, 404)), (b"/queue/", (400, 403, 404)), (b"/queue/us-east-1/000000000000/x?Action=%00", (400, 404)),
                             (b"/_lowcloud/idle?timeout=-1s", (400,)), (b"/_lowcloud/idle?timeout=99999999999999999999s", (400,)), (b"/_lowcloud/idle?timeout=%00", (200, 400)),
                             (b"/_lowcloud/journal?after=-1", (400,)), (b"/_lowcloud/journal?after=99999999999999999999", (400, 200)), (b"/_lowcloud/journal?after=x", (400,)),
                             (b"/_lowcloud/queues/x/messages?account=%00&region=%ff", (400, 404)), (b"/_lowcloud/queues/x/messages?account=" + b"9" * 5000, (400, 404))):
        with about(target):
            answer = send_raw(world.port, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            clear(answer, *statuses, closed=True)
            expect(answer is None or b"root:" not in answer.body, "a file of the machine")


def case_control_bodies(world):
    for body in (b"", b"{", b"[]", b"null", b"{}", b'{"advance":-1}', b'{"advance":"-1s"}', b'{"advance":"99999999999999999999s"}', b'{"advance":"1e9d"}', b'{"scale":0}',
                 b'{"scale":-1}', b'{"scale":1e400}', b'{"scale":"x"}', b'{"advance_to":"not a time"}', b'{"advance_to":"0000-00-00T00:00:00Z"}',
                 b'{"advance_to":"9999999-01-01T00:00:00Z"}', b'{"freeze":"yes"}', b'{"freeze":false}', b'{"next":1}', b'{"freeze":true,"resume":true}', b'{"what":1}',
                 b'{"advance":"\\u0000"}', b'{"advance":"1s\\ud800"}', b"\xff\xfe", b"[" * 100000, b'{"advance":' * 1000):
        with about(body):
            clear(ask(world.port, "POST", "/_lowcloud/clock", body, {"Content-Type": "application/json"}), 400)
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
        clear(send_raw(world.port, form(method, "/_lowcloud/clock")), 404, 405, 501, closed=True)
    clear(ask(world.port, "POST", "/_lowcloud/clock", b"x" * (9 * MB)), 400, 413)


def case_headers_without_measure(world):
    """10 MiB of headers, one giant header, many small ones, names and values of every odd form."""
    start = b"GET /_lowcloud/health HTTP/1.1\r\nHost: localhost\r\n"
    many = b"".join(b"X-Header-%d: %s\r\n" % (number, b"v" * 1000) for number in range(10 * 1024))
    small = b"".join(b"a%d: b\r\n" % number for number in range(2000))
    tiny = b"".join(b"a%d: b\r\n" % number for number in range(100))
    for headers, statuses in ((many, (400, 413, 431)), (b"X-Giant: " + b"g" * (10 * MB) + b"\r\n", (400, 413, 431)), (small, (200, 400, 413, 431)), (tiny, (200,)),
                              (b"X-Folded: a\r\n b\r\n\tc\r\n", (200, 400)), (b"no colon\r\n", (200, 400)), (b": no name\r\n", (200, 400)), (b"X Y: z\r\n", (200, 400)),
                              (b"X-Nul: a\0b\r\n", (200, 400)), (b"X\0Y: b\r\n", (200, 400)), (b"X-Bytes: \xff\xfe\xfd\r\n", (200, 400)), (b"X-Bare: a\rb\r\n", (200, 400)),
                              (b"Cookie: " + b"a=b; " * 1500 + b"\r\n", (200, 400, 431)), (b"Cookie: =;=;;;\"\r\n", (200, 400)), (b"Host: other\r\n", (200, 400)),
                              (b"Connection: close, keep-alive, upgrade\r\nUpgrade: websocket, h2c\r\n", (200, 400)), (b"Expect: 200-maybe\r\n", (200, 417))):
        with about(headers), Peer(world.port) as peer:
            peer.send(start + headers + b"\r\n")
            clear(peer.answer(), *statuses, closed=statuses != (200,))


def case_signing_headers(world):
    """Authorization, dates, tokens and traces that are none."""
    for name, value in (("Authorization", "AWS4-HMAC-SHA256"), ("Authorization", "AWS4-HMAC-SHA256 Credential="), ("Authorization", "AWS4-HMAC-SHA256 Credential=////"),
                        ("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request"), ("Authorization", "AWS4-HMAC-SHA256 Credential=" + "a" * 8000 + "/20260101/r/s3/aws4_request"),
                        ("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/" + "r" * 3000 + "/s3/aws4_request, SignedHeaders=, Signature="),
                        ("Authorization", "AWS4-HMAC-SHA256 Credential=%n%s/20260101/%x/s3/aws4_request,,,,,"), ("Authorization", "AWS :"), ("Authorization", "AWS a"),
                        ("Authorization", "Bearer \xff"), ("Authorization", ""), ("X-Amz-Date", "yesterday"), ("X-Amz-Date", "99999999T999999Z"), ("X-Amzn-Trace-Id", "Root=" + "1" * 5000),
                        ("X-Amzn-Trace-Id", "\x01"), ("X-Amz-Security-Token", "t" * 8000), ("X-Amz-Target", "."), ("X-Amz-Target", ""), ("X-Amz-Target", "AmazonSQS."),
                        ("X-Amz-Target", "AmazonSQS." + "x" * 4000), ("X-Amz-Target", "Nobody.Nothing"), ("X-Amz-Target", "AmazonSQS.%s%n"), ("Content-Type", "application/x-amz-json-9.9"),
                        ("Content-Type", "multipart/form-data; boundary="), ("Content-Type", ";;;"), ("Content-MD5", "???")):
        for method, path in (("GET", "/"), ("POST", "/"), ("GET", "/a-bucket/key"), ("PUT", "/a-bucket/key"), ("POST", "/a-bucket")):
            with about(name, value, method, path):
                clear(send_raw(world.port, form(method, path, headers={name: value})), 200, 400, 403, 404, 405, 411, 501)
    for query in ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=", "X-Amz-Credential=a%2Fb%2Fc%2Fs3%2Faws4_request&X-Amz-Expires=-1", "X-Amz-Credential=%00%2F",
                  "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=x&X-Amz-Expires=99999999999999999999&X-Amz-SignedHeaders=host&X-Amz-Signature=0",
                  "AWSAccessKeyId=a&Expires=-1&Signature=x", "AWSAccessKeyId=&Expires=&Signature=", "X-Amz-Expires=604801&X-Amz-Algorithm=AWS4-HMAC-SHA256"):
        with about(query):
            clear(ask(world.port, "GET", "/a-bucket/key?" + query), 400, 403, 404)


def case_lengths(world):
    """Content-Length negative, overflowing, twice, with Transfer-Encoding; a smuggled request must not be seen."""
    start = b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ListQueues\r\nContent-Type: application/x-amz-json-1.0\r\n"
    for headers in (b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999999\r\n", b"Content-Length: 9223372036854775808\r\n", b"Content-Length: 18446744073709551617\r\n",
                    b"Content-Length: 2x\r\n", b"Content-Length: 0x2\r\n", b"Content-Length: +2\r\n", b"Content-Length: \r\n", b"Content-Length: 2, 2\r\n",
                    b"Content-Length: 2\r\nContent-Length: 3\r\n", b"Content-Length: 2\r\nContent-Length: 2\r\n", b"Content-Length: 2.0\r\n", b"Content-Length: 2\0\r\n"):
        with about(headers):
            clear(send_raw(world.port, start + headers + b"\r\n{}", finish=True), 200, 400, 413, closed=True)
    with Peer(world.port) as peer:
        peer.send(start + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        answer = peer.answer()
        clear(answer, 200, 400, closed=True)
        if answer is not None and answer.status == 200:
            peer.send(HEALTH)
            clear(peer.answer(), 200, closed=True)
    for encoding in (b"identity", b"gzip", b"chunked, gzip", b"gzip, chunked", b"xchunked", b"chunked\r\nTransfer-Encoding: chunked", b"\x0bchunked", b"CHUNKED"):
        with about(encoding):
            clear(send_raw(world.port, start + b"Transfer-Encoding: " + encoding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n", finish=True), 200, 400, 411, 501, closed=True)


def case_huge_promises(world):
    """A Content-Length of terabytes is not believed with memory, nor is Expect answered by room."""
    before = world.resident()
    for path, headers in (("/", {"X-Amz-Target": "AmazonSQS.ListQueues"}), ("/a-bucket/key", {}), ("/2015-03-31/functions", {})):
        method = "PUT" if "bucket" in path else "POST"
        for length in ("1099511627776", "9223372036854775807"):
            with about(path, length), Peer(world.port) as peer:
                peer.send(form(method, path, b"", dict(headers, **{"Content-Length": length})))
                peer.send(b"x" * 1000)
                peer.finish_sending()
                clear(peer.answer(), 400, 404, 411, 413, closed=True)
    expect(world.resident() - before < 32 * 1024, f"memory grew from {before} to {world.resident()} KB")


def case_cut_bodies(world):
    """A Content-Length larger than what is sent, then the end: nothing of it is done."""
    expect(world.put("/cut").status == 200, "no bucket")
    url = world.sqs("CreateQueue", {"QueueName": "cut"}).json()["QueueUrl"]
    message = ('{"QueueUrl": "%s", "MessageBody": "cut"}' % url).encode()
    for method, path, body, headers in (("PUT", "/cut/small", b"abc", {}), ("PUT", "/cut/large", b"l" * 300000, {}), ("PUT", "/cut/chunked", b"5\r\nhello\r\n", {"Transfer-Encoding": "chunked"}),
                                        ("POST", "/", message, {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}),
                                        ("POST", "/2015-03-31/functions", b'{"FunctionName":"cut"', {}), ("POST", "/2015-03-31/functions/cut/invocations", b"{", {}),
                                        ("POST", "/_lowcloud/clock", b'{"freeze":true}', {})):
        given = dict(headers)
        if "Transfer-Encoding" in headers:
            given["Content-Length"] = None
        else:
            given["Content-Length"] = str(len(body) + 10)
        for hard in (False, True):
            with about(path, hard), Peer(world.port) as peer:
                peer.send(form(method, path, b"", given) + body)
                if hard:
                    peer.reset()
                    continue
                peer.finish_sending()
                clear(peer.answer(), 400, 404, closed=True)
    for name in ("small", "large", "chunked"):
        clear(ask(world.port, "GET", "/cut/" + name), 404, code="NoSuchKey")
    answer = world.sqs("GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]})
    expect(answer.json()["Attributes"]["ApproximateNumberOfMessages"] == "0", f"a cut message was taken: {answer!r}")
    expect(world.server.clock()["mode"] == "real", "a cut order was obeyed")


def case_chunk_framing(world):
    """Transfer-Encoding: chunked, broken in every place."""
    expect(world.put("/chunks").status == 200, "no bucket")
    start = b"PUT /chunks/k HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    for chunks in (b"x\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloworld\r\n0\r\n\r\n", b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", b"10000000000000000\r\nhello\r\n0\r\n\r\n",
                   b"5\nhello\n0\n\n", b"5\r\nhello0\r\n\r\n", b"\r\n\r\n", b"5;" + b"e" * 100000 + b"\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n",
                   b"0000000000000000000000000000005\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nTrailer without colon\r\n\r\n", b"5\r\nhello\r\n0\r\n" + b"T: v\r\n" * 20000 + b"\r\n",
                   b"0x5\r\nhello\r\n0\r\n\r\n", b"\0\0\0\0", b"5\r\nhello\r\n"):
        with about(chunks):
            clear(send_raw(world.port, start + chunks, finish=True), 200, 400, 413, 431, closed=True)
    with Peer(world.port) as peer:  # a byte a chunk
        peer.send(start + b"1\r\nx\r\n" * 20000 + b"0\r\n\r\n")
        clear(peer.answer(), 200)


def case_versions_and_pipelines(world):
    clear(send_raw(world.port, b"GET /_lowcloud/health HTTP/1.0\r\n\r\n"), 200)
    clear(send_raw(world.port, b"GET /_lowcloud/health HTTP/1.1\r\n\r\n"), 200, 400)
    with Peer(world.port) as peer:
        peer.send(HEALTH * 200)
        for _ in range(200):
            clear(peer.answer(), 200)
    with Peer(world.port) as peer:  # a good one, a broken one, a good one that must not be answered out of turn
        peer.send(HEALTH + b"nonsense\r\n\r\n" + HEALTH)
        clear(peer.answer(), 200)
        clear(peer.answer(), 200, 400, 405, 505, closed=True)
    with Peer(world.port) as peer:  # pipelined, and nobody reads
        peer.send(HEALTH * 500)
        peer.finish_sending()
        peer.reset()
    with Peer(world.port) as peer:  # byte by byte
        for byte in HEALTH:
            peer.send(bytes([byte]))
        clear(peer.answer(), 200)


def case_expect(world):
    expect(world.put("/expect").status == 200, "no bucket")
    for path, statuses in (("/expect/k", (200,)), ("/no-such-bucket-here/k", (404,)), ("/expect/" + "k" * 2000, (400,))):
        with about(path), Peer(world.port) as peer:
            peer.send(form("PUT", path, b"", {"Expect": "100-continue", "Content-Length": "5"}))
            expect(peer.more(), "the connection ends instead of an answer to Expect")
            if peer.buffer.startswith(b"HTTP/1.1 100"):
                peer.send(b"hello")
            clear(peer.answer(), *statuses)


def case_hosts(world):
    for host in (b"", b" ", b".", b"..", b":", b":::", b"[", b"]", b"[::1", b"[::1]", b"[::1]:4566", b"[%eth0]", b"localhost:99999999", b"localhost:-1", b"LOCALHOST", b"localhost.",
                 b"a" * 300, b"a." * 200 + b"localhost", b".localhost", b"..localhost", b".execute-api.localhost", b"execute-api.localhost", b"x.execute-api.localhost:4566",
                 b"..execute-api..localhost", b"\xff\xfe.localhost", b"%s%n.localhost", b"../../etc.s3.localhost", b"a_b.s3.localhost", b"s3.localhost", b".s3.localhost",
                 b"bucket.s3.", b"bucket.s3..amazonaws.com", b"-.s3.us-east-1.amazonaws.com", b"sqs.", b"sqs.localhost", b"nobody.localhost", b"x.lambda-url.us-east-1.localhost",
                 b"127.0.0.1", b"127.1.2.3:4566", b"0", b"0x7f.1", b"1.2.3.4.5.6", b"user@localhost", b"localhost/path", b"localhost, localhost", b"a b", b"'; DROP TABLE bucket; --"):
        for method, path in ((b"GET", b"/"), (b"GET", b"/key"), (b"PUT", b"/key"), (b"OPTIONS", b"/")):
            request = method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 0\r\n\r\n"
            with about(host, method, path):
                clear(send_raw(world.port, request), 200, 400, 403, 404, 405, 411, 501, closed=True)


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]
