//! `drains`: moves the handler of a user ring buffer's samples to a callback of the helper `bpf_user_ringbuf_drain`.
//!
//! Takes `map.drain` of BPF code, whose handler is a function by name. The helper passes a dynptr to the callback,
//! through which it reads a sample; so the callback copies the sample to its stack and calls the handler with the
//! address. It skips a sample that is shorter than a value. Leaves `bpf.drain`. Before `function-pointers`, which
//! replaces other names of functions by numbers.

use super::{Because, Changed, Pass, Run};
use crate::diag::codes::contexts::RecursionInBpf;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{KsFunc, MapDrain};
use crate::ir::{Attr, Builder, Function, Loc, Module, OpId, Opcode, Param, Role, Symbol};
use crate::session::Session;
use crate::target::{Target, Targets};
use crate::types::{Space, Ty, Types};
use std::collections::BTreeMap;

const NAME: &str = "drains";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Make callbacks of what takes samples of user space",
    after: &[],
    before: &[("function-pointers", "takes functions by name, of which this pass makes direct calls")],
    because: Because::Target,
    run: Run::Module(run),
};

/// The callbacks, by handler and map.
type Callbacks = BTreeMap<(Symbol, Symbol), Symbol>;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut callbacks = Callbacks::new();
    check_recursion(module, cx);
    for at in 0..module.funcs.len() {
        for op in module.funcs[at].walk() {
            if module.funcs[at].ops[op].opcode == Opcode::MapDrain {
                drain(module, &mut cx.types, (at, op), &mut callbacks);
            }
        }
    }
    if callbacks.is_empty() { Changed::No } else { Changed::Yes }
}

/// The function that a `map.drain` names.
fn handler(func: &Function, op: OpId) -> &Symbol {
    match func.def(MapDrain::of(&func.ops[op]).handler()).map(|def| &func.ops[def]) {
        Some(def) if def.opcode == Opcode::KsFunc => KsFunc::of(def).func(),
        Some(_) | None => crate::bug!("a handler is named"),
    }
}

fn drain(module: &mut Module, types: &mut Types, (at, op): (usize, OpId), callbacks: &mut Callbacks) {
    let func = &module.funcs[at];
    let (handler, map) = (handler(func, op).clone(), MapDrain::of(&func.ops[op]).map().clone());
    let key = (handler.clone(), map.clone());
    let callback = match callbacks.get(&key) {
        Some(name) => name.clone(),
        None => {
            let callback = callback(module, types, &handler, &map);
            let name = callback.name.clone();
            module.funcs.push(callback);
            callbacks.insert(key, name.clone());
            name
        }
    };
    let attrs = vec![Attr::Symbol(map), Attr::Symbol(callback)];
    module.funcs[at].become_op(op, Opcode::BpfDrain, Vec::new(), attrs);
}

/// `fn name(sample, frame) -> i64`: 0 to go on, 1 to stop.
fn callback(module: &Module, types: &mut Types, handler: &Symbol, map: &Symbol) -> Function {
    let Some(taker) = module.func(handler) else { crate::bug!("there is no function @{handler}") };
    let Some(value) = module.map(map).map(|map| map.value) else { crate::bug!("there is no map @{map}") };
    let mut name = format!("{handler}__drain");
    while module.func(&name).is_some() {
        name.push('_');
    }
    let span = taker.name_span;
    let opaque = types.ptr(Ty::U8, Space::Map, false);
    let params = ["sample", "frame"].map(|name| Param { name: name.into(), ty: opaque, out: false, span }).into();
    let mut callback = Function::new(&name, span, span, Role::Helper, params, Ty::I64);
    callback.targets = Targets::from([Target::Bpf]);
    let (sample, entry) = (callback.param(0), callback.entry());
    let mut b = Builder::at_end(&mut callback, entry, Loc { span, made_by: Some(NAME) });
    let place = types.place(value, Space::Stack);
    // As a variable of the handler: it may move off the stack.
    b.loc.made_by = None;
    let place = b.ks_var(b"sample", place);
    b.loc.made_by = Some(NAME);
    let size = b.ks_const(types.size_of(value).into(), Ty::U32);
    let (offset, flags) = (b.ks_const(0, Ty::U32), b.ks_const(0, Ty::U64));
    let read = b.bpf_helper(&[place, size, sample, offset, flags], &"bpf_dynptr_read".into(), &[Ty::I64]);
    let status = b.result(read);
    let zero = b.ks_const(0, Ty::I64);
    let failed = b.arith_cmp(status, zero, "ne", Ty::BOOL);
    let pass_over = |b: &mut Builder<'_>| {
        b.ks_return(Some(zero));
    };
    b.either(failed, &[], pass_over, |b| b.done());
    let address = types.ptr(value, Space::Stack, false);
    let address = b.ks_addr(place, address);
    let yields = taker.result != Ty::VOID;
    let call = b.ks_call(&[address], handler, if yields { &[Ty::I32] } else { &[] });
    let result = if yields {
        let result = b.result(call);
        let nothing = b.ks_const(0, Ty::I32);
        let stops = b.arith_cmp(result, nothing, "ne", Ty::BOOL);
        b.arith_cast(stops, Ty::I64)
    } else {
        zero
    };
    b.ks_return(Some(result));
    callback
}

/// Reports handlers from which control comes back to the function that drains.
fn check_recursion(module: &Module, cx: &mut Session) {
    let graph = CallGraph::of(module);
    for (at, func) in module.funcs.iter().enumerate() {
        for op in func.ids_of(Opcode::MapDrain) {
            let handler = handler(func, op);
            let Some(taker) = module.funcs.iter().position(|func| func.name == *handler) else { continue };
            if graph.reach([taker]).contains(at) {
                let (name, handler) = (cx.names.of(&func.name), cx.names.of(handler));
                let cycle = format!("`{name}` drains into `{handler}`, which calls `{name}`");
                cx.error(func.ops[op].loc.span, RecursionInBpf { cycle });
            }
        }
    }
}
