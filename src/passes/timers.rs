//! `timers`: makes the callback of each function that a timer calls, and the helpers' calls that start a timer.
//!
//! Takes `map.timer_start` of BPF code. The kernel calls a timer's callback with the map and the addresses of key and value;
//! so the callback copies the key and calls the function of the text. A timer is initialised when it is started first: the
//! helper refuses the second time, and nothing changes. Leaves `bpf.timer_callback`. Before passes that follow pointers
//! into callees.

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::MapTimerStart;
use crate::ir::{Builder, Function, Loc, Module, OpId, Opcode, Param, Role, Symbol};
use crate::session::Session;
use crate::tables::uapi::EBUSY;
use crate::target::{Target, Targets};
use crate::types::{Space, Ty, Types};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

const NAME: &str = "timers";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Make callbacks of what timers call, and start timers",
    after: &[],
    before: &[
        ("specialise", "clones functions for the memory that they are called with"),
        ("lock-places", "looks at what this pass leaves"),
    ],
    because: Because::Target,
    run: Run::Module(run),
};

/// The clock of `now_ns()` (include/uapi/linux/time.h).
const CLOCK_MONOTONIC: i128 = 1;

/// The callbacks, by function and map.
type Callbacks = BTreeMap<(Symbol, Symbol), Symbol>;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut callbacks = Callbacks::new();
    for at in 0..module.funcs.len() {
        for op in module.funcs[at].walk() {
            let data = &module.funcs[at].ops[op];
            if data.opcode != Opcode::MapTimerStart {
                continue;
            }
            let view = MapTimerStart::of(data);
            let key = (view.handler().clone(), view.map().clone());
            let callback = match callbacks.get(&key) {
                Some(name) => name.clone(),
                None => {
                    let callback = callback(module, &mut cx.types, &key);
                    let name = callback.name.clone();
                    Rc::make_mut(&mut cx.names).derive(&name, &key.0);
                    module.funcs.push(callback);
                    callbacks.insert(key, name.clone());
                    name
                }
            };
            start(&mut module.funcs[at], &mut cx.types, op, &callback);
        }
    }
    if callbacks.is_empty() { Changed::No } else { Changed::Yes }
}

/// `fn name(map, key, value) -> i64`, which returns 0.
fn callback(module: &Module, types: &mut Types, (handler, map): &(Symbol, Symbol)) -> Function {
    let Some(taker) = module.func(handler) else { crate::bug!("there is no function @{handler}") };
    let Some(map) = module.map(map) else { crate::bug!("there is no map @{map}") };
    let mut name = format!("{handler}__timer");
    while module.func(&name).is_some() {
        name.push('_');
    }
    let span = taker.name_span;
    let of_map =
        [("map", Ty::U8, Space::Map), ("key", map.key, Space::MapValue), ("value", map.value, Space::MapValue)];
    let params =
        of_map.map(|(name, to, space)| Param { name: name.into(), ty: types.ptr(to, space, false), out: false, span });
    let mut callback = Function::new(&name, span, span, Role::Helper, params.into(), Ty::I64);
    callback.targets = Targets::from([Target::Bpf]);
    let (key, value, entry) = (callback.param(1), callback.param(2), callback.entry());
    let mut b = Builder::at_end(&mut callback, entry, Loc { span, made_by: Some(NAME) });
    let place = types.place(map.key, Space::MapValue);
    let key = b.ks_deref(key, place);
    let key = if types.is_aggregate(map.key) {
        let copy = types.place(map.key, Space::Stack);
        let copy = b.ks_var(b"key", copy);
        b.ks_copy(copy, key);
        copy
    } else {
        let key = b.ks_load(key, map.key);
        // The kernel's index of an array is a `u32`, the declared one any integer.
        if taker.params[0].ty == map.key { key } else { b.arith_cast(key, taker.params[0].ty) }
    };
    b.ks_call(&[key, value], handler, &[]);
    let nothing = b.ks_const(0, Ty::I64);
    b.ks_return(Some(nothing));
    callback
}

/// The first call that fails ends the start, but for the one that finds the timer initialised.
fn start(func: &mut Function, types: &mut Types, op: OpId, callback: &Symbol) {
    let view = MapTimerStart::of(&func.ops[op]);
    let (timer, ns, map, flags) = (view.timer(), view.ns(), view.map().clone(), view.flags());
    let status = func.ops[op].results[0];
    let pointer = types.ptr(Ty::U8, Space::Map, false);
    let mut b = Builder::before(func, op, NAME);
    let map = b.map_address(&map, pointer);
    let clock = b.ks_const(CLOCK_MONOTONIC, Ty::U64);
    let made = b.bpf_helper(&[timer, map, clock], &"bpf_timer_init".into(), &[Ty::I64]);
    let made = b.result(made);
    let (zero, busy) = (b.ks_const(0, Ty::I64), b.ks_const(-EBUSY, Ty::I64));
    let fails = b.arith_cmp(made, zero, "ne", Ty::BOOL);
    let other = b.arith_cmp(made, busy, "ne", Ty::BOOL);
    let failed = b.arith_and(fails, other, Ty::BOOL);
    let set = |b: &mut Builder<'_>| {
        let set = b.bpf_timer_callback(timer, callback, Ty::I64);
        let failed = b.arith_cmp(set, zero, "ne", Ty::BOOL);
        let run = |b: &mut Builder<'_>| {
            let flags = b.ks_const(flags, Ty::U64);
            let started = b.bpf_helper(&[timer, ns, flags], &"bpf_timer_start".into(), &[Ty::I64]);
            let started = b.result(started);
            b.ks_yield(&[started]);
        };
        let step = b.either(
            failed,
            &[Ty::I64],
            |b| {
                b.ks_yield(&[set]);
            },
            run,
        );
        let result = b.result(step);
        b.ks_yield(&[result]);
    };
    let step = b.either(
        failed,
        &[Ty::I64],
        |b| {
            b.ks_yield(&[made]);
        },
        set,
    );
    let result = b.result(step);
    let ty = b.func.ty(status);
    let result = b.arith_cast(result, ty);
    func.replace_values(&HashMap::from([(status, result)]));
    func.erase(op);
}
