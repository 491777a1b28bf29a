"""The programs that trace the kernel and have a C peer (ci/peers): what makes their events, and what both must have seen then."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Traced:
    """A program made for this."""
    name: str
    # What makes the events, a function of traced_events.py; none where the program is loaded and not attached: machines without kprobes
    # are to have the same rows.
    events: str = ""
    # A ring buffer, and its records as `struct` has them, all that differs from run to run, and padding, as `x`. Of text, `s`, what is
    # behind the NUL does not count: the peers leave it as it is.
    ring: tuple = ()
    # Maps that have as many entries after each object, or count as much in all.
    counted: tuple = ()
    variables: tuple = ()
    # As for `Program` of contests.py.
    limit: float = 1.02
    oldest_limit: float | None = None
    why: str = ""
    starts: bool = False
    family: str = "tracing"


TRACED = (
    Traced("exec_log", "executions", ("execs", "8xiiIi16s64s64s"), variables=("lost",), limit=1.67),
    Traced("open_log", "opens", ("opens", "8xIIIiI16s64s4x"), variables=("lost",), limit=1.39),
    Traced("exit_log", "executions", ("exits", "8xiiIBB?16s16sx"), variables=("lost",), limit=3.9),
    Traced("state_log", "connections", ("changes", "16xQHHH2xI16B16BBB16s2x"), variables=("lost",), limit=1.4),
    Traced("disk_times", "reads", ("slow", "8xQIIi8s16s4x"), variables=("lost",), limit=1.66),
    Traced("run_queue", "sleeps", counted=("since",), limit=1.46),
    Traced("connect_log", limit=1.04),
    Traced("unlink_log", limit=1.05),
    Traced("call_log", "removals", ("attempts", "8xIIii16s16s64s"), variables=("others", "lost")),
)
