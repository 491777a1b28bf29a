//! `kernel-copies`: a local variable with a copy of a struct of the kernel becomes a variable for each field that is read of it.
//!
//! The struct has a size of its own on each kernel, so that no copy of it as a whole is right; each field is read where that kernel has it.
//! Takes `ks.copy` of such a struct to a variable whose fields alone are read. Other copies stay, for `core-access` to report.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::{KsCopy, KsField, KsVar};
use crate::ir::{Builder, Function, OpId, Opcode, Uses, Value};
use crate::session::Session;
use crate::tables::OperandKind;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, HashMap};

const NAME: &str = "kernel-copies";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Copy of the kernel's structs the fields that are read",
    after: &[],
    before: &[
        ("scratch", "moves variables by their sizes, which those of these structs are not"),
        ("outline", "puts variables into frames"),
        ("core-access", "reports copies of whole structs, and relocates reads"),
    ],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let is_copy =
        |op: &OpId| of_place(&cx.types, func.ty(func.ops[*op].results[0])).is_some_and(|of| cx.types.is_relocated(of));
    let vars: Vec<OpId> = func.ids_of(Opcode::KsVar).filter(is_copy).collect();
    if vars.is_empty() {
        return Changed::No;
    }
    let uses = Uses::of(func);
    let mut changed = Changed::No;
    for var in vars {
        if let Some(kept) = Kept::of(func, &cx.types, &uses, var) {
            kept.split(func, &mut cx.types, var);
            changed = Changed::Yes;
        }
    }
    changed
}

fn of_place(types: &Types, place: Ty) -> Option<Ty> {
    if let TyKind::Place { of, .. } = types.kind(place) { Some(of) } else { None }
}

/// What a function does with such a variable.
#[derive(Default)]
struct Kept {
    /// The copies to it.
    copies: Vec<OpId>,
    /// What clears it, where there is nothing to copy.
    clears: Vec<OpId>,
    /// The fields that are read, by the indexes of the fields that lead to them, with the ops that yield their places.
    fields: BTreeMap<Vec<usize>, Vec<OpId>>,
    /// The ops that yield the places of structs on the way, outer ones first.
    structs: Vec<OpId>,
}

impl Kept {
    /// None if something needs the struct as a whole, or changes it.
    fn of(func: &Function, types: &Types, uses: &Uses, var: OpId) -> Option<Kept> {
        let place = func.ops[var].results[0];
        let mut kept = Kept::default();
        for &user in uses.users(place) {
            let data = &func.ops[user];
            if data.opcode == Opcode::KsField {
                kept.add(func, types, uses, user, &[])?;
            } else if data.opcode == Opcode::KsCopy && is_of_kernel(types, func.ty(KsCopy::of(data).from())) {
                kept.copies.push(user);
            } else if data.opcode == Opcode::KsZero {
                kept.clears.push(user);
            } else {
                return None;
            }
        }
        Some(kept)
    }

    fn add(&mut self, func: &Function, types: &Types, uses: &Uses, op: OpId, path: &[usize]) -> Option<()> {
        let view = KsField::of(&func.ops[op]);
        let index = usize::try_from(view.field()).ok()?;
        let TyKind::Struct(id) = types.kind(of_place(types, func.ty(view.base()))?) else { return None };
        if types.struct_def(id).fields.get(index)?.bits.is_some() {
            return None;
        }
        let path = [path, &[index]].concat();
        let place = func.ops[op].results[0];
        if types.is_relocated(of_place(types, func.ty(place))?) {
            self.structs.push(op);
            for &user in uses.users(place) {
                if func.ops[user].opcode != Opcode::KsField {
                    return None;
                }
                self.add(func, types, uses, user, &path)?;
            }
        } else if is_read(func, uses, place) {
            self.fields.entry(path).or_default().push(op);
        } else {
            return None;
        }
        Some(())
    }

    fn split(self, func: &mut Function, types: &mut Types, var: OpId) {
        let name = KsVar::of(&func.ops[var]).name().to_vec();
        let mut places = HashMap::new();
        for (path, ops) in &self.fields {
            let Some(of) = of_place(types, func.ty(func.ops[ops[0]].results[0])) else {
                crate::bug!("a field has a place")
            };
            let stack = types.place(of, Space::Stack);
            let field = Builder::before(func, var, NAME).ks_var(&name, stack);
            for &copy in &self.copies {
                read(func, types, copy, path, field);
            }
            for &clear in &self.clears {
                Builder::before(func, clear, NAME).ks_zero(field);
            }
            places.extend(ops.iter().map(|&op| (func.ops[op].results[0], field)));
        }
        func.replace_values(&places);
        for op in self
            .fields
            .into_values()
            .flatten()
            .chain(self.structs.into_iter().rev())
            .chain(self.copies)
            .chain(self.clears)
        {
            func.erase(op);
        }
        func.erase(var);
    }
}

fn is_of_kernel(types: &Types, place: Ty) -> bool {
    matches!(types.kind(place), TyKind::Place { space: Space::BtfTrusted | Space::BtfUntrusted, .. })
}

/// Whether nothing is done with a place, and those of its elements, but to read it.
fn is_read(func: &Function, uses: &Uses, place: Value) -> bool {
    uses.users(place).iter().all(|&user| {
        let data = &func.ops[user];
        if data.opcode == Opcode::KsElem {
            return is_read(func, uses, data.results[0]);
        }
        let operands = &data.opcode.spec().operands;
        let kind = |at: usize| operands.get(at.min(operands.len().saturating_sub(1))).map(|operand| operand.kind);
        let at = data.operands.iter().enumerate().filter(|&(_, &operand)| operand == place);
        data.opcode != Opcode::KsAddr && at.into_iter().all(|(at, _)| kind(at) == Some(OperandKind::Place))
    })
}

/// Reads a field of what is copied, where the copy is, into a place.
fn read(func: &mut Function, types: &mut Types, copy: OpId, path: &[usize], to: Value) {
    let mut from = KsCopy::of(&func.ops[copy]).from();
    let TyKind::Place { mut of, space } = types.kind(func.ty(from)) else { crate::bug!("a copy from no place") };
    let mut b = Builder::before(func, copy, NAME);
    for &index in path {
        let TyKind::Struct(id) = types.kind(of) else { crate::bug!("a field of no struct") };
        of = types.struct_def(id).fields[index].ty;
        let place = types.place(of, space);
        from = b.ks_field(from, index as i128, place);
    }
    if types.is_aggregate(of) {
        b.ks_copy(to, from);
    } else {
        let value = b.ks_load(from, of);
        b.ks_store(to, value);
    }
}
