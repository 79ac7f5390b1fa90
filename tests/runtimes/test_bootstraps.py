"""Drives our Python and Node.js bootstraps and lowcloud-stdio directly, against a Runtime API made for the test.

    python3 tests/runtimes/test_bootstraps.py

Expected texts: facts/lambda.md 1.5, 2.6, 2.7 and AWS's public runtime clients. Standard library only; needs `make` before.
"""
import http.server
import json
import os
import queue
import re
import shutil
import socketserver
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUNTIMES = os.path.join(ROOT, "services", "lambda", "runtimes")
STDIO = os.path.join(ROOT, os.environ.get("BUILD", "build"), "libexec", "lowcloud-stdio")
NODE = shutil.which("node")
PATIENCE = float(os.environ.get("LOWCLOUD_TEST_PATIENCE", "1")) * 20


class RuntimeApi(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Hands out events one by one; keeps what is posted."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.events = queue.Queue()
        self.posts = queue.Queue()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a runtime that ends in the middle of `next`


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        assert self.path == "/2018-06-01/runtime/invocation/next", self.path
        self.server.posts.put(("next", {}, b""))
        headers, body = self.server.events.get()
        self.answer(200, body, headers.items())

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.put((self.path.removeprefix("/2018-06-01/runtime/"), dict(self.headers.items()), body))
        self.answer(202, b'{"status":"OK"}\n')


class Environment:
    """One process with a bootstrap in it."""

    def __init__(self, command, files, handler, **variables):
        self.api = RuntimeApi()
        self.task = tempfile.mkdtemp(prefix="lowcloud-task-")
        for name, text in files.items():
            path = os.path.join(self.task, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(textwrap.dedent(text))
            os.chmod(path, 0o755)
        env = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % self.api.server_address[1],
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/02/[$LATEST]0",
            "LAMBDA_TASK_ROOT": self.task,
            "_HANDLER": handler,
            "TZ": ":UTC",
        }
        env.update(variables)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, env=env, cwd=self.task, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.count = 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.api.shutdown()
        self.api.server_close()
        self.log.close()
        shutil.rmtree(self.task)

    def post(self):
        try:
            return self.api.posts.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("the runtime said nothing; its log:\n" + self.output()) from None

    def ready(self):
        post = self.post()
        assert post[0] == "next", (post, self.output())

    def send(self, event, raw=False, **headers):
        self.count += 1
        self.request_id = f"00000000-0000-4000-8000-{self.count:012d}"
        given = {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 3000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000001;Sampled=1",
            "Content-Type": "application/json",
        }
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        self.api.events.put((given, event if raw else json.dumps(event).encode()))

    def invoke(self, event, **headers):
        """Waits for `next`, sends, gives (kind, payload, headers): kind is response or error."""
        self.ready()
        self.send(event, **headers)
        path, posted, body = self.post()
        assert path.startswith(f"invocation/{self.request_id}/"), (path, self.output())
        return path.rpartition("/")[2], body, posted

    def value(self, event, **headers):
        kind, body, _ = self.invoke(event, **headers)
        assert kind == "response", (body, self.output())
        return json.loads(body)

    def error(self, event, **headers):
        kind, body, posted = self.invoke(event, **headers)
        assert kind == "error", body
        return json.loads(body), posted

    def init_error(self):
        path, posted, body = self.post()
        assert path == "init/error", (path, body)
        return json.loads(body), posted, self.process.wait(PATIENCE)

    def output(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")


class Case(unittest.TestCase):
    command = ()
    variables = {}

    def start(self, files, handler, **variables):
        environment = Environment(self.command, files, handler, **{**self.variables, **variables})
        self.addCleanup(environment.close)
        return environment


class Python(Case):
    command = (sys.executable, "-u", "-s", "-B", os.path.join(RUNTIMES, "python", "bootstrap.py"))
    variables = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.12"}

    def test_success_and_warm_state(self):
        env = self.start({"app.py": """
            seen = []
            def handler(event, context):
                seen.append(event)
                return {"seen": seen, "id": context.aws_request_id}
            """}, "app.handler")
        self.assertEqual(env.value({"n": 1}), {"seen": [{"n": 1}], "id": env.request_id})
        self.assertEqual(env.value([2.5, None, True, "\u00e9\u20ac"]), {"seen": [{"n": 1}, [2.5, None, True, "\u00e9\u20ac"]], "id": env.request_id})

    def test_output_json(self):
        env = self.start({"app.py": """
            import decimal
            def handler(event, context):
                return {"text": "\u00e9", "d": decimal.Decimal("1.5"), "i": decimal.Decimal(3)} if event == 1 else None
            """}, "app.handler")
        self.assertEqual(env.invoke(1)[1], '{"text": "\u00e9", "d": 1.5, "i": 3}'.encode())
        self.assertEqual(env.invoke(2)[1], b"null")

    def test_output_is_ascii_before_3_12(self):
        env = self.start({"app.py": "def handler(event, context): return event"}, "app.handler", AWS_EXECUTION_ENV="AWS_Lambda_python3.11")
        self.assertEqual(env.invoke("\u00e9")[1], b'"\\u00e9"')

    def test_context(self):
        env = self.start({"sub/app.py": """
            import os
            def handler(event, context):
                return [context.function_name, context.function_version, context.memory_limit_in_mb, context.log_group_name, context.log_stream_name,
                        context.invoked_function_arn, 0 < context.get_remaining_time_in_millis() <= 3000, os.environ["_X_AMZN_TRACE_ID"][:6],
                        context.client_context and [context.client_context.client.app_title, context.client_context.custom],
                        context.identity.cognito_identity_id]
            """}, "sub/app.handler")
        given = env.value(0, Lambda_Runtime_Client_Context='{"client":{"app_title":"t"},"custom":{"a":1}}')
        self.assertEqual(given, ["f", "$LATEST", "128", "/aws/lambda/f", "2026/01/02/[$LATEST]0",
                                 "arn:aws:lambda:us-east-1:000000000000:function:f", True, "Root=1", ["t", {"a": 1}], None])

    def test_error(self):
        env = self.start({"app.py": """
            class Wrong(Exception): pass
            def handler(event, context):
                raise Wrong("no: " + event)
            """}, "app.handler")
        payload, headers = env.error("x")
        self.assertEqual(list(payload), ["errorMessage", "errorType", "requestId", "stackTrace"])
        self.assertEqual(payload["errorMessage"], "no: x")
        self.assertEqual(payload["errorType"], "Wrong")
        self.assertEqual(payload["requestId"], env.request_id)
        self.assertEqual(payload["stackTrace"], [f'  File "{env.task}/app.py", line 4, in handler\n    raise Wrong("no: " + event)\n'])
        self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Function.Wrong")
        self.assertIn(f'[ERROR] Wrong: no: x\rTraceback (most recent call last):\r\u00a0\u00a0File "{env.task}/app.py", line 4, in handler\r'
                      '\u00a0\u00a0\u00a0\u00a0raise Wrong("no: " + event)\n', env.output())
        self.assertEqual(env.error("again")[0]["errorMessage"], "no: again")

    def test_answer_that_is_no_json(self):
        env = self.start({"app.py": "def handler(event, context): return {1, 2} if event else {'a': object()}"}, "app.handler")
        payload, headers = env.error(1)
        self.assertEqual(payload, {"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable",
                                   "errorType": "Runtime.MarshalError", "requestId": env.request_id, "stackTrace": []})
        self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Runtime.MarshalError")
        self.assertEqual(env.error(0)[0]["errorMessage"], "Unable to marshal response: Object of type object is not JSON serializable")

    def test_event_that_is_no_json(self):
        env = self.start({"app.py": "def handler(event, context): return event"}, "app.handler")
        env.ready()
        env.send(b'{"a":', raw=True)
        path, _, body = env.post()
        self.assertTrue(path.endswith("/error"))
        self.assertTrue(json.loads(body)["errorMessage"].startswith("Unable to unmarshal input: Expecting value"), body)
        self.assertEqual(env.value(1), 1)

    def init_failure(self, files, handler, kind, message, trace=None):
        env = self.start(files, handler)
        payload, headers, status = env.init_error()
        self.assertEqual((payload["errorType"], status, payload["requestId"]), (kind, 1, ""))
        if hasattr(message, "match"):
            self.assertRegex(payload["errorMessage"], message)
        else:
            self.assertEqual(payload["errorMessage"], message)
        if trace is not None:
            self.assertEqual(payload["stackTrace"], trace)
        self.assertIn(f"[ERROR] {kind}: ", env.output())
        if kind.startswith("Runtime."):
            self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], kind)
        return payload

    def test_init_errors(self):
        self.init_failure({}, "app.handler", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'app'", [])
        self.init_failure({"app.py": "import nothing_of_that_name"}, "app.handler", "Runtime.ImportModuleError",
                          "Unable to import module 'app': No module named 'nothing_of_that_name'", [])
        self.init_failure({"app.py": "x = 1"}, "app.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'", [])
        self.init_failure({"app.py": "x = 1"}, "handler", "Runtime.MalformedHandlerName",
                          "Bad handler 'handler': not enough values to unpack (expected 2, got 1)", [])
        self.init_failure({"sys.py": ""}, "sys.handler", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module", [])
        payload = self.init_failure({"app.py": "def handler(:\n"}, "app.handler", "Runtime.UserCodeSyntaxError",
                                    re.compile(r"Syntax error in module 'app': invalid syntax \(app.py, line 1\)"))
        self.assertRegex(payload["stackTrace"][0], r'  File "[^"]+/app.py" Line 1\n    def handler\(:')
        payload = self.init_failure({"app.py": "1 / 0"}, "app.handler", "ZeroDivisionError", "division by zero")
        self.assertRegex(payload["stackTrace"][-1], r'  File "[^"]+/app.py", line 1, in <module>\n    1 / 0\n')

    def test_exit_in_handler(self):
        env = self.start({"app.py": "import sys\ndef handler(event, context): sys.exit(event)"}, "app.handler")
        env.ready()
        env.send(7)
        self.assertEqual(env.process.wait(PATIENCE), 7)

    def test_logging(self):
        env = self.start({"app.py": """
            import logging
            log = logging.getLogger("app")
            log.warning("at init")
            def handler(event, context):
                logging.getLogger().setLevel(logging.INFO)
                print("plain")
                log.info("hello %s", event)
                try:
                    1 / 0
                except ZeroDivisionError:
                    log.exception("caught")
            """}, "app.handler")
        env.value("you")
        output = env.output()
        self.assertRegex(output, r"(?m)^\[WARNING\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t\tat init$")
        self.assertIn("plain\n", output)
        self.assertRegex(output, r"(?m)^\[INFO\]\t\S+Z\t%s\thello you$" % env.request_id)
        self.assertRegex(output, r"(?m)^\[ERROR\]\t\S+Z\t%s\tcaught\nTraceback \(most recent call last\):" % env.request_id)

    def test_json_logging(self):
        env = self.start({"app.py": """
            import logging
            def handler(event, context):
                logging.getLogger("a.b").info("hello", extra={"order": 7})
            """}, "app.handler", AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="INFO")
        env.value(0)
        line = json.loads(env.output().strip())
        self.assertEqual((line["level"], line["message"], line["logger"], line["requestId"], line["order"]),
                         ("INFO", "hello", "a.b", env.request_id, 7))

    def test_logging_is_not_imported_for_nothing(self):
        env = self.start({"app.py": "import sys\ndef handler(event, context): return [m for m in ('logging', 'json', 're', 'http') if m in sys.modules]"},
                         "app.handler")
        # What the interpreter itself imports at its start, for the .pth files of its site-packages, is not ours.
        own = subprocess.run([sys.executable, "-s", "-c", "import sys; print([m for m in ('logging', 'json', 're', 'http') if m in sys.modules])"],
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(str(env.value(0)), own.strip())

    def test_sys_path(self):
        env = self.start({"app.py": "import sys\ndef handler(event, context): return sys.path"}, "app.handler")
        version = "%d.%d" % sys.version_info[:2]
        self.assertEqual(env.value(0)[:3], [env.task, f"/opt/python/lib/python{version}/site-packages", "/opt/python"])

    def test_large_payloads(self):
        env = self.start({"app.py": "def handler(event, context): return event + event"}, "app.handler")
        self.assertEqual(env.value("x" * 3000000), "x" * 6000000)

    def test_bytes_are_sent_as_they_are(self):
        env = self.start({"app.py": "def handler(event, context): return b'\\x00\\xff'"}, "app.handler")
        kind, body, headers = env.invoke(0)
        self.assertEqual((kind, body, headers["Content-Type"]), ("response", b"\x00\xff", "application/unknown"))


@unittest.skipUnless(NODE, "node is not installed")
class Node(Case):
    command = (NODE or "node", os.path.join(RUNTIMES, "node", "bootstrap.js"))
    variables = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}

    def test_async_and_warm_state(self):
        env = self.start({"index.js": """
            let count = 0;
            exports.handler = async (event, context) => ({ event, count: ++count, id: context.awsRequestId });
            """}, "index.handler")
        self.assertEqual(env.value({"a": [1, None]}), {"event": {"a": [1, None]}, "count": 1, "id": env.request_id})
        self.assertEqual(env.value("\u00e9"), {"event": "\u00e9", "count": 2, "id": env.request_id})

    def test_es_modules(self):
        for files, handler in (({"index.mjs": "export const handler = async (event) => event + 1"}, "index.handler"),
                               ({"package.json": '{"type":"module"}', "index.js": "export const handler = async (event) => event + 1"}, "index.handler"),
                               ({"lib/a.cjs": "exports.b = { c: async (event) => event + 1 }"}, "lib/a.b.c")):
            env = self.start(files, handler)
            self.assertEqual(env.value(1), 2)

    def test_callback(self):
        env = self.start({"index.js": """
            exports.handler = (event, context, callback) => {
              context.callbackWaitsForEmptyEventLoop = event.wait;
              let late = false;
              setTimeout(() => { late = true; console.log('late', event.name); }, 150);
              if (event.fail) callback(new TypeError('bad'));
              else callback(null, { get late() { return late; } });
            };
            """}, "index.handler")
        self.assertEqual(env.value({"wait": True, "name": "one"}), {"late": True})
        self.assertIn("late one", env.output())
        self.assertEqual(env.value({"wait": False, "name": "two"}), {"late": False})
        payload, _ = env.error({"wait": True, "fail": True, "name": "three"})
        self.assertEqual((payload["errorType"], payload["errorMessage"], payload["trace"][0]), ("TypeError", "bad", "TypeError: bad"))

    def test_context_functions(self):
        env = self.start({"index.js": """
            exports.handler = (event, context) => {
              if (event === 'succeed') context.succeed({ ok: true });
              if (event === 'fail') context.fail('because');
              if (event === 'done') context.done(null, 5);
              if (event === 'throw') throw new RangeError('thrown');
            };
            """}, "index.handler")
        self.assertEqual(env.value("succeed"), {"ok": True})
        self.assertEqual(env.error("fail")[0], {"errorType": "string", "errorMessage": "because", "trace": []})
        self.assertEqual(env.value("done"), 5)
        self.assertEqual(env.error("throw")[0]["errorType"], "RangeError")
        self.assertIsNone(env.value("nothing at all"))

    def test_24_has_no_callbacks(self):
        env = self.start({"index.js": "exports.handler = (event, context, callback) => callback(null, 1)"}, "index.handler",
                         AWS_EXECUTION_ENV="AWS_Lambda_nodejs24.x")
        payload, headers, status = env.init_error()
        self.assertEqual((payload["errorType"], headers["Lambda-Runtime-Function-Error-Type"], status),
                         ("Runtime.CallbackHandlerDeprecated", "Runtime.CallbackHandlerDeprecated", 129))
        env = self.start({"index.js": "exports.handler = (event, context) => [typeof context.done, event]"}, "index.handler",
                         AWS_EXECUTION_ENV="AWS_Lambda_nodejs24.x")
        self.assertEqual(env.value(1), ["undefined", 1])

    def test_promise_that_nobody_settles(self):
        env = self.start({"index.js": "exports.handler = async (event) => event ? await new Promise(() => {}) : 1"}, "index.handler")
        payload, _ = env.error(1)
        self.assertEqual(payload["errorType"], "Runtime.NodeJsExit")
        self.assertEqual(env.value(0), 1)

    def test_errors(self):
        env = self.start({"index.js": """
            exports.handler = async (event) => {
              if (event === 'error') throw Object.assign(new Error('bad'), { code: 'E1' });
              if (event === 'text') throw 'just text';
              if (event === 'big') return 10n;
              if (event === 'reject') { Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 1000)); }
            };
            """}, "index.handler")
        payload, headers = env.error("error")
        self.assertEqual(list(payload), ["errorType", "errorMessage", "trace"])
        self.assertEqual((payload["errorType"], payload["errorMessage"], payload["trace"][0]), ("Error", "bad", "Error: bad"))
        self.assertIn(f"{env.task}/index.js:3", payload["trace"][1])
        self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Function.Error")
        self.assertRegex(env.output(), r'(?m)^\S+Z\t%s\tERROR\tInvoke Error \t\{"errorType":"Error","errorMessage":"bad","code":"E1","stack":\["Error: bad",' % env.request_id)
        self.assertEqual(env.error("text")[0], {"errorType": "string", "errorMessage": "just text", "trace": []})
        self.assertEqual(env.error("big")[0]["errorMessage"], "Unable to stringify response body")
        payload, headers = env.error("reject")
        self.assertEqual((payload["errorType"], payload["errorMessage"], payload["trace"][0]),
                         ("Runtime.UnhandledPromiseRejection", "Error: lost", "Runtime.UnhandledPromiseRejection: Error: lost"))
        self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Runtime.UnhandledPromiseRejection")
        self.assertEqual(env.process.wait(PATIENCE), 128)

    def test_uncaught_exception(self):
        env = self.start({"index.js": "exports.handler = (event, context, callback) => { setTimeout(() => { throw new Error('later'); }, 1); }"}, "index.handler")
        payload, _ = env.error(1)
        self.assertEqual((payload["errorType"], payload["errorMessage"]), ("Error", "later"))
        self.assertEqual(env.process.wait(PATIENCE), 129)

    def test_init_errors(self):
        for files, handler, kind, message in (
            ({}, "index.handler", "Runtime.ImportModuleError", r"Error: Cannot find module 'index'\nRequire stack:\n- .*bootstrap|Error: Cannot find module 'index'"),
            ({"index.js": "require('nothing-of-that-name')"}, "index.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'nothing-of-that-name'"),
            ({"index.js": "exports.other = 1"}, "index.handler", "Runtime.HandlerNotFound", r"^index.handler is undefined or not exported$"),
            ({"index.js": "exports.handler = 1"}, "index.handler", "Runtime.HandlerNotFound", r"^index.handler is not a function$"),
            ({"index.js": "exports.handler = ("}, "index.handler", "Runtime.UserCodeSyntaxError", r"^SyntaxError: Unexpected"),
            ({"index.js": ""}, "index", "Runtime.MalformedHandlerName", r"^Bad handler$"),
            ({"index.js": ""}, "../index.handler", "Runtime.MalformedHandlerName", r"is not a valid handler name"),
            ({"index.js": "throw new TypeError('at init')"}, "index.handler", "TypeError", r"^at init$"),
        ):
            with self.subTest(handler=handler, kind=kind):
                env = self.start(files, handler)
                payload, headers, status = env.init_error()
                self.assertEqual((payload["errorType"], status), (kind, 129))
                self.assertRegex(payload["errorMessage"], message)
                self.assertTrue(payload["trace"][0].startswith(kind if kind != "Runtime.UserCodeSyntaxError" else env.task), payload["trace"])
                self.assertIn("\tundefined\tERROR\tUncaught Exception \t{", env.output())
                if kind.startswith("Runtime."):
                    self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], kind)

    def test_console(self):
        env = self.start({"index.js": """
            exports.handler = async () => { console.log('a %d', 1, { b: 2 }); console.warn('two\\nlines'); console.error('e'); console.debug('d'); };
            """}, "index.handler")
        env.value(0)
        output = env.output()
        for line in ("INFO\ta 1 { b: 2 }", "WARN\ttwo\rlines", "ERROR\te", "DEBUG\td"):
            self.assertRegex(output, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t%s\t%s\n" % (env.request_id, re.escape(line)))

    def test_json_console(self):
        env = self.start({"index.js": "exports.handler = async () => { console.info({ a: 1 }); console.debug('no'); }"}, "index.handler",
                         AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="INFO")
        env.value(0)
        line = json.loads(env.output())
        self.assertEqual((line["level"], line["message"], line["requestId"]), ("INFO", {"a": 1}, env.request_id))

    def test_context(self):
        env = self.start({"index.js": """
            exports.handler = async (event, c) => [c.functionName, c.functionVersion, c.memoryLimitInMB, c.logGroupName, c.logStreamName, c.invokedFunctionArn,
              c.clientContext, c.getRemainingTimeInMillis() > 0, process.env._X_AMZN_TRACE_ID.slice(0, 6)];
            """}, "index.handler")
        self.assertEqual(env.value(0, Lambda_Runtime_Client_Context='{"custom":{"a":1}}'),
                         ["f", "$LATEST", "128", "/aws/lambda/f", "2026/01/02/[$LATEST]0", "arn:aws:lambda:us-east-1:000000000000:function:f",
                          {"custom": {"a": 1}}, True, "Root=1"])

    def test_streaming_is_collected(self):
        env = self.start({"index.mjs": """
            export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
              if (event === 'http') stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
              stream.write('one ');
              stream.write({ two: 2 });
              stream.end();
            });
            """}, "index.handler")
        kind, body, headers = env.invoke("plain")
        self.assertEqual((kind, body, headers["Content-Type"]), ("response", b'one {"two":2}', "application/octet-stream"))
        kind, body, headers = env.invoke("http")
        self.assertEqual((kind, body), ("response", b'{"statusCode":201}' + bytes(8) + b'one {"two":2}'))
        self.assertEqual(headers["Content-Type"], "application/vnd.awslambda.http-integration-response")

    def test_large_payloads(self):
        env = self.start({"index.js": "exports.handler = async (event) => event + event"}, "index.handler")
        self.assertEqual(env.value("x" * 3000000), "x" * 6000000)


@unittest.skipUnless(os.access(STDIO, os.X_OK), "lowcloud-stdio is not built: run `make`")
class Stdio(Case):
    def start(self, files, handler, **variables):
        self.command = (STDIO, handler)
        return super().start(files, handler, **variables)

    def test_answers(self):
        env = self.start({"run": "#!/bin/sh\necho \"log of $AWS_REQUEST_ID\" >&2\ncat\n"}, "run")
        self.assertEqual(env.value({"a": [1, "\u00e9"]}), {"a": [1, "\u00e9"]})
        self.assertIn(f"log of {env.request_id}\n", env.output())
        self.assertEqual(env.value(2), 2)

    def test_text_and_nothing(self):
        env = self.start({"run": "#!/bin/sh\nread x; [ \"$x\" = 1 ] && printf 'not \"json\"\\n' || true\n"}, "run")
        env.ready()
        env.send(b"1\n", raw=True)
        self.assertEqual(env.post()[2], b'"not \\"json\\""')
        self.assertIsNone(env.value(0))

    def test_failures(self):
        env = self.start({"run": "#!/bin/sh\nread x\n[ \"$x\" = '\"kill\"' ] && kill -9 $$\necho 'half done'; exit 3\n"}, "run")
        env.ready()
        env.send(b"1\n", raw=True)
        path, headers, body = env.post()
        self.assertTrue(path.endswith("/error"))
        self.assertEqual(json.loads(body), {"errorType": "Function.ExitError", "errorMessage": "run exited with status 3: half done"})
        self.assertEqual(headers["Lambda-Runtime-Function-Error-Type"], "Function.ExitError")
        env.ready()
        env.send(b'"kill"\n', raw=True)
        self.assertEqual(json.loads(env.post()[2])["errorMessage"], "run was ended by signal 9 (Killed)")

    def test_what_it_leaves_behind_is_not_waited_for(self):
        env = self.start({"run": "#!/bin/sh\nsleep 5 & echo '\"mine\"'\n"}, "run")
        self.assertEqual([env.value(0), env.value(0)], ["mine", "mine"])

    def test_no_interpreter(self):
        env = self.start({"run": "#!/no/such/interpreter\n"}, "run")
        env.ready()
        env.send(b"1\n", raw=True)
        path, headers, body = env.post()
        self.assertTrue(path.endswith("/error"))
        self.assertEqual(json.loads(body), {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": "fork/exec /no/such/interpreter: no such file or directory"})

    def test_not_there(self):
        env = self.start({}, "run")
        payload, headers, status = env.init_error()
        self.assertEqual(payload, {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": f"fork/exec {env.task}/run: no such file or directory"})
        self.assertEqual((headers["Lambda-Runtime-Function-Error-Type"], status), ("Runtime.InvalidEntrypoint", 1))

    def test_large_and_unread(self):
        env = self.start({"run": "#!/bin/sh\ncat\n", "deaf": "#!/bin/sh\necho 1\n"}, "run")
        self.assertEqual(env.value("x" * 5000000), "x" * 5000000)
        env = self.start({"deaf": "#!/bin/sh\necho 1\n"}, "deaf")
        self.assertEqual(env.value("x" * 5000000), 1)


class Counted(unittest.TextTestResult):
    def stopTestRun(self):
        super().stopTestRun()
        skipped = len(self.skipped)
        failed = len({id(test) for test, _ in self.failures + self.errors})
        self.counts = f"{self.testsRun - skipped - failed} passed, {failed} failed, {skipped} skipped"


if __name__ == "__main__":
    program = unittest.main(exit=False, testRunner=unittest.TextTestRunner(resultclass=Counted, verbosity=1))
    print(program.result.counts)
    sys.exit(not program.result.wasSuccessful())
