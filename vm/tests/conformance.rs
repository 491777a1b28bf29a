//! RFC 9669, instruction by instruction: sizes and edges. Each case is a program in both byte orders, whose register 0 is compared.

mod cases;
mod support;

use cases::{Case, run};
use support::{imm, reg, wide};

const MIN64: u64 = 1 << 63;
const MIN32: u64 = 1 << 31;

/// Opcode bits of the operations of arithmetic.
const ADD: u8 = 0x00;
const SUB: u8 = 0x10;
const MUL: u8 = 0x20;
const DIV: u8 = 0x30;
const OR: u8 = 0x40;
const AND: u8 = 0x50;
const LSH: u8 = 0x60;
const RSH: u8 = 0x70;
const NEG: u8 = 0x80;
const MOD: u8 = 0x90;
const XOR: u8 = 0xa0;
const MOV: u8 = 0xb0;
const ARSH: u8 = 0xc0;

/// Operation, offset, left, right, result of 64 bits, result of 32 bits.
const ARITHMETIC: &[(u8, i16, u64, u64, u64, u64)] = &[
    (ADD, 0, u64::MAX, 1, 0, 0),
    (ADD, 0, 0xffff_ffff, 1, 0x1_0000_0000, 0),
    (SUB, 0, 0, 1, u64::MAX, 0xffff_ffff),
    (SUB, 0, 0x1_0000_0000, 1, 0xffff_ffff, 0xffff_ffff),
    (MUL, 0, 0xffff_ffff, 0xffff_ffff, 0xffff_fffe_0000_0001, 1),
    (MUL, 0, MIN64, 2, 0, 0),
    (DIV, 0, 7, 2, 3, 3),
    (DIV, 0, 7, 0, 0, 0),
    (DIV, 0, u64::MAX, 2, 0x7fff_ffff_ffff_ffff, 0x7fff_ffff),
    (DIV, 0, 0x1_0000_0007, 2, 0x8000_0003, 3),
    // The divisor's low half is 0.
    (DIV, 0, 7, 0x1_0000_0000, 0, 0),
    (DIV, 1, -7i64 as u64, 2, -3i64 as u64, 0xffff_fffd),
    (DIV, 1, 7, -2i64 as u64, -3i64 as u64, 0xffff_fffd),
    (DIV, 1, -7i64 as u64, 0, 0, 0),
    (DIV, 1, MIN64, -1i64 as u64, MIN64, 0),
    (DIV, 1, MIN32, -1i64 as u64, -(MIN32 as i64) as u64, MIN32),
    (OR, 0, 0xff00_0000_0000_00f0, 0x0f, 0xff00_0000_0000_00ff, 0xff),
    (AND, 0, 0xffff_0000_ffff_00ff, 0x0fff_0000_0000_0ff0, 0x0fff_0000_0000_00f0, 0xf0),
    (LSH, 0, 1, 63, MIN64, MIN32),
    // Counts are modulo the width.
    (LSH, 0, 3, 64, 3, 3),
    (LSH, 0, 3, 65, 6, 6),
    (LSH, 0, 3, 33, 3 << 33, 6),
    (RSH, 0, MIN64, 63, 1, 0),
    (RSH, 0, 0xffff_ffff_8000_0000, 31, 0x1_ffff_ffff, 1),
    (RSH, 0, 12, 66, 3, 3),
    (MOD, 0, 7, 4, 3, 3),
    (MOD, 0, 0x5_0000_0007, 0, 0x5_0000_0007, 7),
    (MOD, 0, 0x1_0000_0007, 0x1_0000_0000, 7, 7),
    (MOD, 1, -7i64 as u64, 4, -3i64 as u64, 0xffff_fffd),
    (MOD, 1, 7, -4i64 as u64, 3, 3),
    (MOD, 1, -7i64 as u64, 0, -7i64 as u64, 0xffff_fff9),
    (MOD, 1, MIN64, -1i64 as u64, 0, 0),
    (MOD, 1, MIN32, -1i64 as u64, 0, 0),
    (XOR, 0, u64::MAX, 0xf0, 0xffff_ffff_ffff_ff0f, 0xffff_ff0f),
    (MOV, 0, 5, 0x1234_5678_9abc_def0, 0x1234_5678_9abc_def0, 0x9abc_def0),
    (MOV, 8, 5, 0x17f, 0x7f, 0x7f),
    (MOV, 8, 5, 0x80, -128i64 as u64, 0xffff_ff80),
    (MOV, 16, 5, 0x1_7fff, 0x7fff, 0x7fff),
    (MOV, 16, 5, 0x8000, -32768i64 as u64, 0xffff_8000),
    (ARSH, 0, MIN64, 63, u64::MAX, 0),
    (ARSH, 0, MIN32, 31, 1, 0xffff_ffff),
    (ARSH, 0, -8i64 as u64, 65, -4i64 as u64, 0xffff_fffc),
];

