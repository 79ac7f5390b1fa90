"""The clock, settling and idle, from outside (docs/control.md): one timer at a time, waiting in real time for handlers that work."""
import datetime
import http.client
import time

from cloud import Case, Cloud, Waiting, harness, side_by_side

SLOW = "import time\ndef handler(event, context):\n    time.sleep(float(event.get('s', 0.3)) if 'Records' not in event else 0.3)\n    return 'done'\n"
FAILS = "def handler(event, context):\n    raise ValueError('never')\n"
ASKS = """import json, os, urllib.request
def handler(event, context):
    body = json.dumps(event["body"]).encode() if "body" in event else None
    return json.loads(urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/_lowcloud/" + event["path"], body), timeout=20).read())
"""
POLLS = """import json, os, urllib.request
def handler(event, context):
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps({"QueueUrl": "http://localhost/000000000000/%s", "WaitTimeSeconds": 20}).encode(),
        {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ReceiveMessage"})
    return json.loads(urllib.request.urlopen(request, timeout=60).read() or b"{}")
"""


def ms(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


class Clock(Case):
    def test_three_receives_to_the_dead_letter_queue_in_under_a_second(self):
        server, cloud = self.frozen()
        cloud.queue("dead")
        cloud.queue("work", RedrivePolicy={"deadLetterTargetArn": cloud.arn("dead"), "maxReceiveCount": 3})
        began = time.monotonic()
        cloud.send("work", "poison")
        for _ in range(3):
            self.assertEqual([m["Body"] for m in cloud.receive("work")], ["poison"])
            server.advance("30s")
        self.assertEqual(cloud.receive("work"), [])
        self.assertEqual([m["Body"] for m in cloud.receive("dead")], ["poison"])
        self.assertLess(time.monotonic() - began, 1 * harness.PATIENCE)

    def test_three_attempts_of_a_function_in_under_a_second(self):
        server, cloud = self.frozen()
        cloud.queue("dead")
        cloud.queue("work", RedrivePolicy={"deadLetterTargetArn": cloud.arn("dead"), "maxReceiveCount": 3})
        cloud.create("f", {"app.py": FAILS})
        cloud.map("work", "f")
        cloud.send("work", "poison")
        server.idle()
        began = time.monotonic()
        steps = 0
        while server.clock()["next_due"]:
            server.next()
            steps += 1
        self.assertLess(time.monotonic() - began, 1 * harness.PATIENCE)
        self.assertEqual(steps, 3)
        self.assertEqual([m["receive_count"] for m in cloud.peek("dead")["messages"]], [3])
        self.assertEqual(cloud.peek("work")["messages"], [])

    def test_what_is_due_fires_in_order_and_settles_in_between(self):
        server, cloud = self.frozen()
        cloud.queue("a")
        cloud.queue("b")
        cloud.create("f", {"app.py": SLOW}, Timeout=30)
        cloud.map("a", "f")
        cloud.map("b", "f")
        server.idle()
        cloud.send("b", "third", DelaySeconds=30)
        cloud.send("a", "second", DelaySeconds=20)
        cloud.send("a", "first", DelaySeconds=10)
        after = server.journal()[-1]["seq"]
        answer = server.advance("60s")
        self.assertEqual(answer["unsettled"], [])
        self.assertGreaterEqual(answer["fired"], 3)
        steps = [(r["time"], r["operation"]) for r in server.journal(after) if r.get("operation") in ("Invoke", "DeleteMessageBatch")]
        self.assertEqual(steps, [(f"2026-01-02T03:04:{s}.000Z", operation) for s in ("15", "25", "35") for operation in ("Invoke", "DeleteMessageBatch")])
        ends = [r["real_ns"] for r in server.journal(after) if r.get("operation") in ("Invoke", "DeleteMessageBatch")]
        self.assertEqual(ends, sorted(ends))
        self.assertGreater(ends[1] - ends[0], 0.29e9, "the advance waits in real time for a handler that works")

    def test_freeze_resume_scale_and_never_back(self):
        server = self.server()
        last = 0
        for order in ({"freeze": True}, {"advance": "1h"}, {"resume": True}, {"scale": 1000}, {"freeze": True}, {"scale": 0.5}, {"resume": True},
                      {"advance": "0s"}, {"next": True}, {"freeze": True}):
            for answer in (server.clock(**order), server.clock()):
                self.assertGreaterEqual(ms(answer["now"]), last, order)
                last = ms(answer["now"])
        self.assertGreater(last, time.time() * 1000 + 3500e3)
        now = server.clock()["now"]
        self.assertEqual(server.clock()["now"], now)
        status, _, _ = server.request("POST", "/_lowcloud/clock", '{"advance_to":"2020-01-01T00:00:00Z"}')
        self.assertEqual(status, 400)

    def test_advance_on_a_running_and_on_a_scaled_clock(self):
        for clock in (None, "60"):
            with self.subTest(clock=clock):
                server = self.server(clock=clock)
                cloud = Cloud(server)
                cloud.queue("q")
                cloud.send("q", "later", DelaySeconds=900)
                waiting = Waiting(cloud, "q")
                before = ms(server.clock()["now"])
                began = time.monotonic()
                answer = server.next()
                self.assertGreaterEqual(answer["fired"], 1)
                self.assertEqual(waiting.answer()[0], 200)
                self.assertGreaterEqual(ms(server.advance("2h")["now"]), before + 7200e3)
                self.assertLess(time.monotonic() - began, 5 * harness.PATIENCE)
                self.assertEqual(server.clock()["mode"], "scaled" if clock else "real")

    def test_a_scaled_clock_runs(self):
        server = self.server(clock="1000")
        cloud = Cloud(server)
        cloud.queue("q")
        began = time.monotonic()
        self.assertEqual(cloud.receive("q", WaitTimeSeconds=20), [])
        self.assertLess(time.monotonic() - began, 5 * harness.PATIENCE)
        cloud.send("q", "soon", DelaySeconds=600)
        self.assertEqual(Waiting(cloud, "q").answer()[0], 200)

    def test_advances_side_by_side_wait_in_line(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.create("f", {"app.py": SLOW}, Timeout=30)
        cloud.map("q", "f")
        server.idle()
        for seconds in range(1, 6):
            cloud.send("q", "m", DelaySeconds=seconds)
        answers = side_by_side([lambda: server.advance("5s")] * 4)
        self.assertEqual(max(answer["now"] for answer in answers), "2026-01-02T03:04:25.000Z")
        self.assertEqual(len({answer["now"] for answer in answers}), 4)
        self.assertEqual(cloud.peek("q")["messages"], [])

    def test_a_handler_that_waits_for_emulated_time_is_named(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.queue("empty")
        cloud.create("f", {"app.py": POLLS % "empty"}, Timeout=30)
        cloud.map("q", "f")
        server.idle()
        cloud.send("q", "m", DelaySeconds=10)
        answer = server.advance("15s")
        self.assertEqual(answer["now"], "2026-01-02T03:04:20.000Z")
        self.assertTrue(any("f" in line["what"] for line in answer["unsettled"]), answer)
        status, _, body = server.request("GET", "/_lowcloud/idle?timeout=300ms")
        self.assertEqual(status, 408, body)
        self.assertEqual(server.clock()["next_due"], "2026-01-02T03:04:35.000Z")
        self.assertEqual(server.advance("20s")["unsettled"], [])
        self.assertEqual(cloud.peek("q")["messages"], [])
        server.idle()

    def test_a_handler_that_asks_for_quiet_does_not_wait_for_itself(self):
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": ASKS}, Timeout=20)
        self.assertEqual(cloud.value("f", {"path": "idle?timeout=5s"})["idle"], True)
        answer = cloud.value("f", {"path": "clock", "body": {"advance": "5s"}})
        self.assertEqual((answer["now"], answer["unsettled"]), ("2026-01-02T03:04:10.000Z", []))
        answers = side_by_side([lambda: cloud.value("f", {"path": "clock", "body": {"advance": "5s"}})] * 4)
        self.assertEqual(len({answer["now"] for answer in answers}), 4)

    def test_an_advance_waits_no_longer_than_a_handler_may_work(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.create("f", {"app.py": "import time\ndef handler(event, context):\n    time.sleep(60)\n"}, Timeout=1)
        cloud.map("q", "f")
        server.idle()
        cloud.send("q", "m", DelaySeconds=1)
        began = time.monotonic()
        self.assertEqual(server.advance("2s")["unsettled"], [])
        self.assertLess(time.monotonic() - began, 10 * harness.PATIENCE)
        self.assertEqual([r["error"] for r in server.journal() if r["kind"] == "invocation"], ["Sandbox.Timedout"])

    def test_next_when_nothing_is_scheduled(self):
        server, _ = self.frozen()
        answer = server.next()
        self.assertEqual((answer["fired"], answer["now"], answer["next_due"]), (0, "2026-01-02T03:04:05.000Z", None))

    def test_the_end_of_time(self):
        server, _ = self.frozen()
        for order in ('{"advance":"9223372036854775807ms"}', '{"advance":"99999999999999999999d"}', '{"advance":"3000000d"}', '{"advance_to":"10000-01-01T00:00:00Z"}'):
            self.assertEqual(server.request("POST", "/_lowcloud/clock", order)[0], 400, order)
        self.assertEqual(server.clock(advance_to="9999-12-31T23:59:59Z")["now"], "9999-12-31T23:59:59.000Z")
        self.assertEqual(server.request("GET", "/_lowcloud/health")[1]["Date"], "Fri, 31 Dec 9999 23:59:59 GMT")

    def test_a_client_that_leaves_an_advance(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.create("f", {"app.py": SLOW}, Timeout=30)
        cloud.map("q", "f")
        server.idle()
        cloud.send("q", "m", DelaySeconds=1)
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("POST", "/_lowcloud/clock", '{"advance":"2s"}')
        self.until(lambda: any(r["kind"] == "invocation" for r in server.journal()))
        connection.close()
        server.idle()
        self.assertEqual(server.advance("10s")["unsettled"], [])

    def test_dates_on_either_clock(self):
        """X-Amz-Date is good on the real and on the emulated clock."""
        server, cloud = self.frozen()
        for date in (datetime.datetime.now(datetime.timezone.utc), datetime.datetime(2026, 1, 2, 3, 4, 5)):
            status, headers, _ = cloud.request("POST", "/", "{}", Content_Type="application/x-amz-json-1.0", X_Amz_Target="AmazonSQS.ListQueues",
                                               X_Amz_Date=date.strftime("%Y%m%dT%H%M%SZ"))
            self.assertEqual((status, headers["Date"]), (200, "Fri, 02 Jan 2026 03:04:05 GMT"))


class Idle(Case):
    def test_pending_and_scheduled(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.create("f", {"app.py": SLOW}, Timeout=30)
        cloud.event("f", {"s": 1})
        status, _, body = server.request("GET", "/_lowcloud/idle?timeout=50ms")
        self.assertEqual(status, 408, body)
        self.assertIn(b"pending", body)
        self.assertIn(b"f", body)
        server.idle()
        cloud.send("q", "nobody waits for it")
        cloud.send("q", "nor for it", DelaySeconds=5)
        answer = server.idle()
        self.assertEqual((answer["scheduled"], answer["next_due"]), ([], None))
        waiting = Waiting(cloud, "q", VisibilityTimeout=30)
        self.assertEqual(waiting.answer()[0], 200)
        waiting = Waiting(cloud, "q", VisibilityTimeout=30)
        answer = server.idle()
        self.assertEqual(answer["next_due"], "2026-01-02T03:04:10.000Z")
        self.assertEqual(len(answer["scheduled"]), 1)
        server.next()
        self.assertEqual(waiting.answer()[2]["Messages"][0]["Body"], "nor for it")

    def test_a_filling_window_counts_while_the_clock_runs(self):
        server = self.server()
        cloud = Cloud(server)
        cloud.queue("q", VisibilityTimeout="60")
        cloud.create("f", {"app.py": SLOW}, Timeout=30)
        cloud.map("q", "f", BatchSize=10, MaximumBatchingWindowInSeconds=2)
        server.idle()
        cloud.send("q", "m")
        status, _, body = server.request("GET", "/_lowcloud/idle?timeout=300ms")
        self.assertEqual(status, 408, body)
        server.idle()
        self.assertTrue(any(r["kind"] == "invocation" for r in server.journal()))
        server.freeze()
        cloud.send("q", "m")
        scheduled = server.idle()["scheduled"]
        self.assertTrue(any("window" in line["what"] or "batch" in line["what"] for line in scheduled), scheduled)

    def test_a_timeout_of_nothing(self):
        server, cloud = self.frozen()
        self.assertEqual(server.idle("0s")["idle"], True)
        cloud.create("f", {"app.py": SLOW}, Timeout=30)
        server.idle()
        cloud.event("f", {"s": 1})
        self.assertEqual(server.request("GET", "/_lowcloud/idle?timeout=0s")[0], 408)

    def test_after_idle_nothing_happens(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        cloud.create("f", {"app.py": "def handler(event, context):\n    pass\n"})
        cloud.map("q", "f")
        for _ in range(30):
            for _ in range(5):
                cloud.send("q", "m")
            server.idle()
            seq = server.journal()[-1]["seq"]
            self.assertEqual(cloud.peek("q")["messages"], [])
            self.assertEqual(server.journal()[-1]["seq"], seq)


class Waiters(Case):
    def test_a_receive_whose_client_has_gone_takes_nothing(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        for round_ in range(100):
            waiting = Waiting(cloud, "q", VisibilityTimeout=1000)
            second = Waiting(cloud, "q", VisibilityTimeout=1000) if round_ % 2 else None
            waiting.hang_up()
            cloud.send("q", str(round_))
            if second:
                self.assertEqual(second.answer()[2]["Messages"][0]["Body"], str(round_))
            else:
                self.assertEqual([m["Body"] for m in cloud.receive("q", VisibilityTimeout=1000)], [str(round_)])
        server.idle()

    def test_the_longest_waiting_receive_is_served_first(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        waiting = [Waiting(cloud, "q") for _ in range(5)]
        for number in range(5):
            cloud.send("q", str(number))
        self.assertEqual([one.answer()[2]["Messages"][0]["Body"] for one in waiting], list("01234"))
        server.idle()
