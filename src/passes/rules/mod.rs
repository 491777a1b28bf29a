//! What the sides, the types of programs and the kernels do not have: the rules that `reach` applies once it knows where functions
//! run.

mod context_fields;
mod cpu_writes;
mod deleted_histograms;
mod entry_addresses;
mod helper_sockets;
mod kernel_memory;
mod map_rules;
mod module_code;
mod object_parts;
mod old_kernels;
pub(super) mod programs;
mod sleepers;
mod stored_pointers;
mod timer_ends;

use super::analysis::global_uses;
use super::arenas;
use super::builtins;
use super::reach::{called_from, span};
use crate::diag::Diagnostic;
use crate::diag::codes::contexts::{
    BpfOnly, HelperFromUserSpace, MainFromBpf, ModuleOnly, PrivateCalled, SETTING_OF_USER_SPACE, UserSpaceOnly,
};
use crate::diag::codes::limits::{NullCall, ObjectPart, PointerArithmetic, PointerKept};
use crate::diag::codes::maps::{MapRefuses, ObjectKey, ReadOnlyEntry, TrieInPlace};
use crate::diag::codes::refused::NumberAsPointer;
use crate::diag::codes::support::NotInModule;
use crate::ir::callgraph::{CallGraph, Reached, called_later};
use crate::ir::ops::{BpfHelper, BpfKfunc, HostAsk, HostCCall, HostCall, HostFill, KsBuiltin, KsCallPointer};
use crate::ir::{Function, Module, OpData, Opcode, Role, Value};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{self, BUILTINS, On, Refusal, Rejection};
use crate::target::{Facts, Maps, Target};
use crate::types::{Ty, TyKind, Types};
use map_rules::Refused;
use std::rc::Rc;

/// Reports what breaks a rule of a program type or of module code, and finds the programs that sleep.
pub(super) fn of_programs(
    module: &mut Module,
    cx: &mut Session,
    graph: &CallGraph,
    programs: &[usize],
    in_module: &Reached,
) {
    module_code::check(module, cx, graph, in_module);
    programs::check(module, cx, graph, programs);
    sleepers::find(module, cx, graph, programs);
    old_kernels::check(module, cx, graph, programs);
}

/// Reports what breaks a rule about both sides, whose functions are known.
pub(super) fn of_sides(module: &Module, cx: &mut Session) {
    cpu_writes::check(module, cx);
    deleted_histograms::check(module, cx);
    timer_ends::check(module, cx);
}

/// Reports numbers and memory that the target does not have.
fn check_values(cx: &mut Session, func: &Function, facts: &Facts, called_from: &dyn Fn(&mut Diagnostic)) {
    let name = cx.source_name(&func.name);
    if let Some(span) = first_float(func, &cx.types).filter(|_| !facts.has_floats) {
        called_from(
            cx.error(span, UserSpaceOnly { what: "`f64`".into(), func: name.clone(), within: facts.within.into() }),
        );
    }
    if let Some(span) = arenas::follows(func, &cx.types).filter(|_| facts.is_module) {
        let what = "a pointer into an arena".to_owned();
        called_from(cx.error(span, NotInModule { what, func: name.clone() }));
    }
    if let Some(span) = kernel_memory::first(func, &cx.types).filter(|_| !facts.in_kernel) {
        called_from(cx.error(span, BpfOnly { what: "memory of the kernel".into(), func: name }));
    }
}

/// The help for a pointer that is stored: the value to store in its place.
const KEPT: &str = "keep a key or an index, and look up what it names where it is needed; of an object of the kernel keep a number, `sk as u64`, which is read through `n as *sock`";

