//! Fields: of structs, through pointers, of contexts and configs.

use super::type_kinds::Pointer;
use super::value::{self, error_expr};
use super::variables::LocalKind;
use super::views::made;
use super::{Checker, Site, State, test_runs};
use crate::ast::{self, Ident};
use crate::diag::Diagnostic;
use crate::diag::codes::names::{NoSuchField, NotAValue};
use crate::diag::codes::refused::ContextFieldRefused;
use crate::diag::codes::types::ArrowOnValue;
use crate::sema::advice::members::{arrow_on_value, no_such_field};
use crate::sema::consts;
use crate::sema::env::Entity;
use crate::sema::kernel_types;
use crate::sema::predefined::is_record;
use crate::sema::tree::{ConfigId, Expr, ExprKind, View};
use crate::source::Span;
use crate::tables::{FieldRole, MethodOwner};
use crate::types::{Space, StructId, Ty, TyKind};
use crate::uses::Meaning;

/// The length of the packet: a field of all contexts that have one, also where a helper yields it.
const PACKET_LENGTH: &str = "len";

impl Checker<'_, '_> {
    /// `base.name`, `base->name`
    pub fn field(&mut self, base: &ast::Expr, name: &Ident, arrow: bool, span: Span) -> Expr {
        if let Some(config) = self.config_named(base) {
            let def = self.env.program.config(config).ty;
            let Some((field, ty)) = self.find_field(def, name) else { return error_expr(span) };
            return Expr { kind: ExprKind::ConfigField { config, field }, ty, span };
        }
        if self.variant_by_point(base, name) {
            return error_expr(span);
        }
        if let Some(inner) = self.inner_context_field(base, name, span) {
            return inner;
        }
        if let Some(argument) = self.call_argument(base, name, arrow, span) {
            return self.typed(&argument, None);
        }
        let base = self.typed(base, None);
        self.field_of(base, name, arrow, span)
    }
}

impl State<'_, '_> {
    /// `Enum.VARIANT`, which was reported then.
    fn variant_by_point(&mut self, base: &ast::Expr, name: &Ident) -> bool {
        let Some(Entity::Type(ty)) = self.entity_named(base) else { return false };
        let Some(id) = self.enum_id(*ty) else { return false };
        if !self.cx.types.enum_def(id).variants.iter().any(|variant| variant.name == name.name) {
            return false;
        }
        let owner = self.text(base.span).to_owned();
        let between = Span { lo: base.span.hi, hi: name.span.lo, ..name.span };
        self.error(base.span, NotAValue { name: owner.clone(), what: "a type".into() })
            .help(format!("its variants are written `{owner}::{}`", name.name))
            .fix(between, "::");
        true
    }

    /// The config that a name means.
    pub fn config_named(&self, expr: &ast::Expr) -> Option<ConfigId> {
        if let Entity::Config(config) = self.entity_named(expr)? { Some(*config) } else { None }
    }

    /// A parameter may lack the `*`: reported once, with its declaration; later uses of it are not reported.
    fn arrow_on_value(&mut self, base: &Expr, name: &Ident) {
        let param = value::local(base).filter(|&local| self.vars[local].kind == LocalKind::Param);
        let Some(param) = param else { return arrow_on_value(self.cx, base.span, base.ty, name) };
        let ty = self.ty_name(base.ty);
        let (text, declared) = (self.text(base.span).to_owned(), self.vars[param].span);
        self.vars[param].ty = Ty::ERROR;
        self.error(Span { lo: base.span.hi, hi: name.span.lo, ..name.span }, ArrowOnValue { ty: ty.clone() })
            .note(declared, "declared here")
            .help(format!(
                "a copy is used by `{text}.{}`; for what the caller has, declare `{text}: *{ty}`",
                name.name
            ));
    }

