"""What the tests of running functions have in common: a server a class, and a client that shows everything of an answer."""
import base64
import io
import json
import os
import shutil
import sys
import time
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import harness  # noqa: E402

NODE = shutil.which("node")
ROLE = "arn:aws:iam::000000000000:role/worker"


def package(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o100755 << 16
            archive.writestr(info, text)
    return base64.b64encode(data.getvalue()).decode()


class Lambda:
    """A client that shows everything of an answer."""

    def __init__(self, server):
        self.server = server

    def request(self, method, path, body=b"", **headers):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.request(method, path, body, given)

    def json(self, method, path, body=None, status=None):
        got, _, answer = self.request(method, path, json.dumps(body) if body is not None else b"")
        if status is None and got // 100 != 2 or status is not None and got != status:
            raise AssertionError(f"{method} {path}: {got} {answer!r}\n{self.server.log()}")
        return json.loads(answer) if answer else None

    def create(self, name, files, runtime="python3.12", handler="app.handler", **more):
        body = {"FunctionName": name, "Runtime": runtime, "Handler": handler, "Role": ROLE, "Code": {"ZipFile": package(files)}}
        body.update(more)
        return self.json("POST", "/2015-03-31/functions", body)

    def configure(self, name, **more):
        return self.json("PUT", f"/2015-03-31/functions/{name}/configuration", more)

    def invoke(self, name, event, qualifier=None, **headers):
        """(status, headers, payload as bytes, log)."""
        path = f"/2015-03-31/functions/{name}/invocations" + (f"?Qualifier={qualifier}" if qualifier else "")
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        status, given, answer = self.request("POST", path, body, **headers)
        return status, given, answer, base64.b64decode(given.get("X-Amz-Log-Result") or "").decode()

    def value(self, name, event=None, **headers):
        status, given, answer, _ = self.invoke(name, event, **headers)
        if status != 200 or given.get("X-Amz-Function-Error"):
            raise AssertionError(f"{name}: {status} {answer!r}\n{self.server.log()}")
        return json.loads(answer)

    def error(self, name, event=None, **headers):
        status, given, answer, log = self.invoke(name, event, X_Amz_Log_Type="Tail", **headers)
        if status != 200 or given.get("X-Amz-Function-Error") != "Unhandled":
            raise AssertionError(f"{name}: {status} {answer!r}\n{self.server.log()}")
        return json.loads(answer), log

    def event(self, name, event):
        status, given, answer, _ = self.invoke(name, event, X_Amz_Invocation_Type="Event")
        if (status, answer) != (202, b""):
            raise AssertionError(f"{name}: {status} {answer!r}")
        return given["x-amzn-RequestId"]

    def sqs(self, operation, **body):
        status, _, answer = self.request("POST", "/", json.dumps(body), Content_Type="application/x-amz-json-1.0", X_Amz_Target="AmazonSQS." + operation)
        assert status == 200, answer
        return json.loads(answer) if answer else None

    def queue(self, name):
        return self.sqs("CreateQueue", QueueName=name)["QueueUrl"]

    def messages(self, url):
        return self.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]).get("Messages", [])

    def logs(self, operation, **body):
        status, _, answer = self.request("POST", "/", json.dumps(body), Content_Type="application/x-amz-json-1.1", X_Amz_Target="Logs_20140328." + operation)
        assert status == 200, answer
        return json.loads(answer) if answer else None


class Case(unittest.TestCase):
    options = ()
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(*cls.options, **cls.settings)
        cls.server.start()
        cls.api = Lambda(cls.server)
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        assert status == 0, f"the server ended with {status}"

    def name(self):
        type(self).count += 1
        return f"f{self.count}"

    def python(self, text, **more):
        name = self.name()
        self.api.create(name, {"app.py": text}, **more)
        return name

    def wait_until(self, condition):
        deadline = time.monotonic() + 10 * harness.PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline, self.server.log())

    def invocations(self, name):
        arn = f"function:{name}:"
        return [record for record in self.server.journal() if record["kind"] == "invocation" and arn in record.get("arn", "")]


class Counted(unittest.TextTestResult):
    def stopTestRun(self):
        super().stopTestRun()
        skipped = len(self.skipped)
        failed = len(self.failures + self.errors)
        self.counts = f"{self.testsRun - skipped - failed} passed, {failed} failed, {skipped} skipped"


def run():
    program = unittest.main(module="__main__", exit=False, testRunner=unittest.TextTestRunner(resultclass=Counted, verbosity=1))
    print(program.result.counts)
    sys.exit(not program.result.wasSuccessful())
