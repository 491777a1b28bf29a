//! The limit that each verifier knows for a number, from the instructions that compute it.
//!
//! These are the instructions that BPF has for what LLVM's say, and code generation removes some: a mask that, as far as LLVM knows,
//! changes nothing. A limit that is not certain counts as unknown.

use super::super::module::ModuleGen;
use super::known_limits;
use super::operands::number;
use crate::session::Mcpu;
use inkwell::values::{AnyValueEnum, BasicValue, InstructionOpcode, InstructionValue, IntValue, PhiValue};

/// Deeper than what people write.
const DEPTH: u32 = 16;
/// A join counts for so much: each may lead to further ones, and in a loop to itself.
const JOIN: u32 = 4;

/// What the verifier learns from instructions, by the instruction set.
pub struct Shown {
    /// There are operations on 32 bits. Without them numbers of 32 bits are extended by shifts, which show a limit all the same.
    has_words: bool,
}

impl Shown {
    /// For the instruction set of the options.
    pub fn of(g: &ModuleGen) -> Shown {
        Shown { has_words: g.cx.options.mcpu >= Mcpu::V3 }
    }

    /// The largest value of a number, where a verifier knows one.
    pub fn largest(&self, value: IntValue) -> Option<u64> {
        self.within(value, DEPTH)
    }

    fn within(&self, value: IntValue, depth: u32) -> Option<u64> {
        if let Some(constant) = value.get_zero_extended_constant() {
            return Some(constant);
        }
        let made_by = value.as_instruction().filter(|_| depth > 0)?;
        if let Some(limit) = known_limits::limit(made_by) {
            return Some(limit);
        }
        let bits = value.get_type().get_bit_width();
        let opcode = made_by.get_opcode();
        let operand = |at: u32| number(made_by.get_operand(at));
        let shown = |at: u32| self.within(operand(at)?, depth - 1);
        let constant = |at: u32| operand(at)?.get_zero_extended_constant();
        let is = |of: InstructionOpcode| opcode == of;
        let largest = if is(InstructionOpcode::Load) {
            // A load extends what it loads by zeros.
            (bits <= 32).then(|| ones(bits))
        } else if is(InstructionOpcode::ZExt) {
            self.extended(operand(0)?, depth - 1)
        } else if is(InstructionOpcode::Trunc) {
            // The bits that are cut off are known to be unused only if they are zero.
            shown(0).filter(|&shown| shown <= ones(bits))
        } else if is(InstructionOpcode::And) {
            self.masked(operand(0)?, constant(1)?, depth - 1)
        } else if is(InstructionOpcode::Freeze) {
            shown(0)
        } else if is(InstructionOpcode::Phi) {
            self.joined(made_by, depth.saturating_sub(JOIN))
        } else if is(InstructionOpcode::Select) {
            Some(shown(1)?.max(shown(2)?))
        } else if is(InstructionOpcode::Add) {
            shown(0)?.checked_add(shown(1)?)
        } else if is(InstructionOpcode::Mul) {
            shown(0)?.checked_mul(constant(1)?)
        } else if is(InstructionOpcode::Or) || is(InstructionOpcode::Xor) {
            // Verifiers before 6.10 know nothing of those of two variables.
            Some(ones(u64::BITS - (shown(0)? | constant(1)?).leading_zeros()))
        } else if is(InstructionOpcode::Shl) {
            shown(0)?.checked_mul(1u64.checked_shl(u32::try_from(constant(1)?).ok()?)?)
        } else if is(InstructionOpcode::LShr) {
            let count = u32::try_from(constant(1)?).ok()?;
            let of_register = (bits == 64 || bits == 32 && self.has_words).then(|| ones(bits));
            shown(0).or(of_register)?.checked_shr(count)
        } else {
            None
        };
        // A result with more bits than the number may wrap, and then the verifier knows no limit below that of the register.
        largest.filter(|&largest| largest <= ones(bits.min(31)))
    }

