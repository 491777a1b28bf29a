"""Accesses at computed offsets in straight code, or in a plain loop, as lines of a program that set `r`, each with the function that says what `r` is then.

That function takes the values of the sources and the bytes that `pk` views. The program has, besides them: `TABLE` and `NAME`, constants;
`kept`, an array of bytes in a map's value, and `shared`, one in a global variable, which are zero; `ctx`.
"""

from dataclasses import dataclass
from typing import Callable

from bound_numbers import TABLE, binary, cast, literal, looked_up, source

NAME = b"helloworldtext"
TEXT = b"abcd"
_WORD = 0xFFFFFFFF


@dataclass
class Access:
    lines: list[str]
    # None where the result depends on more than the packet.
    value: Callable[[dict, bytes], int] | None
    # What kinds of programs can have it; all if empty.
    only: tuple[str, ...] = ()


def _number(data, at, size, big=False):
    """An integer in bytes, zero where not all of it is there."""
    part = data[at:at + size]
    return int.from_bytes(part, "big" if big else "little") if len(part) == size else 0


def _byte(rng, index):
    return Access([f"r = pk[{index.text}]"], lambda s, pk: _number(pk, index.value(s), 1))


def _write(rng, index):
    lines = [f"var at = {index.text}", "pk[at] = 0x5a", "r = pk[at]"]
    return Access(lines, lambda s, pk: 0x5A if index.value(s) < len(pk) else 0, ("xdp", "frags", "tc"))


def _update(rng, index):
    lines = [f"var at = {index.text}", "pk[at] ^= 0x11", "r = pk[at]"]
    return Access(lines, lambda s, pk: pk[index.value(s)] ^ 0x11 if index.value(s) < len(pk) else 0, ("xdp", "frags", "tc"))


def _header(rng, index):
    size = rng.choice([1, 2, 4])
    start = binary("+", literal(16), index)
    return Access([f"if (var p = ctx.packet({start.text}, u{size * 8})) r = *p"],
                  lambda s, pk: _number(pk, start.value(s) - 16, size) if start.value(s) >= 16 else _number(s["all"], start.value(s), size))


def _plain_header(rng, index):
    size = rng.choice([1, 2, 4])
    return Access([f"if (var p = ctx.packet({index.text}, u{size * 8})) r = *p"], lambda s, _pk: _number(s["all"], index.value(s), size))


def _pointer(rng, index):
    """A place in the packet that moves."""
    size = rng.choice([1, 2, 4])
    test = [f"if (at + {size} > ctx->data_end) {{ r = 77 }} else {{ r = *(at as *u{size * 8}) }}"] if rng.random() < 0.5 else [
        f"var p = at as *u{size * 8}", "r = p == null ? 77 : *p"]
    def value(s, _pk):
        at = getattr(index.value, "exact", index.value)(s) + 3
        return _number(s["all"], at, size) if 0 <= at and at + size <= len(s["all"]) else 77
    return Access(["var at = ctx->data + 3", f"at += {index.text}", *test], value, ("xdp", "tc"))


def _header_array(rng, index):
    """An array in a header."""
    def value(s, _pk):
        part = s["all"][16:20 + 20 + 4]
        return (_number(part, 4 + 4 * index.value(s), 4) if index.value(s) < 5 else 0) if len(part) == 28 else 77
    return Access(["r = 77", f"if (var x = ctx.packet(16, Slot)) r = x->ids[{index.text}]"], value, ("xdp", "frags", "tc"))


def _slots(rng, index):
    """A field of an element of an array of structs, itself an array, in a map's value."""
    inner = rng.choice(["d % 5", "mix32(d) % 5", "b % 5", "(b as i8 % 3 + 2)"])
    lines, at = [], index.text
    if "mix" in at + inner:
        # What a called function may change in an entry is read before: the whole entry, for which the stack alone has no room.
        lines, at, inner = [f"var item = {at}", f"var id = {inner}"], "item", "id"
    place = f"slots[c % 2].items[{at}].ids[{inner}]"
    lines += [f"{place} = d", f"r = {place}"]
    return Access(["{", *lines, "}"], lambda s, _pk: s["d"] if index.value(s) < 40 else 0)


