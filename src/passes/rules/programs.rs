//! Actions that the kernel allows only to some types of programs: helpers, also those that ops call, and fields of contexts.

use super::{context_fields, helper_sockets, in_words};
use crate::diag::Diagnostic;
use crate::diag::codes::contexts::{HelperNotInProgram, KernelWrite, NoKfunc, NoReader, NoTask};
use crate::diag::codes::maps::NotInProgram;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{BpfHelper, BpfKfunc, MapTimerStart};
use crate::ir::{MapDecl, Module, OpData, Opcode, Role, Symbol};
use crate::kernels::FirstKernel;
use crate::passes::analysis::kernel_writes;
use crate::passes::builtins;
use crate::passes::reach::called_from;
use crate::passes::references::of_objects;
use crate::session::Session;
use crate::tables::{
    self, BuiltinSpec, FIELD_METHODS, FieldOption, HelperSpec, KfuncSpec, Loading, PROGRAMS, ProgramSpec,
    SpecialFieldSpec, refusal, struct_ops_of,
};
use crate::target::Target;
use std::rc::Rc;

/// Reports each such operation once, with the calls that lead to it from a program.
pub fn check(module: &Module, cx: &mut Session, graph: &CallGraph, programs: &[usize]) {
    let names = Rc::clone(&cx.names);
    let mut reported = Vec::new();
    for &program in programs {
        let Role::Program { spec, mode, target, loading, .. } = &module.funcs[program].role else { continue };
        let Some(form) = spec.form(mode) else { continue };
        let reached = graph.reach([program]);
        for (at, func) in module.funcs.iter().enumerate().filter(|&(at, _)| reached.contains(at)) {
            for (op, data) in func.each() {
                if reported.contains(&(at, op)) {
                    continue;
                }
                let name = &module.funcs[program].name;
                let implemented = target.as_deref().filter(|_| spec.is_member()).and_then(struct_ops_of);
                let field = kernel_writes::written(func, &cx.types, data);
                let field = field.filter(|field| !implemented.is_some_and(|spec| field.is_writable(spec)));
                if let Some(field) = field.map(|field| field.name()) {
                    reported.push((at, op));
                    let name = cx.source_name(name);
                    let error = cx.error(data.loc.span, KernelWrite { of: "the kernel".to_owned() });
                    error.help(format!(
                        "`{field}` is written by functions of an `impl` whose struct allows it, not in `{name}`"
                    ));
                    called_from(module, &names, error, &reached.chain(at));
                } else if let Some(refused) = context_fields::refused(func, &cx.types, data, (spec, form)) {
                    reported.push((at, op));
                    let error = context_fields::report(cx, data, &refused, spec, name);
                    called_from(module, &names, error, &reached.chain(at));
                } else if let Some(helper) = helper_sockets::refused(func, &cx.types, data, spec) {
                    reported.push((at, op));
                    let name = cx.source_name(name);
                    let error = helper_sockets::report(cx, data, helper, spec, &name);
                    called_from(module, &names, error, &reached.chain(at));
                } else if let Some(error) = report_refused(module, cx, data, (spec, target.as_deref()), (loading, name))
                {
                    reported.push((at, op));
                    called_from(module, &names, error, &reached.chain(at));
                }
            }
        }
    }
}

/// A type of programs, and what the attribute names.
type Wanted<'a> = (&'static ProgramSpec, Option<&'a str>);

/// Reports what the kernel refuses of an op, or makes the oldest kernel later, until nothing is refused.
fn report_refused<'c>(
    module: &Module,
    cx: &'c mut Session,
    op: &OpData,
    wanted: Wanted,
    (loading, name): (&Loading, &Symbol),
) -> Option<&'c mut Diagnostic> {
    while let Some(refused) = refused(module, cx, op, wanted, (loading, name)) {
        let Refused::Before(version, what) = refused else {
            return Some(report(cx, (module, op), &refused, wanted.0, name));
        };
        if cx.options.min_kernel_given {
            return cx.needs_kernel(op.loc.span, what, version);
        }
        cx.needs_kernel(op.loc.span, what, version);
    }
    None
}

/// The record of the kernel function that an op calls; none if it calls none or the tables lack it.
pub(in crate::passes) fn kfunc(op: &OpData) -> Option<&'static KfuncSpec> {
    if op.opcode == Opcode::BpfKfunc {
        return tables::kfunc(BpfKfunc::of(op).function());
    }
    of_objects(op).and_then(tables::kfunc)
}

