import ctypes
import os
import sys
import tempfile

from tool import Tool, check, words

TOOL = sys.argv[1]
MS_NOSUID, MS_NODEV, MS_BIND = 2, 4, 4096
CLONE_NEWNS = 0x20000
libc = ctypes.CDLL(None, use_errno=True)


def mounted(folder):
    """A tmpfs is mounted and unmounted in a namespace of its own, then a mount fails; the process, and its namespace's number."""
    receiver, sender = os.pipe()
    pid = os.fork()
    if pid == 0:
        libc.unshare(CLONE_NEWNS)
        # MS_REC | MS_PRIVATE
        libc.mount(None, b"/", None, 0x44000, None)
        libc.mount(b"ks_disk", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, b"size=64k")
        libc.umount2(folder.encode(), 2)
        libc.mount(b"/none", b"/none/there", None, MS_BIND, None)
        os.write(sender, str(os.stat("/proc/self/ns/mnt").st_ino).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return pid, int(os.read(receiver, 64))


with tempfile.TemporaryDirectory() as folder:
    with Tool([TOOL]) as tool:
        pid, namespace = mounted(folder)
        lines = tool.lines(lambda lines: any('"/none/there"' in line for line in lines))
        check(words(lines[0]) == ["COMM", "PID", "TID", "MNT_NS", "CALL"], lines)
        calls = [line.split(str(namespace))[1].strip() for line in lines[1:] if words(line)[1:4] == [str(pid), str(pid), str(namespace)]]
        check(calls[-3:] == [f'mount("ks_disk", "{folder}", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") = 0', f'umount("{folder}", 0x2) = 0',
                             'mount("/none", "/none/there", NULL, MS_BIND, NULL) = -2'], lines)

    with Tool([TOOL, "--json"]) as tool:
        pid, namespace = mounted(folder)
        seen = tool.objects("call", lambda value: value["target"] == "/none/there" and value["pid"] == pid)
        first = next(value for value in seen if value["source"] == "ks_disk")
        check(first["flags"] == MS_NOSUID | MS_NODEV and first["fs"] == "tmpfs" and first["op"] == "mount" and first["us"] > 0, first)
        check((first["mnt_ns"], first["result"], seen[-1]["result"]) == (namespace, 0, -2), seen)

    with Tool([TOOL, "--detailed", "--timestamp"]) as tool:
        mounted(folder)
        lines = tool.lines(lambda lines: f"TARGET:  {folder}" in lines and "OP:      umount" in lines)
        check("FLAGS:   MS_NOSUID | MS_NODEV" in lines and "DATA:    size=64k" in lines, lines)

    with Tool([TOOL, "--pid=1"]) as tool:
        mounted(folder)
        check(len(tool.ended()) == 1, tool.printed)
