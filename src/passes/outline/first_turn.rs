//! Kernels that go through a callback once do so with what they know before the first turn, and leave out what they take for
//! never run. So what the turns change is made unknown before the loop, and after it, since there may have been no turn, or
//! others than the verifier saw. Numbers are hidden one by one (`hide`); this is about text and large arrays.

use super::super::hide::FOLLOWED;
use super::frame::Placed;
use crate::ir::{Builder, Function, OpId, Opcode, Path};
use crate::session::KernelVersion;
use crate::types::{TyKind, Types};
use std::collections::BTreeSet;

/// The first kernel that goes through a callback until nothing new comes (commit ab5cfac139ab, "verify callbacks as if they
/// are called unknown number of times").
pub const REPEATS: KernelVersion = KernelVersion { major: 6, minor: 7 };

/// What the body of a loop writes, has a value before, and is not followed number by number. `outer`: the parts of frames
/// around the function that have a value whenever it runs.
pub fn large_written(func: &Function, types: &Types, op: OpId, (frame, outer): (&Placed, &[Path])) -> BTreeSet<Path> {
    let mut ops = Vec::new();
    func.walk_region(func.ops[op].regions[0], &mut ops);
    let written = ops.iter().flat_map(|&op| {
        let data = &func.ops[op];
        let writes = move |index: usize| data.may_write(index) || data.opcode == Opcode::KsAddr;
        let places = data.operands.iter().enumerate().filter(move |&(index, _)| writes(index));
        places.map(|(_, &place)| Path::outermost(func, place))
    });
    let has_value = |whole: &Path| {
        let own = whole.variable == frame.value && whole.is_written_before(func, types, op);
        own || outer.iter().any(|known| whole.is_of(known))
    };
    written.filter(|whole| is_large(func, types, whole) && has_value(whole)).collect()
}

/// Of numbers and text alone, and not of a few numbers.
fn is_large(func: &Function, types: &Types, whole: &Path) -> bool {
    let Some(ty) = whole.ty(func, types) else { return false };
    let has_text = types.holds(ty, &|kind| matches!(kind, TyKind::Str(_)));
    let has_pointer = types.holds(ty, &|kind| matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_)));
    let is_followed = whole.integers(func, types, FOLLOWED).is_some() && !has_text;
    !is_followed && !has_pointer
}

/// Makes the places unknown to the verifier.
pub fn forget(b: &mut Builder<'_>, types: &mut Types, paths: &BTreeSet<Path>) {
    for path in paths {
        let place = path.place(b, types, path.variable);
        b.mem_unknown(place);
    }
}
