//! Instructions as bytes (RFC 9669, section 3) and as what the machine runs. Every unknown opcode, operation or non-zero reserved field is an
//! error, as is a jump to no instruction, so that the run itself needs no such checks.

use crate::alu::{Alu, Compare};

/// The byte order of an object's code and data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endian {
    Little,
    Big,
}

impl Endian {
    /// The byte order of this process.
    pub const NATIVE: Endian = if cfg!(target_endian = "little") { Endian::Little } else { Endian::Big };

    /// The unsigned number of up to 8 bytes.
    pub fn number(self, bytes: &[u8]) -> u64 {
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Endian::Little => bytes.iter().rev().fold(0, add),
            Endian::Big => bytes.iter().fold(0, add),
        }
    }

    /// Writes the low bytes of a number.
    pub fn write(self, number: u64, to: &mut [u8]) {
        for (at, byte) in to.iter_mut().rev().enumerate() {
            *byte = number.checked_shr(8 * at as u32).unwrap_or(0) as u8;
        }
        if self == Endian::Little {
            to.reverse();
        }
    }
}

/// `struct bpf_insn`: one slot of 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Slot {
    pub opcode: u8,
    pub dst: u8,
    pub src: u8,
    pub offset: i16,
    pub immediate: i32,
}

impl Slot {
    /// Reads the first 8 of the bytes; a shorter slice is filled with zeros.
    pub fn read(bytes: &[u8], endian: Endian) -> Slot {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let halves = (byte(1) & 15, byte(1) >> 4);
        let (dst, src) = if endian == Endian::Little { halves } else { (halves.1, halves.0) };
        let offset = endian.number(&[byte(2), byte(3)]) as i16;
        let immediate = endian.number(&[byte(4), byte(5), byte(6), byte(7)]) as i32;
        Slot { opcode: byte(0), dst, src, offset, immediate }
    }

    /// The bytes of the slot.
    pub fn write(self, endian: Endian) -> [u8; 8] {
        let mut bytes = [self.opcode, 0, 0, 0, 0, 0, 0, 0];
        bytes[1] = if endian == Endian::Little { self.dst | self.src << 4 } else { self.dst << 4 | self.src };
        endian.write(self.offset as u64, &mut bytes[2..4]);
        endian.write(self.immediate as u64, &mut bytes[4..]);
        bytes
    }
}

/// Bytes of an access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    One,
    Two,
    Four,
    Eight,
}

impl Width {
    /// 1, 2, 4 or 8.
    pub fn bytes(self) -> u32 {
        1 << self as u32
    }

    fn of(opcode: u8) -> Width {
        match opcode & 0x18 {
            0 => Width::Four,
            8 => Width::Two,
            0x10 => Width::One,
            _ => Width::Eight,
        }
    }
}

/// What an instruction does. Its right operand is `src` plus the immediate; one of the two is zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    /// The second slot of an instruction of 64 bits, which is never run.
    Nothing,
    /// `dst` = the immediate of 64 bits, whose second slot is skipped.
    Wide,
    Alu64(Alu),
    Alu32(Alu),
    /// `dst = *(src + offset)`
    Load(Width),
    LoadSigned(Width),
    /// `*(dst + offset) =` the right operand
    Store(Width),
    /// The immediate is the operation (`atomic.rs`), `src` its operand.
    Atomic(Width),
    Jump,
    Jump64(Compare),
    Jump32(Compare),
    /// Falls through until the frame did so 8 Mi times, then jumps.
    MayGoto,
    /// A helper; the immediate is its number, in a program that is loaded its place in the machine's list.
    Helper,
    /// The helper that does not return.
    TailCall,
    /// A function of the kernel; the immediate is its place in the program's list.
    Kernel,
    /// A call of a function that the machine lacks; the immediate is its place in the program's list.
    Lacks,
    /// A function of the program, at the slot that `offset` has.
    Call,
    Exit,
    /// The end of the code, which control must not reach.
    End,
}

