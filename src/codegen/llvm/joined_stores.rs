//! Joins zeros with the numbers that are stored beside them, after LLVM's optimisation.
//!
//! A key or an event is often zeroed, or has padding and zero fields, and numbers are stored into it. LLVM joins constants alone, and
//! clears what is not aligned as a whole in the units of its start. BPF code has a register and a store for each. Here a number
//! with zeros behind it is stored with them, extended, and the rest is cleared by words. Where the highest byte of a number is the first
//! one, the zeros would be the number's low bytes, so that numbers are stored alone.
//!
//! A run is a sequence of stores in one block, at known offsets of one object, as long as nothing may read the object between. A byte that
//! is written twice in it is left as it is, unless the first value is zero.

use super::builder::Extend;
use super::emit::helper_effects;
use super::module::ModuleGen;
use super::verifier::operands::number;
use super::verifier::record_loads::is_record_load;
use super::verifier::stored_bools::is_choice;
use crate::tables::{HelperArgKind, HelperSpec, MAX_STACK};
use crate::target::Endian;
use inkwell::values::{
    BasicValueEnum, CallSiteValue, FunctionValue, InstructionOpcode, InstructionValue, IntValue, Operand, PointerValue,
};
use std::collections::BTreeMap;

/// Bytes of the largest store.
const WORD: u64 = 8;

/// How far an address is followed to its object.
const DEPTH: u32 = 8;

/// In all functions.
pub fn join(g: &ModuleGen) {
    let functions = g.module.get_functions().filter(|&function| !has_numbered_variable(function));
    for block in functions.flat_map(|function| function.get_basic_blocks()) {
        let mut runs = Runs::default();
        for instruction in block.get_instructions().collect::<Vec<_>>() {
            runs.step(g, instruction);
        }
        runs.end(g, |_| true);
    }
}

/// The object that an address is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Object<'c> {
    /// A local variable whose address is no number.
    Variable(PointerValue<'c>),
    /// What a parameter or a call's result points to, a global variable, a part of a packet.
    Other(PointerValue<'c>),
    Unknown,
}

/// The object of an address, and the offset in it if that is known.
pub fn object(mut address: PointerValue<'_>) -> (Object<'_>, Option<u64>) {
    let mut offset = Some(0);
    for _ in 0..DEPTH {
        let Some(made_by) = address.as_instruction() else { return (Object::Other(address), offset) };
        let opcode = made_by.get_opcode();
        if opcode == InstructionOpcode::Alloca {
            return (Object::Variable(address), offset);
        }
        // No helper yields an address of the stack.
        let is_helper = opcode == InstructionOpcode::Call && matches!(callee(made_by), Callee::Helper);
        if is_helper || opcode == InstructionOpcode::IntToPtr {
            return (Object::Other(address), offset);
        }
        let is_step = opcode == InstructionOpcode::GetElementPtr;
        // Assembly that yields an address adds to its first operand.
        let is_sum = opcode == InstructionOpcode::Call && matches!(callee(made_by), Callee::Assembly);
        let base = made_by.get_operand(0).filter(|_| is_step || is_sum).and_then(Operand::value);
        let Some(BasicValueEnum::PointerValue(base)) = base else { break };
        offset = offset.filter(|_| is_step).and_then(|offset| constant_step(made_by)?.checked_add(offset));
        address = base;
    }
    (Object::Unknown, None)
}

/// By how many bytes an address is further than its base.
fn constant_step(address: InstructionValue) -> Option<u64> {
    let is_bytes = address
        .get_gep_source_element_type()
        .is_ok_and(|ty| ty.is_int_type() && ty.into_int_type().get_bit_width() == 8);
    let offset = number(address.get_operand(1)).filter(|_| is_bytes && address.get_num_operands() == 2)?;
    u64::try_from(offset.get_sign_extended_constant()?).ok()
}

enum Callee {
    /// A function of the kernel, called by its number.
    Helper,
    Function,
    Assembly,
}

fn callee(call: InstructionValue) -> Callee {
    let last = call.get_num_operands().checked_sub(1).and_then(|last| call.get_operand(last)).and_then(Operand::value);
    match last {
        Some(BasicValueEnum::PointerValue(callee)) if !callee.is_const() => Callee::Assembly,
        _ if CallSiteValue::try_from(call).is_ok_and(|call| call.get_called_fn_value().is_some()) => Callee::Function,
        _ => Callee::Helper,
    }
}

/// Whether the address of some variable becomes a number, which then may become any address.
fn has_numbered_variable(function: FunctionValue) -> bool {
    let mut instructions = function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions());
    instructions.any(|instruction| {
        let of = instruction.get_operand(0).filter(|_| instruction.get_opcode() == InstructionOpcode::PtrToInt);
        let Some(BasicValueEnum::PointerValue(of)) = of.and_then(Operand::value) else { return false };
        !matches!(object(of).0, Object::Other(_))
    })
}

