//! `stack-writes`: what is stored into an array on the stack stays readable after a write at a variable index.
//!
//! When a register whose value it knows something of is stored to the stack, the kernel's verifier marks the bytes as a spilled register. A
//! write at an offset that it does not know exactly unmarks the bytes that may be meant, one by one; kernels before 6.12 then refuse to
//! read what is left of such a register ("invalid size of register fill", "invalid read from stack"). So after stores at known offsets
//! `mem.blur` stores one byte of each 8 bytes again, as a number that the verifier does not know, which unmarks all 8. That happens once
//! for a run of stores: before the next write at a variable index or through a pointer, the next call, or the end of the block. Takes no op
//! away. After all that makes stores or moves them.

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::{KsDeref, KsElem, KsField};
use crate::ir::{Builder, Function, Module, OpId, Opcode, Value};
use crate::passes::analysis;
use crate::session::Session;
use crate::tables::OpTrait;
use crate::tables::workarounds;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "stack-writes";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Keep arrays on the stack readable",
    after: &[("outline", "moves stores"), ("strings", "makes stores")],
    before: &[],
    because: Because::Verifier(&[workarounds::STACK_WRITES]),
    run: Run::Module(run),
};

/// The unit in which the verifier tracks the stack.
const SLOT: u64 = 8;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let varying = VaryingWrites::of(module, &cx.types);
    module.funcs.iter_mut().fold(Changed::No, |changed, func| changed.or(function(func, varying, &cx.types)))
}

fn function(func: &mut Function, varying: VaryingWrites, types: &Types) -> Changed {
    let in_danger = in_danger(func, types, varying);
    let mut planned = Vec::new();
    if !in_danger.is_empty() {
        for &block in &func.regions[func.body].blocks {
            Marked { func, types, in_danger: &in_danger, bytes: BTreeMap::new() }.block(block, &mut planned);
        }
    }
    for &(before, object, offset) in &planned {
        Builder::before(func, before, NAME).mem_blur(object, offset.into());
    }
    if planned.is_empty() { Changed::No } else { Changed::Yes }
}

/// An op before which a byte of an object is to be blurred.
type Plan = (OpId, Value, u64);

/// The stores of a block that marked registers.
struct Marked<'f> {
    func: &'f Function,
    types: &'f Types,
    in_danger: &'f BTreeSet<Value>,
    /// The first byte that was stored in each slot of each object.
    bytes: BTreeMap<Value, BTreeMap<u64, u64>>,
}

impl Marked<'_> {
    fn block(&mut self, block: crate::ir::BlockId, planned: &mut Vec<Plan>) {
        let ops = &self.func.blocks[block].ops;
        for &op in ops {
            let data = &self.func.ops[op];
            let last = Some(&op) == ops.last();
            let written = written(self.func, self.types, op);
            let by_pointer = written.as_ref().is_some_and(|written| self.is_behind_pointer(written));
            if last || by_pointer || data.opcode.has(OpTrait::Calls) {
                for (object, bytes) in std::mem::take(&mut self.bytes) {
                    planned.extend(bytes.values().map(|&byte| (op, object, byte)));
                }
            }
            let Some(written) = written else { continue };
            if written.varies {
                let bytes = self.bytes.remove(&written.object).unwrap_or_default();
                planned.extend(bytes.values().map(|&byte| (op, written.object, byte)));
            } else if self.in_danger.contains(&written.object) && !self.is_left(op) {
                self.mark(&written);
            }
        }
    }

    /// Whether it may be a part of any object whose address is taken, at an offset that the verifier does not know.
    fn is_behind_pointer(&self, written: &Part) -> bool {
        self.func.def(written.object).is_some_and(|op| self.func.ops[op].opcode == Opcode::KsDeref)
    }

    /// Zeros, which the verifier takes as such, not as a register; and pointers, which must stay known.
    fn is_left(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        data.opcode == Opcode::KsZero
            || data.opcode == Opcode::KsStore && self.func.known(self.types, data.operands[1]) == Some(0)
            || has_pointers(self.types, pointee(self.types, self.func.ty(data.operands[0])))
    }

    fn mark(&mut self, written: &Part) {
        let bytes = self.bytes.entry(written.object).or_default();
        let end = written.offset + written.size;
        // If an object may begin anywhere in a slot: bytes that are a slot apart, and the last.
        let known = is_aligned(self.func, self.types, written.object);
        let mut at = written.offset;
        while at < end {
            bytes.entry(if known { at / SLOT } else { at }).or_insert(at);
            at = if known { (at / SLOT + 1) * SLOT } else { at + SLOT };
        }
        if !known && written.size > 1 {
            bytes.entry(end - 1).or_insert(end - 1);
        }
    }
}

