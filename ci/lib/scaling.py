"""How the compiler's time and memory grow with its input: generated programs of both sides, twice as large each time."""

import math
import os
import subprocess

from built import ROOT, TARGET, environment, static_compiler

FUNCTIONS = (250, 500, 1000, 2000)
_SEED = "1"


class Point:
    """One program and what compiling it to a BPF object and an executable took."""

    def __init__(self, functions, folder):
        self.functions = functions
        source = folder / f"scaling-{functions}.ks"
        # The generator makes a function for every three tests.
        tests = functions * 3 // 4
        generated = subprocess.run([TARGET / "debug" / "differential", "print", _SEED, str(tests), "--whole"], check=True,
                                   stdout=subprocess.PIPE, env=environment())
        source.write_bytes(generated.stdout)
        self.lines = generated.stdout.count(b"\n")
        command = [str(static_compiler()), str(source), "-o", str(folder / f"scaling-{functions}")]
        self.seconds, self.gibibytes = _measured(command)


def points(folder):
    subprocess.run(["cargo", "build", "--quiet", "-p", "differential"], cwd=ROOT, env=environment(), check=True)
    return [Point(functions, folder) for functions in FUNCTIONS]


def exponent(points):
    """Of the power of the input's size that fits the times best."""
    logs = [(math.log(point.functions), math.log(point.seconds)) for point in points]
    x_mean, y_mean = (sum(log[i] for log in logs) / len(logs) for i in (0, 1))
    return sum((x - x_mean) * (y - y_mean) for x, y in logs) / sum((x - x_mean) ** 2 for x, _ in logs)


def _measured(command):
    """Processor seconds and peak memory of a command."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=environment())
    errors = process.stderr.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        last = errors.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20