#[test]
fn arithmetic_of_registers() {
    for &(op, offset, left, right, of_64, of_32) in ARITHMETIC {
        for (class, expected) in [(0x07, of_64), (0x04, of_32)] {
            let code = [wide(0, left), wide(1, right), vec![reg(op | 8 | class, 0, 1, offset)]].concat();
            Case::new(format!("{op:#x} {class:#x} {offset} {left:#x} {right:#x}"), code).expect(expected);
        }
    }
}

#[test]
fn arithmetic_of_immediates() {
    for &(op, offset, left, right, of_64, of_32) in ARITHMETIC {
        // An immediate is sign-extended; one of 32 bits gives the operand of 32 bits. Moves that extend have none.
        let is_extending = op == MOV && offset != 0;
        if is_extending {
            continue;
        }
        let immediate = right as u32 as i32;
        for (class, expected) in [(0x07, of_64), (0x04, of_32)] {
            if class == 0x07 && i64::from(immediate) as u64 != right {
                continue;
            }
            let code = [wide(0, left), vec![imm(op | class, 0, offset, immediate)]].concat();
            Case::new(format!("{op:#x} {class:#x} {offset} {left:#x} {immediate:#x}"), code).expect(expected);
        }
    }
}

#[test]
fn immediates_are_sign_extended_for_unsigned_operations_too() {
    let code = [wide(0, u64::MAX), vec![imm(DIV | 0x07, 0, 0, -2)]].concat();
    Case::new("u64::MAX / (u64) -2", code).expect(1);
    let code = [wide(0, 10), vec![imm(DIV | 0x04, 0, 0, -2)]].concat();
    Case::new("10 / 0xfffffffe", code).expect(0);
}

#[test]
fn moves_extend_32_bits_only_to_64() {
    Case::new("s32", [wide(1, 0x8000_0000), vec![reg(MOV | 0x0f, 0, 1, 32)]].concat()).expect(0xffff_ffff_8000_0000);
    Case::new("s32 of 32", [wide(1, 0x8000_0000), vec![reg(MOV | 0x0c, 0, 1, 32)]].concat()).refused();
    Case::new("s8 of an immediate", vec![imm(MOV | 0x07, 0, 8, 1)]).refused();
}

#[test]
fn negation() {
    for (number, of_64, of_32) in
        [(1, u64::MAX, 0xffff_ffff), (0, 0, 0), (MIN64, MIN64, 0), (MIN32, -(MIN32 as i64) as u64, MIN32)]
    {
        for (class, expected) in [(0x07, of_64), (0x04, of_32)] {
            Case::new(format!("-{number:#x}"), [wide(0, number), vec![imm(NEG | class, 0, 0, 0)]].concat())
                .expect(expected);
        }
    }
    Case::new("of a register", vec![reg(NEG | 0x0f, 0, 1, 0)]).refused();
}

#[test]
fn byte_swaps() {
    const NUMBER: u64 = 0x1122_3344_5566_7788;
    const OWN: [(i32, u64); 3] = [(16, 0x7788), (32, 0x5566_7788), (64, NUMBER)];
    const SWAPPED: [(i32, u64); 3] = [(16, 0x8877), (32, 0x8877_6655), (64, 0x8877_6655_4433_2211)];
    for (at, &(bits, own)) in OWN.iter().enumerate() {
        let swapped = SWAPPED[at].1;
        let code = |opcode: u8| [wide(0, NUMBER), vec![imm(opcode, 0, 0, bits)]].concat();
        Case::new(format!("le{bits}"), code(0xd4)).expect_of(own, swapped);
        Case::new(format!("be{bits}"), code(0xdc)).expect_of(swapped, own);
        Case::new(format!("bswap{bits}"), code(0xd7)).expect(swapped);
    }
    Case::new("8 bits", vec![imm(0xd4, 0, 0, 8)]).refused();
    Case::new("an unconditional swap to big", vec![imm(0xdf, 0, 0, 16)]).refused();
}

