"""What the book shows of tables: the errors, builtins and kinds of maps."""


def made(name, arguments):
    raise SystemExit(f"no table {name} {arguments}")
