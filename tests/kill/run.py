#!/usr/bin/env python3
"""Shows that nothing of an environment outlives the server, on every isolation level that this machine has, and that children are
started, watched, limited and ended as emulator/loop/process.h says. The stand-in for the server is tests/kill/driver.c, the handlers are
tests/kill/handler.c. Descendants are found by a mark in their environment, never by name.

    tests/kill/run.py [--short] [--bench] [WORD ...]    only tests whose level or name contains a WORD
"""
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402

B = os.path.relpath(harness.BUILD, harness.ROOT)
MB = 1024 * 1024
# A place where no namespace can be made, as in many containers.
CONFINED = ["unshare", "--user", "--map-root-user", "sh", "-c",
            'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$@"', "sh"]
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


class Failure(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Failure(text)


def marked(mark):
    """pid -> pidfd of every living process that carries the mark."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fd = os.pidfd_open(int(name))
        except OSError:
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark.encode() in file.read():
                    found[int(name)] = fd
                    continue
        except OSError:
            pass
        os.close(fd)
    return found


def wait_gone(mark, seconds, spared=()):
    """Waits until no process has the mark. Gives the seconds it took."""
    begin = time.monotonic()
    limit = begin + seconds * harness.PATIENCE
    while True:
        left = {pid: fd for pid, fd in marked(mark).items()}
        try:
            for pid in spared:
                if pid in left:
                    os.close(left.pop(pid))
            if not left:
                return time.monotonic() - begin
            expect(time.monotonic() < limit, f"{len(left)} processes outlived it by {seconds} s: {sorted(left)[:10]}")
            poll = select.poll()
            poll.register(next(iter(left.values())), select.POLLIN)
            poll.poll(max(0, (limit - time.monotonic()) * 1000))
        finally:
            for fd in left.values():
                os.close(fd)


class Driver:
    def __init__(self, setting):
        self.mark = f"LOWCLOUD_KILL_MARK={uuid.uuid4().hex}"
        self.setting = setting
        name, value = self.mark.split("=")
        env = dict(os.environ, **{name: value, "LOWCLOUD_CGROUP": "1" if setting.cgroup else "0"})
        self.home = tempfile.mkdtemp(prefix="run-", dir=setting.place)
        os.chmod(self.home, 0o777)
        self.tmp = self.directory("tmp")
        self.buffer = b""
        self.lines = []
        self.process = subprocess.Popen(
            setting.prefix + [f"{setting.place}/driver", f"{setting.place}/lowcloud-launcher", setting.asked],
            env=env, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        self.level = self.event("level")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            wait_gone(self.mark, 2)
        finally:
            shutil.rmtree(self.home, ignore_errors=True)

    def launcher(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return int(file.read().split()[0])

    def sync(self):
        """What was caused by earlier commands and events is over in the driver."""
        self.say("count")
        return int(self.event("count")[1])

    def directory(self, name):
        path = os.path.join(self.home, name)
        os.mkdir(path)
        os.chmod(path, 0o777)
        return path

    def say(self, *words):
        self.process.stdin.write("\t".join(map(str, words)).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, name, *arguments, memory=0, task=None, layer="-", tmp=None, program=None):
        program = program or f"{self.setting.place}/handler"
        self.say("start", name, memory, task or self.setting.place, layer, tmp or self.tmp, program, *arguments)

    def take(self, seconds):
        """The next event as a list of words, or None."""
        limit = time.monotonic() + seconds * harness.PATIENCE
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, limit - time.monotonic()))
            if not ready:
                return None
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                return None
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").split("\t")

    def event(self, *start, seconds=10):
        """The first event, kept or to come, that begins with these words. Others are kept."""
        for i, words in enumerate(self.lines):
            if words[: len(start)] == list(start):
                return self.lines.pop(i)
        while True:
            words = self.take(seconds)
            expect(words is not None, f"no event {start} came; kept: {self.lines[-5:]}")
            if words[: len(start)] == list(start):
                return words
            self.lines.append(words)

    def ready(self, name, word="ready"):
        return self.event("out", name, "1", word)

    def end(self, name, seconds=10):
        _, _, status, error, path, out_of_memory, peak = self.event("end", name, seconds=seconds)
        return {"status": int(status), "errno": int(error), "path": path, "oom": out_of_memory == "1", "peak": int(peak)}

    def children(self, name):
        return f"LOWCLOUD_CHILD={name}-{self.mark[-32:]}"


class Setting:
    def __init__(self, title, place, level, prefix=(), cgroup=False, asked=None):
        self.title, self.place, self.level, self.prefix, self.cgroup, self.asked = title, place, level, list(prefix), cgroup, asked or level

    @property
    def is_namespaced(self):
        return self.level == "namespace"


# Each test gets a setting. The word is what the handler does; see handler.c.
MISDEEDS = ["hold", "setsid", "daemon", "deaf", "bomb", "flee", "respawn", "freeze", "murder"]


def server_killed(setting, misdeed):
    with Driver(setting) as driver:
        driver.start("a", misdeed)
        driver.start("b", "hold")
        driver.ready("a")
        driver.ready("b")
        os.kill(driver.process.pid, signal.SIGKILL)
        driver.process.wait()
        took = wait_gone(driver.mark, 1)
        return f"{took * 1000:.0f} ms"


def environment_killed(setting, misdeed):
    with Driver(setting) as driver:
        driver.start("a", misdeed)
        driver.start("b", "hold")
        driver.ready("a")
        driver.ready("b")
        driver.say("kill", "a")
        end = driver.end("a")
        wait_gone(driver.children("a"), 0)
        expect(end["status"] == 9 and not end["oom"], f"ended with {end}")
        left = marked(driver.children("b"))
        for fd in left.values():
            os.close(fd)
        expect(left, "the other environment died as well")


def server_stops(setting):
    with Driver(setting) as driver:
        for name in "abc":
            driver.start(name, "daemon")
            driver.ready(name)
        driver.say("stop")
        for name in "abc":
            expect(driver.end(name)["status"] == 9, "an environment did not end by SIGKILL")
        wait_gone(driver.mark, 1, spared=[driver.process.pid])


def launcher_killed(setting):
    with Driver(setting) as driver:
        driver.start("a", "daemon")
        driver.ready("a")
        os.kill(driver.launcher(), signal.SIGKILL)
        expect(driver.end("a")["status"] == 9, "the environment did not end by SIGKILL")
        wait_gone(driver.mark, 1, spared=[driver.process.pid])
        driver.start("b", "exit", 7)
        expect(driver.end("b")["status"] == 7 << 8, "the launcher was not started anew")


def handler_leaves_a_daemon(setting):
    with Driver(setting) as driver:
        driver.start("a", "daemon-exit")
        end = driver.end("a")
        expect(end["status"] == 0, f"ended with {end}")
        wait_gone(driver.children("a"), 0)


def ends_are_told(setting):
    with Driver(setting) as driver:
        driver.start("a", "exit", 3)
        expect(driver.end("a")["status"] == 3 << 8, "exit status")
        driver.start("b", "hold")
        driver.ready("b")
        driver.say("signal", "b", 15)
        expect(driver.end("b")["status"] == 15, "status of a signal")
        driver.start("c", "deaf")
        driver.ready("c")
        driver.say("signal", "c", 15)
        pid = 0
        while pid == 0:  # its output may overtake the word that it has started
            driver.say("peak", "c")
            pid = int(driver.event("peak", "c")[3])
        expect(os.path.exists(f"/proc/{pid}"), f"the pid {pid} is not one of ours")
        with open(f"/proc/{pid}/limits") as file:
            files = re.search(r"Max open files\s+(\d+)\s+(\d+)", file.read())
        expect(files.groups() == ("1024", "1024"), f"open files {files.groups()}")
        expect(sorted(os.listdir(f"/proc/{pid}/fd")) == ["0", "1", "2"] or os.geteuid() != 0, "descriptors leaked into the handler")


def exec_errors(setting):
    with Driver(setting) as driver:
        place = driver.directory("programs")

        def file(name, text, mode):
            path = os.path.join(place, name)
            with open(path, "w") as out:
                out.write(text)
            os.chmod(path, mode)
            return path

        missing = os.path.join(place, "missing")
        cases = [
            (missing, 2, missing),
            (file("plain", "#!/bin/sh\n", 0o644), 13, None),
            (file("text", "no program\n", 0o755), 8, None),
            (file("script", "#!/no/such/interpreter -x\n", 0o755), 2, "/no/such/interpreter"),
            (file("windows", "#!/bin/sh\r\nexit 0\r\n", 0o755), 2, "/bin/sh\\r"),
            (place, 13, None),
        ]
        for program, error, path in cases:
            driver.start("a", program=program)
            end = driver.end("a")
            expect((end["errno"], end["path"]) == (error, path or program), f"{program}: {end}")
        driver.start("a", "hold", task="/no/such/task")
        end = driver.end("a")
        expect(end["errno"] == 2 and end["path"] == "/no/such/task", f"missing task directory: {end}")


def memory_limit(setting):
    with Driver(setting) as driver:
        driver.start("a", "grow", 300, memory=64 * MB)
        end = driver.end("a")
        expect(end["oom"] and end["status"] == 9, f"over the limit: {end}")
        expect(end["peak"] >= 50 * MB, f"peak over the limit: {end}")
        driver.start("b", "grow-child", 300, memory=64 * MB)
        end = driver.end("b")
        expect(end["oom"], f"a child over the limit: {end}")
        wait_gone(driver.children("b"), 0)
        driver.start("c", "grow-exit", 30, memory=64 * MB)
        end = driver.end("c")
        expect(not end["oom"] and end["status"] == 0, f"below the limit: {end}")
        expect(30 * MB <= end["peak"] <= 40 * MB, f"peak below the limit: {end}")
        driver.start("d", "share", 60, memory=100 * MB)
        driver.ready("d", "shared")
        driver.say("kill", "d")
        expect(not driver.end("d")["oom"], "shared pages were counted twice")


def peak_memory(setting):
    with Driver(setting) as driver:
        driver.start("a", "grow", 40, memory=256 * MB)
        driver.ready("a", "grown")
        driver.say("peak", "a")
        peak = int(driver.event("peak", "a")[2])
        expect(40 * MB <= peak <= 50 * MB, f"peak {peak / MB:.1f} MB of a handler that took 40")


def states(mark):
    found = marked(mark)
    result = []
    for pid, fd in found.items():
        os.close(fd)
        try:
            with open(f"/proc/{pid}/stat") as file:
                result.append(file.read().rsplit(")", 1)[1].split()[0])
        except OSError:
            pass
    return result


def paused(setting):
    with Driver(setting) as driver:
        driver.start("a", "bomb", memory=256 * MB)
        driver.ready("a")
        driver.say("pause", "a")
        # An answer of another environment shows that the request was handled; the stopping itself takes a moment more.
        driver.start("b", "exit")
        driver.end("b")
        limit = time.monotonic() + 2 * harness.PATIENCE
        while set(states(driver.children("a"))) != {"T"}:
            expect(time.monotonic() < limit, f"states while paused: {states(driver.children('a'))}")
        count = len(states(driver.children("a")))
        driver.start("c", "exit")
        driver.end("c")
        expect(states(driver.children("a")) == ["T"] * count, "it went on while paused")
        driver.say("continue", "a")
        limit = time.monotonic() + 2 * harness.PATIENCE
        while "T" in states(driver.children("a")):
            expect(time.monotonic() < limit, "still stopped")
        driver.say("pause", "a")
        driver.say("kill", "a")
        driver.end("a")
        wait_gone(driver.children("a"), 0)


def seen(driver, name):
    result = {}
    while True:
        words = driver.take(10)
        expect(words, "no more output")
        if words[0] == "end":
            return result, words
        if words[0] == "out":
            result[words[3]] = words[4] if len(words) > 4 else ""


def directories(setting):
    if not setting.is_namespaced:
        return "skip"
    with Driver(setting) as driver:
        task, layer = driver.directory("task"), driver.directory("layer")
        for directory in (task, layer):
            open(os.path.join(directory, "file"), "w").close()
            os.chmod(os.path.join(directory, "file"), 0o666)
        driver.start("a", "show", "/var/task/file", "/var/task/new", "/opt/file", "/opt/new", "/tmp/new", "/var/runtime/new", "/var/lib", task=task, layer=layer)
        result, _ = seen(driver, "a")
        wanted = {
            "/var/task/file": "Read-only file system", "/var/task/new": "absent", "/opt/file": "Read-only file system", "/opt/new": "absent",
            "/tmp/new": "writable", "/var/runtime/new": "absent", "/var/lib": "Is a directory",
        }
        expect({path: result.get(path) for path in wanted} == wanted, f"seen: {result}")
        expect(result["pid"] != "1", "the handler is process 1")
        expect(os.path.exists(os.path.join(driver.tmp, "new")), "/tmp is not the temporary directory")
        # Without layers /opt is empty; the program is below the host's /tmp, which stays in sight.
        driver.start("b", "show", "/opt/file", "/tmp/new", program=f"{setting.place}/handler")
        result, _ = seen(driver, "b")
        expect((result["/opt/file"], result["/tmp/new"]) == ("absent", "writable"), f"seen: {result}")
        # Everything below /tmp, itself included, as when the data directory lies there.
        expect(not os.path.exists("/var/task/file"), "a mount leaked out of the namespace")
        # A directory made below /var after the start.
        if os.geteuid() == 0:
            late = tempfile.mkdtemp(prefix="lowcloud-late-", dir="/var")
            try:
                os.chmod(late, 0o755)
                shutil.copy(f"{setting.place}/handler", late)
                driver.start("c", "exit", 5, task=late, program="/var/task/handler")
                end = driver.end("c")
                expect(end["status"] == 5 << 8, f"a late directory below /var: {end}")
            finally:
                shutil.rmtree(late)
        # A program of the host below /opt, with and without a layer.
        if os.geteuid() == 0:
            host = tempfile.mkdtemp(prefix="lowcloud-host-", dir="/opt")
            try:
                os.chmod(host, 0o755)
                shutil.copy(f"{setting.place}/handler", host)
                for layers in (layer, "-"):
                    driver.start("d", "show", "/opt/file", "/opt/new", program=f"{host}/handler", layer=layers)
                    result, _ = seen(driver, "d")
                    wanted = {"/opt/file": "Read-only file system" if layers == layer else "absent", "/opt/new": "absent"}
                    expect({path: result.get(path) for path in wanted} == wanted, f"seen with {layers}: {result}")
                expect(os.listdir(host) == ["handler"], "the host's /opt was written to")
            finally:
                shutil.rmtree(host)


def mounts():
    with open("/proc/self/mountinfo") as file:
        return len(file.readlines())


def cgroups(launcher):
    return [path for path, _, _ in os.walk("/sys/fs/cgroup") if f"/lowcloud-{launcher}-" in path]


def nothing_accumulates(setting):
    with Driver(setting) as driver:
        driver.start("warm", "exit")
        driver.end("warm")
        driver.sync()
        launcher = driver.launcher()
        before = mounts(), len(os.listdir(f"/proc/{driver.process.pid}/fd"))
        for batch in range(20):
            for i in range(10):
                driver.start(f"x{i}", "exit", i, memory=64 * MB)
            for i in range(10):
                expect(driver.end(f"x{i}")["status"] == i << 8, "status")
        expect(driver.sync() == 0, "live processes are left in the list")
        after = mounts(), len(os.listdir(f"/proc/{driver.process.pid}/fd"))
        expect(before == after, f"mounts and descriptors before {before}, after {after}")
        left = [pid for pid, fd in marked(driver.mark).items() if os.close(fd) is None]
        expect(len(left) <= 6, f"more than driver, launcher and spare keepers: {left}")
        expect(len(cgroups(launcher)) <= 4, f"cgroups: {cgroups(launcher)}")
        expect(not os.listdir(driver.tmp) or setting.is_namespaced, "files in the temporary directory")
        driver.process.stdin.close()
        driver.process.wait()
        wait_gone(driver.mark, 1)
        expect(not cgroups(launcher), f"cgroups afterwards: {cgroups(launcher)}")
        driver.process.stdin = open(os.devnull, "wb")


def big_environment(setting):
    os.environ["LOWCLOUD_KILL_BIG"] = "x" * 100_000
    try:
        with Driver(setting) as driver:
            driver.start("a", "exit", 4)
            expect(driver.end("a")["status"] == 4 << 8, "a large environment")
    finally:
        del os.environ["LOWCLOUD_KILL_BIG"]


def stale_cgroups(setting):
    if not setting.cgroup or os.geteuid() != 0:
        return "skip"
    with Driver(setting) as driver:
        if "cgroup" not in driver.level[2]:
            return "skip"
        driver.start("a", "hold", memory=64 * MB)
        driver.ready("a")
        place = os.path.dirname(cgroups(driver.launcher())[0])
    stale = os.path.join(place, "lowcloud-999999999-3")
    os.mkdir(stale)
    with Driver(setting):
        expect(not os.path.exists(stale), "the cgroup of a dead launcher stays")


PLAIN = [
    server_stops, launcher_killed, handler_leaves_a_daemon, ends_are_told, exec_errors, memory_limit, peak_memory, paused, directories,
    nothing_accumulates, big_environment, stale_cgroups,
]


def settings(place):
    levels = [("namespace", "namespace"), ("guardian", "guardian")]
    for cgroup in (True, False):
        for title, level in levels:
            yield Setting(f"{title}, {'cgroup' if cgroup else 'polled'}", place, level, cgroup=cgroup)
    if os.geteuid() == 0 and shutil.which("setpriv"):
        for title, level in levels:
            yield Setting(f"{title}, unprivileged", place, level, NOBODY)
        yield Setting("namespace asked, guardian given", place, "guardian", CONFINED, asked="namespace")


def tests(setting):
    # The ways to hide are shown once a level; cgroups have no part in them.
    if not setting.cgroup:
        for misdeed in MISDEEDS if setting.asked == setting.level else ["hold", "daemon"]:
            yield f"server killed, {misdeed}", server_killed, (misdeed,)
            yield f"environment killed, {misdeed}", environment_killed, (misdeed,)
    for test in PLAIN:
        yield test.__name__.replace("_", " "), test, ()


def bench(setting):
    with Driver(setting) as driver:
        driver.say("bench", f"{setting.place}/handler", 500)
        return driver.event("bench", seconds=60)[1:]


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    subprocess.run(["make", "-s", f"{B}/libexec/lowcloud-launcher", f"{B}/tests/kill/driver", f"{B}/tests/kill/handler"]
                   + (["SAN=1"] if "san" in B else []), cwd=harness.ROOT, check=True)
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="lowcloud-kill-") as place:
        os.chmod(place, 0o755)
        for program in ("libexec/lowcloud-launcher", "tests/kill/driver", "tests/kill/handler"):
            shutil.copy(os.path.join(harness.BUILD, program), place)
        for setting in settings(place):
            try:
                with Driver(setting) as driver:
                    level = {"1": "guardian", "2": "namespace"}.get(driver.level[1])
                    described = driver.level[2]
            except (Failure, OSError) as error:
                level, described = None, str(error)
            print(f"{setting.title}: {described}")
            if level != setting.level or (setting.cgroup and "cgroup" not in described):
                print(f"SKIPPED {setting.title}: this machine gives: {described}")
                skipped += 1
                continue
            if "--bench" in sys.argv:
                print("   ", *bench(setting))
                continue
            for name, test, arguments in tests(setting):
                if words and not any(word in f"{setting.title} {name}" for word in words):
                    continue
                try:
                    result = test(setting, *arguments)
                    if result != "skip":
                        passed += 1
                        print(f"  ok  {name} {result or ''}")
                except (Failure, OSError) as error:
                    failed += 1
                    print(f"  FAILED  {setting.title}: {name}: {error}")
                sys.stdout.flush()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