    fn joined(&self, phi: InstructionValue, depth: u32) -> Option<u64> {
        let phi = PhiValue::try_from(phi).ok()?;
        if let Some(last) = last_counted(phi) {
            return Some(last);
        }
        let mut largest = Some(0);
        for (value, _) in phi.get_incomings() {
            let shown = value.is_int_value().then(|| self.within(value.into_int_value(), depth)).flatten();
            largest = Some(largest?.max(shown?));
        }
        largest
    }

    /// The limit of a number that is extended by zeros.
    fn extended(&self, narrow: IntValue, depth: u32) -> Option<u64> {
        let bits = narrow.get_type().get_bit_width();
        if bits == 1 {
            return Some(1);
        }
        let cut = narrow.as_instruction().filter(|made_by| made_by.get_opcode() == InstructionOpcode::Trunc);
        if let Some(wide) = cut.and_then(|cut| number(cut.get_operand(0))) {
            return self.masked(wide, ones(bits), depth);
        }
        let made_by = narrow.as_instruction().filter(|_| bits < 32 && depth > 0);
        match made_by.map(|made_by| (made_by, made_by.get_opcode())) {
            // Code generation computes them in a register, and masks what it does not know to be within the number's bits.
            Some((shift, InstructionOpcode::Shl)) => {
                let keeps_all = shift.get_no_unsigned_wrap_flag() != Ok(false);
                let wide = self.wide(narrow, depth);
                if keeps_all || shifts_nothing_out(shift, bits, depth) {
                    return wide;
                }
                Some(wide.map_or(ones(bits), |wide| wide.min(ones(bits))))
            }
            Some((_, InstructionOpcode::Add)) => self.wide(narrow, depth).map(|wide| wide.max(ones(bits))),
            Some(_) | None => self.within(narrow, depth),
        }
    }

    /// The limit of a sum, or of a number that is shifted to the left, in a register with more bits than the number has.
    fn wide(&self, narrow: IntValue, depth: u32) -> Option<u64> {
        let Some(made_by) = narrow.as_instruction().filter(|_| depth > 0) else { return self.within(narrow, depth) };
        let operand = |at: u32| number(made_by.get_operand(at));
        let opcode = made_by.get_opcode();
        if opcode == InstructionOpcode::Shl {
            return self.within(operand(0)?, depth - 1)?.checked_mul(1u64.checked_shl(count(made_by)?)?);
        }
        if opcode == InstructionOpcode::Add {
            return self.wide(operand(0)?, depth - 1)?.checked_add(self.wide(operand(1)?, depth - 1)?);
        }
        self.within(narrow, depth)
    }

    /// The limit of a number with a mask, which code generation may remove.
    fn masked(&self, value: IntValue, mask: u64, depth: u32) -> Option<u64> {
        let shown = self.within(value, depth);
        if is_within(value, mask, depth) { shown } else { Some(shown.map_or(mask, |shown| shown.min(mask))) }
    }
}

/// By how many bits a shift shifts, if that is a constant.
fn count(shift: InstructionValue) -> Option<u32> {
    u32::try_from(number(shift.get_operand(1))?.get_zero_extended_constant()?).ok()
}

/// Whether LLVM may know that all bits that a number has are among its lowest ones after a shift to the left.
fn shifts_nothing_out(shift: InstructionValue, bits: u32, depth: u32) -> bool {
    let left = count(shift).and_then(|count| ones(bits).checked_shr(count));
    left.zip(number(shift.get_operand(0))).is_none_or(|(left, value)| is_within(value, left, depth))
}

