import os
import sys

import exec_helper
from exec_package import inner
from exec_package.deep import two

import exec_ks as ks

print(sys.argv, __name__, __file__)
print(exec_helper.NAME, inner.one(), two)
for _ in range(4):
    os.getpgid(0)
own = os.getpid()
print(ks.calls[7], ks.calls[own], ks.var.total >= 20, ks.var.limits)
events = [event for event in ks.events.poll(timeout=0.2) if event.pid == own]
print(len(events), ks.events.dropped, events[0].comm)
for key in (1, 2, 3):
    ks.calls[key] = key
print(sorted(key for key in ks.calls if key < 4))
print("replaced", os.path.basename(os.readlink("/proc/self/exe")).startswith("python3"), flush=True)
exec_helper.fail()
