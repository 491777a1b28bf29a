#!/usr/bin/env python3
# packet_table.py: a live table of what packet_counter counts, from another process and from the object alone.
#
#     ksc bindings --python packet_counter.bpf.o -o packet_counter_ks.py
#     sudo ./packet_counter --interface=eth0 &
#     sudo ./packet_table.py
import sys
import time

import packet_counter_ks


def table(ks):
    rows = sorted(ks.by_source.items(), key=lambda row: row[1].packets, reverse=True)
    yield f"{'source':<16}{'packets':>10}{'bytes':>12}"
    for source, traffic in rows[:20]:
        yield f"{source!s:<16}{traffic.packets:>10}{traffic.bytes:>12}"


with packet_counter_ks.open() as ks:
    while True:
        print("\x1b[H\x1b[2J" if sys.stdout.isatty() else "", *table(ks), sep="\n", flush=True)
        if not sys.stdout.isatty():
            break
        time.sleep(1)