/// Whether an object begins where a slot does: local variables of at least that size do.
fn is_aligned(func: &Function, types: &Types, object: Value) -> bool {
    let local = func.def(object).is_some_and(|op| func.ops[op].opcode == Opcode::KsVar);
    local && types.size_of(pointee(types, func.ty(object))) >= SLOT
}

/// A part of an object on the stack: of a local variable, an argument, what a pointer points to.
struct Part {
    object: Value,
    offset: u64,
    size: u64,
    /// Its offset is only known when the program runs.
    varies: bool,
}

fn part(func: &Function, types: &Types, place: Value) -> Option<Part> {
    // The pointee of a pointer of unknown origin may be on the stack.
    if !analysis::may_be_on_stack(func, types, place) {
        return None;
    }
    let size = types.size_of(pointee(types, func.ty(place)));
    let whole = Part { object: place, offset: 0, size, varies: false };
    let Some(data) = func.def(place).map(|op| &func.ops[op]) else { return Some(whole) };
    if data.opcode == Opcode::KsField {
        let view = KsField::of(data);
        let base = part(func, types, view.base())?;
        let TyKind::Struct(id) = types.kind(pointee(types, func.ty(view.base()))) else { return Some(base) };
        let offset = base.offset + types.struct_def(id).fields[view.field() as usize].offset;
        return Some(Part { offset, size, ..base });
    }
    if data.opcode == Opcode::KsElem {
        let view = KsElem::of(data);
        let base = part(func, types, view.base())?;
        // Code that is never reached may have an index beyond the array.
        let index = func.known(types, view.index()).and_then(|index| u64::try_from(index).ok());
        let within = index.and_then(|index| index.checked_mul(size)).filter(|&at| at < base.size);
        let offset = within.and_then(|at| at.checked_add(base.offset));
        return Some(match offset {
            Some(offset) => Part { offset, size, ..base },
            None => Part { size, varies: true, ..base },
        });
    }
    if data.opcode == Opcode::KsDeref {
        return match addressed(func, KsDeref::of(data).pointer()) {
            Some(place) => part(func, types, place).map(|base| Part { size, ..base }),
            None => Some(whole),
        };
    }
    Some(whole)
}

/// The place whose address a pointer is, where that is of this function.
fn addressed(func: &Function, pointer: Value) -> Option<Value> {
    let data = &func.ops[func.def(pointer)?];
    if data.opcode == Opcode::ArithCast {
        return addressed(func, data.operands[0]);
    }
    (data.opcode == Opcode::KsAddr).then(|| data.operands[0])
}

fn pointee(types: &Types, ty: Ty) -> Ty {
    let TyKind::Place { of, .. } = types.kind(ty) else { crate::bug!("{} is no place", types.ir_text(ty)) };
    of
}

/// The part of the stack that an op writes.
fn written(func: &Function, types: &Types, op: OpId) -> Option<Part> {
    let data = &func.ops[op];
    if data.opcode == Opcode::MemBlur {
        return part(func, types, data.operands[0]).map(|part| Part { size: 1, ..part });
    }
    let writes = matches!(
        data.opcode,
        Opcode::KsStore | Opcode::KsZero | Opcode::KsCopy | Opcode::MemAtomic | Opcode::MemUnknown
    );
    // All have the place that they write first.
    if writes { part(func, types, data.operands[0]) } else { None }
}

/// The writes of a module's functions to objects on the stack, at offsets that the verifier does not know.
#[derive(Clone, Copy, Default)]
struct VaryingWrites {
    /// Some function does.
    any: bool,
    /// Some function does through a pointer, as a parameter is: any variable of that type whose address is taken may be that
    /// object.
    by_pointer: bool,
    /// The type of the pointer is not that of the object: any variable whose address is taken may be that object.
    bytes_by_pointer: bool,
}

impl VaryingWrites {
    /// Collects the writes of a module; none for a target without a verifier.
    fn of(module: &Module, types: &Types) -> VaryingWrites {
        let mut all = VaryingWrites::default();
        if module.target.is_some_and(|target| target.facts().verified) {
            module.funcs.iter().for_each(|func| all.add(func, types));
        }
        all
    }

