#!/usr/bin/env python3
"""The command line of lowcloud, and what the process promises: READY, options, run, stop, --data, --init. The last line is the count."""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402

BINARY = harness.default_binary()
JSON_SQS = "application/x-amz-json-1.0"


def sqs(server, operation, **members):
    status, _, body = server.request("POST", "/", json.dumps(members), {"Content-Type": JSON_SQS, "X-Amz-Target": "AmazonSQS." + operation})
    return status, json.loads(body) if body else {}


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowcloud-control-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def lowcloud(self, *words, status=0, server=None, env=None):
        """(stdout, stderr) of a subcommand that must end with this status (None: anything but 0)."""
        environment = server.environment() if server else harness.clean_environment(self.folder)
        environment.update(env or {})
        done = subprocess.run(
            [BINARY, *words], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60 * harness.PATIENCE, check=False,
        )
        good = done.returncode != 0 if status is None else done.returncode == status
        self.assertTrue(good, f"lowcloud {' '.join(words)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        self.assertGreaterEqual(done.returncode, 0, f"lowcloud {' '.join(words)} died of a signal\n{done.stderr}")
        return done.stdout, done.stderr

    def server(self, *options, **more):
        server = harness.Server(*options, **more)
        server.start()
        self.addCleanup(server.stop)
        return server

    def test_version_and_help(self):
        self.assertRegex(self.lowcloud("version")[0], r"^\S*\s?\d+\.\d+")
        commands = "start run wait reset clock idle journal trace queues invoke logs support version stop".split()
        overview = self.lowcloud("--help")[0]
        for command in commands:
            self.assertIn(command, overview)
            self.assertTrue(self.lowcloud(command, "--help")[0].strip(), command)

    def test_wrong_words_say_what_to_do(self):
        for words in (
            ["nonsense"], ["start", "--nonsense"], ["start", "--port", "x"], ["start", "--port", "65536"], ["start", "--port", "-1"],
            ["start", "--clock", "yesterday"], ["start", "--clock", "frozen@never"], ["start", "--seed", "x"], ["start", "--cold-start", "soon"],
            ["start", "--port"], ["run"], ["run", "--"], ["clock", "leap"],
        ):
            with self.subTest(words=words):
                out, err = self.lowcloud(*words, status=None)
                self.assertEqual(out, "")
                self.assertTrue(err.strip(), "nothing on stderr")

    def test_ready_is_the_only_line_on_stdout(self):
        server = self.server()
        process = server.process
        output = process.stdout
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20 * harness.PATIENCE), 0)
        self.assertEqual(output.read(), b"")

    def test_options_come_from_the_environment_too(self):
        server = harness.Server(environment={"LOWCLOUD_CLOCK": "frozen@2026-01-02T03:04:05Z", "LOWCLOUD_SEED": "1"})
        self.addCleanup(server.stop)
        server.start()
        self.assertEqual(server.clock()["mode"], "frozen")
        self.assertEqual(server.request("GET", "/_lowcloud/health")[1]["Date"], "Fri, 02 Jan 2026 03:04:05 GMT")

    def test_a_taken_port_says_who_holds_it(self):
        server = self.server()
        _, err = self.lowcloud("start", "--port", str(server.port), status=None)
        self.assertIn(str(server.port), err)
        self.assertIn(str(server.process.pid), err)

    def test_loopback_only(self):
        server = self.server()
        for host in ("127.0.0.1", "127.1.2.3", "::1"):
            with self.subTest(host=host):
                try:
                    socket.create_connection((host, server.port), 5).close()
                except OSError as problem:
                    if host == "::1" and not socket.has_ipv6:
                        continue
                    raise AssertionError(f"{host} does not answer: {problem}") from problem
        addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET) if not info[4][0].startswith("127.")}
        for address in addresses:
            with self.assertRaises(OSError):
                socket.create_connection((address, server.port), 5).close()

    def test_the_seed_repeats(self):
        ids = []
        for _ in range(2):
            with harness.Server(clock="frozen@2026-01-02T03:04:05Z", seed=7) as server:
                sqs(server, "CreateQueue", QueueName="q")
                ids.append(sqs(server, "SendMessage", QueueUrl="q", MessageBody="x")[1]["MessageId"])
        self.assertEqual(ids[0], ids[1])

    def test_data_survives(self):
        data = os.path.join(self.folder, "data")
        for kill in (False, True):
            with harness.Server(data=data) as server:
                sqs(server, "CreateQueue", QueueName=f"kept-{kill}")
                server.request("PUT", "/kept")
                server.request("PUT", f"/kept/{kill}", b"x" * 100000)
                server.stop(kill=kill)
        with harness.Server(data=data) as server:
            self.assertEqual(len(sqs(server, "ListQueues")[1]["QueueUrls"]), 2)
            for kill in (False, True):
                self.assertEqual(server.request("GET", f"/kept/{kill}")[2], b"x" * 100000)
            _, err = self.lowcloud("start", "--port", "0", "--data", data, status=None)
            self.assertIn(data, err)

    def test_without_data_nothing_stays(self):
        temporary = os.path.join(self.folder, "tmp")
        os.mkdir(temporary)
        with harness.Server(environment={"TMPDIR": temporary}) as server:
            server.request("PUT", "/bucket")
            server.request("PUT", "/bucket/k", b"x" * 10000000)
        self.assertEqual(os.listdir(temporary), [])

    def test_init_scripts_run_before_ready(self):
        scripts = os.path.join(self.folder, "init")
        os.mkdir(scripts)
        for number, text in ((1, 'echo first >"$OUT"'), (2, 'echo "second $AWS_ENDPOINT_URL" >>"$OUT"')):
            path = os.path.join(scripts, f"0{number}.sh")
            with open(path, "w", encoding="utf-8") as out:
                out.write("#!/bin/sh\n" + text + "\n")
            os.chmod(path, 0o755)
        result = os.path.join(self.folder, "out")
        server = self.server("--init", scripts, environment={"OUT": result})
        with open(result, encoding="utf-8") as got:
            lines = got.read().split("\n")
        self.assertEqual(lines[0], "first")
        self.assertEqual(lines[1].rsplit(":", 1)[1], str(server.port))

    def test_a_failing_init_script_fails_the_start(self):
        scripts = os.path.join(self.folder, "init")
        os.mkdir(scripts)
        path = os.path.join(scripts, "bad.sh")
        with open(path, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\necho trouble >&2\nexit 3\n")
        os.chmod(path, 0o755)
        out, err = self.lowcloud("start", "--port", "0", "--init", scripts, status=None)
        self.assertEqual(out, "")
        self.assertIn("bad.sh", err)

    def test_commands_over_the_endpoint(self):
        server = self.server(clock="frozen@2026-01-02T03:04:05Z")
        self.lowcloud("wait", server=server)
        self.assertIn("frozen", self.lowcloud("clock", server=server)[0])
        sqs(server, "CreateQueue", QueueName="q")
        sqs(server, "SendMessage", QueueUrl="q", MessageBody="look at this", DelaySeconds=60)
        self.assertIn("look at this", self.lowcloud("queues", "q", server=server)[0])
        self.lowcloud("clock", "advance", "90s", server=server)
        self.assertEqual(server.request("GET", "/_lowcloud/health")[1]["Date"], "Fri, 02 Jan 2026 03:05:35 GMT")
        self.lowcloud("idle", server=server)
        self.assertIn("SendMessage", self.lowcloud("journal", server=server)[0])
        self.assertIn("SendMessage", self.lowcloud("trace", server=server)[0])
        self.lowcloud("reset", server=server)
        self.assertNotIn("QueueUrls", sqs(server, "ListQueues")[1])
        self.assertIn("frozen", self.lowcloud("clock", "--endpoint", server.endpoint)[0])
        self.lowcloud("stop", server=server)
        self.assertEqual(server.process.wait(20 * harness.PATIENCE), 0)

    def test_nobody_there(self):
        endpoint = f"http://127.0.0.1:{harness.free_port()}"
        for command in ("reset", "clock", "idle", "journal"):
            _, err = self.lowcloud(command, "--endpoint", endpoint, status=None)
            self.assertIn(endpoint.rsplit(":", 1)[1], err)

    def test_run(self):
        out, _ = self.lowcloud("run", "--", "sh", "-c", 'echo "$AWS_ENDPOINT_URL $AWS_DEFAULT_REGION $AWS_ACCESS_KEY_ID"')
        self.assertRegex(out.strip().split("\n")[-1], r"^http://127\.0\.0\.1:\d+ us-east-1 \S+$")
        self.lowcloud("run", "--", "sh", "-c", "exit 7", status=7)
        self.lowcloud("run", "--", "sh", "-c", "kill -TERM $$", status=143)
        _, err = self.lowcloud("run", "--", "/nothing/of/that/name", status=None)
        self.assertIn("/nothing/of/that/name", err)

    def test_run_leaves_nothing_running(self):
        out, _ = self.lowcloud("run", "--", "sh", "-c", 'echo "$AWS_ENDPOINT_URL"')
        port = int(re.search(r":(\d+)$", out.strip())[1])
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", port), 5).close()

    def test_run_passes_signals_on(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with subprocess.Popen([BINARY, "run", "--quiet", "--", "sh", "-c", f"trap 'kill $!; exit {number + 10}' {int(number)}; sleep 600 & echo up; wait"],
                                  env=harness.clean_environment(self.folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
                self.assertEqual(process.stdout.readline(), b"up\n")
                process.send_signal(number)
                self.assertEqual(process.wait(20 * harness.PATIENCE), number + 10)

    def test_killing_run_ends_its_lowcloud(self):
        with subprocess.Popen([BINARY, "run", "--quiet", "--", "sh", "-c", "echo $AWS_ENDPOINT_URL $$; exec sleep 60"],
                              env=harness.clean_environment(self.folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            endpoint, command = process.stdout.readline().split()
            process.kill()
            process.wait()
            os.kill(int(command), signal.SIGKILL)
        self.assertTrue(self.ends(int(endpoint.rsplit(b":", 1)[1])))

    def ends(self, port):
        end = time.monotonic() + 20 * harness.PATIENCE
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
            except OSError:
                return True
        return False

    def test_waiting_has_an_end(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            began = time.monotonic()
            self.lowcloud("wait", "--timeout", "300ms", "--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}", status=1)
            self.assertLess(time.monotonic() - began, 5 * harness.PATIENCE)
        self.lowcloud("wait", "--timeout", "300ms", "--endpoint", f"http://127.0.0.1:{harness.free_port()}", status=1)
        _, err = self.lowcloud("clock", "--endpoint", "https://localhost:4566", status=1)
        self.assertIn("http://", err)

    def test_stop_is_over_when_it_comes_back(self):
        data = os.path.join(self.folder, "data")
        server = self.server(data=data)
        self.lowcloud("stop", server=server)
        again = self.server("--port", str(server.port), data=data)
        self.lowcloud("stop", server=again)

    def test_an_init_script_ends_with_the_start(self):
        scripts = os.path.join(self.folder, "init")
        os.mkdir(scripts)
        with open(os.path.join(scripts, "1.sh"), "w", encoding="utf-8") as out:
            out.write("sleep 600 & echo $$ $! $(curl -s -o /dev/null -w '%{http_code}' $AWS_ENDPOINT_URL/_lowcloud/ready); wait\n")
        with subprocess.Popen([BINARY, "start", "--port", "0", "--quiet", "--init", scripts], env=harness.clean_environment(self.folder),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            shell, child, status = process.stderr.readline().split()
            self.assertEqual(status, b"503")
            process.terminate()
            self.assertEqual(process.wait(20 * harness.PATIENCE), 0)
            self.assertEqual(process.stdout.read(), b"")
        end = time.monotonic() + 20 * harness.PATIENCE
        while any(self.lives(int(pid)) for pid in (shell, child)):
            self.assertLess(time.monotonic(), end)

    def lives(self, pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return " Z " not in stat.read()
        except (FileNotFoundError, ProcessLookupError):
            return False

    def test_switches_in_the_environment(self):
        _, err = self.lowcloud("start", "--port", "0", env={"LOWCLOUD_STRICT": "maybe"}, status=2)
        self.assertIn("--strict", err)

    def test_support(self):
        text, _ = self.lowcloud("support", "sqs")
        self.assertIn("SendMessage", text)
        table = json.loads(self.lowcloud("support", "--json")[0])
        self.assertTrue(table)
        words = json.dumps(table)
        for state in ("done", "recorded", "refused"):
            self.assertIn(state, words)
        self.lowcloud("support", "nothing", status=None)

    def test_strict_refuses_what_is_only_recorded(self):
        server = self.server("--strict")
        status, _, body = server.request(
            "POST", "/", "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%7D",
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        self.assertEqual(status, 501, body)

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.server()
            server.process.send_signal(number)
            self.assertEqual(server.process.wait(20 * harness.PATIENCE), 0)

    def test_localstack_paths(self):
        server = self.server()
        status, _, body = server.request("GET", "/_localstack/health")
        self.assertEqual((status, json.loads(body)["services"].keys() >= {"s3", "sqs", "lambda"}), (200, True))


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    suite = unittest.TestSuite([unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]), unittest.defaultTestLoader.discover(HERE, "test_*.py")])
    result = unittest.TextTestRunner().run(suite)
    bad = len({test.id().split(" ")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(1 if bad else 0)