/// Opcode bits, left, right, whether 64 bits jump, whether 32 do.
const JUMPS: &[(u8, u64, u64, bool, bool)] = &[
    (0x10, 5, 5, true, true),
    (0x10, 0x1_0000_0005, 5, false, true),
    (0x20, 6, 5, true, true),
    (0x20, 5, 5, false, false),
    (0x20, u64::MAX, 5, true, true),
    (0x20, 0x1_0000_0000, 5, true, false),
    (0x30, 5, 5, true, true),
    (0x30, 4, 5, false, false),
    (0x40, 0x0c, 0x04, true, true),
    (0x40, 0x0c, 0x03, false, false),
    (0x40, 0x1_0000_0000, 0x1_0000_0000, true, false),
    (0x50, 5, 6, true, true),
    (0x50, 0x1_0000_0005, 5, true, false),
    (0x60, -1i64 as u64, 0, false, false),
    (0x60, 1, -1i64 as u64, true, true),
    (0x60, 0x8000_0000, 0, true, false),
    (0x70, -1i64 as u64, -1i64 as u64, true, true),
    (0x70, MIN64, 0, false, true),
    (0xa0, 4, 5, true, true),
    (0xa0, u64::MAX, 5, false, false),
    (0xb0, 5, 5, true, true),
    (0xb0, 6, 5, false, false),
    (0xc0, -1i64 as u64, 0, true, true),
    (0xc0, 0, 0, false, false),
    (0xc0, 0x8000_0000, 0, false, true),
    (0xd0, -1i64 as u64, -1i64 as u64, true, true),
    (0xd0, 1, 0, false, false),
];

#[test]
fn conditional_jumps() {
    for &(op, left, right, of_64, of_32) in JUMPS {
        for (class, jumps) in [(0x05, of_64), (0x06, of_32)] {
            let tail = vec![imm(0xb7, 0, 0, 1), imm(0x95, 0, 0, 0), imm(0xb7, 0, 0, 2)];
            let registers = [wide(1, left), wide(2, right), vec![reg(op | 8 | class, 1, 2, 2)], tail.clone()].concat();
            let name = format!("{op:#x} {class:#x} {left:#x} {right:#x}");
            Case::new(&name, registers).expect(if jumps { 2 } else { 1 });
            let immediate = right as i32;
            if i64::from(immediate) as u64 == right {
                let code = [wide(1, left), vec![imm(op | class, 1, 2, immediate)], tail].concat();
                Case::new(&name, code).expect(if jumps { 2 } else { 1 });
            }
        }
    }
}

#[test]
fn jumps_without_condition() {
    let behind = |jump| vec![imm(0xb7, 0, 0, 1), jump, imm(0xb7, 0, 0, 2), imm(0x95, 0, 0, 0)];
    Case::new("ja", behind(imm(0x05, 0, 1, 0))).expect(1);
    Case::new("gotol", behind(imm(0x06, 0, 0, 1))).expect(1);
    Case::new("gotol with an offset", behind(imm(0x06, 0, 1, 1))).refused();
    Case::new("out of the code", behind(imm(0x05, 0, 7, 0))).refused();
    Case::new("before the code", behind(imm(0x05, 0, -3, 0))).refused();
    Case::new("into a wide instruction", [vec![imm(0x05, 0, 1, 0)], wide(0, 1)].concat()).refused();
}

#[test]
fn may_goto_ends_a_loop() {
    // r0 += 1; may_goto +1; goto -3
    let code = vec![imm(0xb7, 0, 0, 0), imm(0x07, 0, 0, 1), imm(0xe5, 0, 1, 0), imm(0x05, 0, -3, 0)];
    Case::new("may_goto", code).expect(8 << 20);
}

#[test]
fn wide_immediates() {
    Case::new("all bits", wide(0, 0x8123_4567_89ab_cdef)).expect(0x8123_4567_89ab_cdef);
    Case::new("half of one", vec![wide(0, 1)[0]]).refused();
    let mut second = wide(0, 1);
    second[1].dst = 1;
    Case::new("a register in the second slot", second).refused();
}

