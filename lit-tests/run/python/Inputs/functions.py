import functools
import os
import sys

import exec_helper

state = 0


def counted(function):
    @functools.wraps(function)
    def call(*given):
        global state
        state += 1
        return function(*given)
    return call


@counted
def add(a: int, b: int = 5, /, *rest, named=None) -> int: return a + b
@counted
def greet(name: str, ) -> str:
    return f"hello {name}"


def half(x: float) -> float:
    return x / 2


def negated(b: bool) -> bool:
    return not b


def reversed_bytes(b: bytes) -> bytes:
    return b[::-1]


def length(b: bytes) -> int:
    return len(b)


def total(xs: list[int]) -> int:
    return sum(xs)


def doubled(
    xs: list[int],  # each of them
) -> list[int]:
    return [2 * x for x in xs]


def names(n: int) -> list[str]:
    return [f"n{i}" for i in range(n)]


def joined(parts: list[str]) -> str:
    return "-".join(parts)


def flags(bs: list[bool]) -> list[bool]:
    return [not b for b in bs]


def halves(xs: list[float]) -> list[float]:
    return [x / 2 for x in xs]


def show(s: str) -> None:
    print("python", s)


def calls() -> int:
    return state


def helper() -> str:
    return exec_helper.NAME


def read() -> str:
    return sys.stdin.readline().strip()


def fail(kind: int) -> int:
    match kind:
        case 1:
            raise PermissionError(13, "no")
        case 2:
            raise ValueError("bad")
        case 3:
            raise OverflowError("large")
        case 4:
            raise KeyError("k")
        case 5:
            return None
        case 6:
            return fail(6)
        case 7:
            return 1 << 70
        case 8:
            sys.exit(4)
        case 9:
            raise OSError("without a number")
        case 10:
            return "text"
        case 11:
            if os.fork() == 0:
                raise KeyboardInterrupt
            os.wait()
            raise RuntimeError("x" * 1_000_000)
        case 12:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")
    return 0


def strange(kind: int) -> str:
    return ["a\0b", "\ud800", "x" * 50_000_000][kind]


def huge() -> int:
    return len("y" * 1_000_000)
