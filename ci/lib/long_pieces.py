"""Functions as programs of packets have them, each with loops in loops: parsers, searches, tables, texts.

A piece takes a `Writer` (long_writer.py) and yields a function: its name, the kinds of its parameters, and its lines.
"""

from dataclasses import dataclass


@dataclass
class Function:
    name: str
    # "bytes", "text", "number", "array", "flow": what a caller passes.
    params: tuple[str, ...]
    lines: list[str]


def _head(w, word, *kinds):
    """(a new name, the line that begins the function)"""
    name = w.fresh(word)
    types = {"bytes": "bytes", "text": f"str({w.text_size})", "number": "u32", "array": "*u8[32]", "flow": "Flow"}
    names = {"bytes": "p", "text": "text", "number": "n", "array": "a", "flow": "flow"}
    params = ", ".join(f"{names[kind]}: {types[kind]}" for kind in kinds)
    return name, f"{w.helper()}fn {name}({params}) -> u32 {{"


def labels(w):
    """The name of a DNS query as text with dots."""
    name, head = _head(w, "name_length", "bytes", "number")
    most, longest = w.pick([4, 6, 8, 12]), w.pick([16, 24, 63])
    lower = ["if (c >= 'A' && c <= 'Z') c += 32"] if w.chance(50) else []
    outer, end = w.loop("l", w.bound(most))
    return Function(name, ("bytes", "number"), [
        head, "var at: u32 = n & 63", "var total: u32 = 0", "var hash: u32 = 5381",
        *outer, "var left = p[at]", "if (left == 0) break",
        w.pick(["if ((left & 0xc0) != 0) return 0xffff", "if (left > 63) break"]),
        f"for (k in 0..{longest}) {{", "if (k >= left) break", "var c = p[at + 1 + k]", *lower, "hash = hash * 33 + c", "total += 1", "}",
        "at += left + 1", *end, w.pick(["return total", "return hash", "return total ^ hash"]), "}"])


def label_text(w):
    """The name of a DNS query in a text, that is looked up."""
    name, head = _head(w, "query_name", "bytes", "number")
    outer, end = w.loop("i", w.bound(w.pick([8, 12, 20, 31])))
    step = w.pick([
        ["if (left == 0) {", "if (c == 0) break", 'if (len(name) != 0) name += "."', "left = c", "} else {",
         'name += c == \'a\' ? "a" : (c == \'b\' ? "b" : "x")', "left -= 1", "}"],
        ["if (left == 0) {", "left = c", "} else {", "match (c) {", "'a': { name += \"a\" },", "'z': { name += \"z\" },",
         "default: { name += \"-\" },", "}", "left -= 1", "}"]])
    return Function(name, ("bytes", "number"), [
        head, 'var name: str(16) = ""', "var left: u8 = p[n & 31]", *outer, "var c = p[(n & 31) + i + 1]", *step, *end,
        w.pick(["return blocked[name]", "if (var found = blocked[name]) return found\nreturn len(name)",
                f'if (starts_with(name, "{w.word()}")) return 7\nreturn name == "{w.word()}" ? 1 : len(name)']), "}"])


def search(w):
    """A pattern in a view."""
    name, head = _head(w, "find", "bytes", "text")
    far = w.bound(w.pick([16, 32, 48, 100]))
    outer, end = w.loop("i", far)
    inner = w.pick([
        ["var same = true", "for (j in 0..len(text)) {", "if (p[i + j] != text[j]) {", "same = false", "break", "}", "}", "if (same) return i"],
        ["var matched: u32 = 0", "while (matched < len(text) && p[i + matched] == text[matched]) {", "matched += 1", "}",
         "if (matched == len(text)) return i"],
        ["var j: u32 = 0", "loop {", "if (j >= len(text)) return i", "if (p[i + j] != text[j]) break", "j += 1", "}"],
        [f'if (p.slice(i, {len("Host")}) == "Host") return i', "for (k in 0..4) { found += p[i + k] }"]])
    return Function(name, ("bytes", "text"), [head, "var found: u32 = 0", *outer, *inner, *end, "return found + 0xffff", "}"])


