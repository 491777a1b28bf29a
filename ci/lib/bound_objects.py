"""Objects of generated programs (bound_programs.py), each with what its programs must return: NAME.o, NAME.ks and NAME.json."""

import itertools
import json
import subprocess
from dataclasses import dataclass

import bound_programs
from built import BUILT, compiler, environment

PROGRAMS = 100
REPLAY = BUILT / "replay"
# One after the other: an object has the options of its number.
OPTIONS = [(mcpu, level, kernel) for kernel, level, mcpu in itertools.product(("6.1", "6.12"), ("-O2", "-O1", "-O3"), ("v3", "v4", "v1", "v2"))]
_TIMEOUT = 300


@dataclass
class Made:
    """An object: its options, and where its `.json` is."""
    mcpu: str
    min_kernel: str
    results: object
    # What the compiler said, if it made none.
    broken: str | None


def _compile(source, options):
    words = [str(compiler()), str(source), "--target=bpf", "--emit=obj", *options, "-o", str(source.with_suffix(".o"))]
    try:
        done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"no object after {_TIMEOUT} s"
    return None if done.returncode == 0 else "\n".join(part for part in done.stderr.split("\n\n") if not part.startswith("warning"))


def make(folder, seed, at, again=False):
    """Compiles object `at` of a seed into a folder; `again`: unless it is there."""
    mcpu, level, kernel = OPTIONS[at % len(OPTIONS)]
    # The first kernel that takes such code.
    kernel = "6.6" if mcpu == "v4" and kernel == "6.1" else kernel
    made = [bound_programs.program(f"{seed}.{at}", number) for number in range(PROGRAMS)]
    source = folder / f"{at}.{mcpu}{level}.{kernel}.ks"
    source.write_text(bound_programs.head() + "\n" + "\n".join(one.text for one in made))
    packets = bound_programs.packets(seed)
    expected = {one.name: [one.result(packet) for packet in packets] for one in made}
    source.with_suffix(".json").write_text(json.dumps({"packets": [packet.hex() for packet in packets], "programs": expected}))
    if again and source.with_suffix(".o").exists():
        return Made(mcpu, kernel, source.with_suffix(".json"), None)
    broken = _compile(source, [f"--mcpu={mcpu}", level, f"--min-kernel={kernel}"])
    return Made(mcpu, kernel, source.with_suffix(".json"), broken)


def replay(made):
    """What the programs of an object do wrong, a text for each."""
    done = subprocess.run([REPLAY, "results", made.results], capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    if done.returncode == 0:
        return []
    return [f"{made.results.stem}: {part}" for part in done.stderr.split(f"{made.results}: ")[1:]] or [f"{made.results.stem}: {done.stderr}"]
