#!/usr/bin/env python3
"""Runs javascript/test.mjs, from the folder where the SDK is installed, against a server of its own: javascript.py NODE."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import harness  # noqa: E402
from packages import zipped  # noqa: E402

HANDLER = """
exports.handler = async (event) => {
  if (event.raise) throw new Error(event.raise);
  console.log('got', event);
  return { got: event };
};
exports.web = async (event) => ({ statusCode: 203, body: `${event.rawPath} ${event.rawQueryString}` });
"""


def main():
    node = sys.argv[1] if len(sys.argv) > 1 else shutil.which("node")
    installed = os.path.join(harness.ROOT, "build", "clients", "javascript")
    script = os.path.join(installed, "test.mjs")
    shutil.copy(os.path.join(HERE, "javascript", "test.mjs"), script)  # modules are found from where the script is
    with harness.Server(seed=1) as server, tempfile.TemporaryDirectory(prefix="lowcloud-js-") as work:
        package = os.path.join(work, "function.zip")
        with open(package, "wb") as out:
            out.write(zipped(index_js=HANDLER))
        done = subprocess.run(
            [node, script], cwd=installed, env=server.environment(FUNCTION_ZIP=package), timeout=300 * harness.PATIENCE, check=False
        )
        if done.returncode:
            print(server.log(20))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
