//! `usdt`: reads the arguments of probes that the notes of a file describe.
//!
//! Such a program is written as if its context had a word for each argument. The kernel passes the registers at the probe, and a number by
//! which a map has the places of the arguments (`Probe` of runtime/src/link/usdt/places.rs). Takes the reads of the words, and calls of
//! `bpf_get_attach_cookie`, whose number would be that of the map. Leaves calls of the functions of `decode.ksir`, and the map. Before
//! `maps`, which lowers the lookups in these functions.
//!
//! A `@usdt` program is lowered as if its context had a word for each argument. The pass `usdt` replaces the reads by calls of
//! functions that it adds from IR text (`passes/usdt/decode.ksir`); they look up by the attachment's cookie where the runtime, which
//! reads the notes of the file, has found the arguments to be.

use super::{Because, Changed, Pass, Run};
use crate::diag::codes::refused::{HiddenName, SharedCookie};
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{BpfHelper, PacketCtxLoad};
use crate::ir::{self, Builder, Function, Loc, Module, OpId, Opcode, Role, Value};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{Held, Params};
use crate::types::{Ty, TyKind, Types};
use std::collections::HashMap;
use std::path::Path;

const NAME: &str = "usdt";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Read the arguments of probes that notes describe",
    after: &[("exits", "has run on the functions that this pass adds")],
    before: &[("maps", "lowers the lookups in the functions that this pass adds")],
    because: Because::Target,
    run: Run::Module(run),
};

/// What reads the arguments.
const DECODER: &str = include_str!("decode.ksir");
const ARGUMENT: &str = "usdt.argument";
const COOKIE: &str = "usdt.cookie";
const COOKIE_HELPER: &str = "bpf_get_attach_cookie";

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let of_notes = |func: &Function| matches!(&func.role, Role::Program { spec, .. } if matches!(spec.params, Params::Registers { holds: Held::Notes, .. }));
    let programs: Vec<usize> = (0..module.funcs.len()).filter(|&at| of_notes(&module.funcs[at])).collect();
    let Some(&first) = programs.first() else { return Changed::No };
    for at in callees_with_cookies(module, cx, &programs) {
        cookies(&mut module.funcs[at]);
    }
    for at in programs {
        cookies(&mut module.funcs[at]);
        arguments(&mut module.funcs[at], &cx.types);
    }
    let at = module.funcs[first].name_span;
    let decoder = decoder(cx, at);
    for map in &decoder.maps {
        if module.map(&map.name).is_some() || module.global(&map.name).is_some() {
            let of = format!("the map of `@{NAME}` programs");
            cx.error(at, HiddenName { name: map.name.to_string(), of }).help("give your map or variable another name");
        }
    }
    module.maps.extend(decoder.maps);
    module.funcs.extend(decoder.funcs);
    Changed::Yes
}

/// The functions that ask for the cookie and that these programs alone call, directly or not. Reports those that others call too: there the
/// number of an attachment may be the cookie itself.
fn callees_with_cookies(module: &Module, cx: &mut Session, programs: &[usize]) -> Vec<usize> {
    let graph = CallGraph::of(module);
    let reached = graph.reach(programs.iter().copied());
    let is_other = |at: &usize| !programs.contains(at) && matches!(module.funcs[*at].role, Role::Program { .. });
    let by_others = graph.reach((0..module.funcs.len()).filter(is_other));
    let mut found = Vec::new();
    for (at, func) in module.funcs.iter().enumerate().filter(|(at, _)| !programs.contains(at) && reached.contains(*at))
    {
        let calls = calls_of_cookie(func);
        if !by_others.contains(at) {
            found.extend((!calls.is_empty()).then_some(at));
            continue;
        }
        for op in calls {
            let name = cx.source_name(&func.name);
            cx.error(func.ops[op].loc.span, SharedCookie { name }).help("pass the cookie as an argument");
        }
    }
    found
}

fn calls_of_cookie(func: &Function) -> Vec<OpId> {
    let is_call = |&op: &OpId| {
        let data = &func.ops[op];
        data.opcode == Opcode::BpfHelper && &**BpfHelper::of(data).helper() == COOKIE_HELPER
    };
    func.walk().into_iter().filter(is_call).collect()
}