/// A decoded instruction, at the same place in the code as its first slot.
#[derive(Clone, Copy, Debug)]
pub struct Insn {
    pub op: Op,
    pub dst: u8,
    pub src: u8,
    /// Of accesses in bytes; of jumps and calls the slot of the target.
    pub offset: i32,
    pub immediate: i64,
}

/// The register that is always zero, beside the eleven of the machine.
pub const ZERO: u8 = 11;
/// The frame pointer.
pub const FRAME: u8 = 10;

/// The source register of a call of a helper.
pub const CALL_HELPER: u8 = 0;
/// The source register of a call of a function of the program (`BPF_PSEUDO_CALL`).
pub const CALL_LOCAL: u8 = 1;
/// The source register of a call of a kernel function (`BPF_PSEUDO_KFUNC_CALL`).
pub const CALL_KERNEL: u8 = 2;

/// The opcode of a load of 64 bits, `BPF_LD | BPF_IMM | BPF_DW`, whose immediate loaders rewrite.
pub const LOAD_IMMEDIATE: u8 = 0x18;
/// The opcode of a call, `BPF_JMP | BPF_CALL`, whose immediate loaders rewrite.
pub const CALL: u8 = 0x85;

/// The bit of an atomic operation's immediate that asks for the old value (`BPF_FETCH`).
pub const FETCH: i64 = 1;
/// The immediate of `BPF_XCHG`.
pub const EXCHANGE: i64 = 0xe1;
/// The immediate of `BPF_CMPXCHG`.
pub const COMPARE_EXCHANGE: i64 = 0xf1;
/// The immediate of `BPF_LOAD_ACQ`.
pub const LOAD_ACQUIRE: i64 = 0x100;
/// The immediate of `BPF_STORE_REL`.
pub const STORE_RELEASE: i64 = 0x110;

/// Why code is no program, with the slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    pub at: usize,
    pub why: String,
}

/// Decodes a program. Addresses and calls of the kernel's functions are already numbers: the loader put them in.
pub fn decode(slots: &[Slot], endian: Endian) -> Result<Vec<Insn>, Wrong> {
    let mut code = Vec::with_capacity(slots.len() + 1);
    while let Some(&slot) = slots.get(code.len()) {
        let at = code.len();
        let wrong = |why: String| Wrong { at, why };
        if slot.opcode == LOAD_IMMEDIATE {
            code.extend(wide(slot, slots.get(at + 1).copied()).map_err(wrong)?);
        } else {
            code.push(one(slot, at, endian).map_err(wrong)?);
        }
    }
    if code.is_empty() {
        return Err(Wrong { at: 0, why: "a program without instructions".into() });
    }
    code.push(Insn { op: Op::End, dst: 0, src: ZERO, offset: 0, immediate: 0 });
    check_targets(&code)?;
    Ok(code)
}

fn check_targets(code: &[Insn]) -> Result<(), Wrong> {
    for (at, insn) in code.iter().enumerate() {
        if !matches!(insn.op, Op::Jump | Op::Jump64(_) | Op::Jump32(_) | Op::MayGoto | Op::Call) {
            continue;
        }
        let target = usize::try_from(insn.offset).ok().and_then(|target| code.get(target));
        match target.map(|target| target.op) {
            None | Some(Op::End) => return Err(Wrong { at, why: "a jump out of the code".into() }),
            Some(Op::Nothing) => return Err(Wrong { at, why: "a jump into an instruction of 64 bits".into() }),
            Some(_) => {}
        }
    }
    Ok(())
}

fn wide(slot: Slot, second: Option<Slot>) -> Result<[Insn; 2], String> {
    let second = second.ok_or("half an instruction of 64 bits")?;
    let is_plain = slot.src == 0 && slot.offset == 0 && slot.dst < FRAME;
    if !is_plain || (Slot { immediate: 0, ..second }) != Slot::default() {
        return Err(format!("an unknown load of an immediate from source {}", slot.src));
    }
    let immediate = i64::from(second.immediate) << 32 | i64::from(slot.immediate as u32);
    let nothing = Insn { op: Op::Nothing, dst: 0, src: ZERO, offset: 0, immediate: 0 };
    Ok([Insn { op: Op::Wide, dst: slot.dst, src: ZERO, offset: 0, immediate }, nothing])
}

