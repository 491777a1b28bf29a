//! Pointers that a loop's body would pass to the function around it.
//!
//! A callback may keep pointers in its own frame, and read those in its caller's. The verifier refuses one that puts the
//! address of a stack slot into the frame of its caller (kernel/bpf/verifier.c: `check_stack_write_fixed_off`).

use crate::diag::codes::limits::PointerInLoop;
use crate::ir::ops::KsVar;
use crate::ir::{Function, OpId, Opcode, RegionId, Uses, Value, ValueDef};
use crate::passes::analysis::{self, pointer_sources};
use crate::session::Session;
use crate::types::{Space, TyKind, Types};
use std::cell::OnceCell;
use std::collections::HashSet;

/// Reports what changes a pointer of outside in a body that becomes a callback. True if there is nothing.
pub fn check(func: &Function, cx: &mut Session) -> bool {
    let loops: Vec<OpId> = func
        .walk()
        .into_iter()
        .filter(|&op| matches!(func.ops[op].opcode, Opcode::BpfRepeat | Opcode::BpfWalk))
        .collect();
    let mut reported = Vec::new();
    for op in loops {
        for (op, name) in changed(func, &cx.types, func.ops[op].regions[0]) {
            let span = func.ops[op].loc.span;
            if !reported.contains(&span) {
                reported.push(span);
                cx.error(span, PointerInLoop { name })
                    .help("keep the index or a flag there, and take the address after the loop")
                    .remark("a `for` over a small constant range, with few branches in its body, has no such limit");
            }
        }
    }
    reported.is_empty()
}

/// Whether a loop with this body cannot be a callback.
pub fn changes_pointer(func: &Function, types: &Types, body: RegionId) -> bool {
    !changed(func, types, body).is_empty()
}

fn changed(func: &Function, types: &Types, region: RegionId) -> Vec<(OpId, String)> {
    let mut inside = Vec::new();
    func.walk_region(region, &mut inside);
    let (uses, mut found) = (OnceCell::new(), Vec::new());
    for &op in &inside {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsReturn {
            if data.operands.first().is_some_and(|&value| may_be_local(func, types, &uses, value)) {
                found.push((op, "the result".to_owned()));
            }
            continue;
        }
        if !matches!(data.opcode, Opcode::KsStore | Opcode::KsCopy)
            || !may_be_local(func, types, &uses, data.operands[1])
        {
            continue;
        }
        let Some(root) = analysis::root(func, data.operands[0]) else { continue };
        if func.ops[root].opcode == Opcode::KsVar && !inside.contains(&root) {
            let name = String::from_utf8_lossy(KsVar::of(&func.ops[root]).name()).into_owned();
            found.push((op, name));
        }
    }
    found
}

fn may_be_local(func: &Function, types: &Types, uses: &OnceCell<Uses>, value: Value) -> bool {
    leads_to_local(func, types, (uses, value), &mut HashSet::new())
}

/// Whether a value may be, or the place that it is may hold, the address of a stack slot. A value in `seen` adds nothing.
fn leads_to_local(
    func: &Function,
    types: &Types,
    (uses, value): (&OnceCell<Uses>, Value),
    seen: &mut HashSet<Value>,
) -> bool {
    let kind = types.kind(func.ty(value));
    if let TyKind::Place { of, .. } = kind {
        return types.holds_pointer(of);
    }
    let TyKind::Ptr { space, .. } = kind else { return false };
    let elsewhere = [
        Space::Global,
        Space::MapValue,
        Space::Percpu,
        Space::Packet,
        Space::Ctx,
        Space::Map,
        Space::BtfTrusted,
        Space::Arena,
    ];
    if elsewhere.contains(&space) || !seen.insert(value) {
        return false;
    }
    let ValueDef::Result(op, index) = func.values[value].def else { return true };
    let data = &func.ops[op];
    let sources: Vec<Value> = if data.opcode == Opcode::KsNull {
        Vec::new()
    } else if data.opcode == Opcode::ArithCast {
        vec![data.operands[0]]
    } else if data.opcode == Opcode::KsCall {
        // A function has no addresses of locals to yield but those that it got.
        data.operands.clone()
    } else if matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch) {
        data.regions.iter().filter_map(|&region| pointer_sources::yielded(func, region, index as usize)).collect()
    } else if data.opcode == Opcode::KsLoad
        && let Some(stored) = pointer_sources::stored(func, uses.get_or_init(|| func.uses()), data.operands[0])
    {
        stored
    } else {
        return true;
    };
    sources.into_iter().any(|source| leads_to_local(func, types, (uses, source), seen))
}