/// Reports the operations and callees that do not exist on the target.
pub(super) fn of_target(module: &Module, cx: &mut Session, reached: &Reached, target: Target) {
    let names = Rc::clone(&cx.names);
    for (at, func) in module.funcs.iter().enumerate().filter(|&(at, _)| reached.contains(at)) {
        let (chain, facts) = (reached.chain(at), target.facts());
        match (&func.role, target) {
            (Role::Helper, Target::Host | Target::Kmod) => {
                let Some(site) = chain.first() else { continue };
                // That the target does not have the op is reported.
                if called_later(&module.funcs[site.caller].ops[site.op]).is_some() {
                    continue;
                }
                let name = cx.source_name(&func.name);
                let error = cx.error(span(module, *site), HelperFromUserSpace { name });
                error.note(func.name_span, "declared here");
                called_from(module, &names, error, &chain[1..]);
                error.help("without `@helper` it is compiled for each side that calls it");
                continue;
            }
            (Role::Main, Target::Bpf | Target::Kmod) => {
                let Some(site) = chain.first() else { continue };
                let error = cx.error(span(module, *site), MainFromBpf { name: cx.source_name(&func.name) });
                called_from(module, &names, error, &chain[1..]);
                continue;
            }
            (Role::Private | Role::Kfunc { .. }, Target::Bpf | Target::Host) => {
                let Some(site) = chain.first() else { continue };
                let (name, code) = (cx.source_name(&func.name), facts.code.to_owned());
                let error = cx.error(span(module, *site), PrivateCalled { name, code });
                error.note(func.name_span, "declared here");
                called_from(module, &names, error, &chain[1..]);
                error.help("without an attribute it is compiled for each side that calls it");
                continue;
            }
            (Role::Program { .. } | Role::Helper | Role::Kfunc { .. } | Role::Private, _)
            | (Role::Plain | Role::Main | Role::Checked, _) => {}
        }
        check_values(cx, func, facts, &|error| called_from(module, &names, error, &chain));
        global_uses::check(module, cx, func, facts, &|error| called_from(module, &names, error, &chain));
        entry_addresses::check(cx, func, target, &|error| called_from(module, &names, error, &chain));
        let mut rejected = Vec::new();
        for data in func.all() {
            let is_float = uses_float(func, &cx.types, data);
            // Operations that a map does not allow are reported below, by the map's kind.
            let by_map = called_later(data).is_none() && map_rules::tell_of(data, module, target);
            if let Some(code) = rejection(data, target).filter(|_| !is_float && !by_map) {
                // One call may be several ops.
                if rejected.contains(&data.loc.span) {
                    continue;
                }
                rejected.push(data.loc.span);
                let error = report(cx, module, data, (&func.name, target), code);
                called_from(module, &names, error, &chain);
            }
        }
        for span in null_calls(func).into_iter().filter(|_| facts.is_module) {
            let error = cx.error(span, NullCall {});
            called_from(module, &names, error, &chain);
            error.help("test it before: `if (f == null) return …`");
        }
        for (span, memory) in stored_pointers::kept(func, &cx.types).into_iter().filter(|_| facts.verified) {
            let error = cx.error(span, PointerKept { memory: memory.to_owned() }).help(KEPT);
            called_from(module, &names, error, &chain);
        }
        for (span, how) in object_parts::refused(func, &cx.types).into_iter().filter(|_| facts.verified) {
            let error = cx
                .error(span, ObjectPart { how: how.to_owned() })
                .help("copy it to a variable first, or the variable to it after: `var name = p->name`");
            called_from(module, &names, error, &chain);
        }
        if facts.verified {
            object_parts::check_made(cx, func, &|error| called_from(module, &names, error, &chain));
        }
        check_maps(module, cx, func, target, &|error| called_from(module, &names, error, &chain));
    }
}