/// Decodes an instruction of one slot. Jumps and calls get the slot of their target, which may be outside of the code: instruction `at` is this one.
pub fn one(slot: Slot, at: usize, endian: Endian) -> Result<Insn, String> {
    let Slot { opcode, dst, src, offset, .. } = slot;
    if dst > FRAME || src > FRAME {
        return Err(format!("a register {}", dst.max(src)));
    }
    let writes = matches!(opcode & 7, 1 | 4 | 7);
    if writes && dst == FRAME {
        return Err("the frame pointer is read-only".into());
    }
    let unknown = || {
        format!("an unknown instruction {opcode:#04x} (source {src}, offset {offset}, immediate {})", slot.immediate)
    };
    let insn = match opcode & 7 {
        1 => load(slot),
        2 => store(slot),
        3 => store_register(slot),
        4 | 7 => arithmetic(slot, endian),
        5 | 6 => jump(slot, at),
        _ => None,
    };
    insn.ok_or_else(unknown)
}

fn insn(op: Op, slot: Slot, src: u8, immediate: i64) -> Option<Insn> {
    Some(Insn { op, dst: slot.dst, src, offset: slot.offset.into(), immediate })
}

fn load(slot: Slot) -> Option<Insn> {
    let width = Width::of(slot.opcode);
    match slot.opcode & 0xe0 {
        _ if slot.immediate != 0 => None,
        0x60 => insn(Op::Load(width), slot, slot.src, 0),
        0x80 if width != Width::Eight => insn(Op::LoadSigned(width), slot, slot.src, 0),
        _ => None,
    }
}

fn store(slot: Slot) -> Option<Insn> {
    let is_known = slot.opcode & 0xe0 == 0x60 && slot.src == 0;
    if is_known { insn(Op::Store(Width::of(slot.opcode)), slot, ZERO, slot.immediate.into()) } else { None }
}

