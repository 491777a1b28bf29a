"""script.py KSC SCRIPT ARGUMENT…: executes a script whose first line asks for `ksc`, which is found on the path under that name."""

import os
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as folder:
    os.symlink(sys.argv[1], f"{folder}/ksc")
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    sys.exit(subprocess.run(sys.argv[2:], env=environment).returncode)
