"""Functions of random statements: loops in loops around what the compiler makes loops of itself, texts, copies and comparisons."""

from long_pieces import Function

_LIMITS = [2, 3, 4, 4, 5, 6, 8, 8, 10, 12, 16, 20, 32]


class Body:
    """The statements of one function `fn(p: bytes, text: str(N), n: u32) -> u32`."""

    def __init__(self, w, depth):
        self.w = w
        self.depth = depth
        self.numbers = ["n"]
        # Those that may be assigned.
        self.variables = []
        self.texts = ["text"]
        self.own_texts = []
        self.arrays = []
        self.views = ["p"]
        self.loops = 0
        # How often the current statement runs.
        self.weight = 1
        self.room = w.pick([4, 6, 8, 10])
        # Inside a `while`, whose counter `continue` would skip.
        self.counted = [True]

    # Expressions.

    def index(self, size=16):
        """An index of what has so many elements: a constant one is of them."""
        w = self.w
        number = w.pick(self.numbers)
        return w.pick([str(w.random.randrange(size)), number, f"({number} & {w.pick([3, 7, 15])})", f"{number} % {size}"])

    def number(self, depth=2):
        w = self.w
        simple = [lambda: w.pick(self.numbers), lambda: w.pick(self.numbers), lambda: str(w.pick([0, 1, 2, 3, 7, 10, 32, 255, 1500]))]
        if depth <= 0:
            return w.pick(simple)()
        sub = lambda: self.number(depth - 1)  # noqa: E731
        choices = [
            *simple, lambda: f"({sub()} {w.pick(['+', '-', '*', '&', '|', '^'])} {sub()})", lambda: f"({sub()} {w.pick(['%', '/'])} {w.pick(self.numbers)})",
            lambda: f"({sub()} {w.pick(['<<', '>>'])} {w.random.randrange(1, 16)})",
            lambda: f"{w.pick(self.views)}[{self.index()}] as u32", lambda: f"{w.pick(self.views)}.read({self.index()}, u16) as u32",
            lambda: f"len({w.pick(self.texts)})", lambda: f"({w.pick(self.texts)}[{self.index(8)}] as u32)",
            lambda: f"({self.condition(0)} ? {sub()} : {sub()})", lambda: f"limits.{w.pick(['rules', 'most', 'threshold'])}",
            lambda: f"counters[{w.pick(self.numbers)} & 15] as u32", lambda: f"blocked[{w.pick(self.texts)}]", lambda: f"len({w.pick(self.views)})",
        ]
        if self.arrays:
            choices += [self.element] * 3
        return w.pick(choices)()

    def element(self):
        name, _, size = self.w.pick(self.arrays)
        return f"({name}[{self.index(size)}] as u32)"

    def condition(self, depth=1):
        w = self.w
        number = lambda: self.number(depth)  # noqa: E731
        choices = [
            lambda: f"{number()} {w.pick(['<', '<=', '==', '!=', '>', '>='])} {number()}",
            lambda: f"({number()} & {1 << w.random.randrange(8)}) != 0",
            lambda: f"{w.pick(self.views)}[{self.index()}] == {w.pick([0, 10, 32, 97, 255])}",
        ]
        if depth > 0:
            view = lambda: f"{w.pick(self.views)}.slice({self.index()}{w.pick(['', ', 4', ', 8'])})"  # noqa: E731
            choices += [
                lambda: f"{w.pick(self.texts)} {w.pick(['==', '!='])} {self.text()}", lambda: f"starts_with({w.pick(self.texts)}, {self.text()})",
                lambda: f'{view()} == "{w.word()}"', lambda: f"compare({view()}, {view()}, {w.pick([4, 6, 16])}) {w.pick(['<', '==', '>='])} 0",
                lambda: f"({self.condition(0)} {w.pick(['&&', '||'])} {self.condition(0)})",
            ]
        return w.pick(choices)()

    def text(self):
        w = self.w
        return w.pick([f'"{w.word()}"', w.pick(self.texts), f"names[{w.pick(self.numbers)} & 3]"])

    # Statements.

    def block(self, room):
        """Lines of some statements, with what they declare forgotten behind them."""
        kept = [list(names) for names in (self.numbers, self.variables, self.texts, self.own_texts, self.arrays, self.views)]
        lines = [line for _ in range(room) for line in self.statement()]
        self.numbers, self.variables, self.texts, self.own_texts, self.arrays, self.views = kept
        return lines or ["hits += 1"]

    def statement(self):
        w = self.w
        if self.room <= 0:
            return self.assignment()
        self.room -= 1
        choices = [(6, self.assignment), (4, self.branch), (3, self.text_change), (3, self.array_change), (2, self.copying), (2, self.map_change), (1, self.matching)]
        if self.loops < self.depth and self.weight < 600:
            choices += [(9 if self.loops else 12, self.loop)]
        if self.loops and self.w.chance(50):
            choices += [(3, self.leave)]
        return w.random.choices([choice for _, choice in choices], [weight for weight, _ in choices])[0]()

    def assignment(self):
        w = self.w
        if not self.variables or (self.loops == 0 and w.chance(30)):
            return self.declare()
        name = w.pick(self.variables)
        return [f"{name} {w.pick(['=', '+=', '+=', '^=', '|=', '-=', '&='])} {self.number()}"]

    def declare(self):
        w = self.w
        name = w.fresh("v")
        lines = [f"var {name}: u32 = {self.number()}"]
        self.numbers.append(name)
        self.variables.append(name)
        return lines

    def branch(self):
        w = self.w
        condition = self.condition()
        if w.chance(35) and self.loops:
            return [f"if ({condition}) {self.leave()[0]}"]
        lines = [f"if ({condition}) {{", *self.block(w.pick([1, 1, 2]))]
        if w.chance(40):
            lines += ["} else {", *self.block(1)]
        return [*lines, "}"]

    def leave(self):
        choices = ["break", f"return {self.w.pick(self.numbers)}"]
        if self.counted[-1]:
            choices.append("continue")
        return [f"if ({self.condition(0)}) {self.w.pick(choices)}"] if self.w.chance(60) else [f"if ({self.condition()}) {self.w.pick(choices)}"]

    def text_change(self):
        w = self.w
        if not self.own_texts or (len(self.own_texts) < 2 and w.chance(25) and self.loops < 2):
            name = w.fresh("s")
            lines = [f"var {name}: str({w.pick([8, 8, 16, 24])}) = {self.text()}"]
            self.own_texts.append(name)
            self.texts.append(name)
            return lines
        name = w.pick(self.own_texts)
        return [w.pick([f"{name} += {self.text()}", f"{name} = {self.text()}", f"{name} = {self.text()} + {self.text()}",
                        f"{name} += {self.condition(0)} ? \"x\" : \"yz\""])]

    def array_change(self):
        w = self.w
        if not self.arrays or (len(self.arrays) < 2 and w.chance(20)):
            name, (ty, size) = w.fresh("b"), w.pick([("u8", 4), ("u8", 8), ("u8", 16), ("u16", 4), ("u16", 8), ("u32", 4), ("u32", 8)])
            self.arrays.append((name, ty, size))
            if ty == "u8":
                view = w.fresh("part")
                self.views.append(view)
                return [f"var {name}: u8[{size}]", *([f"copy({name}, p)"] if w.chance(40) else []), f"var {view}: bytes = {name}"]
            return [f"var {name}: {ty}[{size}]"]
        name, ty, size = w.pick(self.arrays)
        at = self.index(size)
        return [f"{name}[{at}] {w.pick(['=', '+=', '^='])} ({self.number(1)}) as {ty}"]

    def copying(self):
        w = self.w
        into = [name for name, ty, _ in self.arrays if ty == "u8"]
        target = w.pick(into) if into else "scratch"
        source = f"{w.pick(self.views)}.slice({self.index()}{w.pick(['', ', 8'])})" if w.chance(70) else w.pick(self.views)
        call = f"copy({target}, {source}{w.pick(['', ', 6'])})"
        return [f"{w.pick(self.variables)} += {call}" if self.variables else call]

    def map_change(self):
        w = self.w
        return w.pick([
            lambda: [f"counters[{w.pick(self.numbers)} & 15] += 1"], lambda: [f"sketch[{w.pick(self.numbers)} & 3][{w.pick(self.numbers)} & 31] ^= {self.number(1)}"],
            lambda: [f"if (var r = rules[{w.pick(self.numbers)} & 15]) {{", "r.low += 1", *self.block(1), "}"],
            lambda: [f"blocked[{w.pick(self.texts)}] = {self.number(1)}"], lambda: ["hits += 1"]])()

    def matching(self):
        lines = [f"match ({self.number(1)} & 3) {{", "0: {", *self.block(1), "},", "1 | 2: {", *self.block(1), "},", "default: {", *self.block(1), "},", "}"]
        return lines

    def loop(self):
        w = self.w
        limit = w.pick([limit for limit in _LIMITS if limit * self.weight <= 2000] or [2])
        index = w.fresh("i")
        bound = w.pick([str(limit), str(limit), str(limit), "limits.most", f"({w.pick(self.numbers)} & {w.pick([3, 7, 15])})", f"len({w.pick(self.texts)})"])
        form = w.pick(["for", "for", "for", "while", "loop", "array", "names", "view", "until"])
        counted = True
        pre, post, bound_names = [], [], [index]
        if form == "for":
            head = f"for ({index} in {w.pick(['0', '0', '0', '1'])}..{bound}) {{"
        elif form in ("while", "loop"):
            pre, counted, post = [f"var {index}: u32 = 0"], False, [f"{index} += 1"]
            head = f"while ({index} < {bound}) {{" if form == "while" else f"loop {{\nif ({index} >= {bound}) break"
        elif form == "until":
            pre, counted, post = [f"var {index}: u32 = 0"], False, [f"{index} += 1"]
            head = f"while ({index} < {limit} && {self.condition(0)}) {{"
        elif form == "array" and self.arrays:
            name = w.pick(self.arrays)[0]
            element = w.fresh("x")
            head, bound_names = f"for ({index}, {element} in {name}) {{", [index, element]
        elif form == "names":
            element = w.fresh("word")
            head = f"for ({index}, {element} in names) {{"
        else:
            element = w.fresh("c")
            head = f"for ({index}, {element} in {w.pick(self.views)}) {{\nif ({index} >= {limit}) break"
            bound_names = [index, element]
        numbers, texts, weight = list(self.numbers), list(self.texts), self.weight
        self.numbers += bound_names
        if form == "names":
            self.texts.append(element)
        self.loops += 1
        self.weight *= {"names": 4, "array": 10}.get(form, limit if bound == str(limit) or form == "until" else 12)
        self.counted.append(counted)
        inner = self.block(w.pick([1, 2, 2, 3]))
        self.counted.pop()
        self.loops -= 1
        self.numbers, self.texts, self.weight = numbers, texts, weight
        return [*pre, head, *inner, *post, "}"]


def function(w):
    name = w.fresh(w.pick(["inspect", "score", "examine", "weigh"]))
    body = Body(w, w.pick([2, 3, 3]))
    lines = [*body.declare(), *body.declare()]
    while body.room > 0:
        lines += body.statement()
    result = " ^ ".join(body.variables)
    head = f"{w.helper()}fn {name}(p: bytes, text: str({w.text_size}), n: u32) -> u32 {{"
    return Function(name, ("bytes", "text", "number"), [head, *lines, f"return {result}", "}"])
