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


# On kernels before 6.4 the names of tasks are cleared before `bpf_get_current_comm` writes them, which the peers do not do: two stores.
TRACED = (
    Traced("exec_log", "executions", ("execs", "8xiiIi16s64s64s"), variables=("lost",), limit=1.35, oldest_limit=1.47,
           why="the rest of two texts of 64 bytes is zero, which the peer leaves as it is: 16 stores"),
    Traced("open_log", "opens", ("opens", "8xIIIiI16s64s4x"), variables=("lost",), limit=1.13, oldest_limit=1.17,
           why="the rest of a text of 64 bytes is zero, which the peer leaves as it is: 8 stores"),
    Traced("exit_log", "executions", ("exits", "8xiiIBB?16s16sx"), variables=("lost",), limit=1.14,
           why="the rest of texts and the padding are zero, which the peer leaves as they are; `cred` is tested for null"),
    Traced("state_log", "connections", ("changes", "16xQHHH2xI16B16BBB16s2x"), variables=("lost",), limit=0.99, oldest_limit=1.02),
    Traced("disk_times", "reads", ("slow", "8xQIIi8s16s4x"), variables=("lost",), limit=1.03,
           why="texts of the record are found on kernels too whose records have them elsewhere; the histogram keeps a sum"),
    Traced("run_queue", "sleeps", counted=("since",), limit=0.9),
    Traced("connect_log", limit=0.81, oldest_limit=0.83),
    Traced("unlink_log", limit=0.93, oldest_limit=0.95),
    Traced("call_log", "removals", ("attempts", "8xIIii16s16s64s"), variables=("others", "lost"), limit=0.9, oldest_limit=0.93),
)
