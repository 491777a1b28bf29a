"""A module beside the script."""
NAME = "helper"


def fail():
    raise ValueError("on purpose")
