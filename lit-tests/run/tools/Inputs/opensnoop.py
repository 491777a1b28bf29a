import os
import subprocess
import sys
from contextlib import suppress

from tool import Tool, check, words

TOOL = sys.argv[1]
FILE = os.path.abspath(__file__)
FLAGS = os.O_RDONLY | os.O_CLOEXEC


def open_both(mark):
    """A file that is there, and then one that is not."""
    os.close(os.open(FILE, os.O_RDONLY))
    with suppress(FileNotFoundError):
        os.open(f"/none/{mark}", os.O_RDONLY)


with Tool([TOOL, f"--pid={os.getpid()}", "--extended"]) as tool:
    free = os.open(FILE, os.O_RDONLY)
    os.close(free)
    open_both("first")
    lines = tool.lines(lambda lines: any("/none/first" in line for line in lines))
    check(words(lines[0]) == ["PID", "COMM", "FD", "ERR", "FLAGS", "PATH"], lines[0])
    with open("/proc/self/comm", encoding="utf-8") as file:
        comm = file.read().strip()
    found = [words(line) for line in lines if line.endswith((FILE, "/none/first"))][-2:]
    who = [str(os.getpid()), comm]
    check(found == [[*who, str(free), "0", f"{FLAGS:08o}", FILE], [*who, "-1", "2", f"{FLAGS:08o}", "/none/first"]], found)

with Tool([TOOL, "--json", "--failed", "--name=ks_op", f"--uid={os.getuid()}"]) as tool:
    open_both("another")
    renamed = f"import ctypes, os\nctypes.CDLL(None).prctl(15, b'ks_opens', 0, 0, 0)\nos.close(os.open({FILE!r}, 0))\nos.open('/none/\"second', 0)"
    process = subprocess.Popen([sys.executable, "-S", "-c", renamed], stderr=subprocess.DEVNULL)
    process.wait()
    seen = [value for value in tool.objects("open", lambda value: value["path"] == '/none/"second')]
    check(all(value["comm"] == "ks_opens" and value["result"] < 0 for value in seen), seen)
    check(seen[-1]["pid"] == seen[-1]["tid"] == process.pid and seen[-1]["uid"] == os.getuid() and seen[-1]["result"] == -2, seen)

with Tool([TOOL, "--duration=1", "--timestamp", "--print-uid", f"--tid={os.getpid()}"]) as tool:
    open_both("third")
    check(tool.process.wait() == 0)
    tool.reader.join()
    check(words(tool.printed[0])[:3] == ["TIME", "UID", "PID"], tool.printed)
    check(any(line.endswith("/none/third") and words(line)[1] == str(os.getuid()) for line in tool.printed), tool.printed)