/// The value of a store.
#[derive(Clone, Copy)]
enum Stored<'c> {
    Zero,
    Number(IntValue<'c>),
    Other,
}

/// A store, or a call that clears memory.
struct Store<'c> {
    at: InstructionValue<'c>,
    offset: u64,
    size: u64,
    align: u64,
    what: Stored<'c>,
}

impl<'c> Store<'c> {
    fn end(&self) -> u64 {
        self.offset + self.size
    }

    /// The object that it writes a part of, and the part.
    fn of(instruction: InstructionValue<'c>) -> Option<(Object<'c>, Store<'c>)> {
        let pointer = |at| match instruction.get_operand(at).and_then(Operand::value) {
            Some(BasicValueEnum::PointerValue(pointer)) => Some(pointer),
            _ => None,
        };
        if instruction.get_opcode() == InstructionOpcode::Store {
            let (object, offset) = object(pointer(1)?);
            let value = instruction.get_operand(0).and_then(Operand::value)?;
            let (bits, what) = match value {
                BasicValueEnum::IntValue(value) if value.get_zero_extended_constant() == Some(0) => {
                    (value.get_type().get_bit_width(), Stored::Zero)
                }
                BasicValueEnum::IntValue(value) => (value.get_type().get_bit_width(), Stored::Number(value)),
                BasicValueEnum::PointerValue(_) => (64, Stored::Other),
                BasicValueEnum::ArrayValue(_)
                | BasicValueEnum::FloatValue(_)
                | BasicValueEnum::StructValue(_)
                | BasicValueEnum::VectorValue(_)
                | BasicValueEnum::ScalableVectorValue(_) => return None,
            };
            let is_plain = bits.is_multiple_of(8) && instruction.get_volatile() == Ok(false);
            let align = instruction.get_alignment().ok()?.into();
            let store = Store { at: instruction, offset: offset?, size: u64::from(bits / 8), align, what };
            return is_plain.then_some((object, store));
        }
        let callee = CallSiteValue::try_from(instruction).ok()?.get_called_fn_value()?;
        let constant = |at| number(instruction.get_operand(at))?.get_zero_extended_constant();
        if !callee.get_name().to_bytes().starts_with(b"llvm.memset.") || constant(1) != Some(0) {
            return None;
        }
        let (object, offset) = object(pointer(0)?);
        let size = constant(2).filter(|&size| size <= MAX_STACK)?;
        Some((object, Store { at: instruction, offset: offset?, size, align: 1, what: Stored::Zero }))
    }
}

/// The runs that are open, by object.
#[derive(Default)]
struct Runs<'c> {
    open: Vec<(Object<'c>, Vec<Store<'c>>)>,
}

