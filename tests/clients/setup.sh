#!/bin/bash
# Installs the new generation of clients into build/clients: boto3 and the AWS CLI in a virtual environment, the AWS SDK for JavaScript v3
# beside them, all pinned. Quick when it has been done for the same pins. Prints one line for each: `ready NAME` or `missing NAME: why`;
# the status is 0 either way. Debian's own packages (the old generation) are not touched.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
clients=$root/build/clients
python=/usr/bin/python3
mkdir -p "$clients"

stamp() { cat "$@" | sha256sum | cut -d' ' -f1; }

install_python() {
    local want=$1 log=$clients/python.log
    [ "$(cat "$clients/venv/.pins" 2>/dev/null)" = "$want" ] && return 0
    rm -rf "$clients/venv"
    "$python" -m venv "$clients/venv" >"$log" 2>&1 || return 1
    timeout 300 "$clients/venv/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
        -r "$here/requirements.txt" >>"$log" 2>&1 || return 1
    echo "$want" >"$clients/venv/.pins"
}

install_javascript() {
    local want=$1 package=$2 log=$clients/javascript.log
    [ "$(cat "$clients/javascript/.pins" 2>/dev/null)" = "$want" ] && return 0
    rm -rf "$clients/javascript"
    mkdir -p "$clients/javascript"
    cp "$package" "$clients/javascript/package.json"
    (cd "$clients/javascript" && timeout 300 npm install --no-package-lock --no-audit --no-fund --no-update-notifier --loglevel=error \
        --fetch-retries=1 --fetch-timeout=20000) >"$log" 2>&1 || return 1
    echo "$want" >"$clients/javascript/.pins"
}

if ! [ -x "$python" ]; then
    echo "missing python: there is no $python"
elif install_python "$(stamp "$here/requirements.txt")"; then
    echo "ready python"
else
    echo "missing python: $(tail -n 1 "$clients/python.log")"
fi

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "missing javascript: there is no node or no npm"
else
    # The current SDK wants Node.js 20; Debian 12 has 18, for which the last SDK that supports it is taken.
    package=$here/javascript/package.json
    [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ] && package=$here/javascript/package-node18.json
    if install_javascript "$(stamp "$package")" "$package"; then
        echo "ready javascript"
    else
        echo "missing javascript: $(tail -n 1 "$clients/javascript.log")"
    fi
fi
