//! Elements with a variable index where the verifier follows constant offsets alone: part of the pass `elements`.
//!
//! A pointer that is read from the stack at a variable offset is a number to the verifier. A packet pointer plus a
//! variable may point anywhere. Atomic operations are not allowed at variable offsets of the stack, and a pointer to
//! shared memory on one path may point to the stack on another. So the access, or the taking of the address, is
//! repeated for each element, behind a branch on the index.

use super::NAME;
use crate::ir::{BlockId, Builder, Function, OpId, Opcode, Value};
use crate::passes::analysis::pointees::{Pointees, followed};
use crate::tables::{LONGEST_OF_CHOICES, MAX_STACK, OpTrait};
use crate::types::{Space, Ty, TyKind, Types};

/// Expands all accesses of a function. True if there were any.
pub fn expand(func: &mut Function, pointees: &Pointees, types: &mut Types) -> bool {
    let mut any = false;
    while let Some(access) = func.walk().into_iter().find_map(|op| find(func, types, pointees, op)) {
        access.blur(func, types);
        access.expand(func, types);
        any = true;
    }
    any
}

/// The index for each of whose values an op is repeated.
pub fn repeated_index(func: &Function, types: &Types, pointees: &Pointees, op: OpId) -> Option<Value> {
    find(func, types, pointees, op).map(|access| func.ops[access.path[0]].operands[1])
}

/// An op that uses a place behind a variable index.
struct Access {
    op: OpId,
    operand: usize,
    /// The ops that lead to the place: the element whose index is variable first, then the parts below it.
    path: Vec<OpId>,
    length: u64,
}

fn find(func: &Function, types: &Types, pointees: &Pointees, op: OpId) -> Option<Access> {
    if matches!(func.ops[op].opcode, Opcode::KsField | Opcode::KsElem) {
        return None;
    }
    let atomic = meets_atomics(func, types, pointees, op);
    for (operand, &value) in func.ops[op].operands.iter().enumerate() {
        let mut path = Vec::new();
        let mut found = None;
        let mut at = func.def(value);
        while let Some(part) = at.filter(|&part| matches!(func.ops[part].opcode, Opcode::KsField | Opcode::KsElem)) {
            path.push(part);
            if let Some(length) = choices(func, types, part, atomic) {
                found = Some((path.len(), length));
            }
            at = func.def(func.ops[part].operands[0]);
        }
        if let Some((count, length)) = found {
            path.truncate(count);
            path.reverse();
            return Some(Access { op, operand, path, length });
        }
    }
    None
}

/// Whether an op is an atomic update of what may be on the stack, or yields an address that may reach one.
fn meets_atomics(func: &Function, types: &Types, pointees: &Pointees, op: OpId) -> bool {
    let data = &func.ops[op];
    let Some(&place) = data.operands.first() else { return false };
    let TyKind::Place { of, space } = types.kind(func.ty(place)) else { return false };
    let followed = followed(func, types, place);
    let may_be_on_stack = match followed {
        Some((to, Space::Any)) => pointees.stack.contains(&to) && types.size_of(to) <= MAX_STACK,
        Some(_) | None => space == Space::Stack,
    };
    let update = data.opcode.has(OpTrait::Updates) && space == Space::Any;
    may_be_on_stack && (update || data.opcode == Opcode::KsAddr && pointees.meets_atomics(of))
}

/// The number of elements, if the verifier does not follow the index.
fn choices(func: &Function, types: &Types, part: OpId, atomic: bool) -> Option<u64> {
    let data = &func.ops[part];
    if data.opcode != Opcode::KsElem || func.known(types, data.operands[1]).is_some() {
        return None;
    }
    let TyKind::Place { of, space } = types.kind(func.ty(data.operands[0])) else { return None };
    let TyKind::Array(element, length) = types.kind(of) else { return None };
    let followed = space != Space::Packet && !types.holds_pointer(element);
    (atomic || !followed && length <= LONGEST_OF_CHOICES).then_some(length)
}

impl Access {
    /// A branch per element lets the verifier see which elements were written, so it would keep a state for each set of
    /// elements. Before it, the verifier forgets what it knows of the elements: all between the first byte that a store
    /// at a variable offset may mean and the last.
    fn blur(&self, func: &mut Function, types: &Types) {
        let data = &func.ops[self.op];
        let place = data.operands[self.operand];
        let TyKind::Place { of, space: Space::Stack } = types.kind(func.ty(place)) else { return };
        if data.opcode != Opcode::KsAddr || types.holds_pointer(of) {
            return;
        }
        let last = types.size_of(of).saturating_sub(1);
        let mut b = Builder::before(func, self.op, NAME);
        b.mem_blur(place, 0);
        if last > 0 {
            b.mem_blur(place, last.into());
        }
    }

    fn expand(&self, func: &mut Function, types: &mut Types) {
        let old = func.ops[self.op].clone();
        let results: Vec<Ty> = old.results.iter().map(|&result| func.ty(result)).collect();
        let index = func.ops[self.path[0]].operands[1];
        let mut b = Builder::before(func, self.op, NAME);
        let (mut regions, mut cases) = (Vec::new(), Vec::new());
        for element in 0..self.length {
            let (region, block) = b.region(&[]);
            regions.push(region);
            if element + 1 < self.length {
                cases.extend([i128::from(element), i128::from(element), i128::from(element)]);
            }
            self.fill(b.func, types, block, element);
        }
        let made = b.ks_match(index, &cases, &results, regions);
        let new = b.func.ops[made].results.clone();
        func.replace_values(&std::iter::zip(old.results, new).collect());
        func.erase(self.op);
    }

    /// The access of one element.
    fn fill(&self, func: &mut Function, types: &mut Types, block: BlockId, element: u64) {
        let old = func.ops[self.op].clone();
        let loc = crate::ir::Loc { made_by: Some(NAME), ..old.loc };
        let mut b = Builder::at_end(func, block, loc);
        let mut place = b.func.ops[self.path[0]].operands[0];
        for (depth, &part) in self.path.iter().enumerate() {
            let data = b.func.ops[part].clone();
            let mut operands = data.operands;
            operands[0] = place;
            if depth == 0 {
                operands[1] = b.ks_const(element.into(), Ty::U64);
            }
            let ty = b.func.ty(data.results[0]);
            let made = b.insert(data.opcode, operands, data.attrs, &[ty], Vec::new(), Vec::new());
            place = b.result(made);
        }
        let place = opaque(&mut b, types, place);
        let mut operands = old.operands;
        operands[self.operand] = place;
        let results: Vec<Ty> = old.results.iter().map(|&result| b.func.ty(result)).collect();
        let made = b.insert(old.opcode, operands, old.attrs, &results, Vec::new(), Vec::new());
        let results = b.func.ops[made].results.clone();
        b.ks_yield(&results);
    }
}

/// The place, by an address that LLVM does not compute from the index again.
fn opaque(b: &mut Builder<'_>, types: &mut Types, place: Value) -> Value {
    let ty = b.func.ty(place);
    let TyKind::Place { of, space } = types.kind(ty) else { crate::bug!("an element is a place") };
    let pointer = types.ptr(of, space, false);
    let address = b.ks_addr(place, pointer);
    let address = b.bpf_opaque(address, pointer);
    b.ks_deref(address, ty)
}
