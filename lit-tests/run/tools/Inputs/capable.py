import ctypes
import json
import os
import sys
from contextlib import suppress

from tool import Cgroup, Tool, Worker, check, words

TOOL = sys.argv[1]
NOBODY = 65534
libc = ctypes.CDLL(None)
with open("/proc/self/comm", encoding="utf-8") as file:
    COMM = file.read().strip()


def change_root(times):
    for _ in range(times):
        with suppress(PermissionError):
            os.chroot("/")


def work():
    """Root may, nobody may not."""
    change_root(1)
    os.setuid(NOBODY)
    change_root(3)


def of_interest(rows):
    return [row for row in rows if row["cap"] in ("CAP_SYS_CHROOT", "CAP_SETUID")]


def by_worker(*options, work=work):
    """The objects of JSON, and the process that made the checks."""
    worker = Worker(work)
    with Tool([TOOL, "--json", f"--pid={worker.pid}", *options]) as tool:
        worker.work()
        return of_interest(json.loads(line)["check"] for line in tool.ended()), worker.pid


rows, pid = by_worker()
check([(row["cap"], row["uid"], row["ret"]) for row in rows] == [("CAP_SYS_CHROOT", 0, 0), ("CAP_SETUID", 0, 0), *[("CAP_SYS_CHROOT", NOBODY, -1)] * 3], rows)
check(all(row["pid"] == row["tid"] == pid and row["comm"] == COMM and row["kernel_stack"] is None for row in rows), rows)
# The event does not show what a check is for, the function does.
if not os.path.exists("/sys/kernel/tracing/events/capability"):
    check([(row["audit"], row["insetid"]) for row in rows] == [(1, 0), (1, 1), *[(1, 0)] * 3], rows)

rows, _ = by_worker("--unique=pid")
check([row["cap"] for row in rows] == ["CAP_SYS_CHROOT", "CAP_SETUID"], rows)

with Tool([TOOL, f"--pid={os.getpid()}", "--extra-fields", "--kernel-stack", "--user-stack"]) as tool:
    libc.chroot(b"/")
    lines = tool.lines(lambda lines: any("CAP_SYS_CHROOT" in line for line in lines) and any(" chroot+" in line for line in lines))
    check(words(lines[0]) == ["TIME", "UID", "PID", "TID", "COMM", "CAP", "NAME", "AUDIT", "VERDICT", "INSETID"], lines)
    at = next(at for at, line in enumerate(lines) if "CAP_SYS_CHROOT" in line)
    found = words(lines[at])
    check(found[1:7] == ["0", str(os.getpid()), str(os.getpid()), COMM, "18", "CAP_SYS_CHROOT"] and found[8] == "allow", found)
    stack = [line.strip().split("+")[0] for line in lines[at + 1:]]
    check("cap_capable" in stack[0] or stack[0].startswith("bpf_"), stack)
    check(stack.index("do_syscall_64") < stack.index("chroot"), stack)

other = Worker(work)
with Cgroup() as cgroup, Tool([TOOL, f"--cgroup={cgroup.path}", "--unique=cgroup"]) as tool:
    other.work()
    pid = cgroup.run(work)
    lines = [words(line) for line in tool.ended()]
check(lines[0] == ["TIME", "UID", "PID", "COMM", "CAP", "NAME", "AUDIT", "VERDICT"], lines)
check(lines[1:] and all(line[2] == str(pid) for line in lines[1:]), lines)
check([line[5] for line in lines[1:] if line[5] == "CAP_SYS_CHROOT"] == ["CAP_SYS_CHROOT"], lines)