def _slice(rng, index):
    size = rng.choice([1, 4, 6, 13])
    at = rng.randrange(size)
    def value(s, pk):
        i = index.value(s)
        return pk[i + at] if i + size <= len(pk) else 77
    return Access([f"if (var part = pk.slice({index.text}, {size})) {{ r = part[{at}] }} else {{ r = 77 }}"], value)


def _slice_varies(rng, index):
    """A part whose offset and length are computed."""
    def value(s, pk):
        i = index.value(s)
        return pk[i:i + s["c"] % 9][2] if len(pk[i:i + s["c"] % 9]) > 2 else 0
    return Access([f"r = pk.slice({index.text}, c % 9)[2]"], value)


def _read(rng, index):
    size, big = rng.choice([(1, False), (2, False), (4, False), (2, True), (4, True), (8, False)])
    ty = f"{'be' if big else 'u'}{size * 8}"
    as_host = {(False): f"as u32", (True): f"as u{size * 8}"}[big]
    return Access([f"r = pk.read({index.text}, {ty}) {as_host}"], lambda s, pk: _number(pk, index.value(s), size, big) & _WORD)


def _equal(rng, index):
    text = rng.choice(["ab", "abcd", "c", "dabcdab"])
    return Access([f'r = pk.slice({index.text}, {len(text)}) == "{text}" ? 1 : 2'],
                  lambda s, pk: 1 if pk[index.value(s):index.value(s) + len(text)] == text.encode() else 2)


def _compare(rng, index):
    def value(s, pk):
        part = pk[index.value(s):][:4]
        return 1 if part < TEXT else 2 if part > TEXT else 3
    return Access([f'var order = compare(pk.slice({index.text}), "abcd", 4)', "r = order < 0 ? 1 : order > 0 ? 2 : 3"], value)


def _same(rng, index):
    """Two parts of the packet are compared."""
    return Access([f"r = pk.slice({index.text}, 4) == pk.slice(4, 4) ? 1 : 2"],
                  lambda s, pk: 1 if pk[index.value(s):index.value(s) + 4] == pk[4:8] else 2)


def _length(rng, index):
    return Access([f"r = len(pk.slice({index.text}))"], lambda s, pk: max(len(pk) - index.value(s), 0))


def _table(rng, index):
    number = looked_up("TABLE", TABLE, index)
    return Access([f"r = {number.text}"], lambda s, _pk: number.value(s))


def _text(rng, index):
    return Access([f"r = NAME[{index.text}]"], lambda s, _pk: _number(NAME, index.value(s), 1))


def _memory(place, room, prepare=()):
    def access(rng, index):
        lines = [*prepare, f"var at = {index.text}", f"{place}[at] = b + 1", f"r = {place}[at] * 2", f"{place}[at] = 0"]
        return Access(lines, lambda s, _pk: (s["b"] + 1) % 256 * 2 if index.value(s) < room else 0)
    return access


def _words_of_stack(rng, index):
    lines = ["var words: u64[5] = [1, 2, 3, 4, 5]", f"words[{index.text}] += d", f"r = words[{index.text}] as u32"]
    return Access(lines, lambda s, _pk: (index.value(s) + 1 + s["d"]) & _WORD if index.value(s) < 5 else 0)


def _copied(rng, index):
    def value(s, pk):
        part = pk[index.value(s):][:10]
        return len(part) * 256 + (part[3] if len(part) > 3 else 0)
    return Access(["var buf: u8[12] = []", f"r = copy(buf, pk.slice({index.text}), 10) * 256", "r += buf[3]"], value)


def _copied_part(rng, index):
    """So many bytes are copied."""
    def value(s, pk):
        part = pk[:min(index.value(s), 12)]
        return len(part) * 256 + (part[3] if len(part) > 3 else 0)
    return Access(["var buf: u8[12] = []", f"r = copy(buf, pk, {index.text}) * 256", "r += buf[3]"], value)


def _copied_to(rng, index):
    """Bytes go to an offset of other memory."""
    def value(s, pk):
        count = max(min(12 - index.value(s), 3, len(pk)), 0)
        return count
    return Access(["var buf: u8[12] = []", "var view: bytes = buf", f"r = copy(view.slice({index.text}), pk, 3)"], value)


def _loaded(rng, index):
    """A helper copies from an offset."""
    call = "bpf_skb_load_bytes(ctx, 16 + AT, &word, 4)".replace("AT", f"(({index.text}) as u32)")
    return Access(["var word: u32 = 0", f"if ({call} == 0) r = word"], None, ("tc", "cgroup_skb", "socket_filter"))


