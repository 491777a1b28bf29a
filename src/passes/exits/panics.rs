//! `panic`: in user space the process ends where it is. In BPF code it is thrown, as a signal is, past all handlers and out of all
//! functions, to the program that the kernel calls, which returns the refusal of its type.

use super::{Lowering, signals};
use crate::ir::ops::{BpfObjectAdd, KsCall, KsCallPointer, KsFunc, KsPanic, MapDrain, MapTimerStart};
use crate::ir::{Attr, Function, Module, OpData, OpId, Opcode, Role, Symbol, Throws, Value};
use crate::types::{Ty, TyKind};
use std::collections::BTreeSet;

/// Makes the functions that a panic leaves, and those that call them, functions that a signal may leave.
pub(super) fn leave_functions(module: &mut Module) {
    let Panics { funcs, pointers } = Panics::of(module);
    if funcs.is_empty() {
        return;
    }
    let handed = handed(module);
    let mut pointed: BTreeSet<Symbol> = BTreeSet::new();
    for func in &mut module.funcs {
        func.cancels |= funcs.contains(&func.name);
        for op in func.walk() {
            if func.ops[op].opcode == Opcode::KsCallPointer && pointers.contains(&callee_type(func, op)) {
                throws_on_call(&mut func.ops[op]);
            } else if let Some(name) = pointed_to(func, op).filter(|_| pointers.contains(&result_type(func, op))) {
                pointed.insert(name.clone());
            }
        }
    }
    for func in &mut module.funcs {
        let is_called = matches!(func.role, Role::Helper | Role::Private | Role::Plain);
        let leaves = is_called && !func.global && !handed.contains(&func.name);
        if funcs.contains(&func.name) && leaves || pointed.contains(&func.name) {
            func.throws = Throws::ToCaller;
        }
    }
}

/// The functions that a panic may leave.
#[derive(Default)]
struct Panics {
    funcs: BTreeSet<Symbol>,
    /// The types of pointers to such functions.
    pointers: BTreeSet<Ty>,
}

impl Panics {
    fn of(module: &Module) -> Panics {
        let mut found = Panics::default();
        let is_panic = |func: &Function| func.walk().into_iter().any(|op| func.ops[op].opcode == Opcode::KsPanic);
        if !module.funcs.iter().any(is_panic) {
            return found;
        }
        let mut changed = true;
        while changed {
            changed = false;
            for func in &module.funcs {
                changed |= found.add(func);
            }
        }
        found
    }

    /// Whether something was not known yet.
    fn add(&mut self, func: &Function) -> bool {
        let mut changed = false;
        for (op, data) in func.each() {
            let panics = data.opcode == Opcode::KsPanic
                || data.opcode == Opcode::KsCall && self.funcs.contains(KsCall::of(data).callee())
                || data.opcode == Opcode::KsCallPointer && self.pointers.contains(&callee_type(func, op));
            if panics {
                changed |= self.funcs.insert(func.name.clone());
            } else if pointed_to(func, op).is_some_and(|name| self.funcs.contains(name)) {
                changed |= self.pointers.insert(result_type(func, op));
            }
        }
        changed
    }
}

/// The function whose address an op takes, to be called through a pointer.
fn pointed_to(func: &Function, op: OpId) -> Option<&Symbol> {
    let data = &func.ops[op];
    let value = data.results.first().filter(|_| data.opcode == Opcode::KsFunc)?;
    let is_drained = func.walk().iter().any(|&op| is_drained(&func.ops[op], *value));
    (!is_drained).then(|| KsFunc::of(data).func())
}

fn is_drained(op: &OpData, handler: Value) -> bool {
    op.opcode == Opcode::MapDrain && MapDrain::of(op).handler() == handler
}

fn result_type(func: &Function, op: OpId) -> Ty {
    func.ty(func.ops[op].results[0])
}

fn callee_type(func: &Function, op: OpId) -> Ty {
    func.ty(KsCallPointer::of(&func.ops[op]).callee())
}

/// The functions that the kernel calls: wrappers, which nothing else calls, and what orders a tree.
fn handed(module: &Module) -> BTreeSet<Symbol> {
    let mut found = BTreeSet::new();
    for func in &module.funcs {
        for (op, data) in func.each() {
            if data.opcode == Opcode::MapTimerStart {
                found.insert(MapTimerStart::of(data).handler().clone());
            } else if data.opcode == Opcode::BpfObjectAdd {
                found.insert(BpfObjectAdd::of(data).callback().clone());
            } else if data.opcode == Opcode::KsFunc && pointed_to(func, op).is_none() {
                found.insert(KsFunc::of(data).func().clone());
            }
        }
    }
    found
}

/// A call through a pointer may come back with something thrown.
fn throws_on_call(op: &mut OpData) {
    for (spec, attr) in std::iter::zip(op.opcode.spec().attrs, &mut op.attrs) {
        if spec.name == "throws" {
            *attr = Attr::Bool(true);
        }
    }
}

impl Lowering<'_> {
    pub(super) fn panic(&mut self, data: &OpData) {
        let view = KsPanic::of(data);
        let (args, file, line) = (view.args(), view.file(), view.line());
        if !self.program.in_kernel {
            let mut b = self.builder();
            b.host_panic(args, view.format(), file, line);
            b.ks_unreachable();
            return;
        }
        let mut format = b"panic at ".to_vec();
        for &byte in file {
            match byte {
                b'%' => format.extend(b"%%"),
                // The kernel prints ASCII.
                0..=127 => format.push(byte),
                128.. => format.push(b'?'),
            }
        }
        format.extend(format!(":{line}: ").bytes());
        format.extend(view.format());
        let place = self.thrown();
        let mut b = self.builder();
        b.ks_print(args, &format, true);
        let thrown = b.ks_const(signals::PANIC, Ty::U64);
        b.ks_store(place, thrown);
        self.throw_past();
    }

    /// Whether a panic ends here, since the kernel calls the function.
    pub(super) fn ends_panics(&self) -> bool {
        self.program.in_kernel && self.func.cancels && self.func.throws == Throws::Never
    }

    /// Returns what a program returns that cannot go on.
    pub(super) fn refuse(&mut self) {
        let refusal = match &self.func.role {
            Role::Program { spec, target, .. } => spec.refusal_at(target.as_deref()),
            Role::Helper | Role::Kfunc { .. } | Role::Private | Role::Plain | Role::Main | Role::Checked => 0,
        };
        let ty = self.func.result;
        let is_number = self.types.as_int(ty).is_some() || matches!(self.types.kind(ty), TyKind::Bool);
        let value = if is_number { Some(self.builder().ks_const(refusal, ty)) } else { self.no_result() };
        self.builder().ks_return(value);
    }
}
