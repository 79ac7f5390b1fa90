"""The journal: order, causes of every kind of chain, what has left the ring, what still runs (docs/control.md)."""
import http.client
import json
import re

from cloud import Case, Cloud

CALLS = '''import json, os, urllib.request
def ask(how):
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues"}
    if how != "address":
        endpoint = "http://127.0.0.1:" + endpoint.rsplit(":", 1)[1]
    if how == "key":
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=%s/20260102/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00" % os.environ["AWS_ACCESS_KEY_ID"]
    if how == "trace":
        headers["X-Amzn-Trace-Id"] = os.environ["_X_AMZN_TRACE_ID"]
    urllib.request.urlopen(urllib.request.Request(endpoint, b"{}", headers), timeout=20).read()
def handler(event, context):
    ask(event["how"])
    return [os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_ACCESS_KEY_ID"]]
'''
FORWARD = '''import json, os, urllib.request
def handler(event, context):
    body = json.dumps({"QueueUrl": "http://localhost/000000000000/next", "MessageBody": "on"}).encode()
    urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], body,
        {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}), timeout=20).read()
'''
PASSES = "def handler(event, context):\n    return 'good'\n"
FAILS = "def handler(event, context):\n    raise ValueError('never')\n"


class Causes(Case):
    def chain(self, server, record):
        """Names from the record back to where it began."""
        records = {one["seq"]: one for one in server.journal()}
        names = []
        while record is not None:
            names.append(record["operation"] if record["kind"] == "call" else record["kind"])
            if record["cause"] is not None:
                self.assertLess(record["cause"], record["seq"])
                self.assertIn(record["cause"], records)
                self.assertEqual(records[record["cause"]]["root"], record["root"])
            else:
                self.assertEqual(record["root"], record["seq"])
            record = records.get(record["cause"])
        return names

    def last(self, server, **wanted):
        found = [record for record in server.journal() if all(record.get(name) == value for name, value in wanted.items())]
        self.assertTrue(found, wanted)
        return found[-1]

    def test_calls_of_a_handler(self):
        """By the address that it called, by its key, by its trace header: its invocation is the cause."""
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": CALLS})
        for how in ("address", "key", "trace", "none"):
            with self.subTest(how=how):
                endpoint, key = cloud.value("f", {"how": how})
                self.assertNotIn("//127.0.0.1", endpoint)
                self.assertRegex(key, "^ASIA")
                record = self.last(server, operation="ListQueues")
                if how == "none":
                    self.assertEqual((record["actor"], record["cause"]), ("client", None))
                else:
                    self.assertEqual((record["actor"], self.chain(server, record)), ("environment", ["ListQueues", "invocation", "Invoke"]))

    def test_between_invocations_nothing_is_caused(self):
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": CALLS})
        endpoint, _ = cloud.value("f", {"how": "address"})
        server.idle()
        host, port = re.match(r"http://(.*):(\d+)", endpoint).groups()
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        connection.request("POST", "/", "{}", {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues"})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertIsNone(self.last(server, operation="ListQueues")["cause"])

    def test_object_to_queue_to_function_to_queue(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.queue("next")
        cloud.create("f", {"app.py": FORWARD})
        cloud.map("q", "f")
        cloud.request("PUT", "/bucket")
        status, _, body = cloud.request("PUT", "/bucket?notification", "<NotificationConfiguration><QueueConfiguration><Queue>" + cloud.arn("q") +
                                        "</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>")
        self.assertEqual(status, 200, body)
        server.idle()
        cloud.request("PUT", "/bucket/k", b"x")
        server.idle()
        record = self.last(server, operation="SendMessage")
        self.assertEqual(self.chain(server, record), ["SendMessage", "invocation", "Invoke", "ReceiveMessage", "SendMessage", "PutObject"])
        self.assertEqual([r["actor"].split(":")[0] for r in server.journal() if r["root"] == record["root"]],
                         ["client", "s3", "mapping", "mapping", "mapping", "environment", "mapping"])
        record = self.last(server, operation="DeleteMessageBatch")
        self.assertEqual(self.chain(server, record)[-3:], ["ReceiveMessage", "SendMessage", "PutObject"])

    def test_object_to_function(self):
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": PASSES})
        cloud.json("POST", "/2015-03-31/functions/f/policy", {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"})
        cloud.request("PUT", "/bucket")
        status, _, body = cloud.request("PUT", "/bucket?notification", "<NotificationConfiguration><CloudFunctionConfiguration><CloudFunction>" + cloud.arn("function:f", "lambda") +
                                        "</CloudFunction><Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration></NotificationConfiguration>")
        self.assertEqual(status, 200, body)
        cloud.request("PUT", "/bucket/k", b"x")
        server.idle()
        self.assertEqual(self.chain(server, self.last(server, kind="invocation")), ["invocation", "Invoke", "PutObject"])

    def test_events_retries_and_destinations(self):
        server, cloud = self.frozen()
        cloud.queue("failed")
        cloud.create("f", {"app.py": FAILS})
        cloud.json("PUT", "/2019-09-25/functions/f/event-invoke-config", {"DestinationConfig": {"OnFailure": {"Destination": cloud.arn("failed")}}})
        cloud.event("f", {})
        server.idle()
        steps = 0
        while server.clock()["next_due"] and steps < 10:
            server.next()
            steps += 1
        self.assertEqual(self.chain(server, self.last(server, operation="SendMessage"))[-1], "Invoke")
        invocations = [r for r in server.journal() if r["kind"] == "invocation"]
        self.assertEqual([r.get("attempt", 1) for r in invocations], [1, 2, 3])
        self.assertEqual([r["time"] for r in invocations], ["2026-01-02T03:04:05.000Z", "2026-01-02T03:05:05.000Z", "2026-01-02T03:07:05.000Z"])
        for record in invocations:
            self.assertEqual(self.chain(server, record)[-1], "Invoke")
        self.assertEqual(len({r["root"] for r in invocations}), 1)

    def test_dead_letters(self):
        server, cloud = self.frozen()
        cloud.queue("dead")
        cloud.queue("work", RedrivePolicy={"deadLetterTargetArn": cloud.arn("dead"), "maxReceiveCount": 1})
        cloud.create("f", {"app.py": FAILS})
        cloud.create("g", {"app.py": PASSES})
        cloud.map("work", "f")
        cloud.map("dead", "g")
        cloud.send("work", "poison")
        server.idle()
        server.next()
        self.assertEqual(self.chain(server, self.last(server, kind="dead-letter")), ["dead-letter", "SendMessage"])
        record = [r for r in server.journal() if r["kind"] == "invocation" and ":g:" in r["arn"]][0]
        self.assertEqual(self.chain(server, record), ["invocation", "Invoke", "ReceiveMessage", "dead-letter", "SendMessage"])

    def test_the_gateway(self):
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": PASSES})
        cloud.json("POST", "/2015-03-31/functions/f/policy", {"StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"})
        cloud.json("POST", "/v2/apis", {"name": "a", "protocolType": "HTTP", "target": cloud.arn("function:f", "lambda"), "tags": {"_custom_id_": "myapi"}})
        self.assertEqual(server.request("GET", "/x", headers={"Host": "myapi.execute-api.localhost"})[0], 200)
        chain = self.chain(server, self.last(server, kind="invocation"))
        self.assertEqual(chain[:2], ["invocation", "Invoke"])
        self.assertEqual(self.last(server, kind="invocation")["actor"], "apigateway")

    def test_what_runs_is_shown(self):
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": "import time\ndef handler(event, context):\n    time.sleep(2)\n"}, Timeout=30)
        cloud.event("f", {})
        self.until(lambda: any(r["kind"] == "invocation" for r in server.journal()))
        record = self.last(server, kind="invocation")
        self.assertIs(record.get("running"), True)
        self.assertNotIn("duration_us", record)
        server.idle()
        record = self.last(server, kind="invocation")
        self.assertNotIn("running", record)
        self.assertGreater(record["duration_us"], 1.9e6)

    def test_order_and_pages(self):
        server, cloud = self.frozen()
        for _ in range(50):
            cloud.sqs("ListQueues")
        records = server.journal()
        self.assertEqual([r["seq"] for r in records], sorted(r["seq"] for r in records))
        self.assertEqual([r["real_ns"] for r in records], sorted(r["real_ns"] for r in records))
        seen, after = [], 0
        while True:
            status, headers, body = server.request("GET", f"/_lowcloud/journal?after={after}&limit=7")
            page = [json.loads(line) for line in body.splitlines()]
            self.assertEqual(status, 200)
            self.assertLessEqual(len(page), 7)
            if not page:
                break
            seen += page
            after = page[-1]["seq"]
        self.assertEqual(seen, records)
        for wanted in ("seq", "time", "real_ns", "kind", "cause", "root", "actor", "account", "region", "service", "operation", "request_id", "status", "error", "duration_us"):
            self.assertIn(wanted, records[0])

    def test_what_has_left_the_ring(self):
        server, cloud = self.frozen()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues"}
        for _ in range(50100):
            connection.request("POST", "/", b"{}", headers)
            connection.getresponse().read()
        connection.close()
        for after in (0, 1, 50):
            status, _, body = server.request("GET", f"/_lowcloud/journal?after={after}")
            self.assertEqual(status, 410, body)
        status, _, body = server.request("GET", "/_lowcloud/journal")
        self.assertEqual(status, 200)
        oldest = json.loads(body.splitlines()[0])["seq"]
        self.assertEqual(server.request("GET", f"/_lowcloud/journal?after={oldest - 2}")[0], 410)
        self.assertEqual(len(server.journal(oldest - 1)), 10000)
        status, _, body = server.request("GET", "/_lowcloud/journal?limit=1000000")
        self.assertEqual(len(body.splitlines()), 50100 - oldest + 1)
        self.assertEqual(server.idle("5s")["idle"], True)

    def test_looking_is_no_receiving(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.send("q", "m")
        for _ in range(3):
            self.assertEqual(cloud.peek("q")["messages"][0]["receive_count"], 0)
        self.assertEqual(len(server.journal()), 2)
        messages = cloud.receive("q", AttributeNames=["ApproximateReceiveCount"], VisibilityTimeout=0)
        self.assertEqual(messages[0]["Attributes"]["ApproximateReceiveCount"], "1")
        self.assertEqual(cloud.peek("q")["messages"][0]["receive_count"], 1)
        other = Cloud(server, "111111111111", "eu-west-1")
        other.queue("q")
        self.assertEqual(other.peek("q")["messages"], [])
        self.assertEqual(server.request("GET", "/_lowcloud/queues/q/messages?account=222222222222")[0], 404)
