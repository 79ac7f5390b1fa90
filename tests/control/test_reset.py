"""Reset: everything as after the start, whatever is going on (docs/control.md)."""
import http.client
import os
import socket
import tempfile
import threading

from cloud import Case, Cloud, Waiting, harness

ADDRESS = "import os, time\ndef handler(event, context):\n    if event.get('sleep'):\n        time.sleep(event['sleep'])\n    return os.environ['AWS_LAMBDA_RUNTIME_API']\n"


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def handlers(pid):
    """Processes below this one, without the launcher and its keepers (of which a few are always ready)."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    name, fields = stat.read().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            if fields.split()[0] != "Z":
                found.append((int(entry), int(fields.split()[1]), name))
    tree, grew = {pid}, True
    while grew:
        more = {child for child, parent, _ in found if parent in tree} - tree
        tree |= more
        grew = bool(more)
    return [child for child, _, name in found if child in tree - {pid} and not name.startswith("lowcloud-launch")]


def cpu_seconds(pid):
    """User and system time of a process."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Reset(Case):
    def fill(self, cloud):
        cloud.queue("q")
        cloud.send("q", "m", DelaySeconds=5)
        cloud.request("PUT", "/bucket")
        cloud.request("PUT", "/bucket/large", b"x" * 300000)
        cloud.create("f", {"app.py": ADDRESS})
        cloud.map("q", "f")
        return cloud.value("f", {})

    def test_everything_goes(self):
        server, cloud = self.frozen()
        address = self.fill(cloud)
        server.advance("1h")
        server.clock(scale=5)
        self.assertEqual(server.reset(), {"reset": True})
        self.assertEqual(server.journal(), [])
        clock = server.clock()
        self.assertEqual((clock["mode"], clock["now"], clock["next_due"]), ("frozen", "2026-01-02T03:04:05.000Z", None))
        self.assertEqual(cloud.sqs("ListQueues"), {})
        self.assertEqual(cloud.request("GET", "/bucket")[0], 404)
        self.assertEqual(cloud.json("GET", "/2015-03-31/functions")["Functions"], [])
        self.assertEqual(cloud.json("GET", "/2015-03-31/event-source-mappings/")["EventSourceMappings"], [])
        self.assertEqual(self.fill(cloud).rsplit(":", 1)[1], address.rsplit(":", 1)[1])
        self.assertEqual(server.idle()["idle"], True)

    def test_a_frozen_clock_goes_back_to_its_start(self):
        server = self.server(clock="frozen")
        start = server.clock()["now"]
        server.advance("1d")
        server.reset()
        self.assertEqual(server.clock()["now"], start)

    def test_the_address_of_a_dead_environment_is_refused(self):
        server, cloud = self.frozen()
        host, port = self.fill(cloud).split(":")
        for method, path in (("GET", "/2018-06-01/runtime/invocation/next"), ("POST", "/"), ("GET", "/bucket")):
            connection = http.client.HTTPConnection(host, int(port), timeout=20)
            if method != "GET" or path == "/bucket":
                connection.request(method, path)
                self.assertLess(connection.getresponse().status, 500)
            connection.close()
        server.reset()
        for method, path in (("GET", "/2018-06-01/runtime/invocation/next"), ("POST", "/2018-06-01/runtime/invocation/x/response"), ("GET", "/"),
                             ("POST", "/?Action=ListQueues")):
            connection = http.client.HTTPConnection(host, int(port), timeout=20)
            connection.request(method, path)
            answer = connection.getresponse()
            self.assertEqual(answer.status, 403, (method, path, answer.read()))
            connection.close()

    def test_parked_clients_get_503_and_a_close(self):
        server, cloud = self.frozen()
        cloud.queue("q")
        waiting = [Waiting(cloud, "q") for _ in range(20)]
        server.reset()
        for one in waiting:
            status, headers, _ = one.answer()
            self.assertEqual((status, headers["Connection"]), (503, "close"))

    def test_in_the_middle_of_fifty_invocations(self):
        server, cloud = self.frozen()
        for round_ in range(3):
            cloud.create("f", {"app.py": ADDRESS}, Timeout=60)
            statuses = []

            def invoke():
                try:
                    statuses.append(cloud.invoke("f", {"sleep": 30})[0])
                except harness.ServerError:
                    statuses.append(None)

            threads = [threading.Thread(target=invoke) for _ in range(50)]
            for thread in threads:
                thread.start()
            self.until(lambda: sum(r["kind"] == "invocation" for r in server.journal()) == 50)
            server.reset()
            for thread in threads:
                thread.join(20 * harness.PATIENCE)
            self.assertEqual(statuses, [503] * 50, round_)
            self.assertEqual(server.journal(), [])
            server.idle()
            self.assertEqual(server.journal(), [], "a late completion was written down")
        cloud.create("f", {"app.py": ADDRESS})
        cloud.value("f", {})
        server.reset()
        self.until(lambda: not handlers(server.process.pid))

    def test_with_other_control_requests_under_way(self):
        server, cloud = self.frozen()
        cloud.create("f", {"app.py": ADDRESS}, Timeout=60)
        cloud.event("f", {"sleep": 30})
        results = []

        def ask(method, path, body=None):
            results.append(server.request(method, path, body)[0])

        threads = [threading.Thread(target=ask, args=("POST", "/_lowcloud/clock", '{"advance":"1h"}')) for _ in range(3)]
        threads += [threading.Thread(target=ask, args=("GET", "/_lowcloud/idle?timeout=30s")) for _ in range(3)]
        for thread in threads:
            thread.start()
        self.until(lambda: any(r["kind"] == "invocation" for r in server.journal()))
        server.reset()
        for thread in threads:
            thread.join(20 * harness.PATIENCE)
        self.assertEqual(len(results), 6)
        self.assertLessEqual(set(results), {503, 200})
        self.assertEqual(server.advance("5s")["now"][:19], server.clock()["now"][:19])
        self.assertEqual(server.idle()["idle"], True)

    def test_in_the_middle_of_an_upload(self):
        server, cloud = self.frozen()
        cloud.request("PUT", "/bucket")
        with socket.create_connection(("127.0.0.1", server.port)) as upload:
            upload.sendall(b"PUT /bucket/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100000)
            server.reset()
            upload.sendall(b"x" * 100000)
            status = int(upload.makefile("rb").readline().split()[1])
        self.assertIn(status // 100, (4, 5))
        self.assertEqual(cloud.request("GET", "/bucket/k")[0], 404)
        cloud.request("PUT", "/bucket")
        self.assertEqual(cloud.request("PUT", "/bucket/k", b"y" * 200000)[0], 200)
        self.assertEqual(cloud.request("GET", "/bucket/k")[2], b"y" * 200000)

    def test_a_thousand_times(self):
        for data in (None, os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "d")):
            server = self.server(clock="frozen", data=data)
            cloud = Cloud(server)

            def rounds(count):
                began = cpu_seconds(server.process.pid)
                for _ in range(count):
                    cloud.queue("q")
                    cloud.send("q", "m" * 100)
                    cloud.request("PUT", "/bucket")
                    cloud.request("PUT", "/bucket/k", b"x" * 20000)
                    server.reset()
                return cpu_seconds(server.process.pid) - began

            # malloc takes a few MB more once, at some moment; what leaks grows in every stretch.
            rounds(200)
            spent, sizes = [], [resident(server.process.pid)]
            for _ in range(4):
                spent.append(rounds(200))
                sizes.append(resident(server.process.pid))
            grown = min(after - before for before, after in zip(sizes, sizes[1:]))
            self.assertLess(grown, 250_000 * harness.PATIENCE ** 2, f"data={data}: {sizes}")
            # CPU time of the server: others on the machine do not count.
            self.assertLess(spent[-1], spent[0] * 2 + 0.5, f"data={data}: {spent}")

    def test_init_scripts_do_not_run_again(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        with open(os.path.join(folder, "seed.sh"), "w", encoding="utf-8") as out:
            out.write("curl -sf \"$AWS_ENDPOINT_URL/?Action=CreateQueue&QueueName=seeded\" >/dev/null\n")
        server = self.server("--init", folder)
        cloud = Cloud(server)
        self.assertEqual(len(cloud.sqs("ListQueues")["QueueUrls"]), 1)
        server.reset()
        self.assertEqual(cloud.sqs("ListQueues"), {})
