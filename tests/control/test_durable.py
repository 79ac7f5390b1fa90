"""--data: what was answered survives a death at any moment; docs/control.md and the header of the store."""
import os
import random
import subprocess
import tempfile
import threading

from cloud import Case, Cloud, Waiting, harness

FAILS = "def handler(event, context):\n    raise ValueError('never')\n"
PASSES = "def handler(event, context):\n    return 'good'\n"


class Durable(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowcloud-durable-")
        self.addCleanup(folder.cleanup)
        self.data = os.path.join(folder.name, "data")

    def start(self, *options, clock="frozen@2026-01-02T03:04:05Z", **settings):
        server = self.server(*options, clock=clock, data=self.data, **settings)
        return server, Cloud(server)

    def test_a_restart_keeps_everything(self):
        server, cloud = self.start()
        cloud.queue("dead")
        cloud.queue("q", RedrivePolicy={"deadLetterTargetArn": cloud.arn("dead"), "maxReceiveCount": 3})
        cloud.create("f", {"app.py": FAILS})
        cloud.create("g", {"app.py": PASSES})
        cloud.map("q", "f")
        cloud.request("PUT", "/bucket")
        cloud.request("PUT", "/bucket/small", b"s")
        cloud.request("PUT", "/bucket/large", b"x" * 300000)
        server.idle()
        cloud.send("q", "poison")
        cloud.event("f", {})
        server.idle()
        server.advance("30s")
        for kill in (False, True):
            now = server.clock()["now"]
            server.stop(kill=kill)
            server, cloud = self.start()
            self.assertEqual(server.clock()["now"], now)
            self.assertEqual([m["receive_count"] for m in cloud.peek("q")["messages"]], [2])
            self.assertEqual(cloud.value("g", {}), "good")
            got = cloud.request("GET", "/bucket/large")
            self.assertEqual(got[0], 200, (got, server.log()))
            self.assertEqual(cloud.request("GET", "/bucket/small")[2], b"s")
            self.assertEqual(len(cloud.json("GET", "/2015-03-31/event-source-mappings/")["EventSourceMappings"]), 1)
        steps = 0
        while server.clock()["next_due"] and steps < 20:
            server.next()
            steps += 1
        self.assertEqual([m["body"] for m in cloud.peek("dead")["messages"]], ["poison"])
        self.assertEqual(sum(r["kind"] == "invocation" and ":f:" in r["arn"] for r in server.journal()), 3, "the third receive, and two retries of the event")

    def test_time_does_not_go_back(self):
        server, cloud = self.start(clock=None)
        server.advance("1d")
        server.clock(scale=1000)
        self.until(lambda: server.clock()["now"] > "2000")
        time_before = server.clock()["now"]
        server.stop(kill=True)
        server, cloud = self.start(clock="frozen")
        self.assertGreaterEqual(server.clock()["now"], time_before)
        frozen = server.clock()["now"]
        server.stop(kill=True)
        server, cloud = self.start(clock="frozen@2026-01-02T03:04:05Z")
        self.assertEqual(server.clock()["now"], frozen)
        self.assertIn("later than --clock", server.log())
        server.reset()
        server.stop()
        server, cloud = self.start(clock=None)
        self.assertGreaterEqual(server.clock()["now"], frozen)

    def test_a_death_in_the_middle_of_an_advance(self):
        server, cloud = self.start()
        cloud.queue("q")
        cloud.create("f", {"app.py": "import time\ndef handler(event, context):\n    time.sleep(20)\n"}, Timeout=30)
        cloud.map("q", "f")
        server.idle()
        cloud.send("q", "m", DelaySeconds=600)
        advance = threading.Thread(target=lambda: server.request("POST", "/_lowcloud/clock", '{"advance":"1h"}'), daemon=True)
        threading.excepthook = lambda arguments: None
        advance.start()
        self.until(lambda: any(r["kind"] == "invocation" for r in server.journal()))
        server.process.kill()
        server.process.wait()
        advance.join()
        server, cloud = self.start()
        self.assertEqual(server.clock()["now"], "2026-01-02T03:14:05.000Z")

    def test_causes_of_an_earlier_life(self):
        server, cloud = self.start()
        cloud.queue("q")
        cloud.create("f", {"app.py": PASSES})
        cloud.map("q", "f")
        server.idle()
        cloud.send("q", "m", DelaySeconds=5)
        cause = [r["seq"] for r in server.journal() if r.get("operation") == "SendMessage"]
        server.stop(kill=True)
        server, cloud = self.start()
        for _ in range(20):
            cloud.sqs("ListQueues")
        server.advance("10s")
        records = server.journal()
        self.assertGreater(records[0]["seq"], cause[0])
        received = [r for r in records if r.get("operation") == "ReceiveMessage" and not r.get("running")]
        self.assertEqual([r["cause"] for r in received], cause)
        self.assertNotIn(cause[0], [r["seq"] for r in records])
        self.assertEqual(server.request("GET", f"/_lowcloud/journal?after={cause[0]}")[0], 410)

    def test_two_servers_do_not_share_a_directory(self):
        server, cloud = self.start()
        cloud.queue("q")
        second = subprocess.run([harness.default_binary(), "start", "--port", "0", "--data", self.data], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, timeout=20 * harness.PATIENCE, check=False)
        self.assertEqual((second.returncode, second.stdout), (1, ""))
        self.assertIn("in use by another lowcloud", second.stderr)
        self.assertEqual(len(cloud.sqs("ListQueues")["QueueUrls"]), 1)

    def test_killed_at_random(self):
        """Every answered write is there after the next start; none is there twice."""
        chance = random.Random(1)
        sent, written = set(), {}
        for life in range(12):
            server, cloud = self.start(clock=None)
            if life == 0:
                cloud.queue("q")
                cloud.request("PUT", "/bucket")
            for key, body in written.items():
                self.assertEqual(cloud.request("GET", "/bucket/" + key)[2], body)
            limit = chance.randrange(5, 120)
            killer = threading.Timer(chance.random() * 0.4, server.process.kill)
            killer.start()
            try:
                for number in range(limit):
                    sent.add(cloud.send("q", f"{life}-{number}"))
                    key, body = f"k{chance.randrange(20)}", chance.randbytes(chance.choice((10, 4096, 5000, 90000)))
                    written.pop(key, None)
                    if cloud.request("PUT", "/bucket/" + key, body)[0] == 200:
                        written[key] = body
            except (harness.ServerError, ConnectionError, AssertionError):
                pass
            killer.join()
            server.process.wait()
            server.stop()
        server, cloud = self.start(clock=None)
        for key, body in written.items():
            self.assertEqual(cloud.request("GET", "/bucket/" + key)[2], body)
        seen = []
        while messages := cloud.receive("q", MaxNumberOfMessages=10, VisibilityTimeout=43200):
            seen += [message["MessageId"] for message in messages]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual(sent, set(seen))
        self.assertLessEqual(len(seen), len(sent) + 12, "at most one unanswered send a life")

    def test_a_reset_is_durable_too(self):
        server, cloud = self.start()
        cloud.queue("q")
        cloud.request("PUT", "/bucket")
        cloud.request("PUT", "/bucket/k", b"x" * 100000)
        server.reset()
        cloud.queue("after")
        server.stop(kill=True)
        server, cloud = self.start()
        self.assertEqual([url.rsplit("/", 1)[1] for url in cloud.sqs("ListQueues")["QueueUrls"]], ["after"])
        self.assertEqual(cloud.request("GET", "/bucket/k")[0], 404)

    def test_a_parked_receive_does_not_hold_a_message_back(self):
        server, cloud = self.start()
        cloud.queue("q")
        waiting = Waiting(cloud, "q")
        server.stop(kill=True)
        waiting.hang_up()
        server, cloud = self.start()
        cloud.send("q", "m")
        self.assertEqual(len(cloud.receive("q")), 1)
