"""Zips that are none, lie, climb or explode, through CreateFunction. facts/lambda.md 2.3 for the limits."""
import base64
import io
import json
import struct
import zipfile
import zlib

from packaged import BOOTSTRAP_PACKAGE
from peer import ask, clear, expect, zipped

MB = 1024 * 1024
CODES = "SerializationException|InvalidParameterValueException|InvalidRequestContentException|RequestEntityTooLargeException|InvalidZipFileException|CodeStorageExceededException"


def refused(world, package, what):
    """Refused by CreateFunction, or the function has failed by the time that it is invoked; never run."""
    name = "zip"
    answer = world.create(name, package)
    if answer.status == 201:
        later = world.invoke(name)
        expect(later.status != 200 or later.headers.get("x-amz-function-error") == "Unhandled", f"{what}: it ran: {later!r}")
        clear(later, 200, 400, 409, 502)
        clear(world.delete_function(name), 204)
    else:
        clear(answer, 400, 413, code=CODES)
    return answer


def raw_zip(name, data, method=0, sizes=None, flags=0, crc=None, external=0o100755 << 16, count=1, offset=0):
    """A zip of one entry whose every figure can lie."""
    packed = zlib.compress(data)[2:-4] if method == 8 else data
    crc = zlib.crc32(data) if crc is None else crc
    packed_size, size = sizes or (len(packed), len(data))
    local = struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, flags, method, 0, 33, crc, packed_size, size, len(name), 0) + name + packed
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 0x031e, 20, flags, method, 0, 33, crc, packed_size, size, len(name), 0, 0, 0, 0, external, offset) + name
    return local + central + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, count, count, len(central), len(local), 0)