#[test]
fn stores_and_loads_of_each_size() {
    const NUMBER: u64 = 0x8182_8384_8586_8788;
    for (size, bits) in [(0x10u8, 8u32), (0x08, 16), (0x00, 32), (0x18, 64)] {
        let low = NUMBER & (u64::MAX >> (64 - bits));
        let store = [wide(1, NUMBER), vec![reg(0x63 | size, 10, 1, -16)]].concat();
        let load = [store.clone(), vec![reg(0x61 | size, 0, 10, -16)]].concat();
        Case::new(format!("u{bits}"), load).expect(low);
        let signed = Case::new(format!("s{bits}"), [store, vec![reg(0x81 | size, 0, 10, -16)]].concat());
        if bits == 64 {
            signed.refused();
        } else {
            signed.expect(((low << (64 - bits)) as i64 >> (64 - bits)) as u64);
        }
        let immediate = vec![imm(0x62 | size, 10, -16, -2), reg(0x61 | size, 0, 10, -16)];
        Case::new(format!("an immediate of {bits}"), immediate).expect(-2i64 as u64 & (u64::MAX >> (64 - bits)));
        let neighbours = vec![imm(0x7a, 10, -16, -1), imm(0x62 | size, 10, -16, 0), reg(0x79, 0, 10, -16)];
        Case::new(format!("neighbours of {bits}"), neighbours)
            .expect_of(u64::MAX.checked_shl(bits).unwrap_or(0), u64::MAX.checked_shr(bits).unwrap_or(0));
    }
}

/// Operation, old number, operand, new number.
const ATOMICS: &[(i32, u64, u64, u64)] = &[
    (0x00, 5, 3, 8),
    (0x00, u64::MAX, 1, 0),
    (0x40, 0x0c, 0x03, 0x0f),
    (0x50, 0x0e, 0x07, 0x06),
    (0xa0, 0x0f, 0x05, 0x0a),
];

#[test]
fn atomic_operations() {
    for &(op, old, operand, new) in ATOMICS {
        for (size, bits) in [(0x00u8, 32), (0x18, 64)] {
            let mask = u64::MAX >> (64 - bits);
            let begin = [wide(1, old), vec![reg(0x63 | size, 10, 1, -8)], wide(2, operand)].concat();
            let operation = |op| vec![with_imm(reg(0xc3 | size, 10, 2, -8), op)];
            let memory = vec![reg(0x61 | size, 0, 10, -8)];
            Case::new(format!("{op:#x} of {bits}"), [begin.clone(), operation(op), memory.clone()].concat())
                .expect(new & mask);
            Case::new(format!("{op:#x} and fetch"), [begin.clone(), operation(op | 1), memory].concat())
                .expect(new & mask);
            let fetched = vec![reg(0xbf, 0, 2, 0)];
            Case::new(format!("{op:#x} fetched"), [begin.clone(), operation(op | 1), fetched.clone()].concat())
                .expect(old & mask);
            Case::new(format!("{op:#x} without fetch"), [begin, operation(op), fetched].concat()).expect(operand);
        }
    }
}

#[test]
fn exchanges() {
    for (size, bits) in [(0x00u8, 32u32), (0x18, 64)] {
        let mask = u64::MAX >> (64 - bits);
        let begin = |expected| {
            [wide(1, u64::MAX - 1), vec![reg(0x63 | size, 10, 1, -8)], wide(2, 7), wide(0, expected)].concat()
        };
        let operation = |op| vec![with_imm(reg(0xc3 | size, 10, 2, -8), op)];
        let memory = vec![reg(0x61 | size, 0, 10, -8)];
        let old = (u64::MAX - 1) & mask;
        Case::new("exchange", [begin(0), operation(0xe1), memory.clone()].concat()).expect(7);
        Case::new("what it fetches", [begin(0), operation(0xe1), vec![reg(0xbf, 0, 2, 0)]].concat()).expect(old);
        Case::new("compare, equal", [begin(u64::MAX - 1), operation(0xf1), memory.clone()].concat()).expect(7);
        Case::new("what it loads", [begin(u64::MAX - 1), operation(0xf1)].concat()).expect(old);
        Case::new("compare, other", [begin(3), operation(0xf1), memory].concat()).expect(old);
        Case::new("what that loads", [begin(3), operation(0xf1)].concat()).expect(old);
    }
    Case::new("of 8 bits", vec![with_imm(reg(0xd3, 10, 2, -8), 0xe1)]).refused();
    Case::new("an unknown operation", vec![with_imm(reg(0xdb, 10, 2, -8), 0x30)]).refused();
    Case::new("not aligned", vec![imm(0xb7, 2, 0, 1), with_imm(reg(0xdb, 10, 2, -9), 0)]).fails("not aligned");
}

