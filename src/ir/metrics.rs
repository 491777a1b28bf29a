//! What the option `--metrics` of an executable serves, as a module declares it.

use super::{Function, Opcode, Symbol};
use crate::ir::ops::HostCall;
use crate::tables::BUILTINS;
use crate::types::{BitField, StructDef, Ty, TyKind, Types};

/// A map or a global variable whose numbers are metrics.
#[derive(Clone, Debug)]
pub struct MetricDecl {
    /// The map or the variable.
    pub of: Symbol,
    /// The declared type of the keys; `void` where there are none.
    pub key: Ty,
    /// Its doc comment in one line; empty without one.
    pub docs: String,
    /// The lowest value, the end and the step of the buckets of a histogram; the step is 0 where they are powers of two.
    pub steps: Option<[i128; 3]>,
    /// One for each of [`numbers`] of the type of the values; none of a histogram.
    pub numbers: Vec<MetricNumber>,
}

/// What the program says of a number.
#[derive(Clone, Debug)]
pub struct MetricNumber {
    /// The doc comment of its field in one line; empty without one.
    pub docs: String,
    /// The program only adds to it, so that its increase says how often something happened. Set by the pass `metrics`.
    pub grows: bool,
}

/// A place of a number in the values of a type.
pub struct Number {
    /// The fields that lead to it, outermost first; none where the value is the number, or an array of it.
    pub path: Vec<String>,
    /// An integer, a `bool` or an enum.
    pub ty: Ty,
    /// Of the number, or of its bit-field's storage unit: in bytes, with index 0 in all arrays.
    pub offset: u64,
    pub bits: Option<BitField>,
    /// The arrays around it, outermost first: the number of elements, and the size of one in bytes.
    pub arrays: Vec<(u64, u64)>,
}

/// The numbers in the values of a type, in order of their fields. Those of unions are none, since they say different things of one memory; nor
/// are arrays of bytes, which are data.
pub fn numbers(types: &Types, ty: Ty) -> Vec<Number> {
    let whole = Number { path: Vec::new(), ty, offset: 0, bits: None, arrays: Vec::new() };
    let mut found = Vec::new();
    add(types, whole, &mut found);
    found
}

fn add(types: &Types, at: Number, found: &mut Vec<Number>) {
    match types.kind(at.ty) {
        TyKind::Int { .. } | TyKind::Bool => found.push(at),
        TyKind::Enum(id) if types.enum_def(id).stacks().is_none() => found.push(at),
        TyKind::Struct(id) => {
            let def = types.struct_def(id);
            for field in def.fields.iter().filter(|field| is_own(types, def, field.ty)) {
                let mut path = at.path.clone();
                path.push(field.name.clone());
                let (offset, arrays) = (at.offset + field.offset, at.arrays.clone());
                add(types, Number { path, ty: field.ty, offset, bits: field.bits, arrays }, found);
            }
        }
        TyKind::Array(element, length) if types.size_of(element) > 1 => {
            let mut arrays = at.arrays;
            arrays.push((length, types.size_of(element)));
            add(types, Number { ty: element, arrays, ..at }, found);
        }
        TyKind::Array(..)
        | TyKind::Enum(_)
        | TyKind::Void
        | TyKind::Be { .. }
        | TyKind::Char
        | TyKind::F64
        | TyKind::Str(_)
        | TyKind::Ptr { .. }
        | TyKind::Fn(_)
        | TyKind::Opt(_)
        | TyKind::Place { .. }
        | TyKind::Handle(_)
        | TyKind::Link
        | TyKind::Bytes
        | TyKind::Null
        | TyKind::Error => {}
    }
}

/// Whether a field has a place of its own, and is not of the kernel alone.
fn is_own(types: &Types, def: &StructDef, field: Ty) -> bool {
    !def.origin.is_union() && !def.origin.is_kept() && !types.has_kept(field)
}

/// Whether a program of these functions waits in the library, which serves metrics meanwhile.
pub fn has_time<'f>(funcs: impl IntoIterator<Item = &'f Function>) -> bool {
    let idles = |symbol: &Symbol| BUILTINS.iter().any(|builtin| builtin.idles && builtin.host == Some(symbol));
    funcs.into_iter().any(|func| {
        func.walk()
            .into_iter()
            .map(|op| &func.ops[op])
            .any(|op| op.opcode == Opcode::HostCall && idles(HostCall::of(op).symbol()))
    })
}
