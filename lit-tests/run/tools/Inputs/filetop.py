import json
import os
import socket
import sys
import tempfile

from tool import Tool, Worker, check, words

TOOL = sys.argv[1]


def use(file, reads, writes):
    """So many reads of 2048 bytes and writes of 1024."""
    for _ in range(writes):
        os.write(file, bytes(1024))
    for _ in range(reads):
        os.pread(file, 2048, 0)


def files(folder):
    for name, reads, writes in (("read_most", 9, 1), ("written_most", 1, 7)):
        use(os.open(f"{folder}/{name}", os.O_CREAT | os.O_RDWR), reads, writes)
    receiver, sender = os.pipe()
    os.write(sender, b"pipe")
    os.read(receiver, 100)
    first, _ = socket.socketpair()
    os.write(first.fileno(), b"socket")


def by_worker(*options):
    """What the tool printed in its last report of a process that uses files, and that process."""
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(lambda: files(folder))
        with Tool([TOOL, f"--pid={worker.pid}", "--interval=3600", *options]) as tool:
            worker.work()
            return tool.ended(), worker.pid


def rows(lines):
    return [json.loads(line)["row"] for line in lines]


def numbers(row):
    return [row[name] for name in ("file", "kind", "reads", "writes", "rbytes", "wbytes")]


with open("/proc/self/comm", encoding="utf-8") as file:
    comm = file.read().strip()
lines, pid = by_worker("--noclear")
check("loadavg:" in lines[0] and words(lines[0])[0].count(":") == 2, lines)
check(words(lines[2]) == ["TID", "COMM", "READS", "WRITES", "R_Kb", "W_Kb", "T", "FILE"], lines)
check([words(line) for line in lines[3:] if line] == [[str(pid), comm, "9", "1", "18", "1", "R", "read_most"],
                                                      [str(pid), comm, "1", "7", "2", "7", "R", "written_most"]], lines)

seen = rows(by_worker("--json", "--all", "--sort=wbytes")[0])
check([numbers(row) for row in seen[:2]] == [["written_most", "R", 1, 7, 2048, 7168], ["read_most", "R", 9, 1, 18432, 1024]], seen)
check(sorted(numbers(row)[1:] for row in seen[2:]) == [["O", 1, 1, 100, 4], ["S", 0, 1, 0, 6]], seen)

seen = rows(by_worker("--json", "--sort=writes", "--rows=1")[0])
check([row["file"] for row in seen] == ["written_most"] and seen[0]["pid"] == seen[0]["tid"], seen)
