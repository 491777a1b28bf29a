import os
import subprocess
import sys
from contextlib import suppress

from tool import Tool, check, words

TOOL = sys.argv[1]


def run(*arguments):
    process = subprocess.Popen(["/usr/bin/true", *arguments])
    process.wait()
    return process.pid


with Tool([TOOL]) as tool:
    pid = run("a b", "c")
    lines = tool.lines(lambda lines: any("/usr/bin/true a b c" in line for line in lines))
    check(words(lines[0]) == ["PCOMM", "PID", "PPID", "RET", "ARGS"], lines[0])
    line = next(line for line in lines if "/usr/bin/true a b c" in line)
    check(words(line) == ["true", str(pid), str(os.getpid()), "0", "/usr/bin/true", "a", "b", "c"], line)

with Tool([TOOL, "--json", "--fails", "--line=ks_mark", "--max-args=2", f"--uid={os.getuid()}"]) as tool:
    run("another")
    with suppress(FileNotFoundError):
        subprocess.run(["/no/ks_mark", "x", "y"], check=True)
    pid = run("ks_mark\n\"", "not shown")
    seen = tool.objects("exec", lambda value: value["pid"] == pid)
    check([(value["ret"], value["args"]) for value in seen] == [(-2, "/no/ks_mark x"), (0, "/usr/bin/true ks_mark\n\"")], seen)
    check(all(value["ppid"] == os.getpid() and value["uid"] == os.getuid() for value in seen), seen)

with Tool([TOOL, "--time", "--print-uid", "--quote", "--name=tru"]) as tool:
    subprocess.run(["/bin/false"], check=False)
    run("z")
    lines = tool.lines(lambda lines: any("true" in line for line in lines))
    check(words(lines[0])[:3] == ["TIME", "UID", "PCOMM"], lines[0])
    check(len(lines) == 2 and lines[1].endswith('"/usr/bin/true" "z"') and words(lines[1])[1:3] == [str(os.getuid()), "true"], lines)