/// The largest number of a counter that begins at a constant, grows by a constant, and is compared with constants. The verifier walks
/// such a loop number by number, so it knows the counter exactly.
fn last_counted(phi: PhiValue) -> Option<u64> {
    let counter = phi.as_basic_value().is_int_value().then(|| phi.as_basic_value().into_int_value())?;
    let (mut largest, mut grows) = (0, None);
    for (value, _) in phi.get_incomings() {
        let value = value.into_int_value();
        if let Some(first) = value.get_zero_extended_constant() {
            largest = first.max(largest);
            continue;
        }
        let step = value.as_instruction().filter(|made_by| made_by.get_opcode() == InstructionOpcode::Add)?;
        let by = number(step.get_operand(1))?.get_zero_extended_constant()?;
        if number(step.get_operand(0)) != Some(counter) || grows.replace((value, by)).is_some() {
            return None;
        }
    }
    let (grown, by) = grows?;
    let end = [counter, grown].into_iter().flat_map(compared_with).max()?;
    Some(largest.max(end.checked_add(by)?))
}

/// The constants that a number is compared with.
fn compared_with<'c>(value: IntValue<'c>) -> impl Iterator<Item = u64> + 'c {
    let uses = std::iter::successors(value.get_first_use(), |found| found.get_next_use());
    uses.filter_map(|found| {
        let AnyValueEnum::IntValue(outcome) = found.get_user() else { return None };
        let test = outcome.as_instruction().filter(|test| test.get_opcode() == InstructionOpcode::ICmp)?;
        number(test.get_operand(1))?.get_zero_extended_constant()
    })
}

fn ones(bits: u32) -> u64 {
    u64::MAX.checked_shr(u64::BITS.saturating_sub(bits)).unwrap_or(0)
}

/// Whether LLVM may know that no bit of a number is set outside of a mask. It does not know that of what is loaded, or comes from a
/// call, nor of sums of such numbers.
fn is_within(value: IntValue, mask: u64, depth: u32) -> bool {
    if let Some(constant) = value.get_zero_extended_constant() {
        return constant & !mask == 0;
    }
    let all = ones(value.get_type().get_bit_width());
    if all & !mask == 0 {
        return true;
    }
    let Some(made_by) = value.as_instruction() else { return false };
    if depth == 0 {
        return true;
    }
    let operand = |at: u32| number(made_by.get_operand(at));
    let within = |at: u32, mask: u64| operand(at).is_none_or(|operand| is_within(operand, mask, depth - 1));
    let constant = |at: u32| operand(at).and_then(|operand| operand.get_zero_extended_constant());
    let shift = |at: u32| constant(at).and_then(|count| u32::try_from(count).ok()).filter(|&count| count < u64::BITS);
    let opcode = made_by.get_opcode();
    let is = |of: InstructionOpcode| opcode == of;
    if is(InstructionOpcode::Load) {
        false
    } else if is(InstructionOpcode::Call) {
        is_known_call(made_by)
    } else if is(InstructionOpcode::ZExt) {
        within(0, mask)
    } else if is(InstructionOpcode::Trunc) {
        within(0, mask | !all)
    } else if is(InstructionOpcode::And) {
        within(0, mask | !constant(1).unwrap_or(u64::MAX))
    } else if is(InstructionOpcode::Shl) {
        // Bits that are shifted out may be set.
        shift(1).is_none_or(|count| within(0, mask >> count | !(all >> count)))
    } else if is(InstructionOpcode::LShr) {
        shift(1).is_none_or(|count| within(0, mask << count | ones(count)))
    } else if is(InstructionOpcode::Or) || is(InstructionOpcode::Xor) || is(InstructionOpcode::Add) {
        within(0, mask) && within(1, mask)
    } else {
        true
    }
}

/// Whether LLVM may know more of a call's result than its width: that of an intrinsic, such as the smaller of two numbers.
fn is_known_call(call: InstructionValue) -> bool {
    let last = call.get_num_operands().checked_sub(1).and_then(|last| call.get_operand(last)?.value());
    let callee = last.filter(|callee| callee.is_pointer_value()).map(|callee| callee.into_pointer_value());
    callee.is_none_or(|callee| callee.get_name().to_bytes().starts_with(b"llvm."))
}