/// Reports operations that a map, or its kind, does not allow on the target.
fn check_maps(
    module: &Module,
    cx: &mut Session,
    func: &Function,
    target: Target,
    called_from: &dyn Fn(&mut Diagnostic),
) {
    let facts = target.facts();
    let copied = facts.maps == Maps::ByRuntime;
    let tries = if copied { map_rules::tries_in_place(func, &cx.types, module) } else { Vec::new() };
    for (op, map) in tries {
        let name = cx.source_name(&map.name);
        let error = cx.error(func.ops[op].loc.span, TrieInPlace { name: name.clone() });
        called_from(error);
        error.help(format!("write it by its own key: `{name}[prefix] = value`"));
    }
    for (op, map, key) in map_rules::keys_of_other_side(func, &cx.types, module, target) {
        let (name, found) = (cx.source_name(&map.name), cx.types.name(key));
        let side = facts.code.to_owned();
        let wants = map.kind.object.as_ref().map_or(String::new(), |object| object.key_in_words(target));
        let error = cx.error(func.ops[op].loc.span, ObjectKey { name, side, wants, found });
        called_from(error);
    }
    let mut reported = Vec::new();
    for refused in map_rules::refused(func, &cx.types, module, target) {
        let place = (func.ops[refused.op].loc.span, refused.access);
        if reported.contains(&place) {
            continue;
        }
        reported.push(place);
        let error = report_map(cx, func.ops[refused.op].loc.span, &refused, target);
        called_from(error);
    }
}

/// The calls through pointers that may be null.
fn null_calls(func: &Function) -> Vec<Span> {
    let ops = func.all();
    let unchecked = ops.filter(|data| data.opcode == Opcode::KsCallPointer && !KsCallPointer::of(data).checked());
    unchecked.map(|data| data.loc.span).collect()
}

/// Operations that the map does not allow on the target.
fn report_map<'c>(cx: &'c mut Session, span: Span, refused: &Refused<'_>, target: Target) -> &'c mut Diagnostic {
    let (name, kind) = (cx.source_name(&refused.map.name), refused.map.kind.word().to_owned());
    let (side, in_place) = (target.facts().within.to_owned(), target.facts().maps == Maps::InPlace);
    let error = match refused.why {
        Refusal::Kind | Refusal::Flag(_) if refused.in_place && in_place => {
            cx.error(span, ReadOnlyEntry { name, kind })
        }
        Refusal::Kind | Refusal::Flag(_) => {
            cx.error(span, MapRefuses { name, kind, what: refused.access.in_words().to_owned(), side })
        }
    };
    match refused.why {
        Refusal::Flag(flag) => error.help(format!("it is declared with `@flags({})`", flag.name)),
        Refusal::Kind => error.help(refused.map.kind.abilities()),
    }
}

/// Where a function first has a value of type `f64`; said once, since one expression makes many ops.
fn first_float(func: &Function, types: &Types) -> Option<Span> {
    if let Some(param) = func.params.iter().find(|param| param.ty == Ty::F64) {
        return Some(param.span);
    }
    if func.result == Ty::F64 {
        return Some(func.name_span);
    }
    func.all().find(|op| uses_float(func, types, op)).map(|op| op.loc.span)
}

/// Whether an op computes, reads or writes an `f64`, or names a constant that has one in it. Copying and clearing memory
/// that has one in it is no use of it.
fn uses_float(func: &Function, types: &Types, op: &OpData) -> bool {
    let is_float = |&value: &Value| {
        let ty = func.ty(value);
        ty == Ty::F64 || matches!(types.kind(ty), TyKind::Place { of: Ty::F64, .. } | TyKind::Ptr { to: Ty::F64, .. })
    };
    let constant = op.results.first().filter(|_| op.opcode == Opcode::KsStr);
    op.operands.iter().chain(&op.results).any(is_float) || constant.is_some_and(|&c| has_float(types, func.ty(c)))
}

fn has_float(types: &Types, ty: Ty) -> bool {
    if let TyKind::Place { of, .. } | TyKind::Array(of, _) = types.kind(ty) {
        return has_float(types, of);
    }
    if let TyKind::Struct(id) = types.kind(ty) {
        return types.struct_def(id).fields.iter().any(|field| has_float(types, field.ty));
    }
    ty == Ty::F64
}