def signatures(w):
    """Signatures of a table in a view."""
    name, head = _head(w, "signature", "bytes", "number")
    far = w.pick([4, 8, 16, 24])
    outer, end = w.loop("at", w.bound(far))
    test = w.pick([
        ["var same = true", "for (k, c in s.bytes) {", "if (k >= s.length) break", "if (p[at + k] != c) {", "same = false", "break", "}", "}", "if (same) {",
         "hits += 1", "score += s.weight", "}"],
        ["if (p[at] == s.bytes[0] && p[at + 1] == s.bytes[1]) score += s.weight"],
        ["if (compare(p.slice(at), s.bytes, 4) == 0) {", "hits += 1", "break", "}"],
        ["if (p.slice(at, 8) == s.bytes) return s.weight"]])
    return Function(name, ("bytes", "number"), [
        head, "var score: u32 = n & 1", "for (s in signatures) {", *outer, *test, *end, "}", "return score", "}"])


def header_lines(w):
    """Lines of a text protocol, and their fields."""
    name, head = _head(w, "header_fields", "bytes")
    most, long = w.pick([3, 4, 6]), w.pick([12, 20, 40])
    outer, end = w.loop("line", w.bound(most))
    return Function(name, ("bytes",), [
        head, "var at: u32 = 0", "var value: u32 = 0", *outer,
        "var begins = at", f"for (_ in 0..{long}) {{", "var c = p[at]", "at += 1", "if (c == '\\n' || c == 0) break",
        "if (c == ':' && value == 0) value = at", "}",
        w.pick(["if (at - begins <= 2) return at", "if (at == begins + 1) break"]),
        w.pick(['if (p.slice(begins, 4) == "GET ") state = SEEN', 'if (p.slice(begins, 5) == "Host:") {\nstate = SEEN\nvalue += 100\n}'])
        .replace("state = SEEN", "value |= 0x10000"), *end, "return value", "}"])


def options(w):
    """Options, each behind its length."""
    name, head = _head(w, "options", "bytes", "number")
    size = w.pick([20, 40, 60])
    begin, end = w.pick([(["while (at < size) {"], ["}"]), (["for (_ in 0..20) {", "if (at >= size) break"], ["}"]), (["loop {", "if (at >= size) break"], ["}"])])
    return Function(name, ("bytes", "number"), [
        head, f"var size: u32 = n < {size} ? n : {size}", "var at: u32 = 0", "var mss: u32 = 0", "var seen: u32 = 0", *begin,
        "var kind = p[at]", "if (kind == 0) break", "if (kind == 1) {", "at += 1", "continue", "}",
        "var length = p[at + 1]", w.pick(["if (length < 2) return 0xffff", "if (length < 2) break"]),
        "match (kind) {", "2: { mss = p.read(at + 2, be16) as u16 },", "3: { seen |= 1 << (p[at + 2] & 15) },",
        w.pick(["5: {\nfor (k in 0..8) {\nif (k + 2 < length) seen += p[at + 2 + k]\n}\n},", "8: { seen ^= p.read(at + 2, u32) },"]),
        "default: { seen += 1 },", "}", "at += length", *end, "return mss + seen", "}"])


def sort(w):
    """Sorts the bytes of a view."""
    name, head = _head(w, "median", "bytes")
    n = w.pick([4, 6, 8, 10, 16])
    inner = w.pick([f"for (j in 0..{n - 1} - i)", f"for (j in 0..{n - 1})"])
    width = w.pick(["u8", "u16", "u32"])
    algorithm = w.pick([
        [f"for (i in 0..{n - 1}) {{", f"{inner} {{", "if (v[j] > v[j + 1]) {", "var t = v[j]", "v[j] = v[j + 1]", "v[j + 1] = t", "}", "}", "}"],
        [f"for (i in 1..{n}) {{", "var key = v[i]", "var j: u32 = i", "while (j > 0 && v[j - 1] > key) {", "v[j] = v[j - 1]", "j -= 1", "}", "v[j] = key", "}"],
        [f"for (i in 0..{n}) {{", "var least: u32 = i", f"for (j in i + 1..{n}) {{", "if (v[j] < v[least]) least = j", "}", "var t = v[i]", "v[i] = v[least]", "v[least] = t", "}"]])
    return Function(name, ("bytes",), [head, f"var v: {width}[{n}]", f"for (i in 0..{n}) v[i] = p[i]", *algorithm, f"return v[{n // 2}]", "}"])


