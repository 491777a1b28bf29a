import fcntl
import os
import re
import struct
import sys
import tempfile

from tool import Cgroup, Tool, check, words

TOOL = sys.argv[1]
CLOCK = "/dev/rtc0"
# Of include/uapi/linux/rtc.h: an interrupt a second.
RTC_UIE_ON, RTC_UIE_OFF = 0x7003, 0x7004


def counted():
    """How many there were of each handler, as /proc/interrupts has it; of lines that are a device's."""
    counts = {}
    with open("/proc/interrupts", encoding="ascii") as file:
        cpus = len(next(file).split())
        for line in file:
            number, *rest = line.split(None, cpus + 1)
            if not number.rstrip(":").isdigit():
                continue
            # The chip, the number there and how the line signals; behind them the handlers.
            names = re.sub(r"^.*?\d+[- ](edge|level|fasteoi)\s*", "", rest[cpus].strip()) if len(rest) > cpus else ""
            for name in filter(None, names.split(", ")):
                counts[name] = counts.get(name, 0) + sum(map(int, rest[:cpus]))
    return counts


def interrupt():
    """Makes a device interrupt: the clock, or else the disk that has the current folder."""
    if os.path.exists(CLOCK):
        with open(CLOCK, "rb", buffering=0) as clock:
            fcntl.ioctl(clock, RTC_UIE_ON)
            for _ in range(2):
                struct.unpack("L", clock.read(8))
            fcntl.ioctl(clock, RTC_UIE_OFF)
        return
    with tempfile.NamedTemporaryFile(dir=".") as file:
        for _ in range(5):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())


def between(before):
    return {handler: count - before.get(handler, 0) for handler, count in counted().items()}


def check_counts(seen, least, most):
    """What was counted lies between the kernel's counts of a shorter time and of a longer one."""
    check(sum(least.values()) > 0, least)
    check(all(least[handler] <= seen.get(handler, 0) <= most[handler] for handler in most), seen, least, most)


outside = counted()
with Tool([TOOL, "--count"]) as tool:
    inside = counted()
    interrupt()
    least = between(inside)
    lines = tool.ended()
    check(words(lines[2]) == ["HARDIRQ", "TOTAL_count"], lines)
    check_counts({line[:26].rstrip(): int(line[26:]) for line in lines[3:]}, least, between(outside))

outside = counted()
with Cgroup() as cgroup, Tool([TOOL, "--distributed", "--nanoseconds", "--json", f"--cgroup={os.path.dirname(cgroup.path)}"]) as tool:
    inside = counted()
    interrupt()
    least = between(inside)
    tool.ended()
    histograms = tool.objects("hardirq", bool)[0]
    check_counts({row["key"]: sum(bucket["count"] for bucket in row["buckets"]) for row in histograms}, least, between(outside))
    check(all(bucket["min"] >= 64 for row in histograms for bucket in row["buckets"]), histograms)

# No task is in this cgroup.
with Cgroup() as cgroup, Tool([TOOL, "--json", f"--cgroup={cgroup.path}", "--interval=1", "--times=2"]) as tool:
    interrupt()
    check(tool.process.wait() == 0)
    tool.reader.join()
    check(tool.printed == [], tool.printed)

with Tool([TOOL, "--timestamp"]) as tool:
    interrupt()
    lines = tool.ended()
    check(re.fullmatch(r"\d\d:\d\d:\d\d", lines[2]) and words(lines[3]) == ["HARDIRQ", "TOTAL_usecs"] and len(lines) > 4, lines)
    times = [int(line[26:]) for line in lines[4:]]
    check(times == sorted(times, reverse=True), lines)
