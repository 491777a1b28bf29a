//! Literals, and expressions of literals alone: they fold exactly and take the type of the place that they go to.

use super::value::{Value, error_expr, number};
use super::variables::{Name, Variables};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Path, UnaryOp};
use crate::diag::codes::shared::{OwnerPlace, SpecialPlace};
use crate::diag::codes::types::{MissingFields, NotAStruct, ObjectByPointer};
use crate::sema::advice::members::{LEFT_OUT, given_again, no_such_field};
use crate::sema::consts::gives_again;
use crate::sema::consts::{self, Constant};
use crate::sema::env::Entity;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::source::Span;
use crate::tables::STRUCTS;
use crate::types::{BitField, Origin, StructDef, StructId, Ty, TyKind};
use crate::uses::Meaning;

impl Checker<'_, '_> {
    /// `sizeof(e)`, which does not evaluate its operand.
    pub fn size_of(&mut self, operand: &ast::Expr, whole: &ast::Expr, expected: Option<Ty>) -> Value {
        if self.has_written_size(operand) {
            return self.literal(whole, expected);
        }
        let flow = self.flow.clone();
        let operand = self.typed(operand, None);
        self.flow = flow;
        match operand.ty {
            Ty::ERROR => error_expr(whole.span).into(),
            ty => Value::untyped(self.cx.types.size_of(ty).into(), whole.span),
        }
    }

    /// Checks the operands of the `sizeof`s of a literal, see `is_literal`.
    fn check_sizes_in(&mut self, expr: &ast::Expr) {
        if let Ast::Paren(inner) | Ast::Unary { operand: inner, .. } = &expr.kind {
            self.check_sizes_in(inner);
        } else if let Ast::Binary { left, right, .. } = &expr.kind {
            self.check_sizes_in(left);
            self.check_sizes_in(right);
        } else if let Ast::SizeofExpr(operand) = &expr.kind {
            self.check_named_in(operand);
        } else if let Ast::SizeofType(ast::Type { kind: ast::TypeKind::Named(path), .. }) = &expr.kind {
            self.vars.note_sized(path);
        }
    }

    /// A variable that `sizeof` names is used, and its indexes are numbers.
    fn check_named_in(&mut self, operand: &ast::Expr) {
        if let Ast::Index { base, index } = &operand.kind {
            if self.with_scope(|cx, scope| consts::written_type(cx, scope, operand)).is_none() {
                self.coerced(index, Ty::U64);
            }
            self.check_named_in(base);
        } else if let Ast::Paren(inner)
        | Ast::Field { base: inner, .. }
        | Ast::Unary { op: UnaryOp::Deref, operand: inner } = &operand.kind
        {
            self.check_named_in(inner);
        } else if let Ast::Name(path) = &operand.kind {
            self.vars.note_sized(path);
        }
    }

    /// Checks an expression of literals and constants by computing it; the type of its place, if known, is `expected`.
    pub fn literal(&mut self, expr: &ast::Expr, expected: Option<Ty>) -> Value {
        let flow = self.flow.clone();
        self.check_sizes_in(expr);
        self.flow = flow;
        let constant = self.with_scope(|cx, scope| consts::value(cx, scope, expr, expected));
        match constant {
            Some(Constant { value: Const::Int(number), ty: None }) => Value::untyped(number, expr.span),
            Some(Constant { value, ty: Some(ty) }) => Expr { kind: ExprKind::Const(value), ty, span: expr.span }.into(),
            Some(_) | None => error_expr(expr.span).into(),
        }
    }

    /// `Name { field: value, … }`; `rest` is a `..` at its end.
    pub fn struct_literal(&mut self, name: &Path, (inits, rest): (&[ast::FieldInit], bool), span: Span) -> Expr {
        let named = ast::Type { kind: ast::TypeKind::Named(name.clone()), span: name.span };
        let ty = self.resolve_bare(&named);
        if let Some(spec) = self.cx.types.special(ty) {
            self.error(span, SpecialPlace { what: format!("a `{}`", spec.name) });
            return error_expr(span);
        }
        if self.cx.types.has_origin(ty, Origin::is_link) {
            let what = format!("a `{}`, which is in lists or trees,", self.ty_name(ty));
            self.error(span, OwnerPlace { what }).help("make it by `new`, and write its fields through the pointer");
            return error_expr(span);
        }
        if self.cx.types.is_relocated(ty) {
            let ty = self.ty_name(ty);
            self.error(span, ObjectByPointer { ty });
            return error_expr(span);
        }
        let TyKind::Struct(id) = self.cx.types.kind(ty) else {
            for init in inits {
                self.typed(&init.value, None);
            }
            if ty != Ty::ERROR {
                let name = self.text(name.span).to_owned();
                self.error(span, NotAStruct { name });
            }
            return error_expr(span);
        };
        if self.is_packet(ty) {
            return self.packet_by_fields(inits, span);
        }
        self.fields_of_literal(ty, id, (inits, rest), span)
    }