/// The code of the error, if the target does not have the op.
fn rejection(op: &OpData, target: Target) -> Option<Rejection> {
    let spec = op.opcode.spec();
    if op.opcode == Opcode::KsBuiltin && target.facts().is_module {
        let builtin = tables::builtin(KsBuiltin::of(op).builtin());
        return builtin.is_none_or(|builtin| builtin.callee(target).is_none()).then_some(Rejection::E0604);
    }
    match spec.on[target] {
        On::Reject(code) => Some(code),
        On::Emit | On::Lower(_) => None,
    }
}

fn report<'c>(
    cx: &'c mut Session,
    module: &Module,
    op: &OpData,
    (func, target): (&str, Target),
    code: Rejection,
) -> &'c mut Diagnostic {
    let own = own_kfunc(module, op);
    let what = own.map_or_else(|| in_words(op), |own| format!("the `@kfunc` function `{}`", cx.source_name(&own.name)));
    let func = cx.source_name(func);
    match code {
        Rejection::E0351 => {
            let within = target.facts().within.into();
            let error = cx.error(op.loc.span, UserSpaceOnly { what, func, within });
            if [Opcode::HostSysctlRead, Opcode::HostSysctlWrite].contains(&op.opcode) {
                error.help(SETTING_OF_USER_SPACE);
            }
            error
        }
        Rejection::E0314 => cx
            .error(op.loc.span, ModuleOnly { what, func, within: target.facts().within.into() })
            .help("a `@kfunc` or `@private` function of the program is module code"),
        Rejection::E0352 => {
            let is_kernels = [Opcode::BpfKfunc, Opcode::BpfHelper].contains(&op.opcode);
            let error = cx.error(op.loc.span, BpfOnly { what, func });
            if let Some(own) = own {
                error.note(own.name_span, "declared here, for programs that call it in the kernel");
            }
            if is_kernels && !target.facts().in_kernel {
                error.help("a `@syscall` program calls it, and user space runs that: `run(load(program), &value)`");
            }
            error
        }
        Rejection::E0503 => cx
            .error(op.loc.span, PointerArithmetic { func })
            .help("take a pointer to the whole array, `*T[N]`: then `p[i]` is compared with its length"),
        Rejection::E0646 => cx
            .error(op.loc.span, NumberAsPointer { what: format!("a pointer, as in `{func}`,") })
            .help("keep the pointer itself: BPF code follows what the kernel knows to be a pointer"),
        Rejection::E0604 => cx.error(op.loc.span, NotInModule { what, func }),
    }
}

/// The function of the program's kernel module that an op calls.
fn own_kfunc<'m>(module: &'m Module, op: &OpData) -> Option<&'m Function> {
    let called = (op.opcode == Opcode::BpfKfunc).then(|| BpfKfunc::of(op).function().clone())?;
    module.funcs.iter().find(|func| func.name == called && matches!(func.role, Role::Kfunc { .. }))
}

/// The construct of the source, as messages name it.
fn in_words(op: &OpData) -> String {
    let spec = op.opcode.spec();
    let callee = if op.opcode == Opcode::HostCall {
        HostCall::of(op).symbol()
    } else if op.opcode == Opcode::HostFill {
        HostFill::of(op).symbol()
    } else if op.opcode == Opcode::HostAsk {
        HostAsk::of(op).symbol()
    } else if let Some(builtin) = builtins::called(op) {
        return format!("`{}`", builtin.name);
    } else if op.opcode == Opcode::HostCCall {
        return format!("`{}` of C", HostCCall::of(op).symbol());
    } else if op.opcode == Opcode::BpfHelper {
        BpfHelper::of(op).helper()
    } else if op.opcode == Opcode::BpfKfunc {
        return format!("the kernel function `{}`", BpfKfunc::of(op).function());
    } else if spec.source.is_empty() {
        return format!("`{}`", spec.name);
    } else {
        return spec.source.to_owned();
    };
    let builtin = BUILTINS.iter().find(|b| [b.host, b.bpf].contains(&Some(&**callee)));
    // The functions of the runtime that no builtin names are those of packets.
    let other = if op.opcode == Opcode::HostCall { tables::PACKET } else { &**callee };
    format!("`{}`", builtin.map_or(other, |b| b.name))
}