    /// Checks `base.name` or `base->name`, whatever the type of `base` is.
    pub fn field_of(&mut self, base: Expr, name: &Ident, arrow: bool, span: Span) -> Expr {
        if base.ty == Ty::ERROR {
            return error_expr(span);
        }
        if value::local(&base).is_some_and(|record| self.has_tail(record, name)) {
            return made(View::Tail(base), span);
        }
        if name.name == test_runs::OUTPUT && self.is_test_run(base.ty) {
            return self.test_output(base, span);
        }
        if let Some(id) = self.struct_id(base.ty) {
            if arrow {
                self.arrow_on_value(&base, name);
            }
            return self.struct_field(base, id, name, span);
        }
        if self.rewritten(base.ty).is_some() {
            self.use_object(&base);
            return self.ctx_field(base, name, span);
        }
        if let Some(bits) = self.be_bits(base.ty).filter(|_| MethodOwner::Network.method(&name.name).is_some()) {
            let ty = self.cx.types.int(bits, false);
            return Expr { kind: ExprKind::Raw(Box::new(base)), ty, span };
        }
        if self.perf_fd(&base, name) {
            return base;
        }
        let base = match self.attached_functions(base, name, span) {
            Ok(count) => return count,
            Err(base) => base,
        };
        let Some(id) = self.pointer(base.ty).and_then(|p| self.struct_id(p.to)) else {
            return self.no_field(base.ty, name, span);
        };
        let at = base.span;
        let is_record = self.pointer(base.ty).is_some_and(|pointer| is_record(&self.cx.types, pointer.to));
        let pointee = self.pointee(base, at);
        if is_record {
            return self.record_field(pointee, id, name, span);
        }
        self.struct_field(pointee, id, name, span)
    }

    /// Checks a field of a struct by its id.
    pub fn struct_field(&mut self, base: Expr, id: StructId, name: &Ident, span: Span) -> Expr {
        if self.is_packet(base.ty) {
            return self.no_packet_field(name, span);
        }
        let Some((field, ty)) = self.find_field_of(Some(&base), id, name) else { return error_expr(span) };
        if self.kept_at != Some(span) && self.refuse_kept_use(ty, name.span) {
            return error_expr(span);
        }
        let kind = if let ExprKind::Const(whole) = &base.kind
            && consts::is_known(&self.cx.types, whole, id, field)
        {
            ExprKind::Const(consts::part(&self.cx.types, whole, field, ty))
        } else {
            ExprKind::Field { base: Box::new(base), field }
        };
        if let TyKind::Array(element, 0) = self.cx.types.kind(ty) {
            return self.first_of(Expr { kind, ty, span }, element);
        }
        self.followed(Expr { kind, ty, span })
    }

    /// A pointer that was read through one that the verifier knows is such a pointer too.
    fn followed(&mut self, field: Expr) -> Expr {
        let Some(Pointer { to, space: Space::BtfUntrusted, nullable }) = self.pointer(field.ty) else { return field };
        if !self.cx.types.is_relocated(to) || self.space_of(&field) != Some(Space::BtfTrusted) {
            return field;
        }
        let ty = self.cx.types.ptr(to, Space::BtfTrusted, nullable);
        value::cast(field, ty)
    }
}

impl Site<'_, '_> {
    /// An array of the kernel whose length is not in its type, as a pointer to the first element.
    fn first_of(&mut self, array: Expr, element: Ty) -> Expr {
        let span = array.span;
        let whole = self.cx.types.ptr(array.ty, Space::BtfUntrusted, false);
        let first = self.cx.types.ptr(element, Space::BtfUntrusted, true);
        value::cast(Expr { kind: ExprKind::AddressOf(Box::new(array)), ty: whole, span }, first)
    }

