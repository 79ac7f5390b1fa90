"""Functions that really run: their answers, logs, limits and what they leave behind, through a server of one's own.

    python3 tests/runtimes/test_execution.py [NAME ...]

Expected values: facts/lambda.md, the section named at each test. No sleeping: what is to happen is waited for.
"""
import base64
import json
import os
import re
import shutil
import socket
import threading
import time
import unittest

import functions
import harness
from functions import NODE, ROLE, Case, package

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
CURL = shutil.which("curl")


CHUNKED = """#!/usr/bin/python3
import base64, os, socket
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
connection = socket.create_connection((host, int(port)))
file = connection.makefile("rb")

def answer():
    file.readline()
    headers = {}
    while line := file.readline().strip():
        name, value = line.decode().split(":", 1)
        headers[name.lower()] = value.strip()
    return headers, file.read(int(headers["content-length"]))

while True:
    connection.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    headers, event = answer()
    path = "/2018-06-01/runtime/invocation/" + headers["lambda-runtime-aws-request-id"] + "/response"
    names = "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"
    head = f"POST {path} HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\nTrailer: {names}\\r\\n\\r\\n"
    trailers = ""
    if b"fail" in event:
        body = base64.b64encode(b'{"errorType":"Runtime.Mid","errorMessage":"in the middle"}').decode()
        trailers = f"Lambda-Runtime-Function-Error-Type: Runtime.Mid\\r\\nLambda-Runtime-Function-Error-Body: {body}\\r\\n"
    connection.sendall((head + '5\\r\\n{"a":\\r\\n2\\r\\n1}\\r\\n0\\r\\n' + trailers + "\\r\\n").encode())
    answer()
"""


