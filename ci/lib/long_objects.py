"""Programs of long_programs.py, compiled at three levels of the instruction set, loaded and run, and compared with the evaluator."""

import json
import subprocess
from dataclasses import dataclass, field

import long_programs
from built import BUILT, environment

_ENGINES = ("BpfV1", "BpfV3", "BpfV4")
_INPUTS = 4
_TIMEOUT = 300
# The kernel's limit is a million.
_MANY = 200_000
_STACK = "they need more stack than BPF has"
_DIFFERENTIAL = BUILT / "differential"


@dataclass
class Result:
    # "passed", "failed" or "skipped"
    became: str
    notes: list[str] = field(default_factory=list)


def write(folder, seed, at):
    """Writes the source of a program; its path."""
    source = folder / f"{at}.ks"
    source.write_text(long_programs.program(f"{seed}.{at}"))
    return source


def command(source, *options):
    engines = [word for engine in _ENGINES for word in ("--engine", engine)]
    return [_DIFFERENTIAL, "check", source, "--must-load", "--inputs", str(_INPUTS), *engines, *options]


def check(folder, seed, at, *options):
    """Compiles, loads and runs a program, with these options of `differential check`. Its file stays if it fails."""
    source = write(folder, seed, at)
    try:
        done = subprocess.run(command(source, "--json", *options), env=environment(), capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return Result("failed", [f"{source}: no end after {_TIMEOUT} s"])
    if done.returncode != 0:
        return Result("failed", [f"{source}: {done.stderr.strip()[-400:]}"])
    report = json.loads(done.stdout)
    notes = [f"{source}: {name} {level}: {count} instructions processed" for name, level, count in report["processed"] if count > _MANY]
    for failure in report["failures"]:
        notes.append(f"{source}: {failure['kind']} {failure['engine']}: {failure['detail'].strip()[-300:]}")
    if report["failures"]:
        return Result("failed", notes)
    source.unlink()
    return Result("skipped" if report["left_out"].get(_STACK) else "passed", notes)


def export(folder, seed, at):
    """Writes the objects of a program with what it must do, for other kernels; what is wrong with it, or None."""
    source = write(folder, seed, at)
    done = subprocess.run(command(source, "--export", str(folder)), env=environment(), capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    return None if done.returncode == 0 else done.stdout + done.stderr