    fn ctx_field(&mut self, ctx: Expr, name: &Ident, span: Span) -> Expr {
        let Some(id) = self.pointer(ctx.ty).and_then(|p| self.struct_id(p.to)) else { return error_expr(span) };
        if name.name == PACKET_LENGTH && self.rewritten(ctx.ty).is_some_and(|context| context.length_by.is_some()) {
            return self.packet_length(ctx, span);
        }
        if let Some(array) = self.context_array(&ctx, id, name, span) {
            return array;
        }
        let Some((field, ty)) = self.find_field(id, name) else { return error_expr(span) };
        if let Some((_, spec)) = self.context_field(ctx.ty, field)
            && spec.role == FieldRole::PacketMeta
        {
            let of = self.ty_name(ctx.ty);
            self.error(name.span, ContextFieldRefused { field: spec.name.to_owned(), of })
                .help("`ctx.meta(T)` is the `T` at the start of the metadata: `if (var m = ctx.meta(T)) { … }`");
            return error_expr(span);
        }
        let of = self.context_field(ctx.ty, field).and_then(|(_, spec)| spec.kernel);
        let field = Expr { kind: ExprKind::CtxField { ctx: Box::new(ctx), field }, ty, span };
        let Some(of) = of else { return field };
        match kernel_types::required(self.cx, of, span) {
            Some(of) => value::cast(field, self.cx.types.ptr(of, Space::BtfTrusted, false)),
            None => error_expr(span),
        }
    }

    /// Index and type of a field; none if that there is none was reported.
    pub fn find_field(&mut self, id: StructId, name: &Ident) -> Option<(usize, Ty)> {
        self.find_field_of(None, id, name)
    }

    fn find_field_of(&mut self, base: Option<&Expr>, id: StructId, name: &Ident) -> Option<(usize, Ty)> {
        let def = self.cx.types.struct_def(id);
        if let Some(field) = def.field(&name.name) {
            self.cx.uses.note(name.span, || Meaning::Field { of: id, field });
            return Some((field, def.fields[field].ty));
        }
        if def.origin.is_relocated() && def.span.is_none() {
            let mut chain = Vec::new();
            base.into_iter().for_each(|base| self.structs_before(base, &mut chain));
            let field = kernel_types::field(self.cx, id, name, &chain)?;
            self.cx.uses.note(name.span, || Meaning::Field { of: id, field });
            return Some((field, self.cx.types.struct_def(id).fields[field].ty));
        }
        no_such_field(self.cx, id, name);
        None
    }

    /// The structs through which a place is reached, the nearest first.
    fn structs_before(&self, place: &Expr, chain: &mut Vec<StructId>) {
        let (ExprKind::Field { base: before, .. }
        | ExprKind::Index { base: before, .. }
        | ExprKind::Deref(before)
        | ExprKind::DerefIf { pointer: before, .. }
        | ExprKind::Cast(before)) = &place.kind
        else {
            return;
        };
        chain.extend(self.struct_id(before.ty));
        self.structs_before(before, chain);
    }

    fn no_field(&mut self, ty: Ty, name: &Ident, span: Span) -> Expr {
        let length = matches!(name.name.as_str(), "len" | "length" | "size");
        let elements = self.array_length(ty).filter(|_| length);
        let help =
            if length && self.is_str(ty) { "`len(s)` is the length of a string" } else { "only structs have fields" };
        let ty = self.ty_name(ty);
        let error = self.error(name.span, NoSuchField { ty, name: name.name.clone() });
        match elements {
            Some(elements) => in_type(error, span, elements),
            None => error.help(help),
        };
        error_expr(span)
    }

    /// How many elements a value has, if it is an array.
    pub fn array_length(&self, ty: Ty) -> Option<u64> {
        if let TyKind::Array(_, length) = self.cx.types.kind(ty) { Some(length) } else { None }
    }
}

/// Helps with an expression that asks for the length of an array.
pub(super) fn in_type(error: &mut Diagnostic, expr: Span, elements: u64) -> &mut Diagnostic {
    error
        .help(format!("how many elements an array has is in its type: write `{elements}`"))
        .fix(expr, elements.to_string())
}
