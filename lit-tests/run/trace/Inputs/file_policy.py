"""Runs file_policy for one of two files, and opens both, the first by two names."""

import errno
import os
import signal
import subprocess
import sys
import tempfile


def opened(path):
    try:
        os.close(os.open(path, os.O_RDONLY))
        return "opened"
    except OSError as error:
        return errno.errorcode[error.errno]


with tempfile.TemporaryDirectory() as folder:
    names = [os.path.join(folder, name) for name in ("secret", "link", "public")]
    os.mknod(names[0])
    os.link(names[0], names[1])
    os.mknod(names[2])
    file = os.stat(names[0])
    words = [f"--major={os.major(file.st_dev)}", f"--minor={os.minor(file.st_dev)}", f"--inode={file.st_ino}"]
    policy = subprocess.Popen([sys.argv[1], *words], stdout=subprocess.PIPE, text=True)
    ready = policy.stdout.readline().strip()
    seen = [opened(name) for name in names]
    policy.send_signal(signal.SIGINT)
    said = policy.communicate()[0].strip()
    after = opened(names[0])
wanted = ("watching", ["EACCES", "EACCES", "opened"], f"inode {file.st_ino}: refused 2 times", "opened", 0)
found = (ready, seen, said, after, policy.returncode)
if found != wanted:
    sys.exit(f"{found} and not {wanted}")