def table(w):
    """Rules of an array map, the first that fits."""
    name, head = _head(w, "rule", "flow", "number")
    outer, end = w.loop("i", w.bound(w.pick([8, 16, 32]), "limits.rules"))
    ports = ["var inside = false", "for (j in 0..4) {", "if (r.ports[j] == 0) break", "if (r.ports[j] == (flow.dport as u16)) {", "inside = true", "break", "}", "}",
             "if (!inside) continue"]
    form = w.pick(["var r = rules[i]", "var r = rules[i] else { continue }" if outer[-1].startswith("for") else "var r = rules[i]"])
    skip = outer[-1].startswith("for")
    tests = ["if (r.proto != 0 && r.proto != flow.proto) continue", *(ports if w.chance(60) else [])] if skip else ["if (r.proto == flow.proto) hits += 1"]
    return Function(name, ("flow", "number"), [
        head, "var best: u32 = 0", *outer, form, *tests,
        w.pick(["if (r.low <= n && n < r.high) return r.verdict", "if (n < r.high) best = r.verdict", "if (best < r.low) best = r.low"]), *end, "return best", "}"])


def sketch(w):
    """A count-min sketch, each row with a hash of its own."""
    name, head = _head(w, "estimate", "bytes", "number")
    rows, width = w.pick([2, 3, 4]), w.pick([8, 13, 20])
    least = ["if (count < least) least = count"]
    update = w.pick([["sketch[row][h & 31] += 1", "var count = sketch[row][h & 31]"], ["counters[h & 15] += 1", "var count = counters[h & 15] as u32"]])
    return Function(name, ("bytes", "number"), [
        head, "var least: u32 = 0xffffffff", f"for (row in 0..{rows}) {{", "var h: u32 = n * 31 + row",
        w.pick([f"for (k in 0..{width}) {{ h = (h ^ p[k]) * 16777619 }}", f"for (k, c in p) {{\nif (k >= {width}) break\nh = (h ^ c) * 16777619\n}}",
                f"for (k in 0..{width}) {{\nh ^= p[k]\nfor (_ in 0..2) {{\nh = (h << 5) | (h >> 27)\n}}\n}}"]),
        *update, *least, "}", "return least", "}"])


def crc(w):
    """A checksum by bits."""
    name, head = _head(w, "crc", "bytes", "number")
    n = w.pick([4, 8, 16, 20, 64])
    body = w.pick([["if ((c & 1) != 0) {", "c = (c >> 1) ^ 0xedb88320", "} else {", "c >>= 1", "}"],
                   ["c = (c & 1) != 0 ? (c >> 1) ^ 0xedb88320 : c >> 1"], ["var low = c & 1", "c >>= 1", "if (low == 1) c ^= 0xedb88320"]])
    outer, end = w.loop("i", w.bound(n))
    return Function(name, ("bytes", "number"), [head, "var c: u32 = ~n", *outer, "c ^= p[i]", "for (_ in 0..8) {", *body, "}", *end, "return ~c", "}"])


def decimal(w):
    """Numbers of a text: an address with dots."""
    name, head = _head(w, "address", "bytes")
    return Function(name, ("bytes",), [
        head, "var at: u32 = 0", "var result: u32 = 0", "for (part in 0..4) {", "var number: u32 = 0", "var digits: u32 = 0",
        f"for (_ in 0..{w.pick([3, 4])}) {{", "var c = p[at]", "if (c < '0' || c > '9') break", "number = number * 10 + (c - 48)", "digits += 1", "at += 1", "}",
        w.pick(["if (digits == 0 || number > 255) return 0", "if (digits == 0) break"]),
        "result = (result << 8) | (number & 255)", "if (part < 3 && p[at] != '.') return result", "at += 1", "}", "return result", "}"])


def hexadecimal(w):
    """Bytes as text."""
    name, head = _head(w, "hex", "bytes", "number")
    n = w.pick([2, 4, 6, 8])
    digit = w.pick([
        ["text += digits[(p[i] >> shift) & 15]"],
        ["var d = (p[i] >> shift) & 15", 'text += d < 10 ? "0" : "f"'],
        ["match ((p[i] >> shift) & 15) {", "0..=9: { text += \"0\" },", "10 | 11: { text += \"ab\" },", "default: { text += \"f\" },", "}"]])
    use = w.pick(['return text == "00ff" ? 1 : len(text)', "return known(text)", 'if (starts_with(text, "0f")) return n\nreturn len(text)'])
    return Function(name, ("bytes", "number"), [
        head, 'var text: str(24) = ""', f"for (i in 0..{n}) {{", *([f"if (i >= (n & {n - 1})) break"] if w.chance(40) else []),
        *(["if (i != 0) text += \":\""] if w.chance(50) else []), "for (half in 0..2) {", "var shift: u32 = half == 0 ? 4 : 0", *digit, "}", "}", use, "}"])


