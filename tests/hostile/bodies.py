"""Bodies, names and keys: JSON, XML, forms and aws-chunked broken, too deep, too wide, in no encoding; names that are too long or mean something to somebody else."""
import json

from peer import about, ask, clear, expect, form, send_raw

MB = 1024 * 1024
JSON_BODIES = [b"", b"{", b"}", b"[", b"nul", b"null", b"true", b"5", b'"x"', b"[]", b"[1,2]", b"{,}", b'{"a"}', b'{"a":}', b'{"a":1,}', b"{'a':1}", b'{"a":1}x', b'{"a":1}{"a":2}',
               b"[" * 100000, b"[" * 100000 + b"]" * 100000, b'{"a":' * 100000 + b"1" + b"}" * 100000, b'{"QueueName":' + b"[" * 100000 + b"]" * 100000 + b"}",
               b"[" + b"1," * 500000 + b"1]", b'{"QueueName":[' + b"1," * 300000 + b"1]}", b"{" + b",".join(b'"k%d":1' % number for number in range(50000)) + b"}",
               b'{"QueueName":"\xff\xfe"}', b'{"QueueName":"\xc0\x80"}', b'{"QueueName":"\xed\xa0\x80"}', b'{"QueueName":"\xf5\x80\x80\x80"}', b'{"QueueName":"\\ud800"}',
               b'{"QueueName":"\\udc00\\ud800"}', b'{"QueueName":"a\\u0000b"}', b'{"Queue\\u0000Name":"a"}', b'{"QueueName":"a\0b"}', b'{"QueueName":"a\nb"}', b'{"QueueName":"\\x"}',
               b'{"QueueName":"\\u12"}', b'{"QueueName":1e999}', b'{"QueueName":-}', b'{"QueueName":01}', b'{"QueueName":NaN}', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"\0" * 1000,
               b'{"QueueName":"a","QueueName":"b"}', b'{"QueueName":{"a":1}}', b'{"QueueName":["a"]}', b'{"QueueName":true}', b'{"QueueName":12345678901234567890123}',
               b'{"Attributes":{"DelaySeconds":[' + b"[" * 30000 + b"]}}", b'{"tags":' + b"[" * 60000, b'"' + b"x" * 2000000, b"9" * 1000000]


