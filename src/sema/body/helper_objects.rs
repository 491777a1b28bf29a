//! Objects of the kernel as arguments and results of helpers, by the names of their types; and handles of memory.

use super::exprs::strip;
use super::value::{error_expr, local, number, strip_cast};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::contexts::{DynptrArgument, DynptrPlace};
use crate::sema::kernel_types;
use crate::sema::tree::{Expr, ExprKind, LocalId, Role};
use crate::source::Span;
use crate::tables::{CONTEXTS, HelperArg};
use crate::types::{Origin, Space, Ty};

impl Checker<'_, '_> {
    /// `&d`: a variable of the function, whose place the verifier knows.
    pub(super) fn dynptr_argument(&mut self, callee: &str, arg: &ast::Expr) -> Expr {
        let inner = strip(arg);
        let named = if let ast::ExprKind::Unary { op: ast::UnaryOp::AddressOf, operand } = &inner.kind {
            operand
        } else {
            inner
        };
        let value = self.kept(named, |this| this.value(arg, None).expr);
        if value.ty == Ty::ERROR {
            return value;
        }
        let is_variable = matches!(&value.kind, ExprKind::AddressOf(place) if local(place).is_some());
        let to = self.pointer(value.ty).map(|pointer| pointer.to);
        if is_variable && to.is_some_and(|to| self.cx.types.has_origin(to, |origin| origin == Origin::Dynptr)) {
            return value;
        }
        self.error(value.span, DynptrArgument { name: callee.to_owned() })
            .help("declare one in the same function, `var d: bpf_dynptr`, and give its address: `&d`");
        error_expr(value.span)
    }

    /// An object of the kernel, by the name of its type; in place of one of `contexts.toml` also what begins with it.
    pub(super) fn object_argument(&mut self, spec: &HelperArg, object: &str, arg: &ast::Expr) -> Expr {
        let value = self.value(arg, None);
        if value.is_error() {
            return value.expr;
        }
        let begins = self.object_with(object, value.ty(), spec.nullable).filter(|_| spec.btf);
        match begins.unwrap_or_else(|| self.object_result(object, spec.nullable, arg.span)) {
            Ty::ERROR => error_expr(arg.span),
            wanted => self.coerce(value, wanted),
        }
    }
}

impl State<'_, '_> {
    /// Whether a variable is a dynptr. It has no value: a use as one is reported.
    pub(super) fn refuse_dynptr(&mut self, variable: LocalId, span: Span) -> bool {
        let ty = self.vars[variable].ty;
        let is_dynptr = self.cx.types.has_origin(ty, |origin| origin == Origin::Dynptr);
        if is_dynptr {
            self.vars[variable].read = true;
            self.error(span, DynptrPlace {})
                .help("helpers and functions of the kernel take its address: `bpf_dynptr_size(&d)`");
        }
        is_dynptr
    }
}

impl Site<'_, '_> {
    /// Memory of so many bytes, or null.
    pub(super) fn memory_result(&mut self, size: Option<&Expr>) -> Ty {
        let bytes = size.and_then(|size| number(strip_cast(size))).and_then(|size| u64::try_from(size).ok());
        let of = self.cx.types.array(Ty::U8, bytes.unwrap_or_default());
        self.cx.types.ptr(of, Space::Any, true)
    }

    /// An object of `contexts.toml`, or one of the kernel's own types.
    pub fn object_result(&mut self, object: &str, nullable: bool, span: Span) -> Ty {
        if CONTEXTS.iter().any(|context| context.object && context.name == object) {
            return self.object_pointer(object, nullable);
        }
        match kernel_types::required(self.cx, object, span) {
            Some(of) => self.cx.types.ptr(of, Space::BtfTrusted, nullable),
            None => Ty::ERROR,
        }
    }

    /// The type of a pointer to a struct that begins with an object of `contexts.toml`, as helpers take it in the object's place; none if
    /// the pointer is to something else.
    pub fn object_with(&mut self, object: &str, pointer: Ty, nullable: bool) -> Option<Ty> {
        let to = self.pointer(pointer)?.to;
        let spec = CONTEXTS.iter().find(|context| context.object && context.name == object)?;
        let name = self.cx.types.name(to);
        let begins = self.cx.types.is_relocated(to) && spec.begins.contains(&name.as_str());
        (begins || name == object).then(|| self.cx.types.ptr(to, Space::BtfTrusted, nullable))
    }

    fn object_pointer(&mut self, object: &str, nullable: bool) -> Ty {
        self.table_type(&format!("*{object}{}", if nullable { "?" } else { "" }))
    }

    /// A pointer to an object that the kernel handed to a function of an `impl`: helpers take it where other programs have a context.
    pub(super) fn is_object_of_member(&self, ty: Ty) -> bool {
        let Role::Program(role) = &self.env.program.func(self.func).role else { return false };
        let pointer = self.pointer(ty).filter(|pointer| pointer.space == Space::BtfTrusted);
        role.spec.is_member() && pointer.is_some_and(|pointer| self.cx.types.is_relocated(pointer.to))
    }
}