    /// A literal of a struct that is known.
    pub(super) fn fields_of_literal(
        &mut self,
        ty: Ty,
        id: StructId,
        (inits, rest): (&[ast::FieldInit], bool),
        span: Span,
    ) -> Expr {
        let mut fields = self.literal_fields(id, inits);
        // A name that is no field's is likely the one that is missing.
        let filled = fields.as_mut().is_some_and(|fields| {
            self.check_perf_options(ty, fields, span) && self.fill_defaults(id, fields, rest, span)
        });
        match fields.filter(|_| filled) {
            Some(fields) => Expr { kind: ExprKind::Struct { fields }, ty, span },
            None => error_expr(span),
        }
    }

    /// The fields that a literal gives, each once; none if one of them was reported as no field, or as given twice.
    pub(super) fn literal_fields(&mut self, id: StructId, inits: &[ast::FieldInit]) -> Option<Vec<(usize, Expr)>> {
        let mut fields: Vec<(usize, Expr)> = Vec::new();
        let mut failed = false;
        for init in inits {
            let Some((index, field_ty)) = self.literal_field(id, &init.name) else {
                self.typed(&init.value, None);
                failed = true;
                continue;
            };
            let value = self.coerced(&init.value, field_ty);
            let bits = self.cx.types.struct_def(id).fields[index].bits;
            self.warn_bits(&value, bits);
            if let Some((before, _)) = fields.iter().find(|(before, _)| gives_again(&self.cx.types, id, *before, index))
            {
                given_again(self.cx, id, *before, &init.name);
                failed = true;
                continue;
            }
            fields.push((index, value));
        }
        (!failed).then_some(fields)
    }
}

impl State<'_, '_> {
    /// Whether the type of an expression depends on its context.
    pub fn is_open(&self, expr: &ast::Expr) -> bool {
        if let Ast::Paren(inner) = &expr.kind {
            return self.is_open(inner);
        }
        if let Ast::Ternary { then, otherwise, .. } = &expr.kind {
            return self.is_open(then) && self.is_open(otherwise);
        }
        if let Ast::Array(elements) = &expr.kind {
            return elements.iter().all(|element| self.is_open(element));
        }
        if let Ast::Fill { value, .. } = &expr.kind {
            return self.is_open(value);
        }
        self.is_shared_variant(expr) || matches!(expr.kind, Ast::Null) || self.is_literal(expr)
    }

    fn is_shared_variant(&self, expr: &ast::Expr) -> bool {
        matches!(self.entity_named(expr), Some(Entity::Variants(list)) if list.visible.len() + list.hidden.len() > 1)
    }

    /// Integer literals, what is as one, and operators on those.
    pub fn is_literal(&self, expr: &ast::Expr) -> bool {
        if let Ast::Paren(inner) | Ast::Unary { op: UnaryOp::Neg | UnaryOp::BitNot, operand: inner } = &expr.kind {
            return self.is_literal(inner);
        }
        if let Ast::Binary { op, left, right, .. } = &expr.kind {
            return consts::is_arithmetic(*op) && self.is_literal(right) && self.is_literal(left);
        }
        if matches!(expr.kind, Ast::Name(_) | Ast::Field { .. }) {
            return self.is_open_constant(expr);
        }
        if self.is_kernel_measure(expr) {
            return false;
        }
        if let Ast::SizeofExpr(operand) = &expr.kind {
            return self.has_written_size(operand);
        }
        matches!(expr.kind, Ast::Int(_) | Ast::SizeofType(_) | Ast::Offsetof { .. })
    }

