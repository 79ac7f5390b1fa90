#!/usr/bin/env python3
"""Checks the shape of the house: floors, doors, forbidden calls, file sizes, machine paths. Prints what breaks; status 1 then.

Floors, lowest first; a file includes from its own folder or from a lower floor, a service never from another service:
    base < loop < store < http < aws < control < services/NAME < cli
"""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FLOORS = ["emulator/base", "emulator/loop", "emulator/store", "emulator/http", "emulator/aws", "emulator/control", "services", "cli"]
PRODUCT = ("emulator/", "services/", "cli/")
# Programs of their own, exec'd by the server: the one-thread rules about time are not theirs.
STANDALONE = ("emulator/loop/launcher/", "services/lambda/unpack/", "services/lambda/stdio/")
LINES = 600

# (what, pattern on code, where it is allowed)
DOORS = [
    ("libmicrohttpd", r"<microhttpd\.h>|\bMHD_\w+\s*\(", r"emulator/http/server[^/]*\.[ch]"),
    ("cJSON", r"<cjson/|\bcJSON\w*\b", r"emulator/base/json\.c"),
    ("SQLite", r"<sqlite3\.h>|\bsqlite3_\w+\s*\(", r"emulator/store/[^/]+\.[ch]"),
    ("epoll", r"\bepoll_(?:create1?|ctl|p?wait2?)\s*\(", r"emulator/loop/.+\.c"),
    ("libuuid", r"<uuid/|\buuid_generate\w*\s*\(", r"emulator/base/id\.c"),
    (
        "randomness",
        r"\b(?:s?random|s?rand|rand_r|[del]rand48|getrandom|getentropy|arc4random\w*|RAND_bytes)\s*\(|/dev/u?random",
        r"emulator/base/id\.c",
    ),
    (
        "the time of day",
        r"\b(?:time|clock_gettime|gettimeofday|timespec_get|clock|ftime)\s*\(",
        r"emulator/loop/clock\.c|(?:" + "|".join(STANDALONE) + r").*",
    ),
]
FORBIDDEN = re.compile(
    r"\b(sleep|usleep|nanosleep|clock_nanosleep|popen|system|strcpy|strcat|v?sprintf|strtok(?:_r)?|gets|atoi|atol|atoll|atof)\s*\("
)
# A format or a buffer call that writes JSON or XML by hand: the writers of emulator/base do that.
HAND_MADE = re.compile(r'"(?:[^"\\]|\\.)*(?:\{\\"|\\":|</\w+>)(?:[^"\\]|\\.)*"')
# Written in pieces, so that this file does not break its own rule.
PATHS = re.compile("|".join(["/wo" + r"rk/(?:main|shared|\.)", "/ro" + r"ot/", "/ho" + r"me/\w", r"\.py" + "env", r"\.\./sha" + "red/"]))


def tracked():
    """What git has or would take; without git, everything but the build directories."""
    try:
        out = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        )
        names = out.stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders if name not in (".git", "build", "build-san", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return sorted(name for name in names if name and os.path.isfile(os.path.join(ROOT, name)))


def floor_of(path):
    for number, floor in enumerate(FLOORS):
        if path.startswith(floor + "/"):
            return number
    return None


def service_of(path):
    return path.split("/")[1] if path.startswith("services/") and path.count("/") >= 2 else None


def blank(match):
    """A comment or a literal of the same lines, without its content."""
    text = match[0]
    if text[0] in "\"'":
        return text[0] + text[0]
    return "\n" * text.count("\n") or " "


TOKENS = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.DOTALL)


def code_of(text):
    """C without comments and literals, line for line; include lines stay as they are."""
    kept = []
    for line, stripped in zip(text.split("\n"), TOKENS.sub(blank, text).split("\n")):
        kept.append(line if re.match(r"\s*#\s*include\b", line) else stripped)
    return kept


def is_generated(text):
    return any("generated" in line.lower() for line in text.split("\n")[:5])


def check_includes(path, lines, complain):
    mine, service = floor_of(path), service_of(path)
    for number, line in enumerate(lines, 1):
        found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not found:
            continue
        target = found[1]
        if floor_of(target) is None:
            beside = os.path.normpath(os.path.join(os.path.dirname(path), target))
            if os.path.isfile(os.path.join(ROOT, beside)):
                target = beside
            elif not os.path.isfile(os.path.join(ROOT, target)):
                continue  # made by the build
        theirs = floor_of(target)
        if theirs is None:
            complain(path, number, f"includes {target}, which stands on no floor")
        elif theirs > mine:
            complain(path, number, f"includes {target} from a higher floor")
        elif service and service_of(target) not in (service, None):
            complain(path, number, f"includes {target}: services call each other's API, never their headers")


def check_code(path, text, lines, complain):
    for number, line in enumerate(lines, 1):
        for what, pattern, allowed in DOORS:
            if re.search(pattern, line) and not re.fullmatch(allowed, path):
                complain(path, number, f"{what} has one door ({allowed.split('|')[0]}): {line.strip()}")
        found = FORBIDDEN.search(line)
        if found:
            complain(path, number, f"{found[1]}() is not allowed")
    if path.startswith("services/") and not path.startswith(STANDALONE):
        without_comments = re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
        for number, line in enumerate(without_comments.split("\n"), 1):
            found = HAND_MADE.search(line)
            if found and ("%" in found[0] or re.search(r"\b(?:buffer_\w+|arena_print|snprintf)\s*\(", line)):
                complain(path, number, f"JSON or XML is built by hand: {found[0]}")


def main():
    problems = []

    def complain(path, number, what):
        problems.append(f"{path}:{number}: {what}")

    count = 0
    for path in tracked():
        try:
            with open(os.path.join(ROOT, path), encoding="utf-8") as source:
                text = source.read()
        except UnicodeDecodeError:
            continue  # a binary fixture
        count += 1
        for number, line in enumerate(text.split("\n"), 1):
            if PATHS.search(line):
                complain(path, number, f"a path of somebody's machine: {line.strip()[:120]}")
        if re.search(r"\.(c|h|py|sh|js|mjs|cjs)$", path) and not is_generated(text):
            length = text.count("\n")
            if length > LINES:
                complain(path, length, f"has {length} lines; {LINES} are allowed: look for the second noun")
        if path.endswith((".c", ".h")) and path.startswith(PRODUCT):
            lines = code_of(text)
            check_includes(path, lines, complain)
            check_code(path, text, lines, complain)
    for problem in problems:
        print(problem)
    print(f"layers: {count} files, {len(problems)} broken rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
