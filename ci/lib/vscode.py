"""The extension in Visual Studio Code: its server is that of the npm package `code-server`, its window one of Chromium.

Both, and the driver of the window, are installed under target/editors: 300 MB, in a minute.
"""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

from built import ROOT, TARGET, compiler

# The last one for Node.js 20, with VS Code 1.100.
_SERVER = "code-server@4.100.3"
_DRIVER = "playwright-core@1.64.1"
_HERE = TARGET / "editors/vscode"
_SETTINGS = {"telemetry.telemetryLevel": "off", "workbench.startupEditor": "none", "files.autoSave": "off", "extensions.ignoreRecommendations": True,
             "extensions.autoCheckUpdates": False, "editor.accessibilitySupport": "off"}
_DEMO = """// A demo.
struct Flow { packets: u64, from: u32 }
var flows : hash<u32, Flow>(64)

@helper fn limit(packets: u64, most: u64) -> bool {
    return packets > most
}

@xdp fn seen(ctx: *xdp_md) -> xdp_action {
    var ip = ctx.packet(14, iphdr) else { return XDP_PASS }
    if (limt(ip->ttl as u64, 4)) return XDP_DROP
    return XDP_PASS
}

fn main() -> i32 {
    load(seen)
    return 0
}
"""
_TESTED = """@xdp fn seen(ctx: *xdp_md) -> xdp_action {
    return XDP_DROP
}

@test fn drops() {
    assert(test(seen, packet { eth {}, "text" }) == XDP_DROP)
}

@test fn wrong() {
    assert(test(seen, packet { eth {}, "text" }) == XDP_PASS)
}

fn main() -> i32 {
    load(seen)
    return 0
}
"""


def installed():
    """The folder of the packages, or why there is none."""
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    if not node.startswith("v20."):
        return None, f"{_SERVER} is for Node.js 20, this is {node.strip() or 'none'}"
    packages = _HERE / "packages"
    quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"]
    steps = [(packages, ["install", "--no-package-lock", "--prefix", ".", *quiet, _SERVER, _DRIVER]),
             (packages / "node_modules/code-server/lib/vscode", ["install", *quiet]),
             # Terminals.
             (packages / "node_modules/code-server/lib/vscode", ["rebuild", "--silent", "node-pty"])]
    done = packages / "done"
    if done.exists() and done.read_text() == f"{_SERVER} {_DRIVER}":
        return packages, ""
    shutil.rmtree(packages, ignore_errors=True)
    packages.mkdir(parents=True)
    for folder, step in steps:
        npm = subprocess.run(["npm", *step], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if npm.returncode:
            return None, f"npm {' '.join(step)}: {npm.stdout[-300:]}"
    # Its own is loaded from GitHub.
    search = steps[1][0] / "node_modules/@vscode/ripgrep/bin/rg"
    search.parent.mkdir(exist_ok=True)
    search.symlink_to("/usr/bin/rg")
    done.write_text(f"{_SERVER} {_DRIVER}")
    return packages, ""


def _folder():
    """What the editor opens, and its settings."""
    folder = _HERE / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    for name, path in ((".", str(compiler())), ("without", "/nowhere/ksc")):
        (folder / name / ".vscode").mkdir(parents=True)
        (folder / name / ".vscode/settings.json").write_text(json.dumps({"kernelscript.path": path}))
        (folder / name / "demo.ks").write_text(_DEMO)
    (folder / "tested.ks").write_text(_TESTED)
    (folder / "declared.kh").write_text("struct Pair { left: u32, right: u33 }\n")
    return folder


def _port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def _answers(port, server):
    for _ in range(300):
        try:
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read())
        except OSError:
            if server.poll() is not None:
                return False
            time.sleep(0.1)
    return False


def claims(packages, vsix, pictures=None):
    """Each claim with what is wrong with it."""
    home = _HERE / "home"
    shutil.rmtree(home, ignore_errors=True)
    (home / ".vscode-server-oss/data/Machine").mkdir(parents=True)
    (home / ".vscode-server-oss/data/Machine/settings.json").write_text(json.dumps(_SETTINGS))
    main = ["node", packages / "node_modules/code-server/lib/vscode/out/server-main.js", "--accept-server-license-terms"]
    environment = {**os.environ, "HOME": str(home)}
    subprocess.run([*main, "--install-extension", vsix], env=environment, capture_output=True, check=True)
    port, folder = _port(), _folder()
    with (_HERE / "server.log").open("w") as log:
        options = ["--host=127.0.0.1", f"--port={port}", "--without-connection-token", "--disable-workspace-trust", "--disable-telemetry"]
        server = subprocess.Popen([*main, *options], env=environment, stdout=log, stderr=log)
        try:
            if not _answers(port, server):
                return [("the server of the editor", f"it does not answer; see {_HERE / 'server.log'}")]
            driver = ["node", ROOT / "ci/lib/vscode_ui.mjs", packages, str(port), folder, *([pictures] if pictures else [])]
            shown = subprocess.run(driver, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        finally:
            server.terminate()
            server.wait()
    lines = shown.stdout.splitlines()
    found = [tuple(json.loads(line)) for line in lines if line.startswith("[")]
    return found + ([("the driver", shown.stdout[-1000:])] if shown.returncode else [])
