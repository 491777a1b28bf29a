#!/usr/bin/env python3
"""Compares an object with one of the same source whose code was not shortened: all that has the place of an instruction names the same one.

    same_places.py WITHOUT WITH      prints how many instructions fewer there are in WITH, and what was compared
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ci/lib"))
from bpf_object import Object  # noqa: E402

CALL, CALL_RELOCATION, ADDRESS_RELOCATION = 0x85, 10, 1
# `r = K`, and the sum that the loader relocates in its place: `r += K`.
CONSTANT, SUM = 0xb7, 0x07
# Instructions that leave a function: `exit`, `goto`, `gotol`.
ENDS = (0x95, 0x05, 0x06)


def fail(*words):
    sys.exit(" ".join(map(str, words)))


def at(section):
    return {insn.at: insn for insn in section.instructions()}


def pointed(own, section, relocation):
    """The symbol, or the function at whose first instruction it points."""
    offset, index, kind = relocation
    symbol = own.symbols[index]
    target = own.sections[symbol.section] if symbol.section < len(own.sections) else None
    if target is None or not target.is_code() or kind not in (ADDRESS_RELOCATION, CALL_RELOCATION):
        return symbol.name or (target.name if target else "")
    immediate = at(section)[offset].immediate
    added = (immediate + 1) * 8 if kind == CALL_RELOCATION else immediate
    function = next((one for one in own.functions(target) if one.value == symbol.value + added), None)
    return function.name if function else fail(section.name, offset, "points into no function's start")


def relocations(own):
    found = []
    for section in own.code():
        insns = at(section)
        for relocation in sorted(section.relocations):
            if relocation[0] not in insns:
                fail(section.name, relocation, "is of no instruction")
            insn = insns[relocation[0]]
            found.append((section.name, relocation[2], insn.shape(), pointed(own, section, relocation)))
    return found


def records(own, kind):
    """With the instruction in the place of its offset."""
    found = []
    for name, words in own.records()[kind]:
        insn = at(own.named(name)).get(words[0])
        if insn is None:
            fail(kind, name, words[0], "is of no instruction")
        found.append((name, insn, words[1:]))
    return found


def check_functions(own):
    for section in own.code():
        functions = own.functions(section)
        ends = [one.value for one in functions[1:]] + [len(section.data)]
        for function, end in zip(functions, ends):
            if function.value + function.size != end:
                fail(function.name, "ends at", function.value + function.size, "and not at", end)
            last = [insn for insn in section.instructions() if insn.at < end][-1]
            if last.opcode not in ENDS:
                fail(function.name, "does not end with a jump")
        starts = {insn.at for insn in section.instructions()}
        for insn in section.instructions():
            distance = insn.immediate if insn.opcode == 0x06 else insn.offset
            is_jump = insn.opcode & 7 in (5, 6) and insn.opcode not in (CALL, 0x95)
            if is_jump and insn.at + 8 + 8 * distance not in starts:
                fail(section.name, insn, "jumps to no instruction")


def same(was, own):
    """Whether a record is of the same instruction as before, or a field's offset is that of a sum."""
    is_sum = len(was) == 3 and (was[1][0], own[1][0]) == (CONSTANT, SUM) and was[1][3] == own[1][3]
    return was == own or is_sum and (was[0], was[2]) == (own[0], own[2])


def check_lines(old, new):
    """The lines of each section are some of those before, in the same order, each at a place of its own."""
    for section in new.code():
        was = [(insn.shape(), words) for name, insn, words in records(old, "line") if name == section.name]
        own = [(insn, words) for name, insn, words in records(new, "line") if name == section.name]
        places = [insn.at for insn, _ in own]
        if places != sorted(set(places)):
            fail(section.name, "has lines that do not ascend", places)
        starts = {function.value for function in new.functions(section)}
        if not starts <= set(places):
            fail(section.name, "has functions without a line")
        rest = iter(was)
        for _, words in own:
            if not any(one == words for _, one in rest):
                fail(section.name, "has a line that was not there", words)


def main():
    old, new = Object(sys.argv[1]), Object(sys.argv[2])
    check_functions(new)
    if relocations(old) != relocations(new):
        fail("relocations differ:", relocations(old), relocations(new))
    counts = {}
    for kind in ("func", "core"):
        was, own = ([(name, insn.shape(), words) for name, insn, words in records(one, kind)] for one in (old, new))
        # The first instruction of a function may have been replaced.
        if kind == "func":
            was, own = ([(name, words) for name, _, words in one] for one in (was, own))
            starts = sorted((section.name, symbol.value) for section in new.code() for symbol in new.functions(section))
            if sorted((name, words[0]) for name, words in new.records()["func"]) != starts:
                fail("functions do not begin where symbols say")
        if len(was) != len(own) or any(not same(*pair) for pair in zip(was, own)):
            fail(kind, "records differ:", was, own)
        counts[kind] = len(own)
    check_lines(old, new)
    slots = [sum(len(section.data) // 8 for section in one.code()) for one in (old, new)]
    print(f"{slots[0] - slots[1]} fewer of {slots[0]}; {len(relocations(new))} relocations, {counts['func']} functions, "
          f"{counts['core']} fields")


if __name__ == "__main__":
    main()