def words(w):
    """Words of a list that a text begins with, or is."""
    name, head = _head(w, "listed", "text", "number")
    use = w.pick([
        ["if (text == word) return i"], ["if (starts_with(text, word)) score += 1"], ["if (starts_with(word, text)) return i + 10"],
        ["var same: u32 = 0", "for (j in 0..len(word)) {", "if (text[j] == word[j]) same += 1 else break", "}", "if (same > score) score = same"],
        ["for (other in names) {", "if (other == word) continue", "if (text == other + word) return i", "}"],
        ["var built = word + text", "if (built == \"alphaGET\") return 3", "score += len(built)"]])
    return Function(name, ("text", "number"), [head, "var score: u32 = n & 3", "for (i, word in names) {", *use, "}", "return score", "}"])


def distance(w):
    """The edit distance of two texts."""
    name, head = _head(w, "distance", "text")
    n = w.pick([4, 6, 8])
    return Function(name, ("text",), [
        head, f"var row: u8[{n + 1}]", f"for (j in 0..{n + 1}) row[j] = j as u8", f"for (i in 0..{n}) {{", "if (text[i] == 0) break",
        "var corner = row[0]", "row[0] = (i + 1) as u8", f"for (j in 0..{n}) {{", "var up = row[j + 1]",
        "var cost: u8 = text[i] == pattern[j] ? 0 : 1", "var best = corner + cost", "if (up + 1 < best) best = up + 1", "if (row[j] + 1 < best) best = row[j] + 1",
        "row[j + 1] = best", "corner = up", "}", "}", f"return row[{n}]", "}"])


def machine(w):
    """A state machine over the bytes of a view."""
    name, head = _head(w, "fields", "bytes")
    n = w.pick([16, 32, 64])
    walk = w.pick([[f"for (i, c in p) {{", f"if (i >= {n}) break"], [f"for (i in 0..{n}) {{", "var c = p[i]", "if (c == 0) break"]])
    return Function(name, ("bytes",), [
        head, "var state = START", "var depth: u32 = 0", "var fields: u32 = 0", *walk, "state = match (state) {",
        "START: c == '{' || c == 'G' ? KEY : START,", "KEY: c == '\"' || c == '/' ? VALUE : KEY,", "VALUE: c == ',' || c == ' ' ? END : VALUE,", "END: START,", "}",
        "if (state == END) fields += 1", w.pick(["if (c == '{') depth += 1", "if (state == VALUE) {\nfor (k in 0..3) { depth += (c >> k) & 1 }\n}"]), "}",
        "return fields * 16 + depth", "}"])


def copies(w):
    """Copies between memories, in a loop."""
    name, head = _head(w, "gather", "bytes", "array")
    n = w.pick([2, 4, 8])
    step = w.pick([
        [f"copied += copy(part, p.slice(i * {w.pick([4, 6, 16])}, 8))", "if (part[0] == (*a)[i]) break"],
        ["copied += copy(scratch, p.slice(i * 8))", "sum += scratch[i] as u32"],
        ["for (k in 0..8) part[k] = p[i * 8 + k]", "if (part == last) return i", "last = part"],
        ["copy(part, p.slice(i))", "for (j in 0..8) {", "if (compare(part, last, 8) < 0) sum += 1", "last[j] = part[j]", "}"]])
    return Function(name, ("bytes", "array"), [
        head, "var part: u8[8]", "var last: u8[8]", "var copied: u32 = 0", "var sum: u32 = 0", f"for (i in 0..{n}) {{", *step, "}",
        "(*a)[3] = part[0] + last[1]", "return copied + sum", "}"])


def checksum(w):
    """Checksums over parts of a view."""
    name, head = _head(w, "checksum", "bytes", "number")
    form = w.pick([
        ["for (i in 0..4) {", "sum = csum_diff(null, p.slice(i * 8, 8), sum)", "if (csum_fold(sum) == n) return i", "}", "return csum_fold(sum)"],
        [f"for (i in 0..{w.pick([10, 20, 32])}) {{", "sum += p.read(i * 2, u16) as u32", "}", "while ((sum >> 16) != 0) {", "sum = (sum & 0xffff) + (sum >> 16)", "}", "return ~sum & 0xffff"],
        ["for (i in 0..3) {", "for (k in 0..10) {", "sum += p.read(i * 20 + k * 2, be16) as u16", "if (sum > 0xffff) sum = (sum & 0xffff) + 1", "}", "}", "return sum ^ csum_fold(csum_diff(p.slice(0, n & 31), p.slice(8)))"]])
    return Function(name, ("bytes", "number"), [head, "var sum: u32 = 0", *form, "}"])