def _helper_length(rng, index):
    """A helper takes so many bytes."""
    sized = binary("&", index, literal(15))
    lines = ["var buf: u8[20] = []", f"var n = {rng.choice([index, sized]).text} as u32"]
    return Access([*lines, "r = bpf_skb_load_bytes(ctx, 16, &buf, n) == 0 ? buf[0] : 7"], None, ("tc", "cgroup_skb", "socket_filter"))


def _difference(rng, index):
    lines = ["var buf: u32[5] = []", f"var n = ({index.text} as u32) & 12", "r = bpf_csum_diff(null, 0, &buf, n, 0) as u32"]
    return Access(lines, None, ("xdp", "frags", "tc"))


def _output(rng, index):
    lines = ["var buf: u8[20] = []", f"r = bpf_ringbuf_output(&records, &buf, {index.text}, 0) as u32"]
    return Access(lines, None)


def _probed(rng, index):
    lines = ["var buf: u8[20] = []", f"r = bpf_probe_read_kernel(&buf, {index.text} as u32, &shared) as u32", "r += buf[1]"]
    return Access(lines, None, ("tracing",))


def _tail(rng, index):
    lines = [f"if (var e = records.reserve({index.text})) {{", "    e.n = d", f"    copy(e.tail, pk, {index.text})", "    e.tail[b & 7] = 3",
             "    records.discard(e)", "    r = 1", "}"]
    return Access(lines, None, ("xdp", "frags", "tc"))


def _tail_part(rng, index):
    lines = ["if (var e = records.reserve(40)) {", f"    e.tail[{index.text}] = 3", f"    copy(e.tail.slice({index.text}), pk, 5)",
             f"    r = e.tail[{index.text}]", "    records.discard(e)", "}"]
    return Access(lines, None, ("xdp", "frags", "tc"))


def _sum(rng, index):
    def value(s, pk):
        return sum(_number(pk, binary("+", index, source("k", 32)).value({**s, "k": k}), 1) for k in range(12))
    return Access([f"for (k in 0..12) r += pk[{index.text} + k]"], value)


def _walked(rng, index):
    return Access([f"for (each in pk.slice({index.text}, 10)) r = r * 3 + each"],
                  lambda s, pk: _folded(pk[index.value(s):][:10]))


def _folded(data):
    r = 0
    for each in data:
        r = (r * 3 + each) & _WORD
    return r


def _cursor(rng, index):
    """An offset that a loop moves."""
    step = rng.choice([1, 3, 4])
    start = binary("&", index, literal(63))
    def value(s, pk):
        at, r = start.value(s), 0
        for _ in range(10):
            if at + 2 > len(pk):
                break
            r, at = (r + _number(pk, at, 2)) & _WORD, at + step + (pk[at] & 3)
        return r
    lines = [f"var at: u32 = {cast(start, 32).text}", "for (_ in 0..10) {", "    var part = pk.slice(at, 2) else { break }",
             "    r += part.read(0, u16)", f"    at += {step} + (part[0] & 3)", "}"]
    return Access(lines, value)


STRAIGHT = {
    "byte": _byte, "write": _write, "update": _update, "header": _header, "plain-header": _plain_header, "pointer": _pointer,
    "header-array": _header_array, "slots": _slots, "slice": _slice,
    "slice-varies": _slice_varies, "read": _read, "equal": _equal, "compare": _compare, "same": _same, "length": _length,
    "table": _table, "text": _text, "map": _memory("kept[0].v", 24), "global": _memory("shared", 24),
    "stack": _memory("room", 24, ("var room: u8[24] = []",)), "stack-words": _words_of_stack,
    "copied": _copied, "copied-part": _copied_part, "copied-to": _copied_to, "loaded": _loaded, "helper-length": _helper_length,
    "difference": _difference, "output": _output, "probed": _probed, "tail": _tail, "tail-part": _tail_part,
    "sum": _sum, "walked": _walked, "cursor": _cursor,
}
# What needs no packet.
OF_MEMORY = ("table", "text", "map", "global", "slots", "stack", "stack-words", "output", "probed")
# What needs no view, and of the sources only those that a function of at most five parameters gets besides the index.
OF_ALL = ("plain-header", "pointer", "header-array", "table", "text", "map", "global", "slots", "stack", "stack-words")
