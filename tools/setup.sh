#!/usr/bin/env bash
# Installs what packages.txt names and this machine lacks, through apt-get: as root, or with sudo. Quick when nothing is missing.
set -eu
cd "$(dirname "$0")/.."

command -v dpkg-query >/dev/null || { echo "setup: this machine has no dpkg; install the counterparts of packages.txt by hand" >&2; exit 1; }
missing=()
while read -r name; do
    case "$name" in ''|'#'*) continue ;; esac
    # A python3-venv or a clang of another version counts by its own package only.
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] && continue
    [ "$name" = npm ] && command -v npm >/dev/null && continue # some builds of Node.js bring their own
    missing+=("$name")
done <packages.txt
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: missing: ${missing[*]}; install them as root with apt-get" >&2; exit 1; }
    as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
available=()
for name in "${missing[@]}"; do
    # A release may have dropped a package that only the tests use: they skip what they lack, and count it.
    if apt-cache show "$name" >/dev/null 2>&1; then
        available+=("$name")
    else
        echo "setup: this release has no package $name" >&2
    fi
done
[ ${#available[@]} -eq 0 ] && exit 0
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${available[@]}" >/dev/null