/// Replaces the reads of the context by calls. The registers and the number are asked for once, before the first.
fn arguments(func: &mut Function, types: &Types) {
    let context = func.params.first().map(|_| func.param(0));
    let Some(context) = context.filter(|&context| is_written(types, func.ty(context))) else { return };
    let is_read = |op: &OpId| func.ops[*op].opcode == Opcode::PacketCtxLoad;
    let reads: Vec<OpId> = func.walk().into_iter().filter(is_read).collect();
    let Some(&first) = reads.first() else { return };
    let mut b = Builder::before(func, first, NAME);
    let registers = b.mem_to_int(context, Ty::U64);
    let number = number(&mut b, &[context]);
    let mut values = HashMap::new();
    for &op in &reads {
        let view = PacketCtxLoad::of(&func.ops[op]);
        let (index, result) = (view.field(), func.ops[op].results[0]);
        let ty = func.ty(result);
        let mut b = Builder::before(func, op, NAME);
        let index = b.ks_const(index, Ty::U32);
        let word = called(&mut b, &[number, registers, index], ARGUMENT);
        values.insert(result, of_type(&mut b, types, word, ty));
    }
    func.replace_values(&values);
    for op in reads {
        func.erase(op);
    }
}

/// Whether a program's context has a word for each parameter that is written; else it is the registers.
fn is_written(types: &Types, context: Ty) -> bool {
    let TyKind::Ptr { to, .. } = types.kind(context) else { return false };
    let TyKind::Struct(id) = types.kind(to) else { return false };
    types.struct_def(id).name.ends_with(".arguments")
}

/// The low bits of a word, as a value of a parameter's type.
fn of_type(b: &mut Builder<'_>, types: &Types, word: Value, ty: Ty) -> Value {
    if let TyKind::Ptr { .. } = types.kind(ty) {
        b.core_pointer(word, ty)
    } else if ty == Ty::BOOL {
        let zero = b.ks_const(0, Ty::U8);
        let low = b.arith_cast(word, Ty::U8);
        b.arith_cmp(low, zero, "ne", Ty::BOOL)
    } else if ty == Ty::U64 {
        word
    } else {
        b.arith_cast(word, ty)
    }
}

/// `attach_cookie(ctx)` is the number of the attachment, by which the map has the cookie that `attach` was given.
fn cookies(func: &mut Function) {
    let mut values = HashMap::new();
    let calls = calls_of_cookie(func);
    for &op in &calls {
        let (operands, result) = (func.ops[op].operands.clone(), func.ops[op].results[0]);
        let mut b = Builder::before(func, op, NAME);
        let number = number(&mut b, &operands);
        let cookie = called(&mut b, &[number], COOKIE);
        values.insert(result, cookie);
    }
    func.replace_values(&values);
    for op in calls {
        func.erase(op);
    }
}

/// By which the map has the places of the arguments.
fn number(b: &mut Builder<'_>, context: &[Value]) -> Value {
    let op = b.bpf_helper(context, &COOKIE_HELPER.into(), &[Ty::U64]);
    b.result(op)
}

fn called(b: &mut Builder<'_>, operands: &[Value], callee: &str) -> Value {
    let op = b.ks_call(operands, &callee.into(), &[Ty::U64]);
    b.result(op)
}

/// The functions and the map that programs with arguments need, with the place of a program as theirs.
fn decoder(cx: &mut Session, at: Span) -> Module {
    let file = cx.sources.add("decode.ksir", Path::new("decode.ksir"), DECODER.to_owned());
    let Some(mut decoder) = ir::parse::module(cx, file) else { crate::bug!("decode.ksir is well formed") };
    for map in &mut decoder.maps {
        map.span = at;
    }
    for func in &mut decoder.funcs {
        (func.name_span, func.span) = (at, at);
        func.params.iter_mut().for_each(|param| param.span = at);
        for op in func.walk() {
            func.ops[op].loc = Loc { span: at, made_by: Some(NAME) };
        }
    }
    decoder
}
