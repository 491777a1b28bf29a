//! Checks a program: names, types, roles, rules. Takes the syntax tree, yields the typed tree.
//!
//! `types::resolve(cx, &mut dyn Scope, &ast::Type, Position) -> Ty` (`Ty::ERROR` once reported) and
//! `consts::eval(cx, &mut dyn Scope, &ast::Expr, Option<Ty>) -> Option<Constant>` serve declarations and bodies alike.

mod advice;
pub mod body;
pub mod consts;
mod declare;
mod enums;
pub mod env;
pub mod imports;
mod kernel_types;
mod meanings;
mod migrations;
mod oldest_kernel;
mod owners;
mod part;
pub mod predefined;
pub mod scope;
mod stack_ids;
mod tests;
mod throws;
mod trusted;
pub use crate::diag::similar;
pub(crate) use declare::handed;
pub use part::Part;
mod header_minima;
mod implemented;
pub mod tree;
pub mod types;
mod unused_imports;

use crate::modules::Modules;
use crate::session::Session;
use crate::tables::MapAccess;
use env::{Entity, Env};
use std::collections::BTreeSet;
use tree::{FuncId, MapId, Program};

/// What the check of a program yields.
pub enum Checked {
    Whole(Program),
    /// There are errors in the bodies of some functions: what is right of it.
    Part(Part),
    /// There are errors elsewhere, or nothing is right.
    Nothing,
}

/// The program of the modules; all of it only if no errors were reported, here or before.
pub fn check(cx: &mut Session, modules: &Modules) -> Checked {
    oldest_kernel::apply(cx, modules);
    implemented::choose_types(cx, modules);
    let mut env = declare::declare(cx, modules);
    let is_declared = !cx.diags.has_errors();
    let bodies = trusted::bodies(cx, &mut env);
    let is_right = !cx.diags.has_errors();
    let left_out = if is_right || !is_declared { BTreeSet::new() } else { part::left_out(&env.program, &bodies) };
    for (at, body) in bodies.into_iter().enumerate() {
        if let Some(body) = body
            && !left_out.contains(&FuncId(at as u32))
        {
            let func = &mut env.program.funcs[at];
            func.locals = body.locals;
            func.body = body.block;
        }
    }
    if !is_right && (!is_declared || left_out.len() == env.program.funcs.len()) {
        return Checked::Nothing;
    }
    if is_right {
        unused_imports::report(cx, modules, &env);
        header_minima::report(cx, &env);
    }
    callbacks(cx, &mut env);
    if is_right {
        migrations::wrap(cx, &mut env);
    }
    tests::check(cx, &env);
    if cx.options.tests && !cx.diags.has_errors() {
        tests::make_main(&mut env);
    }
    throws::check(cx, &mut env);
    match is_right {
        true if cx.diags.has_errors() => Checked::Nothing,
        true => Checked::Whole(env.program),
        false => Checked::Part(part::without(env.program, &left_out)),
    }
}

/// The functions that take what is sent through maps by their names: `<map>_callback`.
fn callbacks(cx: &Session, env: &mut Env) {
    let mut found = Vec::new();
    for names in &env.names {
        for (id, map) in env.program.maps.iter().enumerate().filter(|(_, map)| map.kind.can(MapAccess::Events)) {
            let declares = |name: &str| names.get(name).map(|declared| &declared.entity);
            let Some(Entity::Map(MapId(own))) = declares(&map.name) else { continue };
            let Some(Entity::Func(func)) = declares(&format!("{}_callback", map.name)) else { continue };
            let sig =
                env.value_signature(*func).filter(|sig| body::takes_events(&cx.types, sig, (map.kind, map.value)));
            if *own == id as u32 && sig.is_some() {
                found.push((id, *func));
            }
        }
    }
    for (map, func) in found {
        env.program.maps[map].callback = Some(func);
    }
}
