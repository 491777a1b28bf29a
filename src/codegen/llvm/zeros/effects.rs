//! The effects of a function's instructions on its variables and on the records that it reserves.

use super::super::emit::helper_effects;
use super::super::joined_stores::{Object, object};
use super::super::verifier::graph::Graph;
use super::super::verifier::operands::{number, operands};
use super::super::verifier::tested_records::is_record;
use crate::tables::{HelperArgKind, HelperSpec, MAX_STACK};
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, CallSiteValue, InstructionOpcode, InstructionValue, Operand, PointerValue};
use std::collections::HashMap;

/// What happens to bytes of an object: those from the first number on, up to the second.
#[derive(Clone, Copy)]
pub enum Effect {
    /// The object begins: nothing is known of its bytes.
    Begin,
    Read(usize, usize),
    Zero(usize, usize),
    /// All are written.
    Write(usize, usize),
    /// Some may be written, and none are read.
    Touch(usize, usize),
}

/// An instruction with its effects on an object, in order.
#[derive(Clone)]
pub struct Event<'c> {
    pub at: InstructionValue<'c>,
    pub effects: Vec<Effect>,
    /// The effects are of an instruction that is to be made, before the other one.
    pub is_made: bool,
}

impl Event<'_> {
    /// The bytes that it clears, if it does nothing else.
    pub fn cleared(&self) -> Option<(usize, usize)> {
        if let [Effect::Zero(from, to)] = self.effects[..] { Some((from, to)) } else { None }
    }
}

/// An object whose address only these instructions know.
#[derive(Clone)]
pub struct Followed<'c> {
    pub start: PointerValue<'c>,
    pub size: usize,
    /// Of its start, in bytes; 8 at most.
    pub align: usize,
    /// The function calls a helper that reads any memory.
    pub probes: bool,
    /// By the blocks of the graph.
    pub events: Vec<Vec<Event<'c>>>,
}

/// Larger records are left as they are.
const MOST: usize = 4096;

/// The variables and records of a function that can be followed, and that something clears.
pub fn followed<'c>(graph: &Graph<'c>) -> Vec<Followed<'c>> {
    let mut all = Objects::default();
    for block in &graph.blocks {
        block.get_instructions().for_each(|instruction| all.begin(instruction, graph.blocks.len()));
    }
    for (at, block) in graph.blocks.iter().enumerate() {
        block.get_instructions().for_each(|instruction| all.step(at, instruction));
    }
    let clears = |of: &Followed| of.events.iter().flatten().any(|event| event.cleared().is_some());
    let probes = graph.blocks.iter().flat_map(|block| block.get_instructions().collect::<Vec<_>>()).any(is_probe);
    let found = all.found.into_iter().flatten().filter(clears);
    found.map(|object| Followed { probes, ..object }).collect()
}

fn is_probe(instruction: InstructionValue) -> bool {
    let call =
        CallSiteValue::try_from(instruction).ok().filter(|_| instruction.get_opcode() == InstructionOpcode::Call);
    let helper = call.and_then(helper_effects::helper);
    helper.is_some_and(|helper| helper.args.iter().any(|arg| arg.kind == HelperArgKind::Address))
}

#[derive(Default)]
struct Objects<'c> {
    numbers: HashMap<PointerValue<'c>, usize>,
    /// None where something else may know the address.
    found: Vec<Option<Followed<'c>>>,
}

impl<'c> Objects<'c> {
    fn begin(&mut self, instruction: InstructionValue<'c>, blocks: usize) {
        let of = if instruction.get_opcode() == InstructionOpcode::Alloca {
            variable(instruction)
        } else {
            record(instruction)
        };
        let Some((size, align)) = of.filter(|&(size, _)| size <= MOST) else { return };
        let Ok(start) = PointerValue::try_from(instruction) else { return };
        self.numbers.insert(start, self.found.len());
        let events = (0..blocks).map(|_| Vec::new()).collect();
        self.found.push(Some(Followed { start, size, align, probes: false, events }));
    }

