//! Places that can be assigned to.

use super::context_arrays;
use super::exprs::strip;
use super::value::error_expr;
use super::variables::{LocalKind, Name};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast};
use crate::diag::codes::contexts::ReadOnlyField;
use crate::diag::codes::maps::{ConfigWrite, PercpuUpdate};
use crate::diag::codes::types::{AssignLoopVariable, NotAssignable};
use crate::sema::env::Entity;
use crate::sema::tree::{Callee, Expr, ExprKind, LocalId, MapId, Storage};
use crate::source::Span;
use crate::target::Maps;
use crate::types::{Ty, TyKind};

/// A message for an assignment to something that is no place: `what` names it, `help` says how to write the assignment instead.
pub(super) struct NoPlace {
    what: &'static str,
    help: &'static str,
}

impl NoPlace {
    /// The kinds of expressions that are assigned to by mistake.
    pub const CONSTANT: NoPlace = NoPlace { what: "a constant", help: "what changes is declared with `var`" };
    pub const CONFIG: NoPlace = NoPlace { what: "a whole config", help: "its fields can be: `name.field = value`" };
    pub const KCONFIG: NoPlace = NoPlace {
        what: "a value of the kernel's configuration",
        help: "what changes is a variable without `@kconfig`",
    };
    pub const CONTEXT_ARRAY: NoPlace =
        NoPlace { what: "an array of a context", help: "its elements can be, each at a constant index" };
    pub const MAP: NoPlace =
        NoPlace { what: "a whole map", help: "entries of maps with keys can be: `m[key] = value`" };

    /// The general message, for something that `what` names.
    pub const fn of(what: &'static str) -> NoPlace {
        NoPlace {
            what,
            help: "variables can be, what pointers point to, map entries, and fields and elements of those",
        }
    }
}

impl Checker<'_, '_> {
    /// A place that is going to be written, which is no use of its old value.
    pub fn place(&mut self, expr: &ast::Expr) -> Expr {
        let place = self.written_place(expr);
        if self.is_kconfig(&place) { self.not_assignable(place.span, NoPlace::KCONFIG) } else { place }
    }

    fn written_place(&mut self, expr: &ast::Expr) -> Expr {
        let expr = strip(expr);
        let span = expr.span;
        if let Ast::Name(path) = &expr.kind
            && let [name] = path.segments.as_slice()
        {
            return self.place_name(name);
        }
        if let Some((import, base, name, arrow)) = self.in_module(expr) {
            return self.member_place(import, base, name, arrow);
        }
        if let Ast::Field { base, name, arrow } = &expr.kind {
            let place = if self.config_named(base).is_some() {
                self.field(base, name, *arrow, span)
            } else {
                let base = self.place_base(base);
                self.field_of(base, name, *arrow, span)
            };
            return self.writable(place, name.span);
        }
        if let Ast::Index { base, index } = &expr.kind {
            if let Some(byte) = self.packet_byte(base, Some(index), span) {
                return byte;
            }
            let base = self.place_base(base);
            let place = self.element(base, index, span);
            return self.writable(place, span);
        }
        if let Ast::Unary { op: ast::UnaryOp::Deref, operand } = &expr.kind {
            return self.deref(operand, span);
        }
        let value = self.typed(expr, None);
        if value.ty == Ty::ERROR { value } else { self.not_assignable(span, NoPlace::of("the value of an expression")) }
    }

    /// The part before the dot: part of the place, or a pointer to it, which is read.
    pub(super) fn place_base(&mut self, base: &ast::Expr) -> Expr {
        let base = strip(base);
        if let Ast::Field { base: inner, name, arrow } = &base.kind
            && self.config_named(inner).is_none()
            && self.import_named(inner).is_none()
        {
            let inner = self.place_base(inner);
            return self.field_of(inner, name, *arrow, base.span);
        }
        if let Ast::Index { base: inner, index } = &base.kind
            && self.map_entry(base).is_none()
        {
            let inner = self.place_base(inner);
            return self.element(inner, index, base.span);
        }
        if let Ast::Name(path) = &base.kind
            && let [name] = path.segments.as_slice()
            && let Some(local) = self.vars.local_of(&name.name)
        {
            if matches!(self.cx.types.kind(self.vars[local].ty), TyKind::Ptr { .. }) {
                return self.read_local(local, name.span);
            }
            self.note_written(local, base.span);
            return self.place_local(local, name);
        }
        self.typed(base, None)
    }
}

impl State<'_, '_> {
    fn place_name(&mut self, name: &ast::Ident) -> Expr {
        if let Some(setting) =
            self.vars.local_name(&name.name).is_none().then(|| self.file_entity(&name.name)).flatten()
            && let Some(place) = self.setting(setting, name.span)
        {
            return place;
        }
        let no_place = match self.vars.local_name(&name.name).cloned() {
            Some(Name::Local(local)) => return self.place_local(local, name),
            Some(Name::Broken { .. }) => return error_expr(name.span),
            Some(Name::Const { .. }) => NoPlace::CONSTANT,
            None => match self.file_entity(&name.name).and_then(not_a_place) {
                Some(no_place) => no_place,
                None => {
                    let path = ast::Path { segments: vec![name.clone()], span: name.span };
                    return self.name(&path, None).expr;
                }
            },
        };
        self.not_assignable(name.span, no_place)
    }

