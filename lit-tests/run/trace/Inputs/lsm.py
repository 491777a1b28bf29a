"""Which files a process in a cgroup is let open; the programs of lsm.ks watch it."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
from loopback import tried  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    for name in ("ks_secret", "ks_public", "ks_hidden"):
        path = os.path.join(folder, name)
        os.mknod(path)
        print(name, tried(lambda: os.close(os.open(path, os.O_RDONLY))))
    os.close(os.open(os.path.join(folder, "ks_public"), os.O_RDONLY))
