import ipaddress

import bindings_ks
from bindings_ks import Color, Key, Sum, Value


def named(action):
    """The name of the exception that an action raises."""
    try:
        action()
    except Exception as error:  # noqa: BLE001
        return type(error).__name__
    return "nothing"


print(bytes(Sum(packets=1, bytes=258)).hex(), bytes(Key(port=80, source="10.0.0.1")).hex())
with bindings_ks.open() as ks:
    with bindings_ks.open(maps=[("slots", ks.slots.fileno()), ("any.bss", ks.var._places["total"][0].fileno())]) as handed:
        print(len(handed.slots), handed.var.total, named(lambda: handed.values), handed.slots.fileno() != ks.slots.fileno())
    print(ks.var.total, ks.var.runs, ks.var.limits)
    key = ks.values.key(port=80, source="10.0.0.1")
    print(*next(iter(ks.values.items())))
    print(len(ks.values), key in ks.values, Key(port=81) in ks.values, named(lambda: ks.values[Key(port=81)]))
    ks.values[Key(port=81)] = Value(n=9, color=Color.RED, text="truncated text", mac=b"123456", sizes=[1, 2, 3])
    print(ks.values[Key(port=81)].n, len(ks.values) - 1)
    del ks.values[Key(port=81)]
    print(list(ks.slots.values()), len(ks.slots), named(lambda: ks.slots[4]), named(lambda: ks.slots.pop(1)))
    ks.slots[2] = 77
    first = ks.sums[3].sum()
    ks.sums[3] = [Sum(packets=4 if cpu == 0 else 0, bytes=8 if cpu == 0 else 0) for cpu in range(len(ks.sums[3]))]
    print(first, ks.sums[3].sum())
    route = next(iter(ks.routes))
    print(route, ks.routes[route], ks.routes[ipaddress.ip_network("10.9.0.0/16")])
    taken = [ks.waiting.pop() for _ in range(4)]
    print(taken[0], taken[1], taken[3], named(ks.waiting.pop))
    print(9 in ks.seen, 10 in ks.seen)
    for event in ks.events.poll(timeout=0):
        print(event, event.tail, ks.events.dropped)
    print("no samples yet", len(list(ks.samples.poll(timeout=0))))
    for change in (lambda: setattr(ks.var, "limits", 1), lambda: ks.var.hidden):
        try:
            change()
        except AttributeError as error:
            print(error)
    ks.var.total = 1000
