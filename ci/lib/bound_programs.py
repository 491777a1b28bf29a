"""Generated programs that access memory at computed offsets, many in a file, with the results that they must have."""

import random
from dataclasses import dataclass

from bound_accesses import NAME, OF_ALL, OF_MEMORY, STRAIGHT
from bound_loops import LOOPS
from bound_numbers import DIVISORS, MIXES, SOURCES, TABLE, Number, binary, cast, index, less, literal

_HEAD = """\
struct Head {{ b: u8, c: u8, w: u16, d: u32, q: u64 }}
struct Kept {{ n: u32, v: u8[24] }}
struct Record {{ n: u32 }}
struct Slot {{ tag: u16, ids: u32[5], n: u8 }}
struct Slots {{ items: Slot[40] }}
const TABLE: u8[16] = {table}
const NAME: str(20) = "{name}"
var kept: array<u32, Kept>(4)
var heads: array<u32, Head>(4)
var records: ringbuf<Record>(4096)
var shared: u8[24]
var sources: Head
var slots: array<u32, Slots>(2)
{divisors}
{mixes}
"""
# Loops are as many programs as a third of the rest.
_KINDS = {**STRAIGHT, **LOOPS}
_NAMES = [*STRAIGHT, *(name for name in LOOPS for _ in range(4))]
# What takes an index with a sign.
_SIGNED = ("byte", "write", "slice", "read", "equal", "compare", "table", "text", "map", "global", "stack", "copied", "pointer",
           "header-array", "slots")
# form → (attribute, context, result, the returned expression, what the kernel keeps of it)
FORMS = {
    "xdp": ("@xdp", "*xdp_md", "xdp_action", "r as xdp_action", 0xFFFFFFFF),
    "frags": ('@xdp("frags")', "*xdp_md", "xdp_action", "r as xdp_action", 0xFFFFFFFF),
    "tc": ("@tc", "*__sk_buff", "i32", "r as i32", 0xFFFFFFFF),
    "cgroup_skb": ('@cgroup_skb("egress")', "*__sk_buff", "i32", "(r & 1) as i32", 1),
    "socket_filter": ("@socket_filter", "*__sk_buff", "u32", "r", 0xFFFFFFFF),
    "tracing": ('@perf_event', "*bpf_perf_event_data", "i32", "(r & 1) as i32", 1),
}
_WEIGHTS = {"xdp": 40, "frags": 10, "tc": 25, "cgroup_skb": 12, "socket_filter": 5, "tracing": 8}
_READS = {"b": "head[0]", "c": "head[1]", "w": "head.read(2, u16)", "d": "head.read(4, u32)", "q": "head.read(8, u64)"}
# How a program gets the sources: lines, and what they are where that is not what is in the packet. `None`: not known.
_ZERO = {name: 0 for name in SOURCES}


def _by_name(read):
    return [f"var {name} = {read(name)}" for name in SOURCES]


def _sources(rng, form, fail):
    """(lines, {name: function of the packet} where it differs, whether results are known)"""
    of_view = [f"var {name} = {read}" for name, read in _READS.items()]
    checked = f"var head = ctx.bytes(0, 16) else {{ {fail} }}"
    swapped = [f"var {name} = {read.replace('u16)', 'be16) as u16').replace('u32)', 'be32) as u32')}" for name, read in _READS.items()]
    big = {"w": lambda p: int.from_bytes(p[2:4], "big"), "d": lambda p: int.from_bytes(p[4:8], "big")}
    bits = [f"var head = ctx.packet(0, iphdr) else {{ {fail} }}", "var b = head->ihl as u8", "var c = head->version as u8",
            "var w = (head->tot_len as u16) >> 4", "var d: u32 = head->ttl", "var q: u64 = head->protocol"]
    of_bits = {"b": lambda p: p[0] & 15, "c": lambda p: p[0] >> 4, "w": lambda p: int.from_bytes(p[2:4], "big") >> 4,
               "d": lambda p: p[8], "q": lambda p: p[9]}
    zero = {name: lambda _p: 0 for name in SOURCES}
    context = {"xdp": "ctx->rx_queue_index", "frags": "ctx->ingress_ifindex"}.get(form, "ctx->hash")
    fold = [*of_view[:2], "var w = csum_fold(head.read(4, u32)) as u16", f"var d = {context}", "var q = bpf_ktime_get_ns()"]
    entry = "var entry = heads[1] else { return 0 }".replace("return 0", fail)
    if form == "tracing":
        return rng.choice([
            ([entry, *_by_name(lambda name: f"entry.{name}")], zero, False),
            (_by_name(lambda name: f"sources.{name}"), zero, False),
            (["var b = bpf_get_prandom_u32() as u8", "var c = bpf_get_smp_processor_id() as u8", "var w = bpf_get_prandom_u32() as u16",
              "var d = bpf_get_prandom_u32()", "var q = bpf_get_current_pid_tgid()"], zero, False)])
    return rng.choice([
        ([checked, *of_view], {}, True), ([checked, *of_view], {}, True),
        (["var head = ctx.bytes(0)", *of_view], {}, True),
        ([f"var head = ctx.packet(0, Head) else {{ {fail} }}", *_by_name(lambda name: f"head->{name}")], {}, True),
        ([f"var head = ctx.packet(0, Head) else {{ {fail} }}", *_by_name(lambda name: f"head->{name}")], {}, True),
        ([checked, *swapped], big, True), (bits, of_bits, True),
        ([checked, *fold], {}, False),
        ([entry, *_by_name(lambda name: f"entry.{name}")], zero, True),
        (_by_name(lambda name: f"sources.{name}"), zero, True)])


