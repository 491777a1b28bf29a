//! Memory of the kernel, and of processes as the kernel sees them, which user space does not see.

use crate::ir::Function;
use crate::source::Span;
use crate::types::{Space, TyKind, Types};

/// The first op that makes a place of kernel memory, or asks for its layout.
pub fn first(func: &Function, types: &Types) -> Option<Span> {
    let of_kernel = |place| matches!(types.kind(place), TyKind::Place { space, .. } if space == Space::BtfTrusted || space.is_probed());
    let found = func.all();
    let mut found = found.filter(|op| op.results.iter().any(|&result| of_kernel(func.ty(result))));
    found.next().map(|op| op.loc.span)
}
