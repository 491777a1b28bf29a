"""The table that ci/bench prints: a row for each figure of each program."""

import statistics
from dataclasses import dataclass

HEAD = f"{'example':<16}{'what':<30}{'ksc':<22}{'ksc for 6.12':<22}{'C':<26}{'ratio':>8}{'6.12':>8}  target"
# What the geometric mean over all programs may be, of each figure that has one.
MEANS = {f"{what}, {mcpu}": limit for what, limit in (("instructions", 0.92), ("verified", 1.0), ("ns per run", 1.0)) for mcpu in ("v3", "v4")}


@dataclass(frozen=True)
class Row:
    example: str
    what: str
    ours: str
    # What ksc makes if no kernel before 6.12 has to take it.
    later: str
    theirs: str
    ratio: float | None
    later_ratio: float | None
    target: str
    verdict: str
    gates: bool


def row(example, what, ours, theirs, target, limit=None, ratio=None, gates=False, later="", later_ratio=None, later_limit=None):
    """`limit` is what the ratio may be at most, `later_limit` what the later one, if that differs; without one the figure is only shown."""
    limits = ((ratio, limit), (later_ratio, later_limit or limit))
    verdict = "" if limit is None else "PASS" if all(one is None or one <= most for one, most in limits) else "MISS"
    return Row(example, what, str(ours), str(later), str(theirs), ratio, later_ratio, target, verdict, gates)


def means(shown):
    """Over all programs."""
    for what, limit in MEANS.items():
        rows = [entry for entry in shown if entry.what == what]
        if rows:
            ratio, later = (statistics.geometric_mean(ratios) for ratios in zip(*((entry.ratio, entry.later_ratio) for entry in rows)))
            yield row("all", f"{what}, mean", "", f"geometric, of {len(rows)}", f"≤ {limit:.2f}×", limit, ratio, later_ratio=later)


def show(entry):
    ratios = ["" if one is None or entry.target == "same" else f"{one:.3f}×" for one in (entry.ratio, entry.later_ratio)]
    print(f"{entry.example:<16}{entry.what:<30}{entry.ours:<22}{entry.later:<22}{entry.theirs:<26}{ratios[0]:>8}{ratios[1]:>8}  "
          f"{entry.target:<14}{entry.verdict}", flush=True)