fn store_register(slot: Slot) -> Option<Insn> {
    let width = Width::of(slot.opcode);
    let operation = i64::from(slot.immediate);
    let is_word = matches!(width, Width::Four | Width::Eight);
    match slot.opcode & 0xe0 {
        0x60 if operation == 0 => insn(Op::Store(width), slot, slot.src, 0),
        0xc0 => match operation {
            LOAD_ACQUIRE if slot.dst < FRAME => insn(Op::Load(width), slot, slot.src, 0),
            STORE_RELEASE => insn(Op::Store(width), slot, slot.src, 0),
            EXCHANGE | COMPARE_EXCHANGE if is_word && slot.src < FRAME => {
                insn(Op::Atomic(width), slot, slot.src, operation)
            }
            0 | 0x40 | 0x50 | 0xa0 if is_word => insn(Op::Atomic(width), slot, slot.src, operation),
            0x01 | 0x41 | 0x51 | 0xa1 if is_word && slot.src < FRAME => {
                insn(Op::Atomic(width), slot, slot.src, operation)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The right operand of arithmetic and jumps: a register or the immediate; the other one must be zero.
fn operand(slot: Slot) -> Option<(u8, i64)> {
    let is_register = slot.opcode & 8 != 0;
    match (is_register, slot.src, slot.immediate) {
        (true, src, 0) => Some((src, 0)),
        (false, 0, immediate) => Some((ZERO, immediate.into())),
        _ => None,
    }
}

fn arithmetic(slot: Slot, endian: Endian) -> Option<Insn> {
    let is_wide = slot.opcode & 7 == 7;
    let is_register = slot.opcode & 8 != 0;
    if slot.opcode & 0xf0 == 0xd0 {
        return swap(slot, endian);
    }
    let (src, immediate) = operand(slot)?;
    let alu = match (slot.opcode >> 4, slot.offset) {
        (0x0, 0) => Alu::Add,
        (0x1, 0) => Alu::Sub,
        (0x2, 0) => Alu::Mul,
        (0x3, 0) => Alu::Div,
        (0x3, 1) => Alu::SignedDiv,
        (0x4, 0) => Alu::Or,
        (0x5, 0) => Alu::And,
        (0x6, 0) => Alu::ShiftLeft,
        (0x7, 0) => Alu::ShiftRight,
        (0x8, 0) if !is_register && immediate == 0 => Alu::Negate,
        (0x9, 0) => Alu::Mod,
        (0x9, 1) => Alu::SignedMod,
        (0xa, 0) => Alu::Xor,
        (0xb, 0) => Alu::Move,
        (0xb, 8) if is_register => Alu::Extend8,
        (0xb, 16) if is_register => Alu::Extend16,
        (0xb, 32) if is_register && is_wide => Alu::Extend32,
        (0xc, 0) => Alu::ShiftRightSigned,
        _ => return None,
    };
    insn(if is_wide { Op::Alu64(alu) } else { Op::Alu32(alu) }, slot, src, immediate)
}

/// The result has 64 bits for either class: swaps of 64 bits are of the class of 32.
fn swap(slot: Slot, endian: Endian) -> Option<Insn> {
    let is_unconditional = slot.opcode & 7 == 7;
    let to = if slot.opcode & 8 != 0 { Endian::Big } else { Endian::Little };
    if slot.src != 0 || slot.offset != 0 || is_unconditional && to == Endian::Big {
        return None;
    }
    let swaps = is_unconditional || to != endian;
    let alu = match (slot.immediate, swaps) {
        (16, true) => Alu::Swap16,
        (32, true) => Alu::Swap32,
        (64, true) => Alu::Swap64,
        (16, false) => Alu::Low16,
        (32, false) => Alu::Low32,
        (64, false) => return insn(Op::Alu64(Alu::Or), slot, ZERO, 0),
        _ => return None,
    };
    insn(Op::Alu64(alu), slot, ZERO, 0)
}

fn jump(slot: Slot, at: usize) -> Option<Insn> {
    let is_wide = slot.opcode & 7 == 5;
    let target = |distance: i32| i32::try_from(at as i64 + 1 + i64::from(distance)).ok();
    let to = |op: Op, distance: i32, src: u8, immediate: i64| {
        Some(Insn { op, dst: slot.dst, src, offset: target(distance)?, immediate })
    };
    let (offset, immediate) = (i32::from(slot.offset), slot.immediate);
    let is_bare = slot.dst == 0 && slot.src == 0;
    let compare = match slot.opcode >> 4 {
        0x0 if slot.opcode == 0x05 && is_bare && immediate == 0 => return to(Op::Jump, offset, ZERO, 0),
        0x0 if slot.opcode == 0x06 && is_bare && offset == 0 => return to(Op::Jump, immediate, ZERO, 0),
        0x8 if slot.opcode == CALL && slot.dst == 0 && (offset == 0 || slot.src == CALL_KERNEL) => {
            return match slot.src {
                CALL_HELPER => insn(Op::Helper, slot, ZERO, immediate.into()),
                CALL_LOCAL => to(Op::Call, immediate, ZERO, 0),
                CALL_KERNEL => insn(Op::Kernel, slot, ZERO, immediate.into()),
                _ => None,
            };
        }
        0x9 if slot.opcode == 0x95 && is_bare && offset == 0 && immediate == 0 => return insn(Op::Exit, slot, ZERO, 0),
        0xe if slot.opcode == 0xe5 && is_bare && immediate == 0 => return to(Op::MayGoto, offset, ZERO, 0),
        0x1 => Compare::Equal,
        0x2 => Compare::Greater,
        0x3 => Compare::GreaterEqual,
        0x4 => Compare::Set,
        0x5 => Compare::NotEqual,
        0x6 => Compare::SignedGreater,
        0x7 => Compare::SignedGreaterEqual,
        0xa => Compare::Less,
        0xb => Compare::LessEqual,
        0xc => Compare::SignedLess,
        0xd => Compare::SignedLessEqual,
        _ => return None,
    };
    let (src, immediate) = operand(slot)?;
    to(if is_wide { Op::Jump64(compare) } else { Op::Jump32(compare) }, offset, src, immediate)
}
