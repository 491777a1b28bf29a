//! `probe-forms`: the forms in which a `@probe` program is in the object.
//!
//! Such a program is at a trampoline (fentry), or at a breakpoint (kprobe) where the kernel has no trampolines. `--probe` says
//! which forms there are; with both, the runtime library loads one of them. The program is written for the first form. In the second
//! its arguments are in registers, and the verifier knows nothing of the memory that they point to. Last of the passes before
//! `split`, so that no other one sees a program twice.

use super::{Because, Changed, EVERY, Pass, Run};
use crate::ir::{Function, Module, Role};
use crate::session::{ProbeForms, Session};
use crate::tables::{PROGRAMS, ProgramSpec};
use crate::types::{FieldDef, Origin, Space, StructDef, Ty, TyKind, TypeParts, Types};

pub static PASS: Pass = Pass {
    name: "probe-forms",
    summary: "Make the forms of probes that the object holds",
    after: &[(EVERY, "reports on a program once")],
    before: &[("split", "takes the programs of its target")],
    because: Because::Target,
    run: Run::Module(run),
};

/// Ends the name of a program of the second form. No name of the language has a dot.
const SECOND: &str = ".kprobe";

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let forms = cx.options.probe.unwrap_or(ProbeForms::Fentry);
    if forms == ProbeForms::Fentry {
        return Changed::No;
    }
    let mut changed = Changed::No;
    for at in 0..module.funcs.len() {
        let Some(spec) = otherwise(&module.funcs[at]) else { continue };
        changed = Changed::Yes;
        if forms == ProbeForms::Both {
            let mut second = module.funcs[at].clone();
            second.name = format!("{}{SECOND}", second.name).as_str().into();
            at_breakpoint(&mut second, spec, &mut cx.types);
            module.funcs.push(second);
        } else {
            at_breakpoint(&mut module.funcs[at], spec, &mut cx.types);
        }
    }
    changed
}

/// The type of the program's second form.
fn otherwise(func: &Function) -> Option<&'static ProgramSpec> {
    let Role::Program { spec, .. } = &func.role else { return None };
    let name = spec.otherwise?;
    PROGRAMS.iter().find(|other| other.name == name)
}

fn at_breakpoint(func: &mut Function, spec: &'static ProgramSpec, types: &mut Types) {
    let Role::Program { target, placement, loading, .. } = &func.role else { return };
    let (target, placement, loading) = (target.clone(), placement.clone(), loading.clone());
    func.role = Role::Program { spec, mode: "", target, placement, loading };
    let context = func.params[0].ty;
    let registers = in_registers(context, types);
    for param in &mut func.params {
        param.ty = second_type(param.ty, (context, registers), types);
    }
    for value in func.values.ids() {
        let ty = second_type(func.values[value].ty, (context, registers), types);
        func.values[value].ty = ty;
    }
}

/// The context of the second form, by that of the first, which has a word for each argument.
fn in_registers(context: Ty, types: &mut Types) -> Ty {
    let TyKind::Ptr { to, space, nullable } = types.kind(context) else {
        crate::bug!("a probe has its arguments in a context")
    };
    let TyKind::Struct(id) = types.kind(to) else { crate::bug!("a context is a struct") };
    let (first, machine) = (types.struct_def(id).clone(), types.machine());
    let field = |field: FieldDef| {
        let register = machine.arguments.get(field.offset as usize / 8);
        let Some(register) = register else { crate::bug!("a probe has arguments in registers alone") };
        let ty = second_type(field.ty, (context, context), types);
        FieldDef { ty, offset: machine.offset(register), ..field }
    };
    let fields: Vec<FieldDef> = first.fields.into_iter().map(field).collect();
    let size = fields.iter().map(|field| field.offset + 8).max().unwrap_or(0);
    let name = format!("{}{SECOND}", first.name);
    let of = types.add_struct(StructDef { name, origin: Origin::Context, fields, size, align: 8, span: None });
    let of = types.intern(TyKind::Struct(of));
    types.ptr(of, space, nullable)
}

/// The type of a value in the second form.
fn second_type(ty: Ty, (first, second): (Ty, Ty), types: &mut Types) -> Ty {
    if ty == first {
        return second;
    }
    let kind = types.kind(ty);
    let TypeParts::One(of) = kind.parts() else { return ty };
    let of = second_type(of, (first, second), types);
    let unknown = |space| if space == Space::BtfTrusted { Space::BtfUntrusted } else { space };
    if let TyKind::Ptr { space, nullable, .. } = kind {
        types.ptr(of, unknown(space), nullable)
    } else if let TyKind::Place { space, .. } = kind {
        types.place(of, unknown(space))
    } else if let TyKind::Array(_, count) = kind {
        types.array(of, count)
    } else {
        types.opt(of)
    }
}
