//! The ops: opcodes, records, typed views and builder methods, generated from `ir-specs/ops/`.
//!
//! A view gives an op's parts names: `KsIf::of(op).condition()`. A builder method makes an op: `b.arith_add(l, r, ty)`;
//! it returns the result's value, or the op where it has none or any number of results.

use crate::tables::{ExitKind, FlowFrom, FlowTo, OpSpec, OpTrait};

pub use generated::*;

// The generator writes every accessor and builder alike, where by hand the simplest forms would be shorter.
#[allow(clippy::get_first, clippy::let_and_return)]
mod generated {
    use crate::ir::{Attr, BlockId, Builder, OpData, OpId, RegionId, Symbol, Value};
    use crate::tables::{
        AttrKind, AttrSpec, ExitKind, FlowFrom, FlowRow, FlowTo, Many, MapAccess, Names, On, OpSpec, OpTrait, Operand,
        OperandKind, Rejection, ResultSpec,
    };
    use crate::types::Ty;

    include!(concat!(env!("OUT_DIR"), "/ops.rs"));
}

impl Opcode {
    /// The record of the op in `ir-specs/ops/`.
    pub fn spec(self) -> &'static OpSpec {
        &OPS[self as usize]
    }

    /// `dialect.name`
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The op of this name in IR text, such as `ks.load`; none if there is none.
    pub fn from_name(name: &str) -> Option<Opcode> {
        OPS.iter().position(|spec| spec.name == name).map(|index| ALL[index])
    }

    /// Whether the op's record lists the trait.
    pub fn has(self, wanted: OpTrait) -> bool {
        self.spec().has(wanted)
    }

    /// Whether `ks.break` and `ks.continue` in its regions are of it.
    pub fn is_loop(self) -> bool {
        self.flow(|from| from.stops(ExitKind::Break, 0)).is_some()
    }

    /// The index of the name that the record has for a region: the last name may mean several.
    pub fn named_region(self, region: usize) -> usize {
        region.min(self.spec().regions.len().saturating_sub(1))
    }

    /// Where control goes by the first row of the record that is wanted.
    pub fn flow(self, wanted: impl Fn(FlowFrom) -> bool) -> Option<&'static [FlowTo]> {
        self.spec().flow.iter().find(|row| wanted(row.from)).map(|row| row.to)
    }
}
