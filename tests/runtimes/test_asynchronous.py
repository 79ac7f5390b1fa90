"""Asynchronous invocations: retries, dead letters and destinations under a frozen clock (facts/lambda.md 3).

    python3 tests/runtimes/test_asynchronous.py [NAME ...]
"""
import http.client
import json
import urllib.parse

import functions
from functions import Case

# Makes a URL that puts an object, with nothing but the standard library.
SIGNER = """
import hashlib, hmac, os, urllib.parse

def handler(event, context):
    scope = "20260102/us-east-1/s3/aws4_request"
    host = os.environ["AWS_ENDPOINT_URL"][7:]
    query = urllib.parse.urlencode(sorted({
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": os.environ["AWS_ACCESS_KEY_ID"] + "/" + scope, "X-Amz-Date": "20260102T030405Z",
        "X-Amz-Expires": "86400", "X-Amz-Security-Token": os.environ["AWS_SESSION_TOKEN"], "X-Amz-SignedHeaders": "host"}.items()), safe="-_.~")
    request = f"PUT\\n/uploads/{event}\\n{query}\\nhost:{host}\\n\\nhost\\nUNSIGNED-PAYLOAD"
    key = ("AWS4" + os.environ["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\\n20260102T030405Z\\n{scope}\\n" + hashlib.sha256(request.encode()).hexdigest()
    return f"http://{host}/uploads/{event}?{query}&X-Amz-Signature=" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
"""


