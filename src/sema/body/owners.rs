//! What owns objects: `exchange(v.object, p)`, and the methods of lists and trees.

use super::calls::counted;
use super::exprs::strip;
use super::value::local;
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::{CollectionCall, NoSuchMethod};
use crate::diag::codes::shared::{OwnerUse, SpecialUse};
use crate::sema::owners::methods;
use crate::sema::tree::{Callee, Expr, ExprKind, FuncId, GlobalId, LocalId, Role};
use crate::source::Span;
use crate::tables::{self, Reference};
use crate::target::Maps;
use crate::types::{FnSig, Origin, Space, Ty, TyKind};

/// The entry that contains a field, as a text that is equal for equal entries; none if the place is no field of a variable or behind one.
pub(super) fn entry_of(place: &Expr) -> Option<String> {
    if let ExprKind::Global(id) = &place.kind {
        return Some(format!("global {}", id.0));
    }
    let ExprKind::Field { base, .. } = &place.kind else { return None };
    if let ExprKind::Global(id) = &base.kind {
        return Some(format!("global {}", id.0));
    }
    if let ExprKind::Deref(pointer) = &base.kind {
        return local(pointer).map(|local| format!("*{}", local.0));
    }
    local(base).map(|local| local.0.to_string())
}

/// In place of the entry of a lock whose pointer got another value.
const ELSEWHERE: &str = "elsewhere";

impl Checker<'_, '_> {
    /// Checks an expression that may be a field that only the kernel touches.
    pub(super) fn kept(&mut self, expr: &ast::Expr, check: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let outer = self.kept_at.replace(strip(expr).span);
        let value = check(self);
        self.kept_at = outer;
        value
    }

    /// `exchange(v.object, p)`: the map owns `p`, and the program what the map owned before. Either may be null.
    pub(super) fn exchange_object(&mut self, place: Expr, values: &[ast::Arg], span: Span) -> Option<Expr> {
        let owner = self.cx.types.owner(place.ty).filter(|(origin, _)| *origin == Origin::Kptr);
        let (Some((_, object)), [value]) = (owner, values) else {
            self.check_args(values);
            self.refuse_kept_use(place.ty, place.span);
            return None;
        };
        if !self.is_in_entry(&place) {
            self.check_args(values);
            return None;
        }
        let given = self.value(&value.value, Some(object));
        let pointer = self.pointer(object)?;
        let may_be_null = given.ty() == Ty::NULL || self.pointer(given.ty()).is_some_and(|given| given.nullable);
        let wanted = self.cx.types.ptr(pointer.to, pointer.space, may_be_null);
        let given = self.coerce(given, wanted);
        let Some(helper) = tables::helper(tables::EXCHANGE) else {
            crate::bug!("helpers.toml has no `{}`", tables::EXCHANGE)
        };
        if given.ty == Ty::ERROR {
            return None;
        }
        let ty = self.cx.types.ptr(place.ty, Space::Any, false);
        let at = Expr { span: place.span, kind: ExprKind::AddressOf(Box::new(place)), ty };
        Some(Expr::operation(Callee::Helper(helper), vec![at, given], object, span))
    }

    /// `v.queue.push_back(p)`
    pub(super) fn object_method(&mut self, place: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let owner = self.cx.types.owner(place.ty).filter(|(origin, _)| origin.has_links());
        let Some((origin, object)) = owner else {
            self.check_args(args);
            self.refuse_kept_use(place.ty, place.span);
            return None;
        };
        let Some((method, function)) = methods(origin).find(|(method, _)| method.name == name.name) else {
            self.check_args(args);
            let of = format!("a `{}`", self.ty_name(place.ty));
            let known: Vec<String> = methods(origin).map(|(method, _)| format!("`{}`", method.name)).collect();
            self.error(name.span, NoSuchMethod { name: name.name.clone(), of })
                .help(format!("it has {}", known.join(", ")));
            return None;
        };
        let Some(known) = tables::kfunc(function) else { crate::bug!("kfuncs.toml has no `{function}`") };
        if let Some(version) = self.cx.options.lacks(known.since) {
            let what = format!("`.{}()` of a `{}`", method.name, self.ty_name(place.ty));
            self.cx.needs_kernel(span, what, version);
        }
        let takes = matches!(known.reference, Some(Reference::Releases | Reference::Exchanges));
        if args.len() != usize::from(takes) {
            self.check_args(args);
            let takes = counted(usize::from(takes), "argument");
            self.wrong_count(&name.name, takes, args.len(), span);
            return None;
        }
        let pointer = self.pointer(object)?;
        let wanted = self.cx.types.ptr(pointer.to, Space::Heap, false);
        let added: Vec<Expr> = args.iter().map(|arg| self.coerced(&arg.value, wanted)).collect();
        let less = self.order(place.ty, pointer.to, span);
        if !self.is_in_entry(&place)
            || !self.holds_lock(&place, method.name, span)
            || added.iter().any(|arg| arg.ty == Ty::ERROR)
        {
            return None;
        }
        let is_call = less.is_some() && known.reference == Some(Reference::Releases);
        let ty = if known.reference == Some(Reference::Releases) { Ty::VOID } else { object };
        let less = less.filter(|_| is_call);
        let args = [place].into_iter().chain(added).collect();
        Some(Expr::operation(Callee::Object { function, less }, args, ty, span))
    }
}

