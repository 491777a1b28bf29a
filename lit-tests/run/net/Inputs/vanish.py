"""vanish.py PROGRAM [--OPTION…] ACTION…: starts the program in a network namespace with the interfaces ks0 and ks1, waits for its first line, does each
action once the program has said what became of the one before, and prints the other lines and the status. An action deletes an
interface, or `detach` detaches the first bpf_link of the program from outside, `filter` deletes the filters of an interface. In options of the
program `{cgroup}` is a new cgroup, which `rmdir` removes, and `{netns}` the file of another network namespace, which `leave` ends. Where an
action names `nk0` or `nk1`, these are the ends of a netkit device."""

import ctypes
import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../ci/lib"))
import netkit  # noqa: E402

CLONE_NEWNET = 0x40000000
# Version 2 is mounted below version 1 where a machine has both.
ROOTS = [pathlib.Path("/sys/fs/cgroup/unified"), pathlib.Path("/sys/fs/cgroup")]
BPF, BPF_LINK_GET_FD_BY_ID, BPF_LINK_DETACH = 321, 30, 34
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, number):
    attributes = ctypes.create_string_buffer(number.to_bytes(4, "little"), 16)
    done = libc.syscall(BPF, command, attributes, 16)
    if done < 0:
        sys.exit(f"bpf({command}): {os.strerror(ctypes.get_errno())}")
    return done


def link_of(pid):
    for info in sorted(pathlib.Path(f"/proc/{pid}/fdinfo").iterdir()):
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("link_id:"):
                return int(line.split()[1])
    sys.exit("the program has no link")


def act(action, pid):
    words = action.split()
    if words[0] == "detach":
        bpf(BPF_LINK_DETACH, bpf(BPF_LINK_GET_FD_BY_ID, link_of(pid)))
    elif words[0] == "filter":
        subprocess.run(["tc", "filter", "del", "dev", words[1], "ingress"], check=True)
    elif words[0] == "rmdir":
        cgroup.rmdir()
    elif words[0] == "leave":
        other.kill()
        other.wait()
    elif words[0] == "end":
        os.kill(pid, signal.SIGTERM)
    else:
        subprocess.run(["ip", "link", "del", words[1]], check=True)


if libc.unshare(CLONE_NEWNET) != 0:
    sys.exit("no network namespace")
for name in ("ks0", "ks1"):
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"], check=True)
cgroup = next(root for root in ROOTS if root.is_dir()) / f"kstest-vanish-{os.getpid()}"
options = [word for word in sys.argv[2:] if word.startswith("--")]
actions = sys.argv[2 + len(options):]
if "{cgroup}" in "".join(options):
    cgroup.mkdir()
# Its line says that it is in the namespace.
other = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
other.stdout.readline()
if "nk" in "".join(actions):
    netkit.make("nk0", "nk1")
options = [option.format(cgroup=cgroup, netns=f"/proc/{other.pid}/ns/net") for option in options]
process = subprocess.Popen([sys.argv[1], *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
print(process.stdout.readline(), end="")
for action in actions:
    act(action, process.pid)
    print(process.stdout.readline(), end="")
print(process.stdout.read(), end="")
print("status", process.wait())
other.kill()
if cgroup.is_dir():
    cgroup.rmdir()
