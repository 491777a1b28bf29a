"""Which files a process in a cgroup is let open; the program of lsm_large.ks watches it. Then it removes them."""

import os
import tempfile

with tempfile.TemporaryDirectory() as folder:
    for name in ("ks_large", "ks_large", "ks_panic", "ks_other"):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            os.mknod(path)
        try:
            os.close(os.open(path, os.O_RDONLY))
            print(name, "opened")
        except OSError as error:
            print(name, os.strerror(error.errno))
