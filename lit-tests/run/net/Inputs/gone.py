"""gone.py PLACE ACTION PROGRAM: starts the program with a place to attach to, waits for its first line, does the action, and prints what the
program says then and its status.

A place is `cgroup`, `netns` (of a process that waits), `interface`, `netkit` (its primary end), or `kernel`; the program gets its kind and its
name as options. `remove` removes it (of netkit the peer), `detach` detaches the first bpf_link of the program from outside."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../ci/lib"))
import loopback  # noqa: E402
from vanishing import bpf, link_of, BPF_LINK_DETACH, BPF_LINK_GET_FD_BY_ID  # noqa: E402
