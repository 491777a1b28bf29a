//! `assign-ops`: `place op= value` becomes a load, an operation and a store, or one atomic operation.
//!
//! Takes `ks.assign_op`. Leaves `mem.atomic` where the language says that the update is atomic (`+=` and `-=` on shared
//! 32- and 64-bit integers: entries of maps that are not per CPU, as BPF code sees them, and globals that both sides see),
//! plain operations elsewhere. After `maps` and `map-places`, which make assignments of their own; before `numeric`, which
//! expands the divisions and shifts that come out.

use super::{Changed, Declarations, Pass, Run};
use crate::diag::codes::limits::NotAtomic;
use crate::fold::ArithOp;
use crate::ir::ops::{KsAssignOp, KsDeref, KsElem, KsField, KsGlobal};
use crate::ir::{Builder, Function, GlobalKind, OpId, Opcode, Value};
use crate::session::Session;
use crate::target::Target;
use crate::types::{Origin, Space, Ty, TyKind, Types};

const NAME: &str = "assign-ops";
pub static PASS: Pass = Pass { name: NAME, summary: "Expand assignments with an operator", run: Run::Function(run) };

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let mut changed = Changed::No;
    for op in func.walk() {
        if func.ops[op].opcode == Opcode::KsAssignOp {
            expand(func, module, cx, op);
            changed = Changed::Yes;
        }
    }
    changed
}

fn expand(func: &mut Function, module: &Declarations, cx: &mut Session, op: OpId) {
    let view = KsAssignOp::of(&func.ops[op]);
    let (place, value, compute) = (view.place(), view.value(), view.compute());
    let word = view.op().to_owned();
    let TyKind::Place { of, space } = cx.types.kind(func.ty(place)) else { crate::bug!("an assignment to no place") };
    let types = &cx.types;
    let shared = matches!(word.as_str(), "add" | "sub") && is_shared(func, module, types, place, space);
    let atomic = shared && matches!(types.kind(of), TyKind::Int { bits: 32 | 64, .. });
    let bpf_side = module.target == Some(Target::Bpf);
    // A function of both sides warns once.
    let warns = if bpf_side { space != Space::Any && !is_locked(func, op) } else { !func.targets.bpf };
    if shared && !atomic && warns && types.as_int(of).is_some() {
        let ty = types.name(of);
        cx.warn(func.ops[op].loc.span, NotAtomic { ty }).help("a `u32` or `u64` is updated atomically");
    }
    let mut b = Builder::before(func, op, NAME);
    if atomic {
        // Modulo the place's width it makes no difference in which width the sum is computed.
        let mut value = cast(&mut b, value, of);
        if word == "sub" {
            let zero = b.ks_const(0, of);
            value = b.arith_sub(zero, value, of);
        }
        b.mem_atomic(place, value, "add");
    } else {
        let old = b.ks_load(place, of);
        let old = cast(&mut b, old, compute);
        let new = operation(&mut b, &word, old, value, compute);
        let new = cast(&mut b, new, of);
        b.ks_store(place, new);
    }
    func.erase(op);
}

fn cast(b: &mut Builder<'_>, value: Value, ty: Ty) -> Value {
    if b.func.ty(value) == ty { value } else { b.arith_cast(value, ty) }
}

fn operation(b: &mut Builder<'_>, word: &str, left: Value, right: Value, ty: Ty) -> Value {
    if let (Ty::F64, Some(op)) = (ty, ArithOp::from_word(word)) {
        return b.float_arith(op, left, right);
    }
    match word {
        "add" => b.arith_add(left, right, ty),
        "sub" => b.arith_sub(left, right, ty),
        "mul" => b.arith_mul(left, right, ty),
        "div" => b.ks_div(left, right, ty),
        "rem" => b.ks_rem(left, right, ty),
        "and" => b.arith_and(left, right, ty),
        "or" => b.arith_or(left, right, ty),
        "xor" => b.arith_xor(left, right, ty),
        "shl" => b.ks_shl(left, right, ty),
        "shr" => b.ks_shr(left, right, ty),
        other => crate::bug!("no assignment operator is called `{other}`"),
    }
}

/// Whether an op stands under a lock.
fn is_locked(func: &Function, op: OpId) -> bool {
    let around = func.regions[func.blocks[func.ops[op].block].region].parent;
    around.is_some_and(|around| func.ops[around].opcode == Opcode::BpfLocked || is_locked(func, around))
}

/// Whether others may change the place at the same time.
fn is_shared(func: &Function, module: &Declarations, types: &Types, place: Value, space: Space) -> bool {
    let root = root(func, place);
    match space {
        // On the host an entry is a copy of its own until it is written back.
        Space::MapValue => module.target == Some(Target::Bpf),
        Space::Global => match root.filter(|&op| func.ops[op].opcode == Opcode::KsGlobal) {
            Some(op) => {
                let name = KsGlobal::of(&func.ops[op]).global();
                module.globals.iter().any(|g| g.name == *name && g.section.is_some() && g.kind != GlobalKind::Local)
            }
            None => true,
        },
        // A pointer whose origin is not known. The kernel refuses atomic operations on packets, so not on their headers.
        Space::Any => {
            module.target == Some(Target::Bpf) && root.is_none_or(|op| may_be_shared(func, module, types, op))
        }
        Space::Stack
        | Space::Map
        | Space::Percpu
        | Space::Ctx
        | Space::Packet
        | Space::Ringbuf
        | Space::BtfTrusted
        | Space::BtfRcu
        | Space::BtfUntrusted
        | Space::User
        | Space::Host
        | Space::Heap => false,
    }
}

/// The op that yields the outermost place that a place is a part of; none if that is an argument.
pub fn root(func: &Function, place: Value) -> Option<OpId> {
    let op = func.def(place)?;
    let data = &func.ops[op];
    if data.opcode == Opcode::KsField {
        root(func, KsField::of(data).base())
    } else if data.opcode == Opcode::KsElem {
        root(func, KsElem::of(data).base())
    } else {
        Some(op)
    }
}

/// Whether a pointer that is followed may point to what others see; the kernel refuses atomic operations on packets.
fn may_be_shared(func: &Function, module: &Declarations, types: &Types, op: OpId) -> bool {
    if func.ops[op].opcode != Opcode::KsDeref {
        return true;
    }
    let TyKind::Ptr { to, .. } = types.kind(func.ty(KsDeref::of(&func.ops[op]).pointer())) else { return true };
    let in_packet = matches!(types.kind(to), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Packet);
    !in_packet && module.shared_pointees.contains(&to)
}
