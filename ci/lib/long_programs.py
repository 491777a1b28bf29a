"""Generated programs of some three hundred lines, as people write them: they parse headers, search in what is behind them, keep tables, send
events, in loops in loops."""

import long_loops
from long_pieces import PIECES
from long_writer import WORDS, Writer, indented

# attribute, context, result, what it returns of `r`, where the link header is
_FORMS = {
    "xdp": ("@xdp", "*xdp_md", "xdp_action", ["XDP_PASS", "XDP_DROP", "XDP_TX", "XDP_ABORTED"]),
    "frags": ('@xdp("frags")', "*xdp_md", "xdp_action", ["XDP_PASS", "XDP_DROP", "XDP_TX", "XDP_ABORTED"]),
    "tc": ("@tc", "*__sk_buff", "i32", ["TC_ACT_OK", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN"]),
    "cgroup_skb": ('@cgroup_skb("egress")', "*__sk_buff", "i32", ["1", "0", "1", "0"]),
}
_HEAD = """\
const MOST: u32 = {most}
enum State {{ START, KEY, VALUE, END }}
struct Flow {{ saddr: be32, daddr: be32, sport: be16, dport: be16, proto: u8 }}
struct Stats {{ packets: u64 = 0, bytes: u64 = 0, flags: u32 = 0 }}
struct Rule {{ low: u32, high: u32, proto: u8, ports: u16[4], verdict: u32 }}
struct Event {{ kind: u32, len: u32, name: str(16), data: u8[32] }}
struct Signature {{ bytes: u8[8], length: u32, weight: u32 }}
config limits {{ rules: u32 = {rules}, most: u32 = {config}, threshold: u32 = 100 }}
var flows: {flows}<Flow, Stats>(256)
var counters: {counters}<u32, u64>(16)
var rules: array<u32, Rule>(16)
var blocked: hash<str(16), u32>(64)
var events: ringbuf<Event>(65536)
var names: str(8)[4] = ["{0}", "{1}", "{2}", "{3}"]
var digits: str(2)[16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
var pattern: str(8) = "{1}"
var signatures: Signature[4] = [
    Signature {{ bytes: [71, 69, 84, 32, 0, 0, 0, 0], length: 4, weight: 10 }}, Signature {{ bytes: [97, 97, 97, 98, 0, 0, 0, 0], length: 2, weight: 3 }},
    Signature {{ bytes: [0, 0, 0, 0, 0, 0, 0, 0], length: 8, weight: 1 }}, Signature {{ bytes: [47, 97, 0, 0, 0, 0, 0, 0], length: 2, weight: 7 }},
]
var sketch: u32[4][32]
var largest: u32[8]
local var table: u8[32]
local var scratch: u8[64]
var hits: u64 = 0

fn known(text: str(24)) -> u32 {{
    for (i, word in names) {{
        if (text == word) return i
    }}
    return 99
}}
"""


def _parse(w, form, leave):
    """Lines from the first header to `payload`, `flow` and `off`."""
    begin = 0 if form == "cgroup_skb" else 14
    link = [] if begin == 0 else [f"var eth = ctx.packet(0, ethhdr) else {{ {leave} }}", "var kind = eth->h_proto"]
    tags = w.pick([2, 2, 4])
    vlan = [] if begin == 0 else w.pick([
        [f"for (_ in 0..{tags}) {{", "if (kind != ETH_P_8021Q && kind != ETH_P_8021AD) break", f"var tag = ctx.packet(off, vlan_hdr) else {{ {leave} }}",
         "kind = tag->h_vlan_encapsulated_proto", "off += 4", "}"],
        ["if (kind == ETH_P_8021Q) {", f"var tag = ctx.packet(off, vlan_hdr) else {{ {leave} }}", "kind = tag->h_vlan_encapsulated_proto", "off += 4", "}"],
        [f"var tags: u32 = 0", f"while (kind == ETH_P_8021Q && tags < {tags}) {{", f"var tag = ctx.packet(off, vlan_hdr) else {{ {leave} }}",
         "kind = tag->h_vlan_encapsulated_proto", "off += 4", "tags += 1", "}"]])
    ipv4 = [f"var ip = ctx.packet(off, iphdr) else {{ {leave} }}", w.pick([f"if (ip->ihl < 5) {leave}", f"if (ip->version != 4 || ip->ihl < 5) {leave}"]),
            "flow.saddr = ip->saddr", "flow.daddr = ip->daddr", "flow.proto = ip->protocol", "off += ip->ihl * 4"]
    ipv6 = [f"var ip6 = ctx.packet(off, ipv6hdr) else {{ {leave} }}", "flow.proto = ip6->nexthdr", "off += 40",
            *w.pick([[], [f"for (_ in 0..{w.pick([2, 4, 6])}) {{", "if (flow.proto != 0 && flow.proto != 43 && flow.proto != 60) break",
                          f"var opt = ctx.packet(off, ipv6_opt_hdr) else {{ {leave} }}", "flow.proto = opt->nexthdr", "off += (opt->hdrlen + 1) * 8", "}"]])]
    family = ["var first = ctx.bytes(0)[0] >> 4", "if (first == 4) {", *ipv4, "} else {", *ipv6, "}"] if begin == 0 else \
        ["if (kind == ETH_P_IP) {", *ipv4, "} else if (kind == ETH_P_IPV6) {", *ipv6, "} else {", leave, "}"]
    transport = ["if (flow.proto == IPPROTO_TCP) {", f"var tcp = ctx.packet(off, tcphdr) else {{ {leave} }}", "flow.sport = tcp->source", "flow.dport = tcp->dest",
                 w.pick(["off += tcp->doff * 4", "off += 20"]), "} else if (flow.proto == IPPROTO_UDP) {", f"var udp = ctx.packet(off, udphdr) else {{ {leave} }}",
                 "flow.sport = udp->source", "flow.dport = udp->dest", "off += 8", "}"]
    payload = w.pick(["var payload = ctx.bytes(off)", "var payload = ctx.bytes(off)", f"var payload = ctx.bytes(off, 32) else {{ {leave} }}"])
    return [f"var off: u32 = {begin}", "var flow = Flow { .. }", *link, *vlan, *family, *transport, payload]


class _Calls:
    """How a program calls its functions."""

    def __init__(self, w):
        self.w = w

    def argument(self, kind):
        w = self.w
        number = w.pick(["r", "n", "len(payload)", str(w.random.randrange(64)), "flow.proto as u32"])
        return {"bytes": w.pick(["payload", "payload", f"payload.slice({w.pick(['n & 15', '4', '8'])})", "ctx.bytes(off, 64)"]),
                "text": w.pick(["title", f'"{w.word()}"']), "number": number, "array": "&table", "flow": "flow"}[kind]

    def call(self, function):
        return f"{function.name}({', '.join(map(self.argument, function.params))})"

    def use(self, function):
        w = self.w
        call = self.call(function)
        return w.pick([
            [f"r += {call}"], [f"r ^= {call}"], [f"n = {call}"], [f"if ({call} > {w.pick([3, 10, 100])}) r += {w.random.randrange(1, 9)}"],
            [f"for (round in 0..{w.pick([2, 3, 4])}) {{", f"r = r * 31 + {call}", "if (r == 77) break", "}"],
            [f"if (flow.proto == {w.pick(['IPPROTO_TCP', 'IPPROTO_UDP'])}) {{", f"r += {call}", "}"],
            [f"match ({call}) {{", "0: { r += 1 },", "1..=9: { r += 3 },", "default: { r ^= 5 },", "}"]])


def _entry(w, name, form, functions, other):
    attribute, context, result, verdicts = _FORMS[form]
    leave = f"return {verdicts[0]}"
    calls = _Calls(w)
    body = [line for function in functions for line in calls.use(function)]
    title = w.pick([['var title: str(12) = names[n & 3]'], ['var title: str(12) = ""', 'for (i in 0..3) {', 'title += payload[i] == 0 ? "a" : "be"', "}"], ['var title: str(12) = "GET"']])
    end = [f"if ((r & 7) == 1) return {other}(ctx)"] if other else []
    return [f"{attribute} fn {name}(ctx: {context}) -> {result} {{", *_parse(w, form, leave), "var r: u32 = 1", "var n = len(payload)", *title,
            *body, "counters[r & 15] += 1", *end, "return match (r & 3) {", *(f"{at}: {verdict}," for at, verdict in enumerate(verdicts[:3])), f"default: {verdicts[3]},", "}", "}"]


def _functions(w, count):
    made = []
    for _ in range(count):
        if w.chance(40):
            made.append(long_loops.function(w))
        else:
            made.append(w.pick(PIECES)(w))
    return made


def program(seed):
    """The text of the program of a seed."""
    w = Writer(seed)
    form = w.pick(["xdp", "xdp", "xdp", "tc", "tc", "frags", "cgroup_skb"])
    counters = w.pick(["array", "percpu_array", "hash"])
    # User space updates no entries of one CPU.
    w.plain = counters != "percpu_array"
    head = _HEAD.format(*w.random.sample(WORDS, 4), most=w.pick([4, 8, 16]), rules=w.pick([4, 8, 16]), config=w.pick([4, 6, 12, 24]),
                        flows=w.pick(["hash", "lru_hash"]), counters=counters)
    lines, functions = [], []
    # The program and what is declared are about a hundred lines.
    while len(lines) < 190:
        made = _functions(w, 1)[0]
        functions.append(made)
        lines += ["", *"\n".join(made.lines).split("\n")]
    main = list(functions)
    w.random.shuffle(main)
    other = ""
    if w.chance(50):
        other = "t0_next"
        half = len(main) // 2
        lines += ["", *_entry(w, other, form, main[half:], "")]
        main = main[:half]
    lines += ["", *_entry(w, "t0", form, main, other)]
    return head + indented(lines)
