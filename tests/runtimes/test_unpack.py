#!/usr/bin/env python3
"""lowcloud-unpack against good, odd and hostile archives. The rules tested are those at the top of services/lambda/unpack/main.c."""
import io
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import harness  # noqa: E402

UNPACK = os.path.join(harness.BUILD, "libexec", "lowcloud-unpack")
LIMIT = 262144000  # AWS's 250 MB


def entry(name, mode=0o644, system=3, kind=stat.S_IFREG):
    info = zipfile.ZipInfo("x", (2024, 5, 6, 7, 8, 10))
    info.filename = name  # as it is: ZipInfo() would change it
    info.create_system = system
    info.external_attr = (kind | mode) << 16 if system == 3 else 0
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def archive(*entries):
    """Entries are (name or ZipInfo, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name if isinstance(name, zipfile.ZipInfo) else entry(name), content)
    return out.getvalue()


def link(name, target):
    return entry(name, 0o777, kind=stat.S_IFLNK), target


class Place:
    def __enter__(self):
        # In memory where there is such a place: two tests make 100,000 files.
        self.path = tempfile.mkdtemp(prefix="lowcloud-unpack-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.target = os.path.join(self.path, "package")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def unpack(self, data, limit=LIMIT, by_input=False, arguments=None):
        file = os.path.join(self.path, "archive")
        with open(file, "wb") as out:
            out.write(data)
        with open(file, "rb") as source:
            run = subprocess.run(
                [UNPACK] + (arguments or ["-" if by_input else file, self.target, str(limit)]),
                stdin=source if by_input else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60 * harness.PATIENCE,
            )
        os.unlink(file)
        text = run.stdout.decode()
        assert text.count("\n") == (1 if text else 0), text
        assert b"Sanitizer" not in run.stderr, run.stderr.decode()
        return run.returncode, text.split(" ", 1)[0], text.strip()

    def good(self, data, **options):
        status, word, text = self.unpack(data, **options)
        assert (status, word) == (0, "OK"), text
        assert os.listdir(self.path) == ["package"], os.listdir(self.path)
        return int(text.split()[1])

    def bad(self, wanted, data, **options):
        status, word, text = self.unpack(data, **options)
        assert status == 1 and word == wanted, f"{wanted} expected: {status} {text}"
        assert os.listdir(self.path) == [], f"left behind: {os.listdir(self.path)}"
        return text

    def read(self, name):
        with open(os.path.join(self.target, name), "rb") as file:
            return file.read()

    def mode(self, name):
        return stat.S_IMODE(os.lstat(os.path.join(self.target, name)).st_mode)


def test_contents_modes_and_size():
    with Place() as place:
        big = os.urandom(300_000) + b"\0" * 3_000_000
        data = archive(("handler.py", b"x = 1\n"), (entry("bin/bootstrap", 0o755), b"#!/bin/sh\n"), ("a/b/c/big", big), ("empty", b""),
                       (entry("made/", 0o700, kind=stat.S_IFDIR), b""), (entry("secret", 0o600), b"s"))
        assert place.good(data) == 6 + 10 + len(big) + 1
        assert place.read("a/b/c/big") == big and place.read("empty") == b""
        assert place.mode("handler.py") == 0o444 and place.mode("bin/bootstrap") == 0o555 and place.mode("secret") == 0o444
        assert place.mode("made") == 0o755 and place.mode("a/b") == 0o755 and place.mode(".") == 0o755


def test_from_standard_input():
    with Place() as place:
        place.good(archive(("f", b"data")), by_input=True)
        assert place.read("f") == b"data"


def test_entries_without_a_unix_mode():
    with Place() as place:
        place.good(archive((entry("file", system=0), b"1"), (entry("dir/", system=0), b""), (entry("dir/file", 0, kind=0), b"2")))
        assert place.mode("file") == 0o444 and place.mode("dir") == 0o755 and place.mode("dir/file") == 0o444


def test_backslashes_are_slashes():
    with Place() as place:
        place.good(archive((entry("lib\\inner\\file.txt", system=0), b"1"), ("./x//y/./z", b"2")))
        assert place.read("lib/inner/file.txt") == b"1" and place.read("x/y/z") == b"2"


def test_names_in_utf_8():
    with Place() as place:
        place.good(archive(("größe/日本.txt", b"1")))
        assert place.read("größe/日本.txt") == b"1"


def test_links_that_stay_inside():
    with Place() as place:
        place.good(archive(("lib/tool.js", b"tool"), link("bin/tool", "../lib/tool.js"), link("here", "lib"), link("deep/er/up", "../../lib/tool.js")))
        assert os.readlink(os.path.join(place.target, "bin/tool")) == "../lib/tool.js"
        assert place.read("bin/tool") == place.read("here/tool.js") == place.read("deep/er/up") == b"tool"


def test_an_entry_that_comes_twice_replaces_the_first():
    with Place() as place:
        place.good(archive(("f", b"first"), ("f", b"second"), link("l", "f"), ("l", b"file")))
        assert place.read("f") == b"second" and place.read("l") == b"file" and not os.path.islink(os.path.join(place.target, "l"))


def test_paths_that_lead_out():
    for name in ("/etc/passwd", "../out", "a/../../out", "a/..", "..", "\\out", "..\\out", "C:\\out", "c:/out", "/"):
        with Place() as place:
            place.bad("UNSAFE_PATH", archive(("good", b"1"), (name, b"2")))


def test_links_that_lead_out():
    for name, target in (("l", "/etc"), ("l", ".."), ("l", "../x"), ("a/l", "../../x"), ("a/l", "b/../../.."), ("l", "a/.."), ("l", ""), ("a/b/l", "../../../x")):
        with Place() as place:
            place.bad("UNSAFE_PATH", archive(link(name, target)))


def test_nothing_is_written_through_a_link():
    with Place() as place:
        place.bad("UNSAFE_PATH", archive(("dir/f", b"1"), link("l", "dir"), ("l/f", b"2")))
        place.bad("UNSAFE_PATH", archive(("f", b"1"), ("f/g", b"2")))
        place.bad("UNSAFE_PATH", archive(("d/f", b"1"), ("d", b"2")))


def test_devices():
    # Not S_IFIFO: libarchive tells of an empty file, which does no harm.
    for kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
        with Place() as place:
            place.bad("UNSAFE_PATH", archive((entry("device", 0o666, kind=kind), b"")))


def test_what_is_no_zip():
    good = archive(("file", os.urandom(20_000)), ("other", b"x"))
    with Place() as place:
        for data in (b"", b"PK", b"not a zip at all" * 1000, good[: len(good) // 2], archive(), b"\x1f\x8b" + os.urandom(100)):
            place.bad("NOT_A_ZIP", data)
        # The content does not match its checksum, or is cut.
        place.bad("NOT_A_ZIP", good[:5000] + bytes([good[5000] ^ 1]) + good[5001:])


def test_encrypted_entries():
    data = bytearray(archive(("file", b"content")))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = data.index(signature) + offset
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | 1)
    with Place() as place:
        place.bad("ENCRYPTED", bytes(data))


def test_the_limit_is_exact():
    with Place() as place:
        data = archive(("a", b"x" * 600), ("b", b"y" * 400))
        place.bad("TOO_LARGE", data, limit=999)
        assert place.good(data, limit=1000) == 1000


def test_a_bomb_that_lies_about_its_size():
    data = bytearray(archive(("bomb", b"\0" * 50_000_000)))
    assert len(data) < 100_000
    # 1,000 bytes, say both headers.
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", data, data.index(signature) + offset, 1000)
    with Place() as place:
        status, word, text = place.unpack(bytes(data), limit=1_000_000)
        assert status == 1 and word in ("TOO_LARGE", "NOT_A_ZIP"), text
        assert os.listdir(place.path) == []
        place.bad("TOO_LARGE", archive(("bomb", b"\0" * 50_000_000)), limit=1_000_000)


def test_too_many_entries_and_directories():
    def many(names):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name in names:
                info = entry(name)
                info.compress_type = zipfile.ZIP_STORED
                file.writestr(info, b"")
        return out.getvalue()

    with Place() as place:
        place.bad("TOO_LARGE", many(f"f{i}" for i in range(100_001)))
        place.bad("TOO_LARGE", many(f"{i}/" + "d/" * 100 + "f" for i in range(1001)))


def test_long_names():
    with Place() as place:
        place.good(archive(("/".join(["d" * 100] * 30) + "/f", b"1")))
    with Place() as place:
        place.bad("UNSAFE_PATH", archive(("n" * 256, b"1")))
        place.bad("UNSAFE_PATH", archive(("d/" * 2100 + "f", b"1")))
        place.bad("UNSAFE_PATH", archive(("d/" * 128 + "f", b"1")))
        place.good(archive(("d/" * 127 + "f", b"1")))


def test_a_hostile_name_does_not_break_the_line():
    with Place() as place:
        text = place.bad("UNSAFE_PATH", archive(("../a\nOK 5\x1b[31m", b"1")))
        assert "\x1b" not in text and text.startswith("UNSAFE_PATH")


def test_an_existing_package_is_kept():
    with Place() as place:
        place.good(archive(("f", b"first")))
        place.good(archive(("f", b"first")))
        assert place.read("f") == b"first"


def test_a_directory_that_cannot_be_made():
    with Place() as place:
        place.target = os.path.join(place.path, "no", "such", "place")
        status, word, _ = place.unpack(archive(("f", b"1")))
        assert (status, word) == (1, "IO")


def test_usage():
    with Place() as place:
        for arguments in ([], ["a", "b"], ["a", "b", "x"], ["a", "b", "-1"], ["a", "b", ""]):
            assert place.unpack(b"", arguments=arguments)[0] == 2 if arguments else True


def test_told_to_stop_it_leaves_nothing():
    with Place() as place:
        file = os.path.join(place.path, "archive")
        with open(file, "wb") as out:
            out.write(archive(*((f"f{i}", b"\0" * 5_000_000) for i in range(40))))
        process = subprocess.Popen([UNPACK, file, place.target, str(LIMIT)], stdout=subprocess.PIPE)
        while len(os.listdir(place.path)) < 2 and process.poll() is None:
            pass
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
        assert sorted(os.listdir(place.path)) == (["archive"] if process.returncode else ["archive", "package"]), (out, os.listdir(place.path))


def main():
    warnings.simplefilter("ignore")  # about names that come twice, on purpose
    passed = failed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test()
            passed += 1
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAILED {name}: {error!r}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