    fn add(&mut self, func: &Function, types: &Types) {
        for op in func.walk() {
            let data = &func.ops[op];
            if let Some(written) = written(func, types, op).filter(|written| written.varies) {
                self.bytes_by_pointer |= is_of_other_type(func, types, written.object);
                self.add_part(func, &written);
            }
            // An op that takes the address may write there.
            if exposes(data.opcode) {
                let parts = data.operands.iter().filter_map(|&operand| part(func, types, operand));
                parts.filter(|part| part.varies).for_each(|part| self.add_part(func, &part));
            }
            if matches!(data.opcode, Opcode::MemPtrAdd | Opcode::MemIndex)
                && func.known(types, data.operands[1]).is_none()
            {
                let TyKind::Ptr { space, .. } = types.kind(func.ty(data.results[0])) else { continue };
                let on_stack = matches!(space, Space::Stack | Space::Any);
                *self = VaryingWrites { any: self.any | on_stack, by_pointer: self.by_pointer | on_stack, ..*self };
            }
        }
    }

    /// A part that is no whole number of slots.
    fn add_part(&mut self, func: &Function, part: &Part) {
        if !part.size.is_multiple_of(SLOT) {
            self.any = true;
            self.by_pointer |= func.def(part.object).is_none_or(|op| func.ops[op].opcode != Opcode::KsVar);
        }
    }
}

/// Whether an object is what a pointer points to that was cast from one to another type.
fn is_of_other_type(func: &Function, types: &Types, object: Value) -> bool {
    let retyped = |pointer: Value| {
        let cast = func.def(pointer).map(|op| &func.ops[op]).filter(|data| data.opcode == Opcode::ArithCast);
        cast.is_some_and(|data| pointed_to(types, func.ty(pointer)) != pointed_to(types, func.ty(data.operands[0])))
    };
    let deref = func.def(object).map(|op| &func.ops[op]).filter(|data| data.opcode == Opcode::KsDeref);
    deref.is_some_and(|data| retyped(KsDeref::of(data).pointer()))
}

/// Whether an op hands a place or its address on, to what writes through it.
fn exposes(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::KsAddr | Opcode::KsCall | Opcode::CfBr | Opcode::ArithSelect)
}

fn pointed_to(types: &Types, pointer: Ty) -> Option<Ty> {
    if let TyKind::Ptr { to, .. } = types.kind(pointer) { Some(to) } else { None }
}

/// The objects with writes at a variable offset that are smaller than a slot.
fn in_danger(func: &Function, types: &Types, writes: VaryingWrites) -> BTreeSet<Value> {
    let mut found = BTreeSet::new();
    if !writes.any {
        return found;
    }
    for op in func.walk() {
        let data = &func.ops[op];
        if let Some(written) = written(func, types, op) {
            let local = func.def(written.object).is_some_and(|op| func.ops[op].opcode == Opcode::KsVar);
            let by_others = !local && has_small_elements(types, pointee(types, func.ty(written.object)));
            if by_others || written.varies && !written.size.is_multiple_of(SLOT) {
                found.insert(written.object);
            }
        }
        // Others write through an address.
        if exposes(data.opcode) {
            let parts = data.operands.iter().filter_map(|&operand| part(func, types, operand));
            let small = |part: &Part| has_small_elements(types, pointee(types, func.ty(part.object)));
            let exposed =
                parts.filter(|part| writes.bytes_by_pointer || (writes.by_pointer || part.varies) && small(part));
            found.extend(exposed.map(|part| part.object));
        }
    }
    found
}

/// Whether a type has an array whose element is not a whole number of slots.
fn has_small_elements(types: &Types, ty: Ty) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Array(element, _) = kind {
        let small = !types.size_of(element).is_multiple_of(SLOT);
        return small || is_struct(types, element) || has_small_elements(types, element);
    }
    if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().any(|field| has_small_elements(types, field.ty));
    }
    matches!(kind, TyKind::Str(_))
}

fn has_pointers(types: &Types, ty: Ty) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().any(|field| has_pointers(types, field.ty));
    }
    if let TyKind::Array(element, _) = kind {
        return has_pointers(types, element);
    }
    matches!(kind, TyKind::Ptr { .. })
}

fn is_struct(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Struct(_))
}
