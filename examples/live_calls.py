# live_calls.py: the part of live_calls.ks that is written in Python; the executable carries it.
import collections
import time

import live_calls_ks as ks

names = collections.Counter()
end = time.monotonic() + 2
while time.monotonic() < end:
    for call in ks.sampled.poll(timeout=0.5):
        names[call.comm] += 1
busiest = sorted(ks.by_process.items(), key=lambda entry: entry[1], reverse=True)
for pid, calls in busiest[:5]:
    print(f"{pid:>8} {calls:>8} calls")
print(f"{len(ks.by_process)} processes, {len(names)} names, {ks.sampled.dropped} records dropped, calls from {ks.var.filter.lowest} on")