#[test]
fn acquire_and_release() {
    for (size, bits) in [(0x10u8, 8u32), (0x08, 16), (0x00, 32), (0x18, 64)] {
        let low = 0x8182_8384_8586_8788 & (u64::MAX >> (64 - bits));
        let code = vec![with_imm(reg(0xc3 | size, 10, 1, -8), 0x110), with_imm(reg(0xc3 | size, 0, 10, -8), 0x100)];
        Case::new(format!("of {bits}"), [wide(1, 0x8182_8384_8586_8788), code].concat()).expect(low);
    }
}

#[test]
fn calls_keep_registers_and_have_own_stacks() {
    // r6 = 5; *(r10 - 8) = 6; r1 = 2; call f; r0 += r6; r0 += *(r10 - 8); exit; f: *(r10 - 8) = 100; r6 = 50; r0 = r1; r0 *= 10; exit
    let code = vec![
        imm(0xb7, 6, 0, 5),
        imm(0x7a, 10, -8, 6),
        imm(0xb7, 1, 0, 2),
        call(4),
        reg(0x0f, 0, 6, 0),
        reg(0x79, 1, 10, -8),
        reg(0x0f, 0, 1, 0),
        imm(0x95, 0, 0, 0),
        imm(0x7a, 10, -8, 100),
        imm(0xb7, 6, 0, 50),
        reg(0xbf, 0, 1, 0),
        imm(0x27, 0, 0, 10),
    ];
    Case::new("a call", code).expect(31);
    Case::new("for ever", vec![call(-1)]).fails("more than 8 functions");
    Case::new(
        "a pointer to a stack that is gone",
        vec![call(2), reg(0x79, 0, 0, -8), imm(0x95, 0, 0, 0), reg(0xbf, 0, 10, 0)],
    )
    .fails("of a stack");
}

#[test]
fn accesses_are_within_their_regions() {
    Case::new("behind the stack", vec![reg(0x79, 0, 10, 0)])
        .fails("a load of 8 bytes at offset 512 of a stack of 512 bytes");
    Case::new("across its end", vec![imm(0x62, 10, -3, 1)]).fails("a store of 4 bytes at offset 509 of a stack");
    Case::new("before it", vec![reg(0x71, 0, 10, -513)]).fails("a load of 1 byte at offset -1 of a stack");
    Case::new("null", vec![imm(0xb7, 1, 0, 0), reg(0x61, 0, 1, 0)]).fails("at null");
    Case::new("near null", vec![imm(0xb7, 1, 0, 0), reg(0x61, 0, 1, 8)]).fails("near null");
    Case::new("a number", [wide(1, 0x1234_5678_9abc_def0), vec![reg(0x61, 0, 1, 8)]].concat()).fails("in no region");
}

#[test]
fn what_is_no_program_is_refused() {
    Case::new("an unknown opcode", vec![imm(0xff, 0, 0, 0)]).refused();
    Case::new("a register 11", vec![reg(0xbf, 11, 0, 0)]).refused();
    Case::new("a write of the frame pointer", vec![imm(0xb7, 10, 0, 0)]).refused();
    Case::new("an offset where none belongs", vec![imm(0x07, 0, 1, 0)]).refused();
    Case::new("an immediate beside a register", vec![with_imm(reg(0x0f, 0, 1, 0), 1)]).refused();
    Case::new("legacy packet access", vec![imm(0x30, 0, 0, 0)]).refused();
    Case::new("an address space", vec![with_imm(reg(0xbf, 0, 1, 1), 1)]).refused();
    assert!(run(ks_vm::Endian::Little, &[]).is_err(), "no instructions");
}

fn with_imm(slot: ks_vm::decode::Slot, immediate: i32) -> ks_vm::decode::Slot {
    ks_vm::decode::Slot { immediate, ..slot }
}

fn call(distance: i32) -> ks_vm::decode::Slot {
    ks_vm::decode::Slot { opcode: 0x85, src: 1, immediate: distance, ..Default::default() }
}