impl<'c> Runs<'c> {
    fn step(&mut self, g: &ModuleGen<'_, 'c>, instruction: InstructionValue<'c>) {
        let opcode = instruction.get_opcode();
        if let Some((of, store)) = Store::of(instruction)
            && of != Object::Unknown
        {
            self.end(g, |open| open != of && may_overlap(open, of));
            match self.open.iter_mut().find(|(open, _)| *open == of) {
                Some((_, run)) => run.push(store),
                None => self.open.push((of, vec![store])),
            }
        } else if opcode == InstructionOpcode::Load && !reads_offset(instruction) {
            let from = match instruction.get_operand(0).and_then(Operand::value) {
                Some(BasicValueEnum::PointerValue(from)) => object(from).0,
                _ => Object::Unknown,
            };
            self.end(g, |open| may_overlap(open, from));
        } else if may_touch(opcode) && !leaves_alone(instruction) {
            self.end(g, |_| true);
        }
    }

    /// Ends the runs of some objects.
    fn end(&mut self, g: &ModuleGen<'_, 'c>, of: impl Fn(Object<'c>) -> bool) {
        let (ended, open) = std::mem::take(&mut self.open).into_iter().partition(|&(object, _)| of(object));
        self.open = open;
        for (object, run) in ended {
            if let Object::Variable(start) | Object::Other(start) = object {
                join_run(g, start, &run);
            }
        }
    }
}

/// Whether an instruction may read or write memory, other than by a load.
fn may_touch(opcode: InstructionOpcode) -> bool {
    matches!(
        opcode,
        InstructionOpcode::Store
            | InstructionOpcode::Call
            | InstructionOpcode::AtomicRMW
            | InstructionOpcode::AtomicCmpXchg
            | InstructionOpcode::Fence
    )
}

fn may_overlap(one: Object, other: Object) -> bool {
    match (one, other) {
        (Object::Unknown, _) | (_, Object::Unknown) | (Object::Other(_), Object::Other(_)) => true,
        _ => one == other,
    }
}

/// Whether a load reads an offset that the loader relocates: LLVM has variables of its own for those, which become constants.
fn reads_offset(load: InstructionValue) -> bool {
    let Some(BasicValueEnum::PointerValue(from)) = load.get_operand(0).and_then(Operand::value) else { return false };
    from.is_const() && from.get_name().to_bytes().starts_with(b"llvm.")
}

/// Whether a call touches no memory but the context: it reads that, is of a helper of numbers, or of an intrinsic that computes.
fn leaves_alone(instruction: InstructionValue) -> bool {
    let Ok(call) = CallSiteValue::try_from(instruction) else { return false };
    let of_numbers = |helper: &HelperSpec| {
        helper.args.iter().all(|arg| matches!(arg.kind, HelperArgKind::Scalar | HelperArgKind::Constant))
    };
    is_record_load(instruction)
        || helper_effects::helper(call).is_some_and(of_numbers)
        || call.get_called_fn_value().is_some_and(|callee| {
            let name = callee.get_name().to_bytes();
            [
                &b"llvm.bpf.getelementptr.and.load"[..],
                b"llvm.bpf.passthrough",
                b"llvm.bswap",
                b"llvm.umin",
                b"llvm.umax",
            ]
            .iter()
            .any(|own| name.starts_with(own))
        })
}

/// What a run leaves in a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Zero,
    /// The byte that the store with this index writes.
    Of(usize),
}

/// Stores a run with fewer instructions, if that is possible.
fn join_run<'c>(g: &ModuleGen<'_, 'c>, start: PointerValue<'c>, run: &[Store<'c>]) {
    let Some(bytes) = bytes(run) else { return };
    let (align, endian) = (start_align(start, run), g.cx.types.machine().endian);
    let mut wider = BTreeMap::new();
    let mut zeros: Vec<u64> = bytes.iter().filter(|(_, byte)| **byte == Byte::Zero).map(|(&at, _)| at).collect();
    for (index, store) in run.iter().enumerate() {
        let Stored::Number(value) = store.what else { continue };
        let size = match endian {
            Endian::Little => widened(store, value, align, &zeros),
            Endian::Big => store.size,
        };
        if size > store.size {
            zeros.retain(|at| !(store.end()..store.offset + size).contains(at));
            wider.insert(index, size);
        }
    }
    let cleared = words(&zeros, align);
    let is_zero = |store: &&Store| matches!(store.what, Stored::Zero);
    let before: usize = run.iter().filter(is_zero).map(|store| instructions(store.at)).sum();
    let Some(first) = run.iter().find(is_zero).filter(|_| cleared.len() < before || !wider.is_empty()) else { return };
    g.build.before(&first.at);
    for (at, size) in cleared {
        let zero = g.build.int(size as u32 * 8, 0);
        g.build.store(g.build.offset(start, g.build.int(64, at)), zero.into(), size);
    }
    for (index, store) in run.iter().enumerate() {
        if let (Some(&size), Stored::Number(value)) = (wider.get(&index), store.what) {
            g.build.before(&store.at);
            let wide = g.build.resize(value, size as u32 * 8, Extend::Zero);
            g.build.store(g.build.offset(start, g.build.int(64, store.offset)), wide.into(), size);
        }
        if wider.contains_key(&index) || matches!(store.what, Stored::Zero) {
            store.at.erase_from_basic_block();
        }
    }
}

