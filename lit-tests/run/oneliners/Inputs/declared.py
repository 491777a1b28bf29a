"""declared.py KSC PATTERN…: checks the programs that `ksc list -v` prints for the patterns, each with a body."""

import json
import subprocess
import sys

ksc, *patterns = sys.argv[1:]
for pattern in patterns:
    listed = subprocess.run([ksc, "list", "-v", "--json", pattern], capture_output=True, text=True, check=True).stdout
    program = json.loads(listed.splitlines()[0])["declaration"][0]
    body = "{ return 0 }" if "->" in program else "{ }"
    checked = subprocess.run([ksc, "check", "-"], input=f"{program} {body}", capture_output=True, text=True)
    if checked.returncode != 0:
        sys.exit(f"{program}\n{checked.stderr}")
