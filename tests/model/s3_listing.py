#!/usr/bin/env python3
"""Random walks over a bucket, each listing compared with a plain Python model that shares nothing with the server.

    tests/model/s3_listing.py [--short] [--seed N] [--steps N]

So that a model which sees nothing is noticed, each of its rules is then broken on purpose, and the same walks must differ. The last line is the
count; a failure prints the seed and the last steps.
"""
import argparse
import os
import random
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

import harness  # noqa: E402


class Differs(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Differs(text)


# --- S3 listing -----------------------------------------------------------------------------------------------------------------


class S3Model:
    """Keys of a bucket and the two listings. Sources: ListObjectsV2 and ListObjects in the API reference."""

    RULES = {"byte_order": True, "prefixes_count": True, "skip_whole_prefix": True, "marker_is_exclusive": True}
    BROKEN = {"byte_order": False, "prefixes_count": False, "skip_whole_prefix": False, "marker_is_exclusive": False}

    def __init__(self, rules):
        self.rules = dict(self.RULES, **rules)
        self.keys = {}

    def page(self, prefix, delimiter, after, most, skips):
        """([keys and prefixes in order], truncated, last) after `after`: a key, or, when it skips, a common prefix whose keys are all passed over. A marker
        and a continuation token skip; start-after is but a key."""
        order = (lambda key: key.encode()) if self.rules["byte_order"] else (lambda key: (key.lower(), key))
        found, seen = [], set()
        for key in sorted(self.keys, key=order):
            if not key.startswith(prefix):
                continue
            if after is not None and (order(key) < order(after) or (key == after and self.rules["marker_is_exclusive"])):
                continue
            common = None
            if delimiter and delimiter in key[len(prefix) :]:
                common = prefix + key[len(prefix) :].split(delimiter)[0] + delimiter
                if self.rules["skip_whole_prefix"] and skips and after is not None and after == common:
                    continue
            entry = (common, True) if common else (key, False)
            if entry in seen:
                continue
            counted = len([e for e in found if self.rules["prefixes_count"] or not e[1]])
            if counted >= most:
                return found, True, found[-1][0]
            seen.add(entry)
            found.append(entry)
        return found, False, None


ALPHABET = ("a", "b", "/", "c", "ü", "Z", " ", "+", "😀", "%", "&", "0")


class S3Walk:
    def __init__(self, server, seed, rules):
        self.server, self.random, self.model = server, random.Random(seed), S3Model(rules)
        self.trail = []
        server.reset()
        server.request("PUT", "/bucket")

    def note(self, text):
        self.trail.append(text)

    def word(self, most):
        return "".join(self.random.choice(ALPHABET) for _ in range(self.random.randint(1, most)))

    def step(self):
        choice = self.random.choices(("put", "delete", "list"), (5, 1, 4))[0]
        getattr(self, choice)()

    @staticmethod
    def path(key):
        return "/bucket/" + urllib.parse.quote(key, safe="/")

    def put(self):
        key, body = self.word(5), self.word(3).encode()
        self.note(f"put {key!r}")
        status, _, text = self.server.request("PUT", self.path(key), body)
        expect(status == 200, f"put {key!r}: {status} {text}")
        self.model.keys[key] = body
        status, _, text = self.server.request("GET", self.path(key))
        expect((status, text) == (200, body), f"get {key!r}: {status} {text!r}, put {body!r}")

    def delete(self):
        if self.model.keys:
            key = self.random.choice(sorted(self.model.keys))
            self.note(f"delete {key!r}")
            expect(self.server.request("DELETE", self.path(key))[0] == 204, f"delete {key!r}")
            del self.model.keys[key]

    def list(self):
        version = self.random.choice((1, 2))
        prefix = self.random.choice(("", "", "a", "a/", "ü", self.word(2)))
        delimiter = self.random.choice(("", "/", "/", "b", "/a"))
        most = self.random.choice((1, 2, 3, 7, 1000))
        start = self.random.choice((None, None, None, self.word(2)))
        after, token = start, None
        self.note(f"list v{version} prefix={prefix!r} delimiter={delimiter!r} most={most} after={start!r}")
        for _ in range(len(self.model.keys) + 2):
            query = {"prefix": prefix, "max-keys": most, "encoding-type": "url"}
            if delimiter:
                query["delimiter"] = delimiter
            if version == 2:
                query["list-type"] = 2
                query.update({"continuation-token": token} if token else {"start-after": start} if start else {})
            elif after is not None:
                query["marker"] = after
            status, _, body = self.server.request("GET", "/bucket?" + urllib.parse.urlencode(query))
            expect(status == 200, f"list {query}: {status} {body}")
            wanted, more, last = self.model.page(prefix, delimiter, after, most, version == 1 or token is not None)
            found, truncated, token, marker = self.read(body)
            self.note(f"  -> {found} {truncated}")
            expect(sorted(found) == sorted(wanted), f"the page has {found}, the model {wanted}")
            keys = [name for name, is_prefix in found if not is_prefix]
            expect(keys == sorted(keys, key=lambda key: key.encode()), f"keys out of order: {keys}")
            expect(truncated == more, f"IsTruncated is {truncated}, the model says {more}")
            if not more:
                return
            if version == 1 and delimiter:
                expect(marker == last, f"NextMarker is {marker!r}, the model says {last!r}")
            if version == 2:
                expect(token, "no NextContinuationToken on a truncated page")
            after = last
        raise Differs("the listing does not come to an end")

    @staticmethod
    def read(body):
        root = ElementTree.fromstring(body)
        space = root.tag.split("}")[0] + "}"
        text = lambda name: (lambda node: None if node is None else urllib.parse.unquote(node.text or ""))(root.find(space + name))  # noqa: E731
        found = [(urllib.parse.unquote(node.find(space + "Key").text), False) for node in root.iter(space + "Contents")]
        found += [(urllib.parse.unquote(node.find(space + "Prefix").text), True) for node in root.iter(space + "CommonPrefixes")]
        token = root.find(space + "NextContinuationToken")
        return found, text("IsTruncated") == "true", None if token is None else token.text, text("NextMarker")


# --- running --------------------------------------------------------------------------------------------------------------------


def walk(server, seed, steps, rules):
    """None, or what differed."""
    going = S3Walk(server, seed, rules)
    try:
        for _ in range(steps):
            going.step()
    except Differs as difference:
        return f"{difference}\n        " + "\n        ".join(going.trail[-12:])
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="a few walks instead of many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=400)
    given = parser.parse_args()
    walks = 4 if given.short else 40
    passed = failed = 0
    with harness.Server(clock="frozen@2026-01-02T03:04:05Z", seed=1) as server:
        for seed in range(given.seed, given.seed + walks):
            difference = walk(server, seed, given.steps, {})
            passed, failed = passed + (difference is None), failed + (difference is not None)
            if difference:
                print(f"FAILED  --seed {seed}: {difference}", flush=True)
        for rule, wrong in S3Model.BROKEN.items():
            # Some walk must come to a place where the rule matters.
            noticed = any(walk(server, seed, given.steps, {rule: wrong}) for seed in range(given.seed, given.seed + 5))
            passed, failed = passed + noticed, failed + (not noticed)
            if not noticed:
                print(f"FAILED  a broken rule is not noticed: {rule}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