    /// The object that a value leads to, and the offset in it if that is known.
    fn of(&self, value: BasicValueEnum<'c>) -> Option<(usize, Option<usize>)> {
        let BasicValueEnum::PointerValue(pointer) = value else { return None };
        let (Object::Variable(start) | Object::Other(start), offset) = object(pointer) else { return None };
        let number = *self.numbers.get(&start)?;
        Some((number, offset.and_then(|offset| usize::try_from(offset).ok())))
    }

    fn step(&mut self, block: usize, instruction: InstructionValue<'c>) {
        let start = PointerValue::try_from(instruction).ok().and_then(|start| self.numbers.get(&start)).copied();
        if let Some(number) = start {
            self.add(number, block, instruction, Effect::Begin);
        }
        let opcode = instruction.get_opcode();
        let all: Vec<_> = operands(instruction).enumerate().collect();
        for (at, value) in all {
            let Some((number, offset)) = self.of(value) else { continue };
            if opcode == InstructionOpcode::ICmp {
                continue;
            }
            if opcode == InstructionOpcode::GetElementPtr {
                let made = PointerValue::try_from(instruction).ok().and_then(|made| self.of(made.into()));
                if made.is_none_or(|(of, _)| of != number) {
                    self.found[number] = None;
                }
                continue;
            }
            let effects = self.found[number]
                .as_ref()
                .zip(offset)
                .and_then(|(of, offset)| effects(instruction, at, offset, of.size));
            match effects {
                Some(effects) => effects.into_iter().for_each(|effect| self.add(number, block, instruction, effect)),
                None => self.found[number] = None,
            }
        }
    }

    fn add(&mut self, number: usize, block: usize, at: InstructionValue<'c>, effect: Effect) {
        let Some(of) = &mut self.found[number] else { return };
        match of.events[block].last_mut().filter(|event| event.at == at) {
            // An instruction reads before it writes.
            Some(event) if matches!(effect, Effect::Read(..)) => event.effects.insert(0, effect),
            Some(event) => event.effects.push(effect),
            None => of.events[block].push(Event { at, effects: vec![effect], is_made: false }),
        }
    }
}

/// The size and alignment of a variable.
fn variable(alloca: InstructionValue) -> Option<(usize, usize)> {
    let of = alloca.get_allocated_type().ok()?;
    let BasicTypeEnum::ArrayType(array) = of else {
        let BasicTypeEnum::IntType(int) = of else { return None };
        return Some((int.get_bit_width() as usize / 8, alignment(alloca)?));
    };
    let BasicTypeEnum::IntType(element) = array.get_element_type() else { return None };
    let size = array.len() as usize * element.get_bit_width() as usize / 8;
    (size <= MAX_STACK as usize).then_some((size, alignment(alloca)?))
}

fn alignment(alloca: InstructionValue) -> Option<usize> {
    alloca.get_alignment().ok().map(|align| align.clamp(1, 8) as usize)
}

/// The size and alignment of a record that an instruction reserves: of the ring buffer and the size.
fn record(call: InstructionValue) -> Option<(usize, usize)> {
    let size = is_record(call).then(|| number(call.get_operand(1))).flatten()?.get_zero_extended_constant()?;
    Some((usize::try_from(size).ok()?, 8))
}