class Running(Case):
    """A running clock."""

    def test_answer_and_warm_state(self):  # facts 1.2, 2.7, 2.8
        f = self.python("import os\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    print('at work')\n    return [n, event, context.aws_request_id]\n")
        status, headers, body, log = self.api.invoke(f, {"a": "\u00e9"}, X_Amz_Log_Type="Tail")
        answer = json.loads(body)
        request_id = headers["x-amzn-RequestId"]
        self.assertEqual((status, headers["X-Amz-Executed-Version"], headers["Content-Type"], headers.get("X-Amz-Function-Error")),
                         (200, "$LATEST", "application/json", None))
        self.assertEqual(answer, [1, {"a": "\u00e9"}, request_id])
        self.assertRegex(log, rf"^START RequestId: {request_id} Version: \$LATEST\nat work\nEND RequestId: {request_id}\nREPORT RequestId: {request_id}"
                              r"\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\t\n$")
        duration, billed, init = (float(re.search(pattern, log)[1]) for pattern in (r"\tDuration: ([\d.]+)", r"Billed Duration: (\d+)", r"Init Duration: ([\d.]+)"))
        self.assertEqual(billed, -(-round((duration + init) * 100) // 100))
        status, headers, body, log = self.api.invoke(f, 2, X_Amz_Log_Type="Tail")
        self.assertEqual(json.loads(body)[:2], [2, 2])
        self.assertNotIn("Init Duration", log)
        self.assertIsNone(self.api.invoke(f, 3)[1].get("X-Amz-Log-Result"))

    def test_nothing_sent_is_an_empty_object(self):
        f = self.python("def handler(event, context): return event")
        self.assertEqual(self.api.invoke(f, b"")[2], b"{}")

    def test_environment(self):  # facts 2.1
        f = self.python("import os\ndef handler(event, context): return [dict(os.environ), os.getcwd(), os.listdir(os.environ.get('TMPDIR', '/tmp'))]",
                        Environment={"Variables": {"MINE": "1", "TZ": "Europe/Berlin"}}, MemorySize=256)
        env, cwd, tmp = self.api.value(f)
        expected = {
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12", "AWS_LAMBDA_FUNCTION_NAME": f,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{f}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand", "_HANDLER": "app.handler", "LANG": "en_US.UTF-8", "MINE": "1", "TZ": "Europe/Berlin",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR", "LAMBDA_TASK_ROOT": cwd, "SHLVL": "0",
        }
        self.assertEqual({name: env.get(name) for name in expected}, expected)
        self.assertRegex(env["AWS_LAMBDA_LOG_STREAM_NAME"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertRegex(env["AWS_LAMBDA_RUNTIME_API"], r"^127\.\d+\.\d+\.\d+:%d$" % self.server.port)
        self.assertEqual(env["AWS_ENDPOINT_URL"], "http://" + env["AWS_LAMBDA_RUNTIME_API"])
        self.assertRegex(env["AWS_ACCESS_KEY_ID"], r"^ASIA[A-Z0-9]{16}$")
        self.assertTrue(env["AWS_SESSION_TOKEN"] and env["AWS_SECRET_ACCESS_KEY"])
        self.assertRegex(env["_X_AMZN_TRACE_ID"], r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]")
        self.assertEqual(tmp, [])

    def test_errors(self):  # facts 2.4, 2.6
        f = self.python("def handler(event, context): raise ValueError('no ' + event)")
        payload, log = self.api.error(f, "good")
        self.assertEqual((payload["errorMessage"], payload["errorType"]), ("no good", "ValueError"))
        self.assertIn("[ERROR] ValueError: no good\nTraceback (most recent call last):\n", log)
        self.assertNotIn("Status:", log)

    def test_an_error_without_stdout(self):
        f = self.python("import sys\ndef handler(event, context):\n    sys.stdout.close()\n    raise ValueError('closed')")
        self.assertEqual(self.api.error(f)[0]["errorMessage"], "closed")

    def test_timeout(self):  # facts 2.5
        f = self.python("import os, time\nn = 0\nmark = os.environ.get('TMPDIR', '/tmp') + '/mark'\ndef handler(event, context):\n    global n\n    n += 1\n"
                        "    open(mark, 'a').write('x')\n    if event: time.sleep(60)\n    return [n, open(mark).read()]\n", Timeout=1)
        self.api.value(f, 0)
        start = time.monotonic()
        payload, log = self.api.error(f, 1)
        self.assertLess(abs(time.monotonic() - start - 1.1), 0.15 * harness.PATIENCE)
        request_id = re.search(UUID, log)[0]
        self.assertEqual(list(payload.items()), [("errorType", "Sandbox.Timedout"), ("errorMessage", f"RequestId: {request_id} Error: Task timed out after 1.00 seconds")])
        self.assertRegex(log, rf"\n\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {request_id} Task timed out after 1\.00 seconds\n\nEND RequestId: {request_id}\nREPORT [^\n]*\tStatus: timeout\n$")
        # The same environment, /tmp included; the process is another. Its init is part of the event: no Init Duration.
        status, headers, body, log = self.api.invoke(f, 0, X_Amz_Log_Type="Tail")
        self.assertEqual(json.loads(body), [1, "xxx"])
        self.assertNotIn("Init Duration", log)

    def test_ends_of_the_process(self):  # facts 1.5
        f = self.python("import os, signal\ndef handler(event, context):\n    if event < 0: os.kill(os.getpid(), -event)\n    os._exit(event)\n")
        for event, message in ((3, "Runtime exited with error: exit status 3"), (0, "Runtime exited without providing a reason"),
                               (-9, "Runtime exited with error: signal: killed"), (-15, "Runtime exited with error: signal: terminated")):
            payload, log = self.api.error(f, event)
            request_id = re.search(UUID, log)[0]
            self.assertEqual(payload, {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {message}"})
            self.assertIn(f"RequestId: {request_id} Error: {message}\nRuntime.ExitError\nEND ", log)
            self.assertIn("\tStatus: error\tError Type: Runtime.ExitError\n", log)

    def test_init_error(self):  # facts 2.4, 2.7
        f = self.python("import nothing_of_that_name")
        for _ in range(2):
            payload, log = self.api.error(f)
            self.assertEqual(payload, {"errorMessage": "Unable to import module 'app': No module named 'nothing_of_that_name'",
                                       "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []})
            self.assertRegex(log, r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError\nSTART ")
            self.assertRegex(log, r"REPORT [^\n]*\tStatus: error\tError Type: Runtime.ImportModuleError\n$")

    def test_no_bootstrap(self):  # facts 1.5
        f = self.name()
        self.api.create(f, {"other": "x"}, runtime="provided.al2023", handler="any")
        payload, _ = self.api.error(f)
        self.assertEqual(payload["errorType"], "Runtime.InvalidEntrypoint")
        self.assertIn("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]", payload["errorMessage"])
        f = self.name()
        self.api.create(f, {"bootstrap": b"\x7fELF nonsense"}, runtime="provided.al2023", handler="any")
        payload, _ = self.api.error(f)
        self.assertEqual(payload["errorType"], "Runtime.InvalidEntrypoint")
        self.assertRegex(payload["errorMessage"], r"Error: fork/exec /\S*/bootstrap: exec format error$")

    def test_stdio(self):
        f = self.name()
        self.api.create(f, {"work": "#!/bin/sh\necho \"log line\" >&2\nread x\necho \"{\\\"got\\\": $x}\"\n"}, runtime="provided.al2023", handler="stdio:work")
        status, _, body, log = self.api.invoke(f, b"7\n", X_Amz_Log_Type="Tail")
        self.assertEqual((json.loads(body), "log line\n" in log), ({"got": 7}, True))

    @unittest.skipUnless(NODE, "node is not installed")
    def test_node(self):
        f = self.name()
        self.api.create(f, {"index.mjs": "export const handler = async (event, context) => { console.log('hi'); if (event === 1) throw new TypeError('x'); return [event, context.functionName]; }"},
                        runtime="nodejs22.x", handler="index.handler")
        self.assertEqual(self.api.value(f, 2), [2, f])
        payload, log = self.api.error(f, 1)
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("TypeError", "x"))
        self.assertRegex(log, rf"\d{{4}}-\S+Z\t{UUID}\tINFO\thi\n")

    @unittest.skipUnless(CURL, "curl is not installed")
    def test_custom_runtime(self):  # facts 1.2, 1.3
        f = self.name()
        self.api.create(f, {"bootstrap": r"""#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
cd "${TMPDIR:-/tmp}"
while true; do
    event=$(curl -s -D headers "$api/invocation/next")
    id=$(sed -n 's/^Lambda-Runtime-Aws-Request-Id: //Ip' headers | tr -d '\r')
    case "$event" in
    *wrong*) curl -s -X POST "$api/invocation/11111111-1111-4111-8111-111111111111/response" -d 1 ;;
    *error*) curl -s -X POST "$api/invocation/$id/error" -H 'Lambda-Runtime-Function-Error-Type: Function.Mine' -d '{"errorMessage":"mine","errorType":"Mine"}' >/dev/null; continue ;;
    *large*) head -c 7000000 /dev/zero | tr '\0' 1 >large; curl -s -X POST "$api/invocation/$id/response" --data-binary @large; echo; continue ;;
    *init*) curl -s -X POST "$api/init/error" -d '{}' ;;
    esac
    curl -s -X POST "$api/invocation/$id/response" -d "$event"
    case "$event" in
    *twice*) curl -s -X POST "$api/invocation/$id/response" -d 2; echo ;;
    esac
done
"""}, runtime="provided.al2023", handler="any", Timeout=20)
        self.assertEqual(self.api.value(f, {"a": 1}), {"a": 1})
        _, _, body, log = self.api.invoke(f, "twice", X_Amz_Log_Type="Tail")
        self.assertEqual(json.loads(body), "twice")
        self.assertIn('{"status":"OK"}\n{"errorMessage":"State transition from RuntimeResponseSent to InvocationResponse failed for runtime. Error: State transition is not allowed",'
                      '"errorType":"InvalidStateTransition"}\n', log)
        _, _, body, log = self.api.invoke(f, "wrong", X_Amz_Log_Type="Tail")
        self.assertEqual(json.loads(body), "wrong")
        self.assertIn('{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}\n', log)
        _, _, body, log = self.api.invoke(f, "init", X_Amz_Log_Type="Tail")
        self.assertIn('"errorType":"InvalidStateTransition"', log)
        self.assertEqual(self.api.error(f, "error")[0], {"errorMessage": "mine", "errorType": "Mine"})
        payload, log = self.api.error(f, "large")
        self.assertEqual(payload, {"errorType": "Function.ResponseSizeTooLarge",
                                   "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."})
        self.assertIn('{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}', log)
        self.assertEqual(self.api.value(f, 5), 5)

    def test_chunked_answer_with_trailers(self):  # facts 1.6, 1.7: as the Go and Rust clients send it
        f = self.name()
        self.api.create(f, {"bootstrap": CHUNKED}, runtime="provided.al2023", handler="any")
        self.assertEqual(self.api.value(f, 1), {"a": 1})
        self.assertEqual(self.api.error(f, "fail")[0], {"errorType": "Runtime.Mid", "errorMessage": "in the middle"})
        self.assertEqual(self.api.value(f, 1), {"a": 1})

    def test_sizes(self):  # facts 2.3
        f = self.python("def handler(event, context): return len(event) if isinstance(event, str) else 'x' * event")
        self.assertEqual(self.api.value(f, "x" * (6 * 1024 * 1024 - 2)), 6 * 1024 * 1024 - 2)
        status, headers, body, _ = self.api.invoke(f, "x" * (6 * 1024 * 1024 - 1))
        self.assertEqual((status, headers["x-amzn-ErrorType"]), (413, "RequestTooLargeException"))
        status, headers, body, _ = self.api.invoke(f, "x" * (1024 * 1024 - 1), X_Amz_Invocation_Type="Event")
        self.assertEqual((status, headers["x-amzn-ErrorType"]), (413, "RequestTooLargeException"))
        self.assertEqual(len(self.api.value(f, 6 * 1024 * 1024)), 6 * 1024 * 1024)
        self.assertEqual(self.api.error(f, 6 * 1024 * 1024 + 99)[0]["errorType"], "Function.ResponseSizeTooLarge")

    def test_memory(self):  # facts 1.5, 8.6
        f = self.python("def handler(event, context):\n    x = bytearray(event * 1048576)\n    for i in range(0, len(x), 4096): x[i] = 1\n    return len(x)\n", MemorySize=128, Timeout=30)
        _, _, body, log = self.api.invoke(f, 60, X_Amz_Log_Type="Tail")
        self.assertEqual(json.loads(body), 60 * 1048576)
        self.assertTrue(60 <= int(re.search(r"Max Memory Used: (\d+) MB", log)[1]) <= 110, log)
        payload, log = self.api.error(f, 400)
        self.assertEqual(payload["errorType"], "Runtime.OutOfMemory")
        self.assertIn("Max Memory Used: 128 MB\t", log)
        self.assertIn("Error Type: Runtime.OutOfMemory", log)
        self.assertEqual(self.api.value(f, 1), 1048576)

    def test_concurrency(self):  # facts 2.9
        f = self.python("import time, uuid\nme = str(uuid.uuid4())\ndef handler(event, context):\n    time.sleep(0.3)\n    return me\n", Timeout=10)
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.api.value(f))) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(results)), 3)
        self.assertIn(self.api.value(f), results)

    def test_reserved_concurrency(self):  # facts 2.9
        f = self.python("import time\ndef handler(event, context):\n    time.sleep(event)\n    return 1\n", Timeout=10)
        self.api.json("PUT", f"/2017-10-31/functions/{f}/concurrency", {"ReservedConcurrentExecutions": 1})
        results = []
        threads = [threading.Thread(target=lambda: results.append(self.api.invoke(f, 0.5))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(result[0] for result in results), [200, 429])
        status, headers, body, _ = next(result for result in results if result[0] == 429)
        self.assertEqual(headers["x-amzn-ErrorType"], "TooManyRequestsException")
        self.assertEqual(json.loads(body), {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."})
        for _ in range(20):
            self.assertEqual(self.api.value(f, 0), 1)
        self.api.json("PUT", f"/2017-10-31/functions/{f}/concurrency", {"ReservedConcurrentExecutions": 0})
        self.assertEqual(self.api.invoke(f, 0)[0], 429)

    def test_change_of_configuration_and_code(self):
        f = self.python("import os\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return [n, os.environ.get('STAGE')]\n")
        self.assertEqual([self.api.value(f), self.api.value(f)], [[1, None], [2, None]])
        self.api.configure(f, Environment={"Variables": {"STAGE": "b"}})
        self.assertEqual(self.api.value(f), [1, "b"])
        self.api.json("PUT", f"/2015-03-31/functions/{f}/code", {"ZipFile": package({"app.py": "def handler(event, context): return 'new'"})})
        self.assertEqual(self.api.value(f), "new")

    def test_code_from_a_directory(self):
        f = self.name()
        folder = os.path.join(self.server.directory, "code")
        os.mkdir(folder)
        path = os.path.join(folder, "app.py")
        for text in ("one", "three"):
            with open(path, "w") as file:
                file.write(f"n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return ['{text}', n]\n")
            if text == "one":
                self.api.json("POST", "/2015-03-31/functions", {"FunctionName": f, "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE,
                                                                "Code": {"S3Bucket": "hot-reload", "S3Key": folder}})
            self.assertEqual([self.api.value(f), self.api.value(f)], [[text, 1], [text, 2]])

    def test_calls_of_the_handler_carry_their_cause(self):
        url = self.api.queue("called")
        f = self.python("import json, os, urllib.request\ndef handler(event, context):\n"
                        "    body = json.dumps({'QueueUrl': event, 'MessageBody': 'from the handler'}).encode()\n"
                        "    request = urllib.request.Request(os.environ['AWS_ENDPOINT_URL'] + '/', body,\n"
                        "        {'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'AmazonSQS.SendMessage'})\n"
                        "    return json.load(urllib.request.urlopen(request))['MessageId']\n", Timeout=10)
        self.api.value(f, url)
        invocation = self.invocations(f)[-1]
        sent = [record for record in self.server.journal() if record.get("operation") == "SendMessage" and record["cause"] == invocation["seq"]]
        self.assertEqual([(record["actor"], record["account"], record["region"]) for record in sent], [("environment", "000000000000", "us-east-1")])
        invoke = next(record for record in self.server.journal() if record["seq"] == invocation["cause"])
        self.assertEqual((invoke["operation"], invoke["actor"], invocation["request_id"]), ("Invoke", "client", invoke["request_id"]))
        self.assertTrue(invocation["cold"])

    def test_logs(self):
        f = self.python("import sys\ndef handler(event, context):\n    print('to stdout')\n    print('to stderr', file=sys.stderr)\n    raise KeyError('k')\n")
        self.api.error(f)
        self.server.idle()
        group = f"/aws/lambda/{f}"
        streams = self.api.logs("DescribeLogStreams", logGroupName=group)["logStreams"]
        self.assertEqual(len(streams), 1)
        self.assertRegex(streams[0]["logStreamName"], r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        messages = [event["message"] for event in self.api.logs("GetLogEvents", logGroupName=group, logStreamName=streams[0]["logStreamName"], startFromHead=True)["events"]]
        self.assertEqual([message.split()[0] for message in messages], ["INIT_START", "START", "to", "to", "[ERROR]", "END", "REPORT"])
        self.assertTrue(messages[4].startswith("[ERROR] KeyError: 'k'\nTraceback (most recent call last):\n\u00a0\u00a0File "), messages[4])
        self.assertEqual([record for record in self.server.journal() if record.get("service") == "logs" and record.get("actor") == "lambda"], [])

    def test_logs_arrive_while_it_runs(self):
        f = self.python("import time\ndef handler(event, context):\n    print('early')\n    time.sleep(3)\n", Timeout=10)
        thread = threading.Thread(target=lambda: self.api.value(f))
        thread.start()
        found = []
        deadline = time.monotonic() + 2.5 * harness.PATIENCE
        while not found and time.monotonic() < deadline:
            groups = [group["logGroupName"] for group in self.api.logs("DescribeLogGroups")["logGroups"]]
            if f"/aws/lambda/{f}" in groups:
                found = [event for event in self.api.logs("FilterLogEvents", logGroupName=f"/aws/lambda/{f}")["events"] if event["message"] == "early\n"]
        alive = thread.is_alive()
        thread.join()
        self.assertTrue(found and alive)

    def test_json_logs(self):  # facts 2.7
        f = self.python("import logging\ndef handler(event, context): logging.getLogger().warning('careful')", LoggingConfig={"LogFormat": "JSON"})
        log = self.api.invoke(f, 1, X_Amz_Log_Type="Tail")[3]
        lines = [json.loads(line) for line in log.splitlines()]
        self.assertEqual([line.get("type") or line["level"] for line in lines], ["platform.start", "WARNING", "platform.report"])
        self.assertEqual(set(lines[2]["record"]["metrics"]), {"durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"})
        self.assertEqual(lines[2]["record"]["status"], "success")

    def test_client_context_and_refusals(self):
        f = self.python("def handler(event, context): return context.client_context.custom")
        given = base64.b64encode(b'{"custom":\n{"a":1}}').decode()
        self.assertEqual(self.api.value(f, 0, X_Amz_Client_Context=given), {"a": 1})
        for body, headers, expected in ((b"{bad", {}, (400, "InvalidRequestContentException")),
                                        (b"1", {"X_Amz_Client_Context": "e30=!"}, (400, "InvalidRequestContentException"))):
            status, given, _, _ = self.api.invoke(f, body, **headers)
            self.assertEqual((status, given["x-amzn-ErrorType"]), expected)
        self.assertEqual(self.api.invoke(f, 1, X_Amz_Invocation_Type="DryRun")[0::2], (204, b""))

    def test_a_client_that_hangs_up(self):
        f = self.python("import time\ndef handler(event, context):\n    time.sleep(event)\n    return 1\n", Timeout=10)
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(f"POST /2015-03-31/functions/{f}/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n0.5".encode())
            self.wait_until(lambda: self.invocations(f))
        self.assertEqual(self.api.value(f, 0), 1)
        self.server.idle()
        self.assertEqual([record["status"] for record in self.invocations(f)], [200, 200])

    def test_a_large_package_is_taken_in_slices(self):
        f = self.name()
        code = package({"app.py": "import os\ndef handler(event, context): return os.path.getsize('data')", "data": os.urandom(12 * 1024 * 1024)})
        body = json.dumps({"FunctionName": f, "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE, "Code": {"ZipFile": code}}).encode()
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:  # one who does not wait for the answer
            client.sendall(b"POST /2015-03-31/functions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.server.idle()
        self.api.request("DELETE", f"/2015-03-31/functions/{f}")
        self.assertEqual(self.api.request("POST", "/2015-03-31/functions", body)[0], 201)
        self.assertEqual(self.api.value(f), 12 * 1024 * 1024)
        self.api.json("PUT", f"/2015-03-31/functions/{f}/code", {"ZipFile": package({"app.py": "def handler(event, context): return 'small'", "data": os.urandom(5 * 1024 * 1024)})})
        self.assertEqual(self.api.value(f), "small")

    def test_reset_ends_environments(self):
        f = self.python("import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=60)
        results = []
        thread = threading.Thread(target=lambda: results.append(self.api.invoke(f, 1)))
        thread.start()
        self.wait_until(lambda: self.invocations(f))
        self.server.reset()
        thread.join()
        self.assertEqual(results[0][0], 503)
        self.assertEqual(self.api.invoke(f, 1)[0], 404)
        g = self.python("def handler(event, context): return 'after'")
        self.assertEqual(self.api.value(g), "after")


class Guarded(Running):
    """The same without namespaces."""

    options = ("--isolation", "guardian")


if __name__ == "__main__":
    functions.run()