/// An action that the kernel does not allow to programs of the type.
enum Refused<'m> {
    /// Call this helper.
    Helper(&'static HelperSpec),
    /// Do what the words say in kernels before this one.
    Before(FirstKernel, String),
    /// Use this map, whose values hold this.
    Special(&'m MapDecl, &'static SpecialFieldSpec),
    /// Ask for the current task, in a program that has none.
    NoTask(&'static BuiltinSpec),
    /// Print without the file of its reader.
    Print,
    /// Call this function of the kernel.
    Kfunc(&'static KfuncSpec),
    /// Call it in a program that is for no interface.
    NoDevice(&'static KfuncSpec),
}

fn refused<'m>(
    module: &'m Module,
    cx: &Session,
    op: &OpData,
    (program, target): Wanted,
    (loading, name): (&Loading, &Symbol),
) -> Option<Refused<'m>> {
    // A program that may be left out is for kernels that have what it calls.
    let lacks = |since| cx.options.lacks(since).filter(|_| !loading.may_fail());
    if let Some(kfunc) = kfunc(op) {
        let has = |of: &&str| program.is_of_kfunc_type(of);
        if !kfunc.programs.is_empty() && !kfunc.programs.iter().any(has) {
            return Some(Refused::Kfunc(kfunc));
        }
        if kfunc.device && target.is_none() {
            return Some(Refused::NoDevice(kfunc));
        }
        let since = kfunc.since.filter(|_| is_needed(module, op));
        return lacks(since).map(|version| Refused::Before(version, format!("the kernel function `{}`", kfunc.name)));
    }
    if let Some(builtin) = builtins::called(op).filter(|builtin| builtin.of_task && program.taskless) {
        return Some(Refused::NoTask(builtin));
    }
    let map = op.map().and_then(|name| module.map(name));
    let special = map.and_then(|map| {
        let held = cx.types.specials(map.value).into_iter();
        held.into_iter().find(|spec| spec.refused.contains(&program.name)).map(|spec| Refused::Special(map, spec))
    });
    if program.prints_to_reader && op.opcode == Opcode::KsPrint {
        return Some(Refused::Print);
    }
    let option = timer_options(op)
        .find_map(|option| Some(Refused::Before(lacks(option.since)?, format!("`{}: true`", option.name))));
    special.or(option).or_else(|| {
        helpers(map, op).into_iter().find_map(|helper| match program.may_call(helper) {
            Some(_) if of_another_struct(program, target, helper) => Some(Refused::Helper(helper)),
            Some(programs) => {
                let by_all = lacks(helper.since).map(|version| Refused::Before(version, used(cx, module, op)));
                by_all.or_else(|| {
                    let version = lacks(programs.since)?;
                    let what = format!("{} in `@{}` programs", used(cx, module, op), program.name);
                    Some(Refused::Before(version, format!("{what} such as `{}`", cx.source_name(name))))
                })
            }
            None => Some(Refused::Helper(helper)),
        })
    })
}

/// Whether an op calls a function of the kernel that was declared, and without which the program is not loaded. Of those that ops call, the
/// checks of the ops say what kernels need.
fn is_needed(module: &Module, op: &OpData) -> bool {
    op.opcode == Opcode::BpfKfunc && {
        let function = BpfKfunc::of(op).function();
        module.kfuncs.iter().any(|declared| declared.name == *function && !declared.weak)
    }
}

/// The options with which an op starts a timer.
fn timer_options(op: &OpData) -> impl Iterator<Item = &'static FieldOption> {
    let flags = if op.opcode == Opcode::MapTimerStart { MapTimerStart::of(op).flags() } else { 0 };
    let options = FIELD_METHODS.iter().filter(|method| method.op == Opcode::MapTimerStart.spec().name);
    options.flat_map(|method| method.options).filter(move |option| flags & i128::from(option.flag) != 0)
}

/// Whether only functions of other structs than the target's may call the helper; of a struct that the table lacks nothing is known.
fn of_another_struct(program: &ProgramSpec, target: Option<&str>, helper: &'static HelperSpec) -> bool {
    let Some(own) = target.and_then(struct_ops_of) else { return false };
    program.structs_that_may_call(helper).is_some_and(|structs| !structs.iter().any(|of| of.name == own.name))
}