def post_json(world, target, body, version="1.0"):
    return ask(world.port, "POST", "/", body, {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-" + version})


def case_json(world):
    for target, version in (("AmazonSQS.CreateQueue", "1.0"), ("AmazonSQS.SendMessageBatch", "1.0"), ("Logs_20140328.PutLogEvents", "1.1")):
        for body in JSON_BODIES:
            with about(target, body):
                answer = clear(post_json(world, target, body, version), 200, 400, 413)
                expect(answer.status != 200 or target.endswith("CreateQueue"), "it was taken")
    for body in JSON_BODIES:
        for method, path in (("POST", "/2015-03-31/functions"), ("POST", "/v2/apis"), ("POST", "/2015-03-31/event-source-mappings"), ("PUT", "/2015-03-31/functions/x/configuration"),
                             ("POST", "/2015-03-31/functions/x/policy"), ("PATCH", "/v2/apis/x"), ("POST", "/2017-03-31/tags/x")):
            with about(method, path, body):
                clear(ask(world.port, method, path, body), 400, 404, 405, 413)
    for body in (b'{"name":"\\ud800","protocolType":"HTTP"}', b'{"name":"a","protocolType":"HTTP","tags":' + b'{"a":' * 5000 + b"1" + b"}" * 5001):
        clear(ask(world.port, "POST", "/v2/apis", body), 201, 400)


def case_event_payloads(world):
    """Invoke: what is no JSON is refused before a function sees it (InvalidRequestContentException); what is, arrives as it was sent."""
    from packaged import BOOTSTRAP_PACKAGE
    name = world.make("payloads", BOOTSTRAP_PACKAGE)
    for body in (b"{", b"nul", b"\xff", b'"\xc0\x80"', b"[" * 100000, b"{}{}", b"'x'", b"\0"):
        for kind in ("RequestResponse", "Event"):
            with about(body, kind):
                clear(world.invoke(name, body, {"X-Amz-Invocation-Type": kind}), 400, code="InvalidRequestContentException")
    for context in ("!", "e30", "bnVsbA==", "W1tbWw==", "e" * 6000, "=", "\xff"):
        with about(context):
            clear(world.invoke(name, b"{}", {"X-Amz-Client-Context": context}), 200, 400)
    for kind in ("", "Nothing", "event", "%s", "Event, Event"):
        clear(world.invoke(name, b"{}", {"X-Amz-Invocation-Type": kind}), 200, 202, 400)
    clear(world.invoke(name, b'"' + b"x" * (6 * MB) + b'"'), 413, code="RequestEntityTooLargeException|RequestTooLargeException")
    clear(world.invoke(name, b'"' + b"x" * MB + b'"', {"X-Amz-Invocation-Type": "Event"}), 413, code="RequestEntityTooLargeException|RequestTooLargeException")
    for name in ("", "x" * 200, "arn:aws:lambda", "arn:aws:lambda:us-east-1:000000000000:function:", "a:b:c:d", "%00", "..", "%2e%2e%2f", "a%20b", "%s%n", "'%20OR%201=1", "a%ff"):
        with about(name):
            clear(world.invoke(name), 400, 404, 405)


def bodies_of_xml():
    bomb = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % tuple([97 + number] + [96 + number] * 8) for number in range(1, 12))
    bomb += b']><CreateBucketConfiguration><LocationConstraint>&l;</LocationConstraint></CreateBucketConfiguration>'
    return [b"<", b"<a", b"<a>", b"<a></b>", b"</a>", b"<a/><b/>", b"text", b"\0", b"\xff\xfe", b"<a>\xff</a>", b"<a>\0</a>", b"<a b=1/>", b"<a>&nothing;</a>", b"<a>&#0;</a>", b"<a>&#xD800;</a>",
            b"<a>" * 100000, b"<a>" * 100000 + b"</a>" * 100000, b"<a>" + b"<b/>" * 100000 + b"</a>", b"<a " + b" ".join(b'x%d="1"' % number for number in range(20000)) + b"/>", bomb,
            b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]><a/>',
            b'<?xml version="1.0" encoding="UTF-7"?><a/>', b'<?xml version="1.0" encoding="nothing"?><a/>', "<a/>".encode("utf-16"), b"<a><![CDATA[", b"<a><!-- ", b"<?php x ?>", b"{}", b"[" * 100000,
            b"<" + b"n" * 1000000 + b"/>", b"<a>" + b"t" * 3000000 + b"</a>", b'<a xmlns:x="u"><x:b/></a>', b"<Delete>" * 5000]


def case_xml(world):
    expect(world.put("/xml").status == 200, "no bucket")
    upload = ask(world.port, "POST", "/xml/k?uploads").body.split(b"<UploadId>")[1].split(b"<")[0].decode()
    for body in bodies_of_xml():
        for method, path in (("PUT", "/xml?notification"), ("POST", "/xml?delete"), ("PUT", "/xml-new-bucket"), ("POST", f"/xml/k?uploadId={upload}"), ("PUT", "/xml/k?tagging")):
            with about(method, path, body):
                answer = clear(ask(world.port, method, path, body), 400, 404, 413, 501)
                expect(b"root:" not in answer.body, "an entity has read a file of the machine")
        clear(ask(world.port, "POST", "/xml?delete", body, {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}), 400, 413)
    for body in (b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>", b"<Delete><Object><Key>" + b"k" * 1025 + b"</Key></Object></Delete>", b"<Delete></Delete>",
                 b"<Delete><Object></Object></Delete>", b"<Delete><Object><Key></Key></Object></Delete>", b"<Delete><Object><Key>k</Key><VersionId>%s</VersionId></Object></Delete>"):
        with about(body):
            clear(ask(world.port, "POST", "/xml?delete", body), 200, 400, 501)
    for parts in (b"", b"<Part/>", b"<Part><PartNumber>x</PartNumber><ETag>y</ETag></Part>", b"<Part><PartNumber>0</PartNumber><ETag>y</ETag></Part>",
                  b"<Part><PartNumber>99999999999999999999</PartNumber><ETag>y</ETag></Part>", b"<Part><PartNumber>1</PartNumber><ETag>y</ETag></Part>" * 10001):
        clear(ask(world.port, "POST", f"/xml/k?uploadId={upload}", b"<CompleteMultipartUpload>" + parts + b"</CompleteMultipartUpload>"), 400, 404)


