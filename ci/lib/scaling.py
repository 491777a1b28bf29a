"""How the compiler's time and memory grow with its input: generated programs of both sides, twice as large each time."""

import math
import os
import subprocess

from built import BUILT, PROFILE, ROOT, environment, static_compiler

FUNCTIONS = (250, 500, 1000, 2000)
_SEED = "1"


class Point:
    """One program and what compiling it to a BPF object and an executable took."""

    def __init__(self, functions, folder):
        self.functions = functions
        source = folder / f"scaling-{functions}.ks"
        # The generator makes a function for every three tests.
        tests = functions * 3 // 4
        generated = subprocess.run([BUILT / "differential", "print", _SEED, str(tests), "--whole"], check=True,
                                   stdout=subprocess.PIPE, env=environment())
        source.write_bytes(generated.stdout)
        self.lines = generated.stdout.count(b"\n")
        command = [str(static_compiler()), str(source), "-o", str(folder / f"scaling-{functions}")]
        self.seconds, self.gibibytes = _measured(command)


def points(folder):
    subprocess.run(["cargo", "build", "--quiet", "--profile", PROFILE, "-p", "differential"], cwd=ROOT, env=environment(), check=True)
    return [Point(functions, folder) for functions in FUNCTIONS]


# What grows in a program besides functions, and how many of it. These are checked.
SHAPES = {
    "errors": (4000, lambda n: _main("\n".join(f"    nope{i} = 1" for i in range(n)))),
    "unclosed brackets": (4000, lambda n: "fn main() -> i32 {\n" + "foo(\n" * n + "}\n"),
    "statements": (20000, lambda n: _main("    var x: u32 = 1\n" + "    x += 1\n" * n)),
    "maps": (500, lambda n: _maps(n)),
    "variants": (5000, lambda n: f"enum E {{ {', '.join(f'V{i}' for i in range(n))} }}\n" + _main("    var e: E = V7")),
    "arms": (2000, lambda n: _arms(f"        {i * 2}: {{ x = {i} }}" for i in range(n))),
    "ranges": (1000, lambda n: _arms(f"        {i * 4}..{i * 4 + 2}: {{ x = {i} }}" for i in range(n))),
    "elements": (20000, lambda n: _main(f"    var a: u32[{n}] = [{', '.join(map(str, range(n)))}]")),
}


