//! `kmod`: calls of the kernel's functions, and locks of the module.

use super::super::expr::Expr;
use super::super::function::{Around, FnGen};
use crate::ir::OpData;
use crate::ir::ops::{KmodCall, KmodLocked};
use crate::types::TyKind;

/// The headers may give other types to the same numbers and memory: C converts them, pointers through `void *`.
pub fn call(g: &mut FnGen, op: &OpData) {
    let view = KmodCall::of(op);
    let name = String::from_utf8_lossy(view.function()).into_owned();
    let args = super::ks::arguments(g, view.args());
    let is_memory = |ty| {
        let kind = g.types().kind(ty);
        matches!(kind, TyKind::Ptr { to, .. } | TyKind::Place { of: to, .. } if !g.types().is_relocated(to))
    };
    let args = std::iter::zip(view.args(), args)
        .map(|(&value, expr)| if is_memory(g.ty(value)) { Expr::cast("void *", &expr) } else { expr });
    let call = Expr::call(&name, &args.collect::<Vec<_>>());
    let Some(&result) = op.results.first() else {
        g.statement(op, call.text().to_owned());
        return;
    };
    let expr = Expr::cast(&g.type_text(g.ty(result)), &call);
    g.result(op, expr);
}

pub fn locked(g: &mut FnGen, op: &OpData) {
    let view = KmodLocked::of(op);
    let name = g.g.global_name(view.lock());
    let Some(lock) = g.g.lock_of(view.lock()) else { crate::bug!("`{name}` is no lock") };
    g.lines.open("");
    g.comment(op);
    let state = lock.saves_interrupts.then(|| {
        let state = g.names.inner("interrupts");
        g.lines.declare(format!("unsigned long {state};"));
        state
    });
    let call = |function: &str| match &state {
        Some(state) => format!("{function}(&{name}, {state});"),
        None => format!("{function}(&{name});"),
    };
    g.lines.line(call(lock.take));
    let release = call(lock.release);
    g.around.push(Around::Locked(release.clone()));
    g.region(op.regions[0]);
    g.around.pop();
    if g.ends_in_yield(op.regions[0]) {
        g.lines.line(release);
    }
    g.lines.close("");
}
