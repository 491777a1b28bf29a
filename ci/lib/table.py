"""The table that ci/bench prints: a row for each figure of each program."""

import statistics
from dataclasses import dataclass

HEAD = f"{'example':<16}{'what':<30}{'ksc':<22}{'ksc for 6.12':<22}{'C':<26}{'ratio':>8}{'6.12':>8}  target"
# What the geometric mean over all programs of a family may be, of each figure that has one.
MEANS = {(family, f"{what}, {mcpu}"): limit
         for family, limits in (("network", (("instructions", 1.04), ("verified", 1.0), ("ns per run", 1.0))),
                                ("tracing", (("instructions", 1.01), ("verified", 0.8), ("ns per run", 1.1))))
         for what, limit in limits for mcpu in ("v3", "v4")}


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


def counted(contest, what, mcpu, count, target, **gate):
    """`count`: object → a number."""
    ours, later = map(count, contest.ours(mcpu))
    theirs = [count(who) for who in contest.theirs(mcpu)]
    shown = ", ".join(f"{number} {variant}" for number, variant in zip(theirs, contest.variants))
    return row(contest.name, f"{what}, {mcpu}", ours, shown, target, ratio=ours / theirs[0], later=later, later_ratio=later / theirs[0], **gate)


def means(shown, families):
    """Over all programs of a family; `families`: program → its family."""
    for (family, what), limit in MEANS.items():
        rows = [entry for entry in shown if entry.what == what and families.get(entry.example) == family]
        if rows:
            ratio, later = (statistics.geometric_mean(ratios) for ratios in zip(*((entry.ratio, entry.later_ratio) for entry in rows)))
            yield row(f"all, {family}", f"{what}, mean", "", f"geometric, of {len(rows)}", f"≤ {limit:.2f}×", limit, ratio, later_ratio=later)


def show(entry):
    ratios = ["" if one is None or entry.target == "same" else f"{one:.3f}×" for one in (entry.ratio, entry.later_ratio)]
    print(f"{entry.example:<16}{entry.what:<30}{entry.ours:<22}{entry.later:<22}{entry.theirs:<26}{ratios[0]:>8}{ratios[1]:>8}  "
          f"{entry.target:<14}{entry.verdict}", flush=True)