impl State<'_, '_> {
    /// A pointer gets another value: what it points to has another lock.
    pub(super) fn moved_from_lock(&mut self, pointer: LocalId) {
        let entry = format!("*{}", pointer.0);
        for held in self.locks.iter_mut().flatten().filter(|held| **held == entry) {
            *held = ELSEWHERE.to_owned();
        }
    }

    /// Reports a variable that is a lock itself, where no `lock` takes it.
    pub(super) fn refuse_kept_variable(&mut self, id: GlobalId, span: Span) -> bool {
        let ty = self.env.program.global(id).ty;
        self.kept_at != Some(span) && self.refuse_kept_use(ty, span)
    }

    /// Whether the place is a field of an entry that is at hand; reports if not.
    fn is_in_entry(&mut self, place: &Expr) -> bool {
        let ExprKind::Field { base, .. } = &place.kind else { return false };
        if self.env.program.is_entry(base) {
            return true;
        }
        let entry = local(base).is_some_and(|local| self.vars[local].kind == LocalKind::Entry);
        let is_there = self.targets.all(|on| on.maps == Maps::InPlace);
        if is_there && (entry || matches!(base.kind, ExprKind::Deref(_))) {
            return true;
        }
        let name = self.text(place.span).to_owned();
        let why = match is_there {
            true => "a copy owns none",
            false => "user space has no entry at hand",
        };
        self.error(place.span, OwnerUse { name, why: why.to_owned() })
            .help("in BPF code bind the entry: `if (var v = m[key]) { … v.object … }`");
        false
    }

    /// Whether the lock of the same entry is held; reports if not.
    fn holds_lock(&mut self, place: &Expr, method: &str, span: Span) -> bool {
        let text = self.text(place.span).to_owned();
        let (why, help) = match self.locks.last() {
            None => ("no lock is held".to_owned(), "put it into `lock (v.lock) { … }` of the same entry"),
            Some(held) if held.is_none() || *held == entry_of(place) => return true,
            Some(_) => ("the lock of another entry is held".to_owned(), "take the lock that is beside the field"),
        };
        self.error(span, CollectionCall { what: format!("`{text}.{method}()`"), why }).help(help);
        false
    }
}

impl Site<'_, '_> {
    /// Reports a use of what only the kernel touches as a value, or as a place to write.
    pub(super) fn refuse_kept_use(&mut self, ty: Ty, span: Span) -> bool {
        if !self.cx.types.is_kept(ty) {
            return false;
        }
        let name = self.text(span).to_owned();
        if let Some(spec) = self.cx.types.special(ty) {
            self.error(span, SpecialUse { name, what: spec.what.to_owned(), used_by: spec.used_by.to_owned() })
                .help("copies, assignments and literals leave it out");
            return true;
        }
        let why = if self.targets.all(|on| on.maps == Maps::InPlace) {
            "it is no value, and nothing is assigned to it"
        } else {
            "user space can neither read nor write it"
        };
        let origin = self.cx.types.owner(ty).map(|(origin, _)| origin);
        self.error(span, OwnerUse { name, why: why.to_owned() }).help(match origin {
            Some(Origin::Kptr) => {
                "BPF code takes the object out, and gives another or `null`: `var p = exchange(v.object, null)`"
            }
            _ => "BPF code calls its methods while it holds the lock beside it",
        });
        true
    }

    /// The function that orders the objects of a tree.
    fn order(&mut self, tree: Ty, object: Ty, span: Span) -> Option<FuncId> {
        let TyKind::Struct(id) = self.cx.types.kind(tree) else { return None };
        let func = *self.env.orders.get(&id)?;
        let of = self.cx.types.ptr(object, Space::Any, false);
        let wanted = FnSig { params: vec![of, of], result: Ty::BOOL };
        let declared = self.env.program.func(func);
        if matches!(declared.role, Role::Helper) && self.env.funcs[func.0 as usize].sig == wanted {
            return Some(func);
        }
        let (name, at, of) = (declared.name.clone(), declared.name_span, self.ty_name(object));
        let what = format!("`{name}`, which orders a tree of `{of}`,");
        let why = format!("it is no `@helper fn {name}(a: *{of}, b: *{of}) -> bool`");
        self.error(span, CollectionCall { what, why }).note(at, "declared here");
        None
    }
}
