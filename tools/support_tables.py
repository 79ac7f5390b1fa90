#!/usr/bin/env python3
"""Writes the support tables of docs/*.md from the tables of the program; --check only compares.

A page has a pair of lines `<!-- support NAME -->` and `<!-- end of support -->`; what stands between them is what `lowcloud support NAME --markdown` prints.
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARKED = re.compile(r"(<!-- support (\S+) -->\n).*?(<!-- end of support -->)", re.DOTALL)


def table(name):
    binary = os.path.join(ROOT, os.environ.get("BUILD", "build"), "lowcloud")
    return subprocess.run([binary, "support", name, "--markdown"], stdout=subprocess.PIPE, text=True, check=True).stdout


def main():
    stale = []
    for path in sorted(glob.glob(os.path.join(ROOT, "docs", "*.md"))):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        wanted = MARKED.sub(lambda match: match.group(1) + "\n" + table(match.group(2)) + "\n" + match.group(3), text)
        if wanted == text:
            continue
        stale.append(os.path.relpath(path, ROOT))
        if "--check" not in sys.argv:
            with open(path, "w", encoding="utf-8") as file:
                file.write(wanted)
    if stale and "--check" in sys.argv:
        print("support tables are not up to date (make docs): " + ", ".join(stale))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
