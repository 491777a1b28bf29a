//! The registers that instructions read and write.

use super::code::Item;
use crate::tables::{HELPERS, HelperArgKind, HelperSpec};
use ks_vm::alu::Alu;
use ks_vm::decode::{COMPARE_EXCHANGE, FETCH, FRAME, Insn, Op, Width, ZERO};

/// Registers that values can be in, the frame pointer among them.
pub const REGISTERS: usize = 11;

/// A set of registers, a bit for each.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Registers(pub u16);

impl Registers {
    /// One register; none for an operand that is no register.
    pub fn one(register: u8) -> Registers {
        Registers(if usize::from(register) < REGISTERS { 1 << register } else { 0 })
    }

    /// The registers from 0 or 1 on that calls have arguments in and change: those of `first..=last`.
    pub fn range(first: u8, last: u8) -> Registers {
        Registers((first..=last).map(|register| 1 << register).sum())
    }

    /// The union.
    pub fn with(self, other: Registers) -> Registers {
        Registers(self.0 | other.0)
    }

    /// Those that are not in the other set.
    pub fn without(self, other: Registers) -> Registers {
        Registers(self.0 & !other.0)
    }

    /// Whether a register is in both.
    pub fn meets(self, other: Registers) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it has this register; none of another number than 0 to 10.
    pub fn has(self, register: u8) -> bool {
        self.meets(Registers::one(register))
    }
}

/// Operations as the analyses see them, which know more of some than what `effects` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Arithmetic, and the bits of its operands.
    Alu(Alu, u32),
    Load(Width),
    Store(Width),
    /// A comparison of 32 bits.
    Compare32,
    /// A number of 64 bits, or an address that a loader puts in.
    Constant,
    /// The call of a function of the program.
    Call,
    Other,
}

/// An operation as the analyses see it.
pub fn known(op: Op) -> Known {
    match op {
        Op::Alu64(alu) => Known::Alu(alu, 64),
        Op::Alu32(alu) => Known::Alu(alu, 32),
        Op::Load(width) => Known::Load(width),
        Op::Store(width) => Known::Store(width),
        Op::Jump32(_) => Known::Compare32,
        Op::Wide => Known::Constant,
        Op::Call => Known::Call,
        Op::Nothing
        | Op::LoadSigned(_)
        | Op::Atomic(_)
        | Op::Jump
        | Op::Jump64(_)
        | Op::MayGoto
        | Op::Helper
        | Op::TailCall
        | Op::Kernel
        | Op::Lacks
        | Op::Exit
        | Op::End => Known::Other,
    }
}

/// What an instruction reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Effects {
    pub reads: Registers,
    /// Those that have other values behind it, whatever they had before.
    pub writes: Registers,
    /// It accesses memory, or does what only the kernel knows.
    pub memory: bool,
}

/// The arguments that a call has at most.
const ARGUMENTS: u8 = 5;

/// The effects of an instruction.
pub fn effects(item: &Item) -> Effects {
    let Insn { op, dst, src, immediate, .. } = item.insn;
    let (to, from) = (Registers::one(dst), Registers::one(src));
    let of = |reads: Registers, writes: Registers, memory: bool| Effects { reads, writes, memory };
    let none = Registers::default();
    match op {
        Op::Nothing | Op::Jump | Op::End => of(none, none, false),
        // The kernel keeps a counter in the frame.
        Op::MayGoto => of(none, none, true),
        Op::Wide => of(none, to, false),
        Op::Alu64(alu) | Op::Alu32(alu) => of(if reads_left(alu) { to.with(from) } else { from }, to, false),
        Op::Load(_) | Op::LoadSigned(_) => of(from, to, true),
        Op::Store(_) => of(to.with(from), none, true),
        Op::Atomic(_) if immediate == COMPARE_EXCHANGE => {
            let result = Registers::one(0);
            of(to.with(from).with(result), result, true)
        }
        Op::Atomic(_) if immediate & FETCH != 0 => of(to.with(from), from, true),
        Op::Atomic(_) => of(to.with(from), none, true),
        Op::Jump64(_) | Op::Jump32(_) => of(to.with(from), none, false),
        Op::Helper | Op::TailCall => call(helper_arguments(immediate)),
        Op::Kernel | Op::Lacks | Op::Call => call(ARGUMENTS),
        Op::Exit => of(Registers::one(0).with(Registers::one(FRAME)), none, true),
    }
}

/// Whether the result depends on what the destination had.
pub fn reads_left(alu: Alu) -> bool {
    !matches!(alu, Alu::Move | Alu::Extend8 | Alu::Extend16 | Alu::Extend32)
}

fn call(arguments: u8) -> Effects {
    Effects { reads: Registers::range(1, arguments), writes: Registers::range(0, ARGUMENTS), memory: true }
}

fn helper_arguments(number: i64) -> u8 {
    let helper = HELPERS.iter().find(|helper| i64::from(helper.number) == number);
    let has_known = |helper: &&HelperSpec| helper.args.iter().all(|arg| arg.kind != HelperArgKind::Rest);
    helper.filter(has_known).and_then(|helper| u8::try_from(helper.args.len()).ok()).unwrap_or(ARGUMENTS).min(ARGUMENTS)
}

/// Whether the right operand is an immediate.
pub fn has_immediate(insn: &Insn) -> bool {
    insn.src == ZERO
}
