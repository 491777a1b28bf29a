//! Tables of functions that BPF programs implement for the kernel (`struct_ops`).

use super::Symbol;
use crate::source::Span;
use crate::types::Ty;

/// A value of one of the kernel's structs of functions, such as `tcp_congestion_ops`.
#[derive(Clone, Debug)]
pub struct StructOps {
    pub name: Symbol,
    /// The kernel's struct.
    pub of: String,
    /// The members that the program gives; the others are zero.
    pub members: Vec<OpsMember>,
    pub span: Span,
}

/// A member that the implementation sets, by its name in the kernel's struct.
#[derive(Clone, Debug)]
pub struct OpsMember {
    pub name: String,
    pub value: OpsValue,
}

/// The value of a member of an implementation.
#[derive(Clone, Debug)]
pub enum OpsValue {
    /// A pointer to a function.
    Program(Symbol),
    /// As many bytes as the type has.
    Data { ty: Ty, init: Vec<u8> },
}

impl StructOps {
    /// The programs among the members, in order.
    pub fn programs(&self) -> impl Iterator<Item = &Symbol> {
        self.members.iter().filter_map(|member| match &member.value {
            OpsValue::Program(name) => Some(name),
            OpsValue::Data { .. } => None,
        })
    }
}