def case_query_forms(world):
    for fields in (b"", b"=", b"&", b"&&&===", b"Action", b"Action=", b"Action=Nothing", b"Action=CreateQueue", b"Action=CreateQueue&Version=x", b"Action=CreateQueue&QueueName=%", b"Action=%00&Version=%ff",
                   b"Action=CreateQueue&QueueName=%zz", b"Action=CreateQueue&QueueName=" + b"q" * 500000, b"Action=CreateQueue&QueueName=a&QueueName=b", b"Action=ListQueues&" + b"a=b&" * 100000,
                   b"Action=CreateQueue&QueueName=q&Attribute.99999999999999999999.Name=x", b"Action=CreateQueue&QueueName=q&Attribute.-1.Name=x&Attribute.0.Name=y",
                   b"Action=CreateQueue&QueueName=q&Attribute.4294967297.Name=DelaySeconds&Attribute.4294967297.Value=1", b"Action=CreateQueue&QueueName.a.b.c=q",
                   b"Action=CreateQueue&QueueName=q" + b".1" * 50000 + b"=x", b"Action=CreateQueue&QueueName=\xff\xfe", b"Action=CreateQueue&QueueName=a%00b", b"Action=GetCallerIdentity&Version=2011-06-15&x=%",
                   b"Action=CreateRole&Version=2010-05-08&RoleName=" + b"r" * 1000, b"Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=" + b"%5B" * 100000,
                   b"Action=AssumeRole&Version=2011-06-15&RoleArn=%s%n&RoleSessionName=x", b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn&RoleSessionName=" + b"s" * 5000,
                   b"Action=SendMessageBatch&QueueUrl=x&SendMessageBatchRequestEntry.1.Id=" + b"i" * 100 + b"&SendMessageBatchRequestEntry.100000.Id=a"):
        for path in ("/", "/000000000000/q", "/bucket-x", "/bucket-x/key"):
            with about(fields, path):
                clear(ask(world.port, "POST", path, fields, {"Content-Type": "application/x-www-form-urlencoded"}), 200, 400, 403, 404, 405, 409, 411, 413, 414, 501)
    for query in ("Action=CreateQueue&QueueName=%00", "Action=%zz", "Action=ListQueues&QueueNamePrefix=%ff", "Action=" + "A" * 7000):
        clear(ask(world.port, "GET", "/?" + query), 200, 400, 404, 501)


