"""user_library.py PROGRAM FOLDER: runs user_library.ks and compares what it prints with what Python finds out by itself."""

import errno
import os
import pwd
import socket
import subprocess
import sys
import time

program, folder = sys.argv[1:]


def cgroup():
    """The id of the root cgroup, if the version 2 is mounted in its usual place."""
    kind = next((line.split()[2] for line in open("/proc/mounts") if line.split()[1] == "/sys/fs/cgroup"), "")
    return str(os.stat("/sys/fs/cgroup").st_ino) if kind == "cgroup2" else "nothing"


def disk():
    """The number and name of a block device; without any, a number that none has."""
    disks = sorted(os.listdir("/sys/dev/block"))
    if not disks:
        return 0, "nothing"
    major, minor = map(int, disks[0].split(":"))
    name = os.path.basename(os.readlink(f"/sys/dev/block/{disks[0]}")).replace("!", "/")
    return major << 20 | minor, name


def symbol(name):
    """Its address as the kernel shows it, which may show none."""
    found = [line.split()[0] for line in open("/proc/kallsyms") if line.split()[2] == name]
    address = int(found[0], 16) if found else 0
    return f"{address:#x}" if address else "nothing"


index, interface = socket.if_nameindex()[0]
number, name = disk()
when = 1_700_000_000_123_456_789
zone = {"TZ": "Asia/Kathmandu"}
os.environ.update(zone)
time.tzset()
long = "v" * 300
options = [f"--folder={folder}", f"--uid={os.getuid()}", f"--index={index}", f"--disk={number}"]
options += [f"--pid={os.getpid()}", f"--when={when}", "--", "sleep", "60"]
before = int(time.time())
done = subprocess.run(
    [program, *options], env={**os.environ, "KS_VALUE": long, "KS_EMPTY": ""}, stdout=subprocess.PIPE, text=True
)
lines = done.stdout.splitlines()
now = int(lines.pop(next(at for at, line in enumerate(lines) if line.startswith("now "))).split()[1])
assert before <= now <= time.time(), now
error = os.strerror
expected = [
    "texts abc-000 <abc>    0.333| 256",
    "texts 0xff k 10.0.0.1 02:00:00:00:00:01",
    "texts plain 7 1 4",
    "write 0 0 0",
    "read 10 same",
    "again 0",
    "read [x]",
    "missing 1 1",
    f"refused {error(errno.EISDIR)}, {error(errno.ENOENT)}",
    "cut at a NUL 1",
    f"getenv 255 {long[:255]}",
    "getenv 1 1 0",
    f"username {pwd.getpwuid(os.getuid()).pw_name}",
    "username 1",
    f"ifname {interface}",
    "ifname 1",
    f"diskname {name}",
    "diskname 1",
    f"comm {open('/proc/self/comm').read().strip()}",
    "comm 1",
    f"cgroup {cgroup()}",
    "cgroup 1 1",
    f"ksym {symbol('vfs_read')}",
    "ksym 1",
    time.strftime("time %Y-%m-%d %H:%M:%S.123456 % %Z", time.localtime(when // 10**9)),
    "long 63",
    "terminal 0",
    "spawn 1, alive 0",
    "kill 0",
    f"reaped {error(errno.ESRCH)}",
    f"spawn {error(errno.ENOENT)}, {error(errno.EINVAL)}",
    f"kill {-errno.EINVAL} {-errno.EINVAL} {-errno.ESRCH}",
]
for line, wanted in zip(lines, expected):
    assert line == wanted, f"{line!r}, wanted {wanted!r}"
assert len(lines) == len(expected), lines
assert done.returncode == 0, done.returncode