    fn place_local(&mut self, local: LocalId, name: &ast::Ident) -> Expr {
        let kind = self.vars[local].kind;
        if kind == LocalKind::LoopVariable {
            self.error(name.span, AssignLoopVariable { name: name.name.clone() })
                .help(format!("take a copy: `var x = {}`", name.name));
            return error_expr(name.span);
        }
        self.moved_from_lock(local);
        if kind == LocalKind::InnerMap {
            return self.not_assignable(name.span, NoPlace::MAP);
        }
        if kind == LocalKind::Entry {
            self.use_entry(local, name.span);
            self.vars[local].read = true;
            if let Some(map) = self.vars[local].map {
                self.refuse_percpu_write(map, name.span);
            }
        }
        self.vars.local_expr(local, name.span)
    }
}

impl Site<'_, '_> {
    /// In user space an entry that exists once per CPU has no single place to write to.
    pub fn refuse_percpu_write(&mut self, map: MapId, span: Span) {
        let declared = self.env.program.map(map);
        if !declared.kind.percpu || self.targets.all(|on| on.maps == Maps::InPlace) {
            return;
        }
        let (name, either) = (declared.name.clone(), self.targets.only().is_none());
        let error = self.error(span, PercpuUpdate { name: name.clone() });
        error.help(format!("`{name}[key] = value` writes the entry of every CPU"));
        if either {
            error.help("a function that only BPF code calls is declared `@helper`");
        }
    }

    /// Whether a field may be written: of a config in user space, of a context where the kernel lets programs do that.
    fn writable(&mut self, place: Expr, part: Span) -> Expr {
        if let ExprKind::Index { base, .. } = &place.kind
            && self.is_str(base.ty)
        {
            let what = "a character of a string".into();
            self.error(place.span, NotAssignable { what })
                .help("those of a `char[N]` can be, and it converts to a string; text is put together by `+`");
            return error_expr(place.span);
        }
        if let ExprKind::ConfigField { config, .. } = &root(&place).kind {
            if !self.targets.any(|on| on.writes_configs) {
                let name = self.env.program.config(*config).name.clone();
                self.error(place.span, ConfigWrite { name })
                    .help("user space writes it; what BPF code changes is a global variable: `var g: T`");
            }
            return place;
        }
        if let ExprKind::CtxField { ctx, field } = &place.kind
            && let Some((context, spec)) = self.context_field(ctx.ty, *field)
        {
            if spec.writers.is_empty() {
                let writable: Vec<String> = context
                    .fields
                    .iter()
                    .filter(|f| !f.writers.is_empty())
                    .map(|f| format!("`{}`", f.written()))
                    .collect();
                let name = self.text(part).to_owned();
                let error = self.error(part, ReadOnlyField { name, of: context.name.to_owned() });
                if writable.is_empty() {
                    error.help(format!("no field of `{}` can be written", context.name));
                } else {
                    error.help(format!("programs can write {}", writable.join(", ")));
                }
            }
            return place;
        }
        if is_place(&place) {
            return place;
        }
        if context_arrays::is_array(root(&place)) {
            return self.not_assignable(place.span, NoPlace::CONTEXT_ARRAY);
        }
        let constant = matches!(root(&place).kind, ExprKind::Const(_));
        let stored_nowhere = NoPlace::of("a part of a value that is stored nowhere");
        self.not_assignable(place.span, if constant { NoPlace::CONSTANT } else { stored_nowhere })
    }

    /// A `@sysctl var` that is written; none if the declaration is something else.
    pub fn setting(&self, entity: &Entity, span: Span) -> Option<Expr> {
        let Entity::Global(id) = *entity else { return None };
        let global = self.env.program.global(id);
        (global.storage == Storage::Sysctl).then_some(Expr { kind: ExprKind::Global(id), ty: global.ty, span })
    }

    /// Whether it is a `@sysctl var`, which is no memory.
    pub fn is_sysctl(&self, place: &Expr) -> bool {
        if let ExprKind::Global(id) = place.kind {
            return self.env.program.global(id).storage == Storage::Sysctl;
        }
        matches!(place.kind, ExprKind::Operation { callee: Callee::Sysctl(_), .. })
    }

    /// Whether it is a `@kconfig var` or a part of one.
    pub fn is_kconfig(&self, place: &Expr) -> bool {
        matches!(root(place).kind, ExprKind::Global(id) if self.env.program.global(id).storage == Storage::Kconfig)
    }

    pub(super) fn not_assignable(&mut self, span: Span, NoPlace { what, help }: NoPlace) -> Expr {
        self.error(span, NotAssignable { what: what.into() }).help(help);
        error_expr(span)
    }
}

/// The kind of a name that cannot be written to; none for variables.
pub(super) fn not_a_place(entity: &Entity) -> Option<NoPlace> {
    match entity {
        Entity::Global(_) | Entity::Broken => None,
        Entity::Const { .. } | Entity::Variants(_) => Some(NoPlace::CONSTANT),
        Entity::Func(_) | Entity::Kfunc(_) | Entity::C(_) => Some(NoPlace::of("a function")),
        Entity::Config(_) => Some(NoPlace::CONFIG),
        Entity::Map(_) => Some(NoPlace::MAP),
        Entity::Impl(_) => Some(NoPlace::of("an `impl`")),
        Entity::Type(_) => Some(NoPlace::of("a type")),
        Entity::Import(_) => Some(NoPlace::of("a module")),
    }
}

/// Whether an expression names where something is stored.
pub(super) fn is_place(expr: &Expr) -> bool {
    let expr = root(expr);
    let is_root = matches!(
        expr.kind,
        ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::Deref(_)
            | ExprKind::DerefIf { .. }
            | ExprKind::ViewByte { .. }
            | ExprKind::CtxField { .. }
    );
    is_root || expr.ty == Ty::ERROR
}

/// The whole that a place is a part of.
pub(super) fn root(place: &Expr) -> &Expr {
    if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind { root(base) } else { place }
}
