//! Jumps over jumps, and jumps to jumps.
//!
//! LLVM cannot turn around the condition of a branch of BPF (BPFInstrInfo has no reverseBranchCondition), so its block layout leaves
//! a conditional jump over an unconditional one. Jumps to the next instruction stay: the compiler puts them where the verifier is to
//! keep a state, and so do jumps to those.

use super::code::Code;
use ks_vm::alu::Compare;
use ks_vm::decode::{Op, one};

/// What `--without` calls this.
pub const NAME: &str = "shorter-jumps";

/// Jumps that are followed at most: a loop of nothing but jumps has no end.
const LONGEST_CHAIN: usize = 8;

/// Shortens what is there. Returns whether anything changed.
pub fn shorten(code: &mut Code) -> bool {
    let mut changes = false;
    for index in 0..code.items.len() {
        if !code.items[index].removed && code.items[index].is_jump() {
            changes |= turn_around(code, index);
            changes |= follow(code, index);
        }
    }
    if changes {
        remove_unreachable(code);
        code.mark_entries();
    }
    changes
}

/// Whether it is `goto` elsewhere than to the next instruction.
fn leads_away(code: &Code, index: usize) -> bool {
    let item = &code.items[index];
    item.insn.op == Op::Jump
        && !item.pinned
        && code.target(index).is_some_and(|target| Some(target) != code.from(index + 1))
}

/// `if c goto B; goto A; B:` is `if not c goto A; B:`.
fn turn_around(code: &mut Code, index: usize) -> bool {
    let Some(next) = code.from(index + 1) else { return false };
    let behind = code.from(next + 1);
    let is_over = behind.is_some() && code.target(index) == behind;
    let Some(opposite) = opposite(code.items[index].insn.op) else { return false };
    if !is_over || code.items[next].entered || code.items[index].pinned || !leads_away(code, next) {
        return false;
    }
    let Some(target) = code.target(next).filter(|&target| code.reaches(index, target)) else { return false };
    let mut slot = code.items[index].slot;
    slot.opcode = slot.opcode & 0x0f | opposite << 4;
    let Ok(insn) = one(slot, 0, code.endian) else { return false };
    let item = &mut code.items[index];
    (item.slot, item.insn, item.target) = (slot, insn, Some(target));
    code.remove(next);
    true
}

/// The operation of a jump's opcode (its high half) for the opposite condition. None: there is no such jump.
fn opposite(op: Op) -> Option<u8> {
    let (Op::Jump64(compare) | Op::Jump32(compare)) = op else { return None };
    match compare {
        Compare::Equal => Some(0x5),
        Compare::NotEqual => Some(0x1),
        Compare::Greater => Some(0xb),
        Compare::GreaterEqual => Some(0xa),
        Compare::Less => Some(0x3),
        Compare::LessEqual => Some(0x2),
        Compare::SignedGreater => Some(0xd),
        Compare::SignedGreaterEqual => Some(0xc),
        Compare::SignedLess => Some(0x7),
        Compare::SignedLessEqual => Some(0x6),
        Compare::Set => None,
    }
}

/// A jump to `goto A` is one to `A`.
fn follow(code: &mut Code, index: usize) -> bool {
    let Some(first) = code.target(index).filter(|_| !code.items[index].pinned) else { return false };
    let mut last = first;
    for _ in 0..LONGEST_CHAIN {
        let next = code.target(last).filter(|_| leads_away(code, last));
        let Some(next) = next.filter(|&next| code.reaches(index, next) && next != index) else { break };
        last = next;
    }
    // A loop of nothing but jumps stays as it is.
    if last == first || leads_away(code, last) {
        return false;
    }
    code.items[index].target = Some(last);
    true
}

/// Removes jumps that control no more comes to: verifiers refuse unreachable code. Nothing else becomes unreachable.
fn remove_unreachable(code: &mut Code) {
    let mut is_led_to = vec![false; code.items.len()];
    for index in 0..code.items.len() {
        if let Some(target) = code.target(index).filter(|_| !code.items[index].removed) {
            is_led_to[target] = true;
        }
    }
    let mut falls_through = false;
    for (index, is_led_to) in is_led_to.into_iter().enumerate() {
        let item = &code.items[index];
        if item.removed {
            continue;
        }
        let is_reached = falls_through || item.is_function || is_led_to;
        if !is_reached && item.insn.op == Op::Jump {
            code.remove(index);
        } else {
            falls_through = item.falls_through();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ks_vm::alu::{compare32, compare64};
    use ks_vm::decode::{Endian, Slot};

    #[test]
    fn the_opposite_of_a_condition_holds_where_it_does_not() {
        let numbers = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, i64::MAX as u64, 1 << 63, u64::MAX];
        let compare =
            |class: u8, high: u8| one(Slot { opcode: high << 4 | class, ..Slot::default() }, 0, Endian::Little);
        for high in 1..=0xd {
            let Ok(Some(opposite)) = compare(5, high).map(|insn| opposite(insn.op)) else { continue };
            let of = |class: u8| [high, opposite].map(|high| compare(class, high).map(|insn| insn.op));
            let (
                [Ok(Op::Jump64(wide)), Ok(Op::Jump64(wide_opposite))],
                [Ok(Op::Jump32(low)), Ok(Op::Jump32(low_opposite))],
            ) = (of(5), of(6))
            else {
                panic!("{high:#x} or {opposite:#x} is no condition")
            };
            for left in numbers {
                for right in numbers {
                    assert_ne!(compare64(wide, left, right), compare64(wide_opposite, left, right));
                    let (left, right) = (left as u32, right as u32);
                    assert_ne!(compare32(low, left, right), compare32(low_opposite, left, right));
                }
            }
        }
    }
}