@dataclass
class Program:
    name: str
    access: str
    form: str
    text: str
    # (packet, as the program sees it) → what is returned, or None
    result: object


def packets(seed):
    """What all programs of a seed run on: sources, then text of few letters."""
    rng = random.Random(f"packets {seed}")
    made = []
    for size in (40, 16, 33, 80, 120, 60):
        head = bytes(rng.choice([0, 1, 3, 7, 9, 0x45, rng.randrange(256)]) for _ in range(30))
        made.append(head + bytes(rng.choice(b"abcd") for _ in range(size)))
    return made


def _place(rng, kind):
    """How a program gets the index of an access: lines, and the number."""
    which = index(rng, list(SOURCES))
    if kind in _SIGNED and rng.random() < 0.1:
        which = less(rng, which)
        return [], which
    form = rng.choice(["inline", "inline", "named", "named", "joined", "counted"])
    if form == "inline":
        return [], which
    named = Number("computed", max(which.bits, 32), which.value)
    lines = [f"var computed: u{named.bits} = {which.text}"]
    if form == "joined":
        other, odd = cast(index(rng, list(SOURCES)), named.bits), rng.choice(["b", "w"])
        lines += [f"if (({odd} & 1) == 1) computed = {other.text}"]
        return lines, Number("computed", named.bits, lambda s: (other if s[odd] & 1 else which).value(s))
    if form == "counted":
        by = binary("&", index(rng, list(SOURCES)), literal(rng.choice([3, 7, 15])))
        lines += [f"for (_ in 0..{rng.choice([2, 5])}) {{ computed += {cast(by, named.bits).text} }}"]
        times = int(lines[-1].split("..")[1].split(")")[0])
        return lines, Number("computed", named.bits, lambda s: (which.value(s) + times * by.value(s)) % (1 << named.bits))
    return lines, named


def _of_all(at, context, place):
    """The access is in a function that the kernel verifies for all arguments."""
    lines = f"@helper(\"global\") fn h{at}(ctx: {context}, b: u8, c: u8, d: u32, computed: u{place.bits}) -> u32 {{\n    "
    return lines, f"var r = h{at}(ctx, b, c, d, computed)"


def _with_function(at, context, place):
    """(the helper function, the line that calls it): the access is in another function, which gets the index."""
    names = [*SOURCES, "computed"]
    types = {**SOURCES, "computed": place.bits}
    params = ", ".join(f"{name}: u{types[name]}" for name in names)
    return f"@helper fn h{at}(ctx: {context}, pk: bytes, {params}) -> u32 {{\n    ", f"var r = h{at}(ctx, pk, {', '.join(names)})"


def _access(rng, form):
    while True:
        kind = rng.choice(list(OF_MEMORY) if form == "tracing" else _NAMES)
        lines, place = _place(rng, kind)
        access = _KINDS[kind](rng, place)
        if not access.only or form in access.only:
            return kind, lines, place, access


def program(seed, at):
    rng = random.Random(f"{seed} {at}")
    form = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    attribute, context, result, returned, keeps = FORMS[form]
    fail = f"return {'99' if keeps != 1 else '0'}" + (" as xdp_action" if result == "xdp_action" else "")
    lines, differs, known = _sources(rng, form, fail)
    kind, computed, place, access = _access(rng, form)
    view = [] if form == "tracing" else ["var pk = ctx.bytes(16)"]
    if view and place.text == "computed" and rng.random() < 0.3:
        of_all = kind in OF_ALL and rng.random() < 0.5
        function, call = _of_all(at, context, place) if of_all else _with_function(at, context, place)
        function += "\n    ".join(["var r: u32 = 0", *access.lines, "return r"]) + "\n}\n"
        body = [call]
    else:
        function, body = "", ["var r: u32 = 0", *access.lines]
    whole = "\n    ".join([*lines, *view, *computed, *body, f"return {returned}"])
    text = f"{function}{attribute} fn p{at}(ctx: {context}) -> {result} {{\n    {whole}\n}}\n"

    def of(packet):
        # A test run of the other one has no end of the packet before Linux 6.18.
        if not known or access.value is None or form == "cgroup_skb":
            return None
        seen = packet[14:] if form == "socket_filter" else packet
        read = {"b": seen[0], "c": seen[1], "w": int.from_bytes(seen[2:4], "little"), "d": int.from_bytes(seen[4:8], "little"),
                "q": int.from_bytes(seen[8:16], "little")}
        sources = {**read, **{name: value(seen) for name, value in differs.items()}, "all": seen}
        return access.value(sources, seen[16:]) & keeps

    return Program(f"p{at}", kind, form, text, of)


def head():
    divisors = "\n".join(f"var {name}: {ty} = {value}" for name, (ty, value) in DIVISORS.items())
    mixes = "\n".join(f"@helper fn mix{bits}(x: u{bits}) -> u{bits} {{\n    var product = x * {factor}\n    return product ^ (product >> {shift})\n}}"
                      for bits, (factor, shift) in MIXES.items())
    return _HEAD.format(table=TABLE, name=NAME.decode(), divisors=divisors, mixes=mixes)