# These are compiled for user space: LLVM optimises a function in more than linear time.
COMPILED = {
    "compiled locals": (2000, lambda n: _locals(n)),
    "compiled statements": (5000, lambda n: "var a: u64\nvar b: u64\n" + _main("    a = a * 3 + b\n    b = b ^ a\n" * (n // 2))),
    "compiled ranges": (1000, lambda n: _arms(f"        {i * 4}..{i * 4 + 2}: {{ x = {i} }}" for i in range(n))),
    "compiled calls": (2500, lambda n: _calls(n)),
}

# These are compiled to BPF objects. What is above 1 of theirs is LLVM's: blocks of thousands of stores, and switches of thousands of arms.
OBJECTS = {
    "maps of programs": (1000, lambda n: _maps_of_programs(n)),
    "global variables": (1000, lambda n: _globals(n)),
    "structs": (1000, lambda n: _structs(n)),
    "programs": (1000, lambda n: "var c: u64\n" + "".join(_program(f"    c += {i}\n", f"p{i}") for i in range(n))),
    "helper functions": (1000, lambda n: _helpers(n)),
    "branches with updates": (1000, lambda n: _branches(n)),
    "arms of programs": (1000, lambda n: _program_arms(n)),
    "strings of programs": (1000, lambda n: _program("".join(f'    print("s{i}")\n' for i in range(n)))),
}


def shapes(folder):
    """Of each shape its name and the exponent of the time between its size and four times that."""
    source = folder / "shape.ks"
    check = [str(static_compiler()), "check", str(source)]
    compile_ = [str(static_compiler()), str(source), "-o", str(folder / "shape")]
    object_ = [str(static_compiler()), "--target=bpf", str(source), "-o", str(folder / "shape.o")]
    kinds = ((SHAPES, check), (COMPILED, compile_), (OBJECTS, object_))
    jobs = [(name, shape, command) for shapes_, command in kinds for name, shape in shapes_.items()]
    for name, (size, text), command in jobs:
        points = []
        for count in (size, 4 * size):
            source.write_text(text(count))
            seconds, _gibibytes = _measured(command, statuses=(0, 1) if command is check else (0,))
            points.append((count, seconds))
        (small, first), (large, last) = points
        yield name, large, last, math.log(last / first) / math.log(large / small)


def _main(body):
    return f"fn main() -> i32 {{\n{body}\n    return 0\n}}\n"


def _arms(arms):
    body = "\n".join(arms)
    return _main(f"    var x: u32 = 1\n    match (x) {{\n{body}\n        default: {{}}\n    }}")


def _locals(count):
    begins = "".join(f"    var v{i} = x + {i}\n" for i in range(count))
    uses = "".join(f"    sum = sum ^ v{i}\n" for i in range(count))
    return f"fn f(x: u64) -> u64 {{\n{begins}    var sum: u64 = 0\n{uses}    return sum\n}}\n" + _main("    print(f(3))")


def _calls(count):
    functions = "".join(f"fn f{i}(x: u64) -> u64 {{ return x * 3 + {i} }}\n" for i in range(count))
    return functions + "var s: u64\n" + _main("".join(f"    s = f{i}(s)\n" for i in range(count)))


def _program(body, name="p"):
    return f"@xdp fn {name}(ctx: *xdp_md) -> xdp_action {{\n{body}    return XDP_PASS\n}}\n"


def _maps_of_programs(count):
    """A program may use 64 maps."""
    each = 50
    maps = "".join(f"var m{i}: hash<u32, u64>(64)\n" for i in range(count))
    bodies = ["".join(f"    m{i}[1] = 2\n" for i in range(first, first + each)) for first in range(0, count, each)]
    return maps + "".join(_program(body, f"p{at}") for at, body in enumerate(bodies))


def _globals(count):
    return "".join(f"var g{i}: u32\n" for i in range(count)) + _program("".join(f"    g{i} += 1\n" for i in range(count)))


def _branches(count):
    body = "".join(f"    if (g == {i}) {{ m[{i}] = {i} }}\n" for i in range(count))
    return "var m: hash<u32, u64>(64)\nvar g: u32\n" + _program(body)


def _program_arms(count):
    arms = "".join(f"        {i * 2}: {{ c = {i} }}\n" for i in range(count))
    return "var g: u32\nvar c: u32\n" + _program(f"    match (g) {{\n{arms}        default: {{}}\n    }}\n")


def _structs(count):
    structs = "".join(f"struct S{i} {{ a: u32, b{i}: u64 }}\nvar g{i}: S{i}\n" for i in range(count))
    return structs + _program("".join(f"    g{i}.a += 1\n" for i in range(count)))


def _helpers(count):
    helpers = "".join(f"@helper fn h{i}(x: u64) -> u64 {{ return x * c + {i} }}\n" for i in range(count))
    return "var c: u64\n" + helpers + _program("".join(f"    c = h{i}(c)\n" for i in range(count)))


def _maps(count):
    maps = "".join(f"var m{i} : hash<u32, u64>(64)\n" for i in range(count))
    uses = "\n".join(f"    m{i}[1] = 2" for i in range(count))
    return f"{maps}@xdp fn p(ctx: *xdp_md) -> xdp_action {{\n{uses}\n    return XDP_PASS\n}}\n"


def exponent(points):
    """Of the power of the input's size that fits the times best."""
    logs = [(math.log(point.functions), math.log(point.seconds)) for point in points]
    x_mean, y_mean = (sum(log[i] for log in logs) / len(logs) for i in (0, 1))
    return sum((x - x_mean) * (y - y_mean) for x, y in logs) / sum((x - x_mean) ** 2 for x, _ in logs)


def _measured(command, statuses=(0,)):
    """Processor seconds and peak memory of a command."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=environment())
    errors = process.stderr.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode not in statuses:
        last = errors.decode(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{last}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20
