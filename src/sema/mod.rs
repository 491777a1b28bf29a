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
mod oldest_kernel;
pub mod predefined;
pub mod scope;
mod throws;
mod trusted;
pub use crate::diag::similar;
pub(crate) use declare::handed;
mod header_minima;
mod implemented;
pub mod tree;
pub mod types;
mod unused_imports;

use crate::modules::Modules;
use crate::session::Session;
use crate::tables::MapAccess;
use env::{Entity, Env};
use tree::{MapId, Program};

/// The program of the modules; none if errors were reported, here or before.
pub fn check(cx: &mut Session, modules: &Modules) -> Option<Program> {
    oldest_kernel::apply(cx, modules);
    implemented::choose_types(cx, modules);
    let mut env = declare::declare(cx, modules);
    let bodies = trusted::bodies(cx, &mut env);
    for (func, body) in env.program.funcs.iter_mut().zip(bodies) {
        if let Some(body) = body {
            func.locals = body.locals;
            func.body = body.block;
        }
    }
    if cx.diags.has_errors() {
        return None;
    }
    unused_imports::report(cx, modules, &env);
    callbacks(cx, &mut env);
    header_minima::report(cx, &env);
    throws::check(cx, &mut env);
    if cx.diags.has_errors() { None } else { Some(env.program) }
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