/// What BPF code calls for the op, if its map allows it. Maps whose entries belong to kernel objects have helpers of their own.
pub(super) fn helpers(map: Option<&MapDecl>, op: &OpData) -> Vec<&'static HelperSpec> {
    if op.opcode == Opcode::BpfHelper {
        return tables::helper(BpfHelper::of(op).helper()).into_iter().collect();
    }
    if let Some(builtin) = builtins::called(op) {
        return builtin.bpf.and_then(tables::helper).into_iter().collect();
    }
    let spec = op.opcode.spec();
    let refuses =
        |map: &MapDecl| spec.needs.iter().any(|&need| refusal(map.kind, map.flags, need, Target::Bpf).is_some());
    if map.is_some_and(refuses) {
        return Vec::new();
    }
    let object = map.and_then(|map| map.kind.object.as_ref());
    let names = spec.helpers.iter().map(|&name| match object {
        Some(object) if name == "bpf_map_delete_elem" => object.delete,
        Some(object) => object.get,
        None => name,
    });
    names.filter_map(tables::helper).collect()
}

fn report<'c>(
    cx: &'c mut Session,
    (module, op): (&Module, &OpData),
    refused: &Refused,
    spec: &ProgramSpec,
    program: &Symbol,
) -> &'c mut Diagnostic {
    let (program, name, span) = (spec.name.to_owned(), cx.source_name(program), op.loc.span);
    match refused {
        Refused::Helper(helper) if op.opcode == Opcode::BpfHelper => {
            let error = cx.error(span, HelperNotInProgram { helper: helper.name.to_owned(), program, name });
            error.help(allowed_types(helper))
        }
        Refused::Helper(helper) => {
            let what = used(cx, module, op);
            cx.error(span, NotInProgram { what, program, name }).help(allowed_types(helper))
        }
        Refused::Before(..) => crate::bug!("kernels without something are reported by `needs_kernel`"),
        Refused::NoTask(builtin) => {
            let error = cx.error(span, NoTask { what: format!("`{}()`", builtin.name), program, name });
            error.help("a packet starts it, and the CPU may run any task then; a program of a tracepoint or of a cgroup's sockets runs for the task that asks for something")
        }
        Refused::Print => {
            let error = cx.error(span, NoReader { program: name });
            error.help("declare the context as a parameter, `ctx: *bpf_iter__…`, of each function that prints, and hand it over")
        }
        Refused::Kfunc(kfunc) => {
            let types = PROGRAMS.iter().filter(|spec| kfunc.programs.iter().any(|of| spec.is_of_kfunc_type(of)));
            let types: Vec<String> = types.map(|spec| format!("`@{}`", spec.name)).collect();
            let why = format!("`{name}` is a `@{program}` program, and it is for {}", types.join(", "));
            cx.error(span, NoKfunc { name: kfunc.name.to_owned(), why })
        }
        Refused::NoDevice(kfunc) => {
            let why = format!("the driver of an interface answers, and `{name}` is for none");
            cx.error(span, NoKfunc { name: kfunc.name.to_owned(), why }).help(format!(
                "name the interface in the attribute: `@{program}(\"eth0\")`; the program is loaded for it"
            ))
        }
        Refused::Special(map, spec) => {
            let what = format!("`{}`, whose values hold {},", cx.source_name(&map.name), spec.what);
            cx.error(span, NotInProgram { what, program, name })
        }
    }
}

/// The words for an op in messages: its helper, or its map if the language has no word for the op, else its own words.
pub(super) fn used(cx: &Session, module: &Module, op: &OpData) -> String {
    if op.opcode == Opcode::BpfHelper {
        return format!("the helper `{}`", BpfHelper::of(op).helper());
    }
    match op.map().and_then(|name| module.map(name)) {
        Some(map) if op.opcode.spec().source.is_empty() => {
            format!("`{}`, a `{}`,", cx.source_name(&map.name), map.kind.word())
        }
        Some(_) | None => in_words(op),
    }
}

/// Neither on a machine that was probed nor anywhere in the tables.
const NOWHERE: &str = "on no kernel that was probed may a program of a type that this compiler has call it";

fn allowed_types(helper: &'static HelperSpec) -> String {
    let may = PROGRAMS.iter().filter(|program| program.may_call(helper).is_some());
    let words = |program: &ProgramSpec| match program.structs_that_may_call(helper) {
        Some(structs) => {
            let names: Vec<&str> = structs.iter().map(|of| of.name).collect();
            format!("{} for {}", program.name, names.join(" or "))
        }
        None => program.name.to_owned(),
    };
    match may.map(words).collect::<Vec<String>>().as_slice() {
        [] => NOWHERE.to_owned(),
        may => format!("it is for programs of type {}", may.join(", ")),
    }
}
