//! `references`: each reference to a kernel object that a program acquires is released, once, on every path.
//!
//! Takes the whole program after `records`. Changes nothing; reports references that are lost, used after they were released, released
//! without being owned, or kept where the analysis cannot follow them. The verifier refuses all of that. The records of the helpers, and
//! the declarations of the kernel functions, say which of them acquire and release.
//!
//! The result of an acquiring call may be null, and there is nothing to release then. So a state is a set of cases (`cases.rs`): in one the
//! pointer is null, in the other it is owned, and a test of the pointer ends one of them. The analysis follows pointers through variables
//! (`flow.rs`, `variables.rs`). The summary of a function is the set of its outcomes (`Outcome`) that differ in the result or in the references that
//! the caller owns; callees are analysed first. `live.rs` finds the variables that are dead, which a case need not distinguish.
//! `full_objects.rs` finds pointers whose objects may lack fields that the program reads.

mod cases;
mod flow;
mod full_objects;
mod live;
mod report;
mod variables;

use super::{Because, Changed, Pass, Run, exits};
use crate::diag::codes::contexts::ReferenceCallee;
use crate::ir::ops::{BpfHelper, BpfKfunc, BpfObjectAdd, BpfObjectCall, KsCall, KsFunc, PacketCtxLoad};
use crate::ir::{Function, Module, OpData, Opcode, Role, Symbol};
use crate::session::Session;
use crate::tables::{self, HelperSpec, Reference};
use crate::types::{Origin, Space, Ty, TyKind, Types};
use cases::Known;
use std::collections::{BTreeMap, BTreeSet};

pub static PASS: Pass = Pass {
    name: "references",
    summary: "Follow the references to kernel objects",
    after: &[("reach", "refuses helpers that a type of program may not call, and recursion")],
    before: &[("split", "begins the lists that move code")],
    because: Because::Language,
    run: Run::Module(run),
};

/// One manner in which a function may return.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Outcome {
    /// The parameters that may be null, each with whether it is.
    nulls: BTreeMap<usize, bool>,
    /// The parameters whose objects it released.
    released: BTreeSet<usize>,
    /// The contents, at the return, of the places that it was given for thrown errors, by parameter.
    thrown: BTreeMap<usize, Option<Known>>,
    /// The fact about the result. An object that the function acquired belongs to the caller.
    result: Option<Known>,
}

/// The outcomes of each function that has to do with kernel objects.
type Outcomes = BTreeMap<Symbol, BTreeSet<Outcome>>;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    full_objects::check(module, cx);
    if !verified(module).any(|func| refers(module, func)) {
        return Changed::No;
    }
    let lowered = exits::lowered(module, &mut cx.types);
    let module = lowered.as_ref();
    let mut outcomes = Outcomes::new();
    let mut open: Vec<&Function> = concerned(module, &cx.types);
    loop {
        let waiting: BTreeSet<Symbol> = open.iter().map(|func| func.name.clone()).collect();
        let (later, next): (Vec<_>, Vec<_>) = open.into_iter().partition(|func| calls_any(func, &waiting));
        for func in &next {
            let found = flow::check(module, func, &outcomes, cx);
            outcomes.insert(func.name.clone(), found);
        }
        if next.is_empty() {
            break;
        }
        open = later;
    }
    for func in &module.funcs {
        check_pointers(module, cx, func, &outcomes);
    }
    Changed::No
}

/// The functions that BPF code has. User space and modules have a heap of their own.
fn verified(module: &Module) -> impl Iterator<Item = &Function> {
    module.funcs.iter().filter(|func| func.targets.any(|on| on.verified))
}

/// The functions that have to do with kernel objects.
fn concerned<'m>(module: &'m Module, types: &Types) -> Vec<&'m Function> {
    let takes = |func: &Function| func.params.iter().any(|param| is_object(module, types, param.ty));
    let mut names = BTreeSet::new();
    loop {
        let before = names.len();
        for func in verified(module) {
            if takes(func) || refers(module, func) || calls_any(func, &names) {
                names.insert(func.name.clone());
            }
        }
        if names.len() == before {
            return verified(module).filter(|func| names.contains(&func.name)).collect();
        }
    }
}

/// Whether a function acquires or releases itself.
fn refers(module: &Module, func: &Function) -> bool {
    func.walk().into_iter().any(|op| kernel_call(module, &func.ops[op]).is_some() || is_handed(func, &func.ops[op]))
}

