//! Events for user space: their handlers, and `dispatch`.

use super::func::Lowering;
use super::layouts;
use crate::ir::Value;
use crate::sema::tree::{Expr, MapId, Role};
use crate::source::Span;
use crate::target::Target;
use crate::types::Ty;

impl Lowering<'_> {
    /// At the start of `main`: what is sent through a map goes to the function that is named like it.
    pub(super) fn callbacks(&mut self) {
        if !matches!(self.source.role, Role::Main(_)) {
            return;
        }
        for (map, name) in std::iter::zip(&self.program.maps, &self.names.maps) {
            let Some(func) = map.callback else { continue };
            let callee = self.program.func(func);
            let params = callee.params.iter().map(|&param| callee.local(param).ty).collect();
            let ty = self.cx.types.func(crate::types::FnSig { params, result: callee.result });
            let handler = self.at(callee.name_span).handed_function(func, ty, Target::Host);
            self.b.map_on_event(handler, name, 0);
        }
    }

    /// At the start of `main`: the functions that make entries of pinned maps anew, if the maps have other ones.
    pub(super) fn migrations(&mut self) {
        if !matches!(self.source.role, Role::Main(_)) || self.cx.options.tests {
            return;
        }
        for migration in &self.program.migrations {
            let (callee, name) = (self.program.func(migration.func), self.names.map(migration.map));
            let params = callee.params.iter().map(|&param| callee.local(param).ty).collect();
            let ty = self.cx.types.func(crate::types::FnSig { params, result: callee.result });
            let make = self.at(migration.span).handed_function(migration.func, ty, Target::Host);
            let key = migration.key.map_or(String::new(), |key| layouts::text(&self.cx.types, key));
            let old = layouts::text(&self.cx.types, migration.old);
            let size = self.cx.types.size_of(migration.old);
            let by = migration.name.as_bytes();
            self.b.map_migrate(make, name, by, key.as_bytes(), old.as_bytes(), size.into());
        }
    }

    /// `dispatch(m, …, timeout_ms: n)`; a negative time is none.
    pub(super) fn dispatch(&mut self, maps: &[MapId], timeout: Option<&Expr>, span: Span) -> Value {
        let timed = i128::from(timeout.is_some());
        let timeout = match timeout {
            Some(timeout) => self.scalar(timeout),
            None => self.at(span).int(-1, Ty::I64),
        };
        let timed = self.at(span).int(timed, Ty::U32);
        for &map in maps {
            let name = self.names.map(map);
            self.b.map_listen(name);
        }
        let op = self.b.host_call(&[timeout, timed], &"ks_dispatch".into(), &[Ty::I32]);
        self.b.result(op)
    }
}
