from .deep import two


def one():
    return two - 1
