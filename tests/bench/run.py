#!/usr/bin/env python3
"""Prints the targets of the design that exist by now, measured in one run, as ratios to a bare libmicrohttpd program and to a bare spawn.

The machine is noisy: ratios of one run count, absolute figures are shown for orientation. `make bench` runs it; nothing fails here.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import base64
import io
import http.client

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402

REQUESTS = int(os.environ.get("BENCH_REQUESTS", "100000"))
rows = []


def row(what, found, target, good):
    rows.append((what, found, target, good))
    print(f"  {'ok ' if good else 'LOW'}  {what:<44} {found:<34} target {target}", flush=True)


def build(directory):
    def compile_one(name, *libraries):
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", os.path.join(directory, name), os.path.join(HERE, name + ".c"), *libraries], check=True)

    compile_one("bare", "-lmicrohttpd")
    compile_one("spawn")
    compile_one("load")
    with open(os.path.join(directory, "nothing.c"), "w") as source:
        source.write("int main(void) { return 0; }\n")
    subprocess.run(["cc", "-O2", "-static", "-o", os.path.join(directory, "nothing"), os.path.join(directory, "nothing.c")], check=True)


class Load:
    def __init__(self, directory):
        self.program = os.path.join(directory, "load")

    def __call__(self, port, connections, requests, *scenario):
        done = subprocess.run([self.program, str(port), str(connections), str(requests), *scenario], stdout=subprocess.PIPE, text=True, timeout=600)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or not lines:
            raise SystemExit(f"the load {scenario} failed: {done.stdout}")
        return lines[-1]


def call(server, service, target, body, path="/", method="POST", headers=None):
    given = {"Content-Type": "application/x-amz-json-1.0"}
    if target:
        given["X-Amz-Target"] = target
    given.update(headers or {})
    status, head, answer = server.request(method, path, body if isinstance(body, bytes) else json.dumps(body), given)
    if status // 100 != 2:
        raise SystemExit(f"{target or path}: {status} {answer!r}")
    return json.loads(answer) if answer[:1] in b"{[" and answer else answer


def zip_of(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, (content, mode) in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return base64.b64encode(data.getvalue()).decode()


def create_function(server, name, runtime, handler, **files):
    call(server, "lambda", None, {"FunctionName": name, "Runtime": runtime, "Handler": handler, "Role": "arn:aws:iam::000000000000:role/bench", "Timeout": 30,
                                  "Code": {"ZipFile": zip_of(**files)}}, "/2015-03-31/functions")


def rss_kb(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"{field}:\s+(\d+)", status.read()).group(1))


def first_answer_ms(binary):
    began = time.perf_counter()
    process = subprocess.Popen([binary, "start", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = int(process.stdout.readline().rsplit(b":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/_lowcloud/health")
    connection.getresponse().read()
    took = (time.perf_counter() - began) * 1000
    memory = rss_kb(process.pid)
    process.terminate()
    process.wait()
    process.stdout.close()
    return took, memory


def measure_start():
    samples = [first_answer_ms(harness.default_binary()) for _ in range(15)]
    took = sorted(sample[0] for sample in samples)[7]
    memory = samples[-1][1] / 1024
    row("start to first answered request", f"{took:.1f} ms", "10 ms", took <= 10)
    row("idle memory", f"{memory:.1f} MB", "10 MB", memory <= 10)


def measure_sqs(server, load, bare):
    call(server, "sqs", "AmazonSQS.CreateQueue", {"QueueName": "bench"})
    sent = load(server.port, 16, REQUESTS, "send", "bench")
    half = load(server.port, 16, min(REQUESTS, 50000), "delete", "bench")
    received = load(server.port, 16, min(REQUESTS, 40000), "receive", "bench")
    for name, found in (("send", sent), ("receive", received), ("delete", half)):
        row(f"SQS {name}", f"{found['rate']:.0f}/s = {found['rate'] / bare:.2f} x bare", "25,000/s", found["rate"] >= 25000)
    batch = load(server.port, 16, 10000, "send10", "bench")
    row("SQS send in batches of ten", f"{batch['rate'] * 10:.0f} messages/s = {batch['rate'] * 10 / sent['rate']:.1f} x single", "4 x", batch["rate"] * 10 >= 4 * sent["rate"])


def measure_s3(server, load, bare):
    server.request("PUT", "/bench")
    put = load(server.port, 16, REQUESTS // 2, "put", "bench")
    get = load(server.port, 16, REQUESTS // 2, "read", "bench")
    row("S3 PUT of 1 KiB", f"{put['rate']:.0f}/s = {put['rate'] / bare:.2f} x bare", "15,000/s", put["rate"] >= 15000)
    row("S3 GET of 1 KiB", f"{get['rate']:.0f}/s = {get['rate'] / bare:.2f} x bare", "25,000/s", get["rate"] >= 25000)


def measure_large(server):
    import hashlib

    body = os.urandom(64 << 20)
    with tempfile.TemporaryFile() as file:
        began = time.perf_counter()
        hashlib.md5(body).digest()
        file.write(body)
        file.flush()
        floor = time.perf_counter() - began
    took = []
    for number in range(3):
        began = time.perf_counter()
        status, _, _ = server.request("PUT", f"/bench/large-{number}", body, {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"})
        took.append(time.perf_counter() - began)
    began = time.perf_counter()
    _, _, answer = server.request("GET", "/bench/large-0")
    read = time.perf_counter() - began
    row("S3 PUT of 64 MiB", f"{min(took) * 1000:.0f} ms; MD5 + write alone {floor * 1000:.0f} ms", "80 % of the digests due + write", floor / min(took) >= 0.8)
    row("S3 GET of 64 MiB", f"{64 / 1024 / read:.2f} GB/s", "1 GB/s", 64 / 1024 / read >= 1)

    stop = threading.Event()

    def upload(name):
        while not stop.is_set():
            server.request("PUT", f"/bench/{name}", body)

    threads = [threading.Thread(target=upload, args=(f"side-{number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    latencies = []
    for _ in range(500):
        began = time.perf_counter()
        connection.request("GET", "/_lowcloud/health")
        connection.getresponse().read()
        latencies.append((time.perf_counter() - began) * 1000)
    stop.set()
    for thread in threads:
        thread.join()
    p50 = sorted(latencies)[250]
    row("another client while two 64 MiB bodies upload", f"p50 {p50:.2f} ms", "1 ms", p50 <= 1)


def measure_lambda(server, load, directory, bare_p50):
    bootstrap = os.path.join(directory, "bootstrap")
    subprocess.run(["cc", "-O2", "-static", "-D_GNU_SOURCE", "-o", bootstrap, os.path.join(HERE, "bootstrap.c")], check=True)
    with open(bootstrap, "rb") as program:
        create_function(server, "warm", "provided.al2023", "x", bootstrap=(program.read(), 0o755))
    load(server.port, 1, 200, "invoke", "warm")
    one = load(server.port, 1, 5000, "invoke", "warm")
    many = load(server.port, 2, 20000, "invoke", "warm")
    row("warm Invoke, C bootstrap", f"p50 {one['p50_us']:.0f} us = {one['p50_us'] / (2 * bare_p50):.1f} x two bare round trips", "250 us, 3 x", one["p50_us"] <= 250)
    row("warm Invoke rate", f"{many['rate']:.0f}/s", "8,000/s", many["rate"] >= 8000)
    spawned = float(subprocess.run([os.path.join(directory, "spawn"), "200", os.path.join(directory, "nothing")], stdout=subprocess.PIPE, text=True, check=True).stdout)
    cold = cold_us(server, "warm", 30)
    row("cold Invoke, static bootstrap", f"p50 {cold:.0f} us = {cold / spawned:.1f} x a bare spawn ({spawned:.0f} us)", "2 x", cold <= 2 * spawned)
    create_function(server, "snake", "python3.11", "m.handler", **{"m.py": ("def handler(event, context):\n    return 1\n", 0o644)})
    cold = cold_us(server, "snake", 15)
    row("cold Invoke, Python", f"p50 {cold / 1000:.1f} ms", "30 ms without a fork of a warm one", cold <= 30000)


def cold_us(server, name, rounds):
    """A change of configuration retires the environment: the next Invoke is a cold one."""
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for number in range(rounds):
        call(server, "lambda", None, {"Description": str(number)}, f"/2015-03-31/functions/{name}/configuration", "PUT")
        server.request("GET", f"/2015-03-31/functions/{name}/configuration")
        began = time.perf_counter()
        connection.request("POST", f"/2015-03-31/functions/{name}/invocations", "{}")
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1e6)
    return sorted(took)[rounds // 2]


def measure_gateway(server, load):
    body = {"name": "b", "protocolType": "HTTP", "target": "arn:aws:lambda:us-east-1:000000000000:function:warm", "tags": {"_custom_id_": "bench"}}
    call(server, "apigatewayv2", None, body, "/v2/apis", headers={"Content-Type": "application/json"})
    call(server, "lambda", None, {"StatementId": "b", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"},
         "/2015-03-31/functions/warm/policy")
    load(server.port, 1, 200, "api", "/_aws/execute-api/bench/$default/x")
    found = load(server.port, 1, 5000, "api", "/_aws/execute-api/bench/$default/x")
    row("API Gateway to warm Lambda", f"p50 {found['p50_us']:.0f} us", "400 us", found["p50_us"] <= 400)


def measure_chain(server):
    """PutObject, notification to Lambda, OnSuccess to SQS, mapping to Lambda: until idle."""
    call(server, "sqs", "AmazonSQS.CreateQueue", {"QueueName": "chain"})
    call(server, "lambda", None, {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}, "/2015-03-31/functions/warm/policy")
    call(server, "lambda", None, {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:000000000000:chain"}}},
         "/2019-09-25/functions/warm/event-invoke-config", "PUT")
    create_function(server, "end", "provided.al2023", "x", bootstrap=(open(os.path.join(server.scratch, "bootstrap"), "rb").read(), 0o755))
    call(server, "lambda", None, {"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:chain", "FunctionName": "end"}, "/2015-03-31/event-source-mappings")
    server.request("PUT", "/chain")
    configuration = ("<NotificationConfiguration><CloudFunctionConfiguration><CloudFunction>arn:aws:lambda:us-east-1:000000000000:function:warm</CloudFunction>"
                     "<Event>s3:ObjectCreated:*</Event></CloudFunctionConfiguration></NotificationConfiguration>")
    status, _, answer = server.request("PUT", "/chain?notification", configuration)
    if status != 200:
        raise SystemExit(f"notification: {status} {answer!r}")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    took = []
    for number in range(200):
        began = time.perf_counter()
        connection.request("PUT", f"/chain/{number}", "x")
        connection.getresponse().read()
        connection.request("GET", "/_lowcloud/idle?timeout=30s")
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    p50 = sorted(took)[100]
    row("PutObject, Lambda, SQS, Lambda, until idle", f"p50 {p50:.2f} ms", "3 ms", p50 <= 3)


def measure_polls(server):
    call(server, "sqs", "AmazonSQS.CreateQueue", {"QueueName": "polls"})
    before = rss_kb(server.process.pid)
    import socket

    body = json.dumps({"QueueUrl": "http://localhost/000000000000/polls", "WaitTimeSeconds": 20})
    text = (f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
    sockets = []
    for _ in range(1000):
        one = socket.create_connection(("127.0.0.1", server.port))
        one.sendall(text)
        sockets.append(one)
    server.control("GET", "idle?timeout=10s")
    each = (rss_kb(server.process.pid) - before) / 1000
    row("1,000 parked long polls", f"{each:.1f} KB each", "40 KB", each <= 40)
    for one in sockets:
        one.close()


def measure_reset(server):
    took = []
    for _ in range(20):
        call(server, "sqs", "AmazonSQS.CreateQueue", {"QueueName": "r"})
        began = time.perf_counter()
        server.reset()
        took.append((time.perf_counter() - began) * 1000)
    row("reset, without environments", f"p50 {sorted(took)[10]:.2f} ms", "5 ms", sorted(took)[10] <= 5)


def main():
    with tempfile.TemporaryDirectory(prefix="lowcloud-bench-") as directory:
        build(directory)
        load = Load(directory)
        bare = subprocess.Popen([os.path.join(directory, "bare")], stdout=subprocess.PIPE)
        try:
            port = int(bare.stdout.readline().rsplit(b":", 1)[1])
            load(port, 16, REQUESTS // 4, "send", "x")
            bare_rate = load(port, 16, REQUESTS, "send", "x")["rate"]
            bare_p50 = load(port, 1, 10000, "send", "x")["p50_us"]
        finally:
            bare.kill()
            bare.wait()
            bare.stdout.close()
        print(f"bare libmicrohttpd: {bare_rate:.0f}/s, one connection p50 {bare_p50:.1f} us")
        measure_start()
        parts = [
            lambda server: measure_sqs(server, load, bare_rate),
            lambda server: measure_s3(server, load, bare_rate),
            measure_large,
            lambda server: measure_lambda(server, load, directory, bare_p50),
            lambda server: measure_gateway(server, load),
            measure_chain,
            measure_polls,
            measure_reset,
        ]
        with harness.Server(strict_turns=False) as server:
            server.scratch = directory
            for part in parts:
                part(server)
    print(f"{sum(good for *_, good in rows)} of {len(rows)} targets met in this run")


if __name__ == "__main__":
    main()
