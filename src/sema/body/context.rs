//! The context of a program: its fields, and the packet that it describes.

use super::exprs::strip;
use super::lifecycle::loaded_by;
use super::{Site, State};
use crate::ast::{self, ExprKind as Ast};
use crate::sema::tree::{Expr, ExprKind, LocalId};
use crate::tables::{ContextField, ContextSpec, FieldRole, context_of};
use crate::types::Ty;

impl State<'_, '_> {
    /// The variable that a plain name means, if it is a pointer to a context.
    pub fn context_named(&self, expr: &ast::Expr) -> Option<LocalId> {
        let Ast::Name(path) = &strip(expr).kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let local = self.vars.local_of(&name.name)?;
        self.context_spec(self.vars[local].ty)?;
        Some(local)
    }

    /// The end of the packet that `ctx->data`, `ctx->data_end` and the like mean, and the context; a variable that holds such a pointer
    /// counts too.
    pub fn packet_end(&self, expr: &ast::Expr) -> Option<(FieldRole, LocalId)> {
        let expr = strip(expr);
        if let Ast::Field { base, name, .. } = &expr.kind {
            let ctx = self.context_named(base)?;
            let context = self.context_spec(self.vars[ctx].ty)?;
            let field = context.fields.iter().find(|field| field.name == name.name)?;
            return (field.role != FieldRole::Plain).then_some((field.role, ctx));
        }
        let Ast::Name(path) = &expr.kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let info = &self.vars[self.vars.local_of(&name.name)?];
        info.packet.filter(|_| info.packet_offset.is_none())
    }

    /// The facts about a variable from its initial value.
    pub fn note_initialised(&mut self, local: LocalId, value: &Expr) {
        self.note_assigned(local, Some(value));
        let packet = self.packet_value(value);
        let program = loaded_by(value);
        let header = self.header_of(value);
        let info = &mut self.vars[local];
        info.packet = packet;
        info.header = header;
        info.program = program;
    }

    /// Whether a value is `ctx->data` or the like, which no test has made a pointer into the packet.
    pub fn is_packet_end(&self, value: &Expr) -> bool {
        let held = super::value::local(value).is_some_and(|local| self.vars[local].packet.is_some());
        held || self.packet_value(value).is_some()
    }
}

impl Site<'_, '_> {
    /// The context that a pointer type points to.
    pub fn context_spec(&self, ty: Ty) -> Option<&'static ContextSpec> {
        self.rewritten(ty).filter(|context| !context.object)
    }

    /// The context, or the kernel object, that a pointer type points to: what only the verifier has the layout of.
    pub fn rewritten(&self, ty: Ty) -> Option<&'static ContextSpec> {
        context_of(&self.cx.types, ty)
    }

    /// The records of a field of a context or kernel object to which a pointer of the type `ctx` leads; none for other pointers.
    pub fn context_field(&self, ctx: Ty, field: usize) -> Option<(&'static ContextSpec, &'static ContextField)> {
        let context = self.rewritten(ctx)?;
        Some((context, context.fields.get(field)?))
    }

    fn packet_value(&self, value: &Expr) -> Option<(FieldRole, LocalId)> {
        let ExprKind::CtxField { ctx, field } = &super::value::strip_cast(value).kind else { return None };
        let (_, field) = self.context_field(ctx.ty, *field)?;
        (field.role != FieldRole::Plain).then_some((field.role, super::value::local(ctx)?))
    }
}