    /// Whether the operand of `sizeof` is a type, a variable, or a part of one: what constants know the size of.
    fn has_written_size(&self, operand: &ast::Expr) -> bool {
        if matches!(self.entity_named(operand), Some(Entity::Map(_) | Entity::Config(_))) {
            return false;
        }
        if let Ast::Paren(inner)
        | Ast::Field { base: inner, .. }
        | Ast::Index { base: inner, .. }
        | Ast::Unary { op: UnaryOp::Deref, operand: inner } = &operand.kind
        {
            return self.has_written_size(inner);
        }
        matches!(operand.kind, Ast::Name(_))
    }

    /// A constant that was declared without a type.
    fn is_open_constant(&self, expr: &ast::Expr) -> bool {
        if let Ast::Name(path) = &expr.kind
            && let [name] = path.segments.as_slice()
            && let Some(local) = self.vars.local_name(&name.name)
        {
            return matches!(local, Name::Const { value: Const::Int(_), ty: None, .. });
        }
        matches!(self.entity_named(expr), Some(Entity::Const { value: Const::Int(_), ty: None }))
    }
}

impl Site<'_, '_> {
    /// Warns if a constant goes to a bit-field that does not hold it.
    pub fn warn_bits(&mut self, value: &Expr, bits: Option<BitField>) {
        if let (Some(bits), Some(number)) = (bits, number(value))
            && self.cx.types.as_int(value.ty).is_some()
        {
            consts::warn_bits(self.cx, value.span, number, (value.ty, bits));
        }
    }

    /// A constant string whose type has room for a NUL after the bytes.
    pub fn string(&mut self, bytes: &[u8], span: Span) -> Expr {
        let ty = self.cx.types.string(bytes.len() as u32 + 1);
        Expr { kind: ExprKind::Const(Const::Str(bytes.to_vec())), ty, span }
    }

    fn literal_field(&mut self, id: StructId, name: &ast::Ident) -> Option<(usize, Ty)> {
        let def = self.cx.types.struct_def(id);
        if let Some(index) = def.field(&name.name) {
            let ty = def.fields[index].ty;
            self.cx.uses.note(name.span, || Meaning::Field { of: id, field: index });
            return (!self.refuse_kept_use(ty, name.span)).then_some((index, ty));
        }
        no_such_field(self.cx, id, name);
        None
    }

    /// Adds what the literal leaves out: the default, and with `rest` zero where a field has none.
    pub(super) fn fill_defaults(
        &mut self,
        id: StructId,
        fields: &mut Vec<(usize, Expr)>,
        rest: bool,
        span: Span,
    ) -> bool {
        let def = self.cx.types.struct_def(id);
        let mut missing = Vec::new();
        let mut types: Vec<(usize, Ty)> = Vec::new();
        let given: Vec<usize> = fields.iter().map(|(given, _)| *given).collect();
        for index in self.cx.types.lacking(id, &given) {
            types.push((index, def.fields[index].ty));
        }
        for (index, ty) in types {
            let zero = (rest || self.cx.types.is_zero_by_default(id, index)).then_some(&Const::Zero);
            let of_table = table_default(self.cx.types.struct_def(id), index);
            match self.env.field_defaults.get(&(id, index)).or(of_table.as_ref()).or(zero) {
                Some(value) => fields.push((index, Expr { kind: ExprKind::Const(value.clone()), ty, span })),
                None => missing.push(consts::lacking_name(&self.cx.types, id, index)),
            }
        }
        if missing.is_empty() {
            return true;
        }
        let ty = self.cx.types.struct_def(id).name.clone();
        self.error(span, MissingFields { ty, fields: missing.join(", ") }).help(LEFT_OUT);
        false
    }
}

impl Variables {
    fn note_sized(&mut self, path: &Path) {
        if let [name] = path.segments.as_slice()
            && let Some(local) = self.local_of(&name.name)
        {
            self[local].read = true;
        }
    }
}

/// The default that a predefined struct has for a field.
fn table_default(def: &StructDef, field: usize) -> Option<Const> {
    let spec = STRUCTS.iter().find(|spec| def.origin == Origin::Kernel && spec.name == def.name)?;
    spec.fields.get(field)?.default.map(|number| Const::Int(number.into()))
}