/// The effects of an instruction through the operand `at`, which leads to the byte `offset` of an object of so many bytes. None: it may do
/// anything.
fn effects(instruction: InstructionValue, at: usize, offset: usize, size: usize) -> Option<Vec<Effect>> {
    let within = |length: usize| (offset + length <= size).then_some((offset, offset + length));
    let opcode = instruction.get_opcode();
    if opcode == InstructionOpcode::Load {
        let is_plain = instruction.get_volatile() == Ok(false);
        let (from, to) = within(stored_size(instruction.get_type().try_into().ok()?)?).filter(|_| is_plain)?;
        return Some(vec![Effect::Read(from, to)]);
    }
    if opcode == InstructionOpcode::Store {
        let value = instruction.get_operand(0).and_then(Operand::value).filter(|_| at == 1)?;
        let (from, to) = within(stored_size(value.get_type())?).filter(|_| instruction.get_volatile() == Ok(false))?;
        let is_zero =
            number(instruction.get_operand(0)).is_some_and(|value| value.get_zero_extended_constant() == Some(0));
        return Some(vec![if is_zero { Effect::Zero(from, to) } else { Effect::Write(from, to) }]);
    }
    let call = CallSiteValue::try_from(instruction).ok().filter(|_| opcode == InstructionOpcode::Call)?;
    if let Some(helper) = helper_effects::helper(call) {
        return of_helper(instruction, (helper, helper_effects::fills(call)), at, (offset, size));
    }
    let callee = call.get_called_fn_value()?;
    let name = callee.get_name().to_bytes();
    if name.starts_with(b"llvm.lifetime.") {
        return Some(vec![Effect::Begin]);
    }
    let length = usize::try_from(number(instruction.get_operand(2))?.get_zero_extended_constant()?).ok()?;
    let (from, to) = within(length)?;
    let is_zero = || number(instruction.get_operand(1))?.get_zero_extended_constant().filter(|&value| value == 0);
    if name.starts_with(b"llvm.memset.") {
        return Some(vec![if is_zero().is_some() { Effect::Zero(from, to) } else { Effect::Write(from, to) }]);
    }
    name.starts_with(b"llvm.memcpy.")
        .then(|| vec![if at == 0 { Effect::Write(from, to) } else { Effect::Read(from, to) }])
}

/// The bytes of a number or pointer in memory.
fn stored_size(ty: BasicTypeEnum) -> Option<usize> {
    match ty {
        BasicTypeEnum::IntType(int) => {
            int.get_bit_width().is_multiple_of(8).then_some(int.get_bit_width() as usize / 8)
        }
        BasicTypeEnum::PointerType(_) => Some(8),
        BasicTypeEnum::ArrayType(_)
        | BasicTypeEnum::FloatType(_)
        | BasicTypeEnum::StructType(_)
        | BasicTypeEnum::VectorType(_)
        | BasicTypeEnum::ScalableVectorType(_) => None,
    }
}

/// The effects of a helper through an argument. `fills`: it writes all of the memory that it fills.
fn of_helper(
    call: InstructionValue,
    (helper, fills): (&HelperSpec, bool),
    at: usize,
    (offset, size): (usize, usize),
) -> Option<Vec<Effect>> {
    let arg = helper.args.get(at)?;
    let length = arg.size.and_then(|of| number(call.get_operand(of))?.get_zero_extended_constant());
    let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| offset + length <= size);
    let to = length.map_or(size, |length| offset + length);
    match arg.kind {
        HelperArgKind::Key | HelperArgKind::Value => Some(vec![Effect::Read(offset, size)]),
        HelperArgKind::Readable => Some(vec![Effect::Read(offset, to)]),
        HelperArgKind::Writable => Some(vec![Effect::Read(offset, to), Effect::Touch(offset, to)]),
        HelperArgKind::Out if fills && length.is_some() => Some(vec![Effect::Write(offset, to)]),
        HelperArgKind::Out | HelperArgKind::ValueOut => Some(vec![Effect::Touch(offset, to)]),
        HelperArgKind::Address | HelperArgKind::Record => Some(vec![Effect::Read(0, size)]),
        HelperArgKind::Scalar
        | HelperArgKind::Constant
        | HelperArgKind::Context
        | HelperArgKind::Map
        | HelperArgKind::Callback
        | HelperArgKind::Frame
        | HelperArgKind::SpinLock
        | HelperArgKind::Timer
        | HelperArgKind::Dynptr
        | HelperArgKind::Text
        | HelperArgKind::Object
        | HelperArgKind::Rest => None,
    }
}