def top(w):
    """Puts a number among the largest."""
    name, head = _head(w, "rank", "number", "flow")
    n = w.pick([4, 8])
    return Function(name, ("number", "flow"), [
        head, f"for (i in 0..{n}) {{", "if (n <= largest[i]) continue", f"var j: u32 = {n - 1}", "while (j > i) {", "largest[j] = largest[j - 1]", "j -= 1", "}",
        "largest[i] = n", w.pick(["return i", "break"]), "}", w.pick(["return largest[0]", "var s = flows[flow]\nreturn s.packets as u32"]), "}"])


def bits(w):
    """Bits of a map of bits."""
    name, head = _head(w, "first_free", "number", "array")
    return Function(name, ("number", "array"), [
        head, "var taken: u32 = 0", f"for (i in 0..{w.pick([4, 16, 32])}) {{", "var byte = (*a)[i]", "if (byte == 0xff) continue", f"for (b in 0..{w.pick([8, 8, 4])}) {{",
        "if ((byte & (1 << b)) == 0) {", w.pick(["(*a)[i] |= 1 << b\nreturn i * 8 + b", "taken += n"]), "}", "}", "}", "return taken", "}"])


def matrix(w):
    """A product, or the neighbours of cells."""
    name, head = _head(w, "weights", "array", "number")
    n = w.pick([3, 4, 5])
    form = w.pick([
        [f"for (i in 0..{n}) {{", f"for (j in 0..{n}) {{", "var cell: u32 = 0", f"for (k in 0..{n}) {{", f"cell += (*a)[i * {n} + k] as u32 * (k + n)", "}", "if (cell > total) total = cell", "}", "}"],
        [f"for (y in 0..{n}) {{", f"for (x in 0..{n}) {{", "var near: u32 = 0", "for (dy in 0..3) {", "for (dx in 0..3) {", f"near += (*a)[(y + dy) * {n} + x + dx]", "}", "}",
         "if (near > n) total += 1", "}", "}"]])
    return Function(name, ("array", "number"), [head, "var total: u32 = 0", *form, "return total", "}"])


def events_piece(w):
    """Sends parts of a view."""
    name, head = _head(w, "report", "bytes", "text")
    fill = w.pick([["e->len = copy(e->data, p)"], ["for (i in 0..32) e->data[i] = p[i]", "e->len = len(p)"],
                   ["for (i in 0..4) {", "for (j in 0..8) {", "if (p[i * 8 + j] == 0) break", "e->data[i * 8 + j] = p[i * 8 + j]", "e->len += 1", "}", "}"]])
    return Function(name, ("bytes", "text"), [
        head, "var sent: u32 = 0", f"for (k in 0..{w.pick([1, 2, 3])}) {{", "var e = events.reserve() else { return sent }", "e->kind = k", *fill,
        w.pick(["e->name = text", 'e->name = text + "!"', 'e->name = "k"']),
        w.pick(["if (e->len == 0) {\nevents.discard(e)\ncontinue\n}\nevents.submit(e)", "events.submit(e)"]), "sent += 1", "}", "return sent", "}"])


def flows_piece(w):
    """Counts a flow and its neighbours."""
    name, head = _head(w, "track", "flow", "number")
    outer, end = w.loop("i", w.bound(w.pick([2, 4, 8])))
    return Function(name, ("flow", "number"), [
        head, "var key = flow", "var sum: u64 = 0", *outer, "key.sport = ((flow.sport as u16) + i as u16) as be16",
        w.pick(["if (var s = flows[key]) {\ns.packets += 1\ns.bytes += n\nsum += s.packets\n}", "if (var s = flows.entry(key, Stats { packets: 1, .. })) {\ns.bytes += n\nsum += s.bytes\n}",
                "var s = flows[key]\nif (s.flags != 0) return i\nsum += s.packets"]),
        *end, "flows[flow] = Stats { packets: sum + 1, bytes: n, flags: n & 7 }", "return sum as u32", "}"])


PIECES = [labels, label_text, search, signatures, header_lines, options, sort, table, sketch, crc, decimal, hexadecimal, words, distance, machine,
          copies, checksum, top, bits, matrix, events_piece, flows_piece]
