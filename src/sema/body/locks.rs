//! `lock (entry.field) { … }`

use super::exprs::strip;
use super::owners::entry_of;
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast};
use crate::diag::codes::shared::{LockWhat, ModuleLockUse};
use crate::sema::env::Entity;
use crate::sema::tree::{Expr, ExprKind, StmtKind};
use crate::source::Span;
use crate::tables;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// Checks `lock (place) { … }`; none if the place is no lock, which was reported.
    pub fn lock_stmt(&mut self, place: &ast::Expr, body: &ast::Block) -> Option<StmtKind> {
        let lock = self.lock_place(place);
        self.locks.push(lock.as_ref().and_then(entry_of));
        let body = self.block(body);
        self.locks.pop();
        lock.map(|lock| StmtKind::Lock { lock, body })
    }

    /// The lock that is meant; none if something else was, which was reported.
    fn lock_place(&mut self, place: &ast::Expr) -> Option<Expr> {
        let place = strip(place);
        if let Some(lock) = self.variable_lock(place) {
            return lock;
        }
        let Ast::Field { base, name, .. } = &place.kind else {
            let value = self.typed(place, None);
            if value.ty != Ty::ERROR {
                self.no_lock(place.span, "a value");
            }
            return None;
        };
        let mut base = self.place_base(base);
        // Whether it points to an entry is found out when all calls are known (`passes/lock_places`).
        let through = self.pointer(base.ty).filter(|pointer| self.cx.types.has_lock(pointer.to));
        if let Some(pointer) = through {
            self.use_object(&base);
            let span = base.span;
            base = Expr { kind: ExprKind::Deref(Box::new(base)), ty: pointer.to, span };
        }
        let TyKind::Struct(id) = self.cx.types.kind(base.ty) else {
            if base.ty != Ty::ERROR {
                let through = self.pointer(base.ty).is_some();
                self.no_lock(place.span, if through { "what a pointer points to" } else { "a value" });
            }
            return None;
        };
        let (field, ty) = self.find_field(id, name)?;
        let mut entry = matches!(base.kind, ExprKind::Deref(_)) || self.env.program.is_entry(&base);
        if let ExprKind::Local(local) = base.kind {
            let info = &mut self.vars[local];
            info.read = true;
            entry = info.kind == LocalKind::Entry;
        }
        if !self.cx.types.is_lock(ty) {
            let what = format!("a `{}`", self.ty_name(ty));
            self.no_lock(place.span, &what);
            return None;
        }
        if !entry {
            self.no_lock(place.span, "that of a copy");
            return None;
        }
        Some(Expr { kind: ExprKind::Field { base: Box::new(base), field }, ty, span: place.span })
    }
}

impl State<'_, '_> {
    /// A variable that is a lock itself: one of the module, or a `local var`.
    fn variable_lock(&mut self, place: &ast::Expr) -> Option<Option<Expr>> {
        let Some(Entity::Global(id)) = self.entity_named(place) else { return None };
        let (id, global) = (*id, self.env.program.global(*id));
        let is_lock = self.cx.types.is_lock(global.ty) || tables::lock_of(&self.cx.types, global.ty).is_some();
        is_lock.then_some(Some(Expr { kind: ExprKind::Global(id), ty: global.ty, span: place.span }))
    }
}

impl Site<'_, '_> {
    /// Reports a lock of a module that is used as a value or a place.
    pub fn refuse_module_lock(&mut self, ty: Ty, name: &ast::Ident) -> bool {
        let Some(lock) = tables::lock_of(&self.cx.types, ty) else { return false };
        self.error(name.span, ModuleLockUse { name: name.name.clone(), ty: lock.name.to_owned() });
        true
    }

    fn no_lock(&mut self, span: Span, what: &str) {
        let in_module = self.targets.all(|on| on.is_module);
        self.error(span, LockWhat { what: what.to_owned() }).help(if in_module {
            "a lock of the module is a variable: `@private var guard: spinlock_t`, or of type `mutex`"
        } else {
            "with a field `lock: bpf_spin_lock` in the map's value: `if (var v = m[key]) { lock (v.lock) { … } }`"
        });
    }
}