def case_aws_chunked(world):
    """Content-Encoding: aws-chunked broken in every place (facts/services.md 2.4): 400 IncompleteBody, MalformedTrailerError or the like, and no object."""
    expect(world.put("/signed").status == 200, "no bucket")
    plain = {"X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "5", "X-Amz-Trailer": "x-amz-checksum-crc32"}
    trailer = b"x-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    good = b"5\r\nhello\r\n0\r\n" + trailer
    clear(world.put("/signed/good", good, plain), 200)
    expect(ask(world.port, "GET", "/signed/good").body == b"hello", "the good one is not good")
    for body in (b"", b"5", b"5\r\n", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r\n", b"5\r\nhello\r\n0", b"5\r\nhello\r\n0\r\n", b"zz\r\nhello\r\n0\r\n" + trailer, b"-5\r\nhello\r\n0\r\n" + trailer,
                 b"ffffffffffffffff\r\nhello\r\n0\r\n" + trailer, b"7fffffffffffffff\r\nhello", b"4\r\nhello\r\n0\r\n" + trailer, b"6\r\nhello\r\n0\r\n" + trailer, b"4\r\nhell\r\n0\r\n" + trailer,
                 b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:\r\n\r\n", b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:!!!\r\n\r\n",
                 b"5\r\nhello\r\n0\r\nno colon\r\n\r\n", b"5\r\nhello\r\n0\r\n" + b"t" * 100000 + b"\r\n\r\n", b"5;" + b"e" * 100000 + b"\r\nhello\r\n0\r\n" + trailer,
                 b"5;chunk-signature=x\r\nhello\r\n0\r\n" + trailer[:-5], b"\r\n\r\n\r\n", b"hello", b"\0" * 5000, b"5\nhello\n0\n\n", good + good, b"0" * 100000):
        with about(body):
            clear(world.put("/signed/bad", body, plain), 400, 411)
            clear(ask(world.port, "GET", "/signed/bad"), 404)
    for change in ({"X-Amz-Decoded-Content-Length": "x"}, {"X-Amz-Decoded-Content-Length": "-5"}, {"X-Amz-Decoded-Content-Length": "99999999999999999999"}, {"X-Amz-Decoded-Content-Length": "4"},
                   {"X-Amz-Decoded-Content-Length": "6"}, {"X-Amz-Trailer": "x-amz-checksum-nothing"}, {"X-Amz-Trailer": "x-amz-checksum-crc32,x-amz-checksum-sha1"},
                   {"X-Amz-Content-Sha256": "STREAMING-NOTHING"}, {"X-Amz-Content-Sha256": "STREAMING-" + "X" * 5000}):
        with about(change):
            clear(world.put("/signed/bad", good, dict(plain, **change)), 400, 403, 411, 501)
    for headers in ({"Content-MD5": "x"}, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, {"X-Amz-Content-Sha256": "x"}, {"X-Amz-Content-Sha256": "0" * 64}, {"X-Amz-Checksum-Crc32": "AAAAAA=="},
                    {"X-Amz-Checksum-Sha256": "!"}, {"X-Amz-Checksum-Crc32": "NhCmhg==", "X-Amz-Checksum-Sha1": "x"}, {"X-Amz-Meta-X": "v" * 3000}, {"X-Amz-Tagging": "%zz"},
                    {"X-Amz-Tagging": "a=b&" * 20}, {"Content-Type": "\x7f"}, {"X-Amz-Copy-Source": "%zz"}, {"X-Amz-Copy-Source": "/"}, {"X-Amz-Copy-Source": "a"}, {"X-Amz-Copy-Source": "../../x"},
                    {"X-Amz-Copy-Source": "signed/" + "k" * 3000}, {"X-Amz-Copy-Source": "signed/good?versionId=%00"}):
        with about(headers):
            clear(world.put("/signed/bad2", b"hello", headers), 200, 400, 404, 501)
    clear(ask(world.port, "DELETE", "/signed/bad2"), 204)


ODD_NAMES = ["x" * 5000, "x" * 100000, "'; DROP TABLE queue; --", "%s%s%s%n%n", "../../../etc/passwd", "a/b", "a\\b", " ", "\t", "a b", "\u202e", "\U0001f4a9", "name\u0301", "<script>", "&amp;", "a\nb", "*", "?",
             ".", "..", "-", "_", "0", "NULL", "$LATEST", "{}", "${jndi:x}", "a:b:c", "arn:aws:sqs:::", "x" * 81, "x" * 65, "x" * 141, "x" * 256, "x" * 513]


def case_names(world):
    """Names of everything that are too long, or look like SQL, formats, paths or markup."""
    for name in ODD_NAMES:
        for operation, members in (("CreateQueue", {"QueueName": name}), ("GetQueueUrl", {"QueueName": name}), ("SendMessage", {"QueueUrl": name, "MessageBody": name}),
                                   ("ReceiveMessage", {"QueueUrl": "http://x/" + name}), ("DeleteMessage", {"QueueUrl": "http://x/000000000000/" + name, "ReceiptHandle": name}),
                                   ("CreateQueue", {"QueueName": "odd", "Attributes": {name: name}}), ("TagQueue", {"QueueUrl": "http://x/000000000000/odd", "Tags": {name: name}}),
                                   ("ListQueues", {"QueueNamePrefix": name, "NextToken": name, "MaxResults": 1})):
            with about(operation, name):
                clear(world.sqs(operation, members), 200, 400, 404)
        with about(name):
            clear(ask(world.port, "POST", "/v2/apis", json.dumps({"name": name, "protocolType": "HTTP", "description": name})), 201, 400)
            clear(ask(world.port, "POST", "/2015-03-31/event-source-mappings", json.dumps({"FunctionName": name, "EventSourceArn": name})), 400, 404)
        answer = world.create(name, "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", runtime=name, handler=name)
        with about(name):
            clear(answer, 400, 413)
        for target, members in (("CreateLogGroup", {"logGroupName": name}), ("DescribeLogGroups", {"logGroupNamePrefix": name}), ("FilterLogEvents", {"logGroupName": "/x", "filterPattern": name}),
                                ("GetLogEvents", {"logGroupName": name, "logStreamName": name, "nextToken": name})):
            with about(target, name):
                clear(post_json(world, "Logs_20140328." + target, json.dumps(members), "1.1"), 200, 400)
        for key in ("X-Amz-Meta-Odd", "If-Match", "Range", "X-Amz-Copy-Source", "X-Amz-Tagging"):
            if "\n" not in name and len(name) < 10000:
                with about(key, name):
                    clear(send_raw(world.port, form("PUT", "/names/k", b"x", {key: name})), 200, 400, 404, 412, 431, 501, closed=True)


def case_keys(world):
    """S3: keys are any bytes of UTF-8 and never paths of the machine; bucket names are strict."""
    expect(world.put("/keys").status == 200, "no bucket")
    kept = ["..", "../x", "../../../../etc/passwd", "a/../../b", "/absolute", "//", "a//b", ".", "%2525", "'; DROP TABLE object; --", "%25s%25n", "k" * 1024, "\u00e9\U0001f4a9", "a%0Ab", "a%20b%2Bc", "con",
            "%5C..%5C..%5Cx", "~root", "-rf", "*", "a%7F"]
    taken = 0
    for key in kept:
        path = "/keys/" + key
        with about(key):
            if clear(world.put(path, key.encode()), 200, 400).status == 200:
                taken += 1
                expect(clear(ask(world.port, "GET", path), 200).body == key.encode(), "it has another body")
    listed = clear(ask(world.port, "GET", "/keys?list-type=2&encoding-type=url"), 200)
    expect(listed.body.count(b"<Key>") == taken >= 15, f"{listed.body.count(b'<Key>')} of {taken} keys are listed")
    clear(ask(world.port, "GET", "/keys?list-type=2"), 200)
    for key in ("k" * 1025, "k" * 9000, "a%00b", "a%ffb", "%c0%80", "%ed%a0%80", "%F5%80%80%80"):
        with about(key):
            clear(world.put("/keys/" + key, b"x"), 400)
    for query in ("max-keys=-1", "max-keys=99999999999999999999", "max-keys=x", "continuation-token=x", "continuation-token=%00", "start-after=%ff", "delimiter=%00", "prefix=%ff", "encoding-type=x",
                  "delimiter=" + "d" * 5000, "partNumber=0&uploadId=x", "partNumber=10001&uploadId=x", "partNumber=x&uploadId=%00", "versionId=%00", "nothing=1", "acl=%zz", "list-type=3"):
        with about(query):
            clear(ask(world.port, "GET", "/keys?" + query), 200, 400, 404, 501)
            clear(ask(world.port, "GET", "/keys/k?" + query), 200, 400, 404, 416, 501)
            clear(ask(world.port, "PUT", "/keys/q?" + query, b"x"), 200, 400, 404, 501)
    for given in ("bytes=", "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=99999999999999999999-", "bytes=-99999999999999999999", "bytes=0-0,1-1", "bytes=-0", "lines=1-2", "bytes=0-" + "9" * 5000):
        with about(given):
            clear(ask(world.port, "GET", "/keys/..", headers={"Range": given}), 200, 206, 400, 416)
    for bucket in ("a", "A", "a" * 64, "-a-", "a..b", "127.0.0.1", "%2e%2e", "..", "xn--a", "a_b", "a%00b", "a%ffb", "%s%n", "'; DROP--", "_lowcloud2", "a" * 5000, "bucket%2Fkey"):
        with about(bucket):
            clear(world.put("/" + bucket), 400, 404, 405)
            clear(ask(world.port, "GET", "/" + bucket + "/k"), 400, 403, 404)


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]
