import atexit
import os

state = 0


def add(a: int, b: int) -> int:
    global state
    state += 1
    return a + b


def calls() -> int:
    return state


def end():
    atexit.unregister(say)
    os._exit(3)


def busy():
    print(os.getpid(), flush=True)
    while True:
        pass


@atexit.register
def say():
    print("end of Python", flush=True)
