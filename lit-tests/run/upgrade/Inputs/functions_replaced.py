"""Replaces what a program has registered: `functions_replaced.py EXECUTABLE`. Prints what it sees, for FileCheck."""

import os
import shutil
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import congestion_run  # noqa: E402
import loopback  # noqa: E402
from program import Program  # noqa: E402

_NAME = "ks_swapped"
_PINS = "/sys/fs/bpf/ks_lit_functions"


def is_there():
    return _NAME in congestion_run.known()


class Watch(threading.Thread):
    """Looks all the time whether the kernel has the name."""

    def __init__(self):
        super().__init__()
        self.always, self.ends = True, False

    def run(self):
        while not self.ends:
            self.always = self.always and is_there()

    def end(self):
        self.ends = True
        self.join()
        return self.always


def send():
    if congestion_run.send(_NAME, 200_000) != 200_000:
        raise SystemExit("not all bytes came")


def main():
    [executable] = sys.argv[1:]
    shutil.rmtree(_PINS, ignore_errors=True)

    def start(version, *options):
        program = Program(None, [executable, f"--version={version}", *options])
        program.wait_output("runs")
        return program

    try:
        with start(1, "--pin-links") as first:
            # The namespace is made meanwhile; names are of all namespaces.
            loopback.enter()
            send()
            # It pins when it waits.
            congestion_run.wait_until(lambda: os.listdir(f"{_PINS}/links"))
            print(f"pinned: {os.listdir(f'{_PINS}/links')}")
            watch = Watch()
            watch.start()
            with start(2, "--replace") as second:
                first.wait()
                print(f"the name was there all the time: {watch.end()}")
                print(first.stdout().splitlines()[-1])
                send()
                with start(2, "--replace") as again:
                    second.wait()
                    print(second.stdout().splitlines()[-1])
                    again.stop("KILL")
                    print(f"killed, the name is there: {is_there()}")
        with start(3) as third:
            print(third.stderr().split(": ", 1)[1].strip())
            send()
            third.stop("TERM")
            print(third.stdout().splitlines()[-1])
        gone = congestion_run.wait_until(lambda: not is_there(), 5)
        print(f"ended, the name is there: {not gone}, pins: {sorted(os.listdir(_PINS))}")
    finally:
        shutil.rmtree(_PINS, ignore_errors=True)


main()