/// Whether an op reads a parameter whose reference the kernel hands to the function, which is one of an `impl`.
fn is_handed(func: &Function, op: &OpData) -> bool {
    let Role::Program { spec, target: Some(target), .. } = &func.role else { return false };
    if op.opcode != Opcode::PacketCtxLoad || !spec.is_member() {
        return false;
    }
    let (owned, member) = (tables::struct_ops_of(target).map(|spec| spec.owned), target.split('/').nth(1));
    let field = PacketCtxLoad::of(op).field();
    owned.unwrap_or_default().iter().any(|(of, index)| Some(*of) == member && i128::from(*index) == field)
}

fn calls_any(func: &Function, names: &BTreeSet<Symbol>) -> bool {
    let calls = func.all_of(Opcode::KsCall);
    calls.into_iter().any(|op| names.contains(KsCall::of(op).callee()))
}

/// The helper that an op calls by its name.
fn helper(op: &OpData) -> Option<&'static HelperSpec> {
    if op.opcode == Opcode::BpfHelper { tables::helper(BpfHelper::of(op).helper()) } else { None }
}

/// The name of the kernel's function that an op calls, and its effect on references. The socket of a map's entry is acquired
/// (`is_acquire_function` of kernel/bpf/verifier.c).
fn kernel_call<'m>(module: &'m Module, op: &'m OpData) -> Option<(&'m str, Reference)> {
    if op.opcode == Opcode::MapSocket {
        return Some(("bpf_map_lookup_elem", Reference::Acquires));
    }
    if let Some(name) = of_objects(op) {
        let known = tables::kfunc(name)?;
        return Some((known.name, known.reference?));
    }
    if op.opcode == Opcode::BpfKfunc {
        let kfunc = module.kfunc(BpfKfunc::of(op).function())?;
        return Some((&kfunc.name, kfunc.reference?));
    }
    let helper = helper(op)?;
    Some((helper.name, helper.reference?))
}

/// The function of the kernel that makes or frees an object of the program, or puts it into a list or tree or takes it out.
pub(in crate::passes) fn of_objects(op: &OpData) -> Option<&str> {
    if op.opcode == Opcode::BpfObjectCall {
        return std::str::from_utf8(BpfObjectCall::of(op).function()).ok();
    }
    if op.opcode == Opcode::BpfObjectAdd {
        return std::str::from_utf8(BpfObjectAdd::of(op).function()).ok();
    }
    let freed = (op.opcode == Opcode::HostDelete).then_some("bpf_obj_drop_impl");
    (op.opcode == Opcode::HostNew).then_some("bpf_obj_new_impl").or(freed)
}

/// A pointer to an object of the kernel or of the program, or to one that the program's own kernel module hands out.
fn is_object(module: &Module, types: &Types, ty: Ty) -> bool {
    if types.is_object_pointer(ty) {
        return true;
    }
    let TyKind::Ptr { to, space, .. } = types.kind(ty) else { return false };
    let is_rewritten = matches!(types.kind(to), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Object);
    let is_own = || {
        let mut kfuncs = module.kfuncs.iter().filter(|kfunc| kfunc.reference.is_some());
        kfuncs.any(|kfunc| matches!(types.kind(kfunc.sig.result), TyKind::Ptr { to: of, .. } if of == to))
    };
    is_rewritten || space == Space::BtfTrusted && types.is_relocated(to) || is_own()
}

/// Reports functions that release or acquire for their callers, and are values.
fn check_pointers(module: &Module, cx: &mut Session, func: &Function, outcomes: &Outcomes) {
    let hands_over = |outcome: &Outcome| {
        !outcome.released.is_empty() || matches!(outcome.result, Some(Known::Object(Some(cases::Root::Acquired(_)))))
    };
    for op in func.all_of(Opcode::KsFunc) {
        let name = KsFunc::of(op).func();
        if outcomes.get(name).is_some_and(|outcomes| outcomes.iter().any(hands_over)) {
            let declared = module.func(name).map(|callee| callee.name_span);
            let error = cx.error(op.loc.span, ReferenceCallee { func: cx.source_name(name) });
            if let Some(declared) = declared {
                error.note(declared, "declared here");
            }
        }
    }
}
