"""Which part of the compiler may name which: a stage sees only the stages before it.

The longest prefix of a file's path under src/ decides. What is not listed (main, lib, cli, pipeline, tool) sees all.
"""

_BASE = {"source", "diag", "session", "types"}
_FACTS = _BASE | {"kernels", "tables", "fold", "target"}

MAY_USE = {
    # Sources are what diagnostics point into; the layout pass reports through the session. The words of the language are a
    # table, which says nothing of later stages.
    "source": {"diag", "session", "tables"},
    "diag": {"source"},
    "types": {"source", "diag", "target"},
    "tuning": set(),
    "kernels": {"session", "tables"},
    "uses": {"source", "tables", "types"},
    "session": {"source", "diag", "types", "btf", "target", "uses"},
    "fold": {"types"},
    "tables": {"types", "target", "fold"},
    "ast": {"source"},
    # What a record of an event is called by another language is in tracefs and the kernel's types, for helps.
    "syntax": _BASE | {"ast", "tables", "tracefs", "records", "btf"},
    "direct": _BASE | {"ast", "syntax", "tables", "target"},
    "python": _BASE,
    "modules": _BASE | {"ast", "syntax", "python"},
    "btf": _BASE | {"target"},
    "tracefs": set(),
    "records": {"btf", "tables", "tracefs"},
    "sema": _FACTS | {"ast", "modules", "python", "btf", "tracefs", "records", "uses"},
    # Ops say per target how they are emitted; the target's passes come later and are not seen.
    "ir": _FACTS,
    "dataflow": {"ir", "session"},
    "lower": _FACTS | {"sema", "ir"},
    "passes": _FACTS | {"ir", "dataflow", "tuning"},
    # What a target can do is known from the tables on; which passes it runs, only behind the passes.
    "target": set(),
    # The facts of processors are records of a table.
    "target/machine": {"tables"},
    "target/bpf": {"passes"},
    "target/host": {"passes"},
    "target/kmod": {"passes"},
    "target/lists": {"passes"},
    "codegen": _FACTS | {"ir", "dataflow", "tuning"},
    # Sorts what LLVM wrote into the BTF of an object.
    "codegen/llvm/object": _FACTS | {"ir", "dataflow", "tuning", "btf"},
    # Reads objects of any compiler by their BTF.
    "codegen/bindings": _FACTS | {"ir", "btf"},
    "link": _BASE | {"tables", "target"},
}


def allowed(path):
    """What the file may name besides its own part, or None for everything. `path` is relative to src/."""
    parts = path.with_suffix("").parts
    for length in range(len(parts), 0, -1):
        prefix = "/".join(parts[:length])
        if prefix in MAY_USE:
            return MAY_USE[prefix]
    return None