class Frozen(Case):
    """Asynchronous invocations under a frozen clock (facts 3)."""

    settings = {"clock": "frozen@2026-01-02T03:04:05Z", "seed": 1}

    def failing(self, **more):
        return self.python("def handler(event, context):\n    if event.get('fail', True): raise RuntimeError('attempt')\n    return {'ok': event}\n", **more)

    def times(self, name):
        return [record["time"][11:19] for record in self.invocations(name)]

    def test_retries_and_dead_letter(self):
        url = self.api.queue("dead")
        f = self.failing(DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:000000000000:dead"})
        start = self.server.clock()["now"]
        request_id = self.api.event(f, {"n": 1})
        self.server.idle()
        self.assertEqual(len(self.invocations(f)), 1)
        self.server.advance("59s")
        self.assertEqual(len(self.invocations(f)), 1)
        self.server.advance("1s")
        self.assertEqual(len(self.invocations(f)), 2)
        self.server.advance("119s")
        self.assertEqual(len(self.invocations(f)), 2)
        self.server.advance("1s")
        self.server.idle()
        runs = self.invocations(f)
        self.assertEqual([(run["request_id"], run["attempt"], run["error"]) for run in runs], [(request_id, n, "RuntimeError") for n in (1, 2, 3)])
        message, = self.api.messages(url)
        self.assertEqual(json.loads(message["Body"]), {"n": 1})
        self.assertEqual({name: (value["DataType"], value["StringValue"]) for name, value in message["MessageAttributes"].items()},
                         {"RequestID": ("String", request_id), "ErrorCode": ("Number", "200"), "ErrorMessage": ("String", "attempt")})
        kinds = [record["kind"] for record in self.server.journal() if record.get("request_id") == request_id]
        self.assertEqual(kinds, ["call", "invocation", "retry", "invocation", "retry", "invocation", "dead-letter"])
        del start

    def test_destinations(self):
        good, bad = self.api.queue("good"), self.api.queue("bad")
        f = self.failing()
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{f}:$LATEST"
        config = self.api.json("PUT", f"/2019-09-25/functions/{f}/event-invoke-config", {
            "MaximumRetryAttempts": 0, "DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:good"},
                                                             "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:bad"}}})
        self.assertEqual((config["FunctionArn"], config["MaximumRetryAttempts"], "MaximumEventAgeInSeconds" in config), (arn, 0, False))
        first = self.api.event(f, {"fail": False})
        second = self.api.event(f, {"fail": True})
        self.server.idle()
        message, = self.api.messages(good)
        record = json.loads(message["Body"])
        self.assertEqual(record, {
            "version": "1.0", "timestamp": record["timestamp"],
            "requestContext": {"requestId": first, "functionArn": arn, "condition": "Success", "approximateInvokeCount": 1},
            "requestPayload": {"fail": False}, "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"}, "responsePayload": {"ok": {"fail": False}}})
        self.assertRegex(record["timestamp"], r"^2026-01-02T\d\d:\d\d:\d\d\.\d{3}Z$")
        message, = self.api.messages(bad)
        record = json.loads(message["Body"])
        self.assertEqual(record["requestContext"], {"requestId": second, "functionArn": arn, "condition": "RetriesExhausted", "approximateInvokeCount": 1})
        self.assertEqual(record["responseContext"], {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"})
        self.assertEqual(record["responsePayload"]["errorMessage"], "attempt")

    def test_destination_function(self):
        g = self.python("def handler(event, context): return event")
        f = self.failing()
        self.api.json("PUT", f"/2019-09-25/functions/{f}/event-invoke-config",
                      {"DestinationConfig": {"OnSuccess": {"Destination": f"arn:aws:lambda:us-east-1:000000000000:function:{g}"}}})
        self.api.event(f, {"fail": False})
        self.server.idle()
        runs = self.invocations(g)
        self.assertEqual(len(runs), 1)
        self.assertEqual(runs[0]["root"], self.invocations(f)[0]["root"])

    def test_event_age(self):  # look-ahead: a retry that would come too late is not waited for
        bad = self.api.queue("old")
        f = self.failing()
        self.api.json("PUT", f"/2019-09-25/functions/{f}/event-invoke-config",
                      {"MaximumEventAgeInSeconds": 60, "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:old"}}})
        self.api.event(f, {})
        self.server.idle()
        self.server.advance("59s")
        self.assertEqual(self.api.messages(bad), [])
        self.server.advance("1s")
        self.server.idle()
        record = json.loads(self.api.messages(bad)[0]["Body"])
        self.assertEqual((record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]), ("EventAgeExceeded", 2))

    def test_zero_reserved_concurrency(self):
        bad = self.api.queue("zero")
        f = self.failing()
        self.api.json("PUT", f"/2017-10-31/functions/{f}/concurrency", {"ReservedConcurrentExecutions": 0})
        self.api.json("PUT", f"/2019-09-25/functions/{f}/event-invoke-config",
                      {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:zero"}}})
        request_id = self.api.event(f, {"a": 1})
        self.server.idle()
        record = json.loads(self.api.messages(bad)[0]["Body"])
        self.assertEqual(record, {"version": "1.0", "timestamp": record["timestamp"],
                                  "requestContext": {"requestId": request_id, "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{f}:$LATEST",
                                                     "condition": "ZeroReservedConcurrency", "approximateInvokeCount": 0},
                                  "requestPayload": {"a": 1}})

    def test_event_config_operations(self):
        f = self.failing()
        path = f"/2019-09-25/functions/{f}/event-invoke-config"
        self.assertEqual(self.api.json("GET", path, status=404)["Message"],
                         f"The function arn:aws:lambda:us-east-1:000000000000:function:{f}:$LATEST doesn't have an EventInvokeConfig")
        self.api.json("PUT", path, {}, status=400)
        self.api.json("PUT", path, {"MaximumRetryAttempts": 3}, status=400)
        self.api.json("PUT", path, {"MaximumRetryAttempts": 1})
        self.api.json("POST", path, {"MaximumEventAgeInSeconds": 100})
        config = self.api.json("GET", path)
        self.assertEqual((config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"], config["DestinationConfig"]), (1, 100, {"OnSuccess": {}, "OnFailure": {}}))
        self.assertEqual(self.api.json("GET", path + "/list")["FunctionEventInvokeConfigs"], [config])
        self.assertEqual(self.api.request("DELETE", path)[0], 204)
        self.api.json("GET", path, status=404)
        self.api.json("PUT", path, {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sns:us-east-1:000000000000:topic"}}}, status=501)

    def test_scheduled_retries_are_listed(self):
        f = self.failing()
        self.api.event(f, {})
        idle = self.server.idle()
        mine = [item for item in idle["scheduled"] if f in item["what"]]
        self.assertEqual(len(mine), 1)
        self.server.advance("180s")
        self.assertEqual(len(self.invocations(f)), 3)

    def test_advance_waits_for_handlers_that_work(self):
        f = self.python("import time\ndef handler(event, context): time.sleep(0.3)")
        self.api.event(f, 1)
        self.assertEqual(self.server.advance("1s")["unsettled"], [])
        self.assertEqual([run["error"] for run in self.invocations(f)], [None])

    def test_advance_does_not_wait_for_handlers_that_wait_for_it(self):
        url = self.api.queue("stalled")
        f = self.python("import json, os, urllib.request\ndef handler(event, context):\n"
                        "    body = json.dumps({'QueueUrl': event, 'WaitTimeSeconds': 20}).encode()\n"
                        "    request = urllib.request.Request(os.environ['AWS_ENDPOINT_URL'] + '/', body,\n"
                        "        {'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'AmazonSQS.ReceiveMessage'})\n"
                        "    return urllib.request.urlopen(request).read().decode()\n", Timeout=30)
        self.api.event(f, url)
        left = self.server.advance("5s")["unsettled"]
        self.assertEqual((len(left), f in left[0]["what"]), (1, True))
        self.assertEqual(self.server.advance("15s")["unsettled"], [])
        self.assertEqual([run["error"] for run in self.invocations(f)], [None])

    def test_warm_environments_are_evicted(self):
        f = self.python("import uuid\nme = str(uuid.uuid4())\ndef handler(event, context): return me")
        first = self.api.value(f)
        self.server.advance("299s")
        self.assertEqual(self.api.value(f), first)
        self.server.advance("301s")
        self.assertNotEqual(self.api.value(f), first)

    def test_keys_outlive_their_environment(self):  # what a handler has signed, as a presigned URL, is good for its time
        f = self.python("import os\ndef handler(event, context): return os.environ['AWS_ACCESS_KEY_ID']")
        key = self.api.value(f)

        def caller():
            return self.api.request("POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", Content_Type="application/x-www-form-urlencoded",
                                    Authorization=f"AWS4-HMAC-SHA256 Credential={key}/20260102/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0")[2].decode()

        self.assertIn(f":assumed-role/worker/{f}</Arn>", caller())
        self.server.advance("1h")
        self.assertNotEqual(self.api.value(f), key)
        self.assertIn(f":assumed-role/worker/{f}</Arn>", caller())
        self.server.advance("12h")
        self.api.value(f)
        self.assertNotIn(f":assumed-role/worker/{f}</Arn>", caller())

    def test_a_signed_url_outlives_its_environment(self):
        self.assertEqual(self.api.request("PUT", "/uploads")[0], 200)
        f = self.python(SIGNER)
        url = urllib.parse.urlsplit(self.api.value(f, "a.txt"))
        self.server.advance("1h")
        connection = http.client.HTTPConnection(url.hostname, url.port)
        connection.request("PUT", f"{url.path}?{url.query}", b"sent later")
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual(self.api.request("GET", "/uploads/a.txt")[2], b"sent later")

    def test_urls_that_a_handler_gets_outlive_its_environment(self):
        f = self.python("import json, os, urllib.request\ndef handler(event, context):\n"
                        "    request = urllib.request.Request(os.environ['AWS_ENDPOINT_URL'] + '/', json.dumps({'QueueName': event}).encode(),\n"
                        "        {'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'AmazonSQS.CreateQueue'})\n"
                        "    return json.load(urllib.request.urlopen(request))['QueueUrl']\n")
        self.assertEqual(self.api.value(f, "handed-on"), f"{self.server.endpoint}/000000000000/handed-on")

    def test_recursion_is_stopped(self):
        f = self.python("import os, urllib.request\ndef handler(event, context):\n"
                        "    request = urllib.request.Request(os.environ['AWS_ENDPOINT_URL'] + '/2015-03-31/functions/' + context.function_name + '/invocations',\n"
                        "        b'{}', {'X-Amz-Invocation-Type': 'Event'})\n"
                        "    urllib.request.urlopen(request)\n", Timeout=10)
        self.api.json("PUT", f"/2019-09-25/functions/{f}/event-invoke-config", {"MaximumRetryAttempts": 0})
        self.api.event(f, {})
        self.server.idle("60s")
        runs = self.invocations(f)
        self.assertTrue(16 < len(runs) < 40, len(runs))
        self.assertTrue(any(record["error"] == "RecursiveInvocationException" for record in self.server.journal() if record["kind"] == "call"))


if __name__ == "__main__":
    functions.run()