def case_no_zip(world):
    good = BOOTSTRAP_PACKAGE
    for what, package in (("garbage", b"garbage" * 1000), ("one byte", b"P"), ("nothing", b""), ("PK", b"PK\3\4"), ("cut", good[:len(good) // 2]), ("cut at the end", good[:-1]),
                          ("only the end", good[-22:]), ("an empty archive", b"PK\5\6" + b"\0" * 18), ("zeros", b"\0" * 100000), ("gzip", b"\x1f\x8b\x08" + b"\0" * 100),
                          ("damaged data", good[:60] + bytes(byte ^ 0x55 for byte in good[60:200]) + good[200:]), ("no base64", "!!!not base64!!!"), ("half base64", "UEsDB"),
                          ("a wrong checksum", raw_zip(b"bootstrap", b"#!/bin/sh\n", crc=1)), ("an encrypted entry", raw_zip(b"bootstrap", b"#!/bin/sh\n", flags=1)),
                          ("an unknown method", raw_zip(b"bootstrap", b"#!/bin/sh\n", method=99)), ("a lying count", raw_zip(b"bootstrap", b"#!/bin/sh\n", count=65535)),
                          ("a lying offset", raw_zip(b"bootstrap", b"#!/bin/sh\n", offset=0x7fffffff)), ("lying sizes", raw_zip(b"bootstrap", b"x", sizes=(0x7fffffff, 0x7fffffff)))):
        refused(world, package, what)
    for code in ({}, {"ZipFile": ""}, {"ZipFile": None}, {"ZipFile": 5}, {"ZipFile": ["x"]}, {"S3Bucket": "b"}, {"S3Key": "k"}, {"S3Bucket": "no-such-bucket", "S3Key": "k"},
                 {"S3Bucket": "../x", "S3Key": "../../etc/passwd"}, {"S3Bucket": "hot-reload", "S3Key": "relative"}, {"S3Bucket": "hot-reload", "S3Key": "/no/such/directory"},
                 {"S3Bucket": "hot-reload", "S3Key": "/etc/passwd"}, {"S3Bucket": "hot-reload", "S3Key": "/" + "a" * 1000}, {"S3Bucket": "b", "S3Key": "k", "ZipFile": "UEs="},
                 {"ImageUri": "x"}, [], "x", None):
        body = {"FunctionName": "nozip", "Runtime": "provided.al2023", "Handler": "h", "Role": "arn:aws:iam::000000000000:role/r", "Code": code}
        clear(ask(world.port, "POST", "/2015-03-31/functions", json.dumps(body)), 400, 404, 501)


def case_zip_that_climbs(world):
    link = 0o120777 << 16
    for what, files in (("dots", {"../../../../tmp/lowcloud-hostile-escape": "x", "bootstrap": "#!/bin/sh\n"}), ("absolute", {"/tmp/lowcloud-hostile-escape": "x", "bootstrap": "#!/bin/sh\n"}),
                        ("backslashes", {"..\\..\\tmp\\lowcloud-hostile-escape": "x"}), ("drive", {"C:\\x": "x"}), ("a link out", {"link": ("/etc/passwd", link), "bootstrap": "#!/bin/sh\n"}),
                        ("a link up", {"link": ("../../..", link), "bootstrap": "#!/bin/sh\n"}), ("through a link", {"link": ("/tmp", link), "link/lowcloud-hostile-escape": "x"}),
                        ("a link to itself", {"bootstrap": ("bootstrap", link)}), ("a device", {"null": ("", 0o020666 << 16), "bootstrap": "#!/bin/sh\n"}),
                        ("a fifo", {"bootstrap": ("", 0o010666 << 16)}), ("a name of nothing", {"": "x"}), ("a file as directory", {"a": "x", "a/b": "y"}),
                        ("dots in the middle", {"a/../../../b": "x"})):
        refused(world, zipped(files), what)
    refused(world, raw_zip(b"boot\0strap", b"#!/bin/sh\n"), "a null in the name")
    refused(world, raw_zip(b"a/" * 5000, b"x"), "a deep name")
    import os
    expect(not os.path.exists("/tmp/lowcloud-hostile-escape"), "a package wrote outside of its directory")


def case_zip_that_explodes(world):
    """A bomb is refused by what it says and by what it does; one that is too large as sent, at the door."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("bomb", "w") as out:
            for _ in range(260):
                out.write(b"\0" * MB)
    clear(refused(world, data.getvalue(), "a bomb"), 400, 413)
    packed = zlib.compress(b"\0" * (300 * MB), 1)[2:-4] if not world.short else zlib.compress(b"\0" * (40 * MB))[2:-4]
    liar = struct.pack("<IHHHHHIIIHH", 0x04034b50, 20, 0, 8, 0, 33, 0, len(packed), 10, 4, 0) + b"bomb" + packed
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 0x031e, 20, 0, 8, 0, 33, 0, len(packed), 10, 4, 0, 0, 0, 0, 0o100755 << 16, 0) + b"bomb"
    refused(world, liar + central + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 1, 1, len(central), len(liar), 0), "a bomb that says it is small")
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(20000 if world.short else 65535):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    answer = world.create("many", many.getvalue())
    clear(answer, 201, 400, 413)
    world.delete_function("many")
    if not world.short:
        large = base64.b64encode(zipped({"bootstrap": "x"}) + b"\0" * (51 * MB)).decode()
        clear(world.create("large", large), 413, code="RequestEntityTooLargeException")


def case_bootstraps_that_cannot_run(world):
    for what, files, error in (("none", {"other": "x"}, "Runtime.InvalidEntrypoint"), ("a directory", {"bootstrap/": ""}, "Runtime.InvalidEntrypoint"),
                               ("no interpreter", {"bootstrap": "#!/no/such/interpreter\n"}, "Runtime.InvalidEntrypoint"), ("no program", {"bootstrap": b"\x7fELF\0\0\0"}, "Runtime.InvalidEntrypoint"),
                               ("empty", {"bootstrap": b""}, None)):
        world.make("cannot", zipped(files))
        answer = clear(world.invoke("cannot"), 200)
        expect(answer.headers.get("x-amz-function-error") == "Unhandled", f"{what}: {answer!r}")
        expect(error is None or answer.json()["errorType"] == error, f"{what}: {answer!r}")
        world.delete_function("cannot")
    world.make("cannot", zipped({"bootstrap": "#!/bin/sh\n"}, mode=0o644))
    answer = clear(world.invoke("cannot"), 200)
    expect(answer.json()["errorType"] == "Runtime.InvalidEntrypoint", f"not executable: {answer!r}")
    world.delete_function("cannot")
    for runtime, handler, error in (("python3.12", "no.such", "Runtime.ImportModuleError"), ("python3.12", "..", None), ("python3.12", "a.%s%n", None), ("nodejs20.x", "../../etc.passwd", None)):
        answer = world.create("cannot", zipped({"a.py": "x = 1\n"}), runtime=runtime, handler=handler)
        if clear(answer, 201, 400).status == 201:
            answer = clear(world.invoke("cannot"), 200)
            expect(answer.headers.get("x-amz-function-error") == "Unhandled", f"{handler}: {answer!r}")
            expect(error is None or answer.json()["errorType"] == error, f"{handler}: {answer!r}")
            world.delete_function("cannot")


CASES = [value for name, value in sorted(globals().items()) if name.startswith("case_")]