/// What each byte holds behind the run. None: a number is overwritten.
fn bytes(run: &[Store]) -> Option<BTreeMap<u64, Byte>> {
    let mut bytes = BTreeMap::new();
    for (index, store) in run.iter().enumerate() {
        let byte = if matches!(store.what, Stored::Zero) { Byte::Zero } else { Byte::Of(index) };
        for at in store.offset..store.end() {
            if matches!(bytes.insert(at, byte), Some(Byte::Of(_))) {
                return None;
            }
        }
    }
    Some(bytes)
}

/// The alignment of the object, by that of a variable or by what the stores say of it.
fn start_align(start: PointerValue, run: &[Store]) -> u64 {
    let variable = start.as_instruction().filter(|made_by| made_by.get_opcode() == InstructionOpcode::Alloca);
    if let Some(Ok(align)) = variable.map(InstructionValue::get_alignment) {
        return u64::from(align).min(WORD);
    }
    let of_stores = run.iter().filter(|store| store.offset.is_multiple_of(store.align)).map(|store| store.align);
    of_stores.max().unwrap_or(1).min(WORD)
}

/// The size with which a number can be stored, where the bytes behind it are zero.
fn widened(store: &Store, value: IntValue, align: u64, zeros: &[u64]) -> u64 {
    let mut size = store.size;
    let fits = |size: u64| {
        size <= align
            && store.offset.is_multiple_of(size)
            && (store.end()..store.offset + size).all(|at| zeros.contains(&at))
    };
    // The verifier walks the code behind a choice once for each outcome, unless it is made unknown to it.
    if !size.is_power_of_two() || value.is_const() || is_choice(value) {
        return size;
    }
    while size < WORD && fits(size * 2) {
        size *= 2;
    }
    size
}

/// Offsets and sizes of words that cover these bytes.
fn words(zeros: &[u64], align: u64) -> Vec<(u64, u64)> {
    let mut words = Vec::new();
    let mut next = 0;
    for &at in zeros {
        if at < next {
            continue;
        }
        let fits = |&size: &u64| {
            size <= align && at.is_multiple_of(size) && (at..at + size).all(|at| zeros.binary_search(&at).is_ok())
        };
        let size = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
        words.push((at, size));
        next = at + size;
    }
    words
}

/// How many stores LLVM makes of a store or of a call that clears.
pub fn instructions(at: InstructionValue) -> usize {
    if at.get_opcode() == InstructionOpcode::Store {
        return 1;
    }
    let align = CallSiteValue::try_from(at).ok().and_then(|call| {
        let kind = inkwell::attributes::Attribute::get_named_enum_kind_id("align");
        call.get_enum_attribute(inkwell::attributes::AttributeLoc::Param(0), kind)
    });
    let unit = align.map_or(1, inkwell::attributes::Attribute::get_enum_value).clamp(1, WORD);
    let size = number(at.get_operand(2)).and_then(IntValue::get_zero_extended_constant).unwrap_or(0);
    (size / unit + (size % unit).count_ones() as u64) as usize
}
