import json
import os
import re
import signal
import subprocess
import sys

from tool import Tool, check, words

TOOL, LEAKS = sys.argv[1:]
# Function → bytes and allocations that are left each time.
LEFT = {"leak_large": (1 << 20, 1), "leak_moved": (50000, 1), "leak_cleared": (21000, 3), "leak_aligned": (640, 1), "leak_small": (500, 5),
        "leak_nothing": (20, 1)}


def work(process):
    """Returns when the process waits again: it prints a line each time."""
    process.send_signal(signal.SIGUSR1)
    check(process.stdout.readline() == "done\n")


def of_process(*options, times=1):
    """What the tool printed at the end, of a process that has done its work so often."""
    with subprocess.Popen([LEAKS], stdout=subprocess.PIPE, text=True) as process:
        check(process.stdout.readline() == "ready\n")
        try:
            with Tool([TOOL, f"--pid={process.pid}", "--interval=3600", *options]) as tool:
                for _ in range(times):
                    work(process)
                return tool.ended(), process.pid
        finally:
            process.kill()


def by_function(lines):
    """The function that allocated → bytes and allocations, in order."""
    leaks = [json.loads(line)["leak"] for line in lines if line.startswith('{"leak"')]
    return {leak["stack"][0].split("+")[0]: (leak["bytes"], leak["allocations"]) for leak in leaks}


lines, pid = of_process("--older=0", "--show-allocs", "--top=3")
check(re.fullmatch(r"\[\d\d:\d\d:\d\d\] Top 3 stacks with outstanding allocations:", lines[0]), lines)
heads = [at for at, line in enumerate(lines) if "from stack" in line]
check([lines[at] for at in heads] == [f"{LEFT[name][0]} bytes in {LEFT[name][1]} allocations from stack" for name in list(LEFT)[:3]], lines)
of_cleared = lines[heads[2]:]
check(re.fullmatch(r"    leak_cleared\+0x[0-9a-f]+", of_cleared[1]) and re.fullmatch(r"    main\+0x[0-9a-f]+", of_cleared[2]), of_cleared)
check([words(line)[3:] for line in of_cleared if "addr" in line] == [["size", "=", "7000"]] * 3, of_cleared)

lines, pid = of_process("--json", "--older=0", times=3)
check(list(by_function(lines).items()) == [(name, (3 * size, 3 * count)) for name, (size, count) in LEFT.items()], lines)

lines, _ = of_process("--json", "--combined-only", "--min-size=100", "--max-size=50000", times=2)
check(by_function(lines) == {name: (2 * size, 2 * count) for name, (size, count) in LEFT.items() if name not in ("leak_large", "leak_nothing")}, lines)

lines, _ = of_process("--json", "--older=3600000")
check(by_function(lines) == {}, lines)

lines, _ = of_process("--json", "--older=0", "--min-size=50000", "--max-size=50000", "--sample-rate=3", times=9)
check(by_function(lines) == {"leak_moved": (150000, 3)}, lines)

lines, _ = of_process("--trace", "--older=0", "--min-size=600", "--max-size=700")
results = [re.fullmatch(r"alloc exited, size = (\d+), result = ([0-9a-f]+)", line) for line in lines]
aligned = next(found[2] for found in results if found and found[1] == "640")
check(int(aligned, 16) % 64 == 0 and not any(f"free entered, address = {aligned}," in line for line in lines), lines)
check(any(line.endswith(", size = 627") and line.startswith("free entered") for line in lines), lines)

# The command's output is the tool's, and the command goes on when the tool ends.
with Tool([TOOL, "--json", "--older=0", "--interval=1", "--", LEAKS]) as tool:
    tool.lines(lambda lines: "ready" in lines)
    with open(f"/proc/{tool.process.pid}/task/{tool.process.pid}/children", encoding="ascii") as file:
        child = int(file.read().split()[0])
    os.kill(child, signal.SIGUSR1)
    try:
        tool.lines(lambda lines: "done" in lines and by_function(lines[lines.index("done"):]).items() >= LEFT.items())
    finally:
        os.kill(child, signal.SIGKILL)
    tool.ended()


def pipes_seen(kept):
    """The number of allocations of the stack that has most of those which make pipes."""
    with Tool([TOOL, "--json", "--older=0", "--interval=3600", "--top=100000"]) as tool:
        pipes = [os.pipe() for _ in range(200)]
        if not kept:
            for end in (end for pipe in pipes for end in pipe):
                os.close(end)
        leaks = [json.loads(line)["leak"] for line in tool.ended() if line.startswith('{"leak"')]
        return max((leak["allocations"] for leak in leaks if any(frame.startswith("alloc_pipe_info+") for frame in leak["stack"] or [])), default=0)


check(pipes_seen(kept=True) >= 200)
check(pipes_seen(kept=False) < 100)
