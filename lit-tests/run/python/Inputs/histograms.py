import os

import histograms_ks as ks

for _ in range(4):
    os.getpgid(0)


def show(name, cpus):
    """What all CPUs counted."""
    counts = [sum(column) for column in zip(*(one.counts for one in cpus))]
    print(name, sum(one.sum for one in cpus), {index: count for index, count in enumerate(counts) if count})


show("lat", ks.lat[0])
show("by[7]", ks.by[7])
show("by[8]", ks.by[8])
show("wide", ks.wide[0])
show("narrow", ks.narrow[0])
