"""Which part of the compiler may name which: a stage sees only the stages before it.

The longest prefix of a file's path under src/ decides. What is not listed (main, lib, cli, pipeline, tool) sees all.
"""

_BASE = {"source", "diag", "session", "types"}
_FACTS = _BASE | {"tables", "fold"}

MAY_USE = {
    # Sources are what diagnostics point into; the layout pass reports through the session.
    "source": {"diag", "session"},
    "diag": {"source"},
    "types": {"source", "diag"},
    "session": {"source", "diag", "types"},
    "fold": {"types"},
    "tables": {"types"},
    "ast": {"source"},
    "syntax": _BASE | {"ast"},
    "modules": _BASE | {"ast", "syntax"},
    "btf": _BASE,
    "sema": _FACTS | {"ast", "modules", "btf"},
    # Ops say per target how they are emitted; the target's passes come later and are not seen.
    "ir": _FACTS | {"target"},
    "lower": _FACTS | {"sema", "ir"},
    "passes": _FACTS | {"ir", "target"},
    # A target lists its passes and names its emitter.
    "target": _FACTS | {"ir", "passes", "codegen"},
    "codegen": _FACTS | {"ir", "target"},
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
