//! Iterators: what a program prints and writes for the reader of its file.

use super::value::number;
use super::variables::{LocalKind, Variable};
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::NoBytes;
use crate::diag::codes::lifecycle::{ReadInto, ReadTooMuch, WantsHandle};
use crate::sema::tree::{Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::tables::{self, is_kernel_context};
use crate::types::Ty;

impl Checker<'_, '_> {
    /// `read(a, &v, n)`, or `read(a)` of a perf event.
    pub fn read(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if let [_] = args {
            return self.perf_read(args, span);
        }
        self.takes("read", 3..=3, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, "read"));
        let builtin = tables::builtin("read")?;
        let link = self.typed(&args[0].value, None);
        if link.ty != Ty::LINK && link.ty != Ty::ERROR {
            let found = format!("`{}`", self.ty_name(link.ty));
            let wants = "what `attach` returned for an iterator".to_owned();
            self.error(link.span, WantsHandle { builtin: "read".to_owned(), wants, found });
            return None;
        }
        let (pointer, size, text) = self.read_into(&args[1].value)?;
        let count = self.coerced(&args[2].value, Ty::U64);
        if let Some(count) = number(&count)
            && count > i128::from(size)
        {
            let size = size.to_string();
            self.error(args[2].value.span, ReadTooMuch { size: size.clone() }).fix(args[2].value.span, size);
            return None;
        }
        let constant = |value: i128, ty: Ty| Expr { kind: ExprKind::Const(Const::Int(value)), ty, span };
        let (size, text) = (constant(size.into(), Ty::U64), constant(text.into(), Ty::U32));
        let args = vec![link, pointer, size, count, text];
        Some(Expr::operation(Callee::Builtin(builtin), args, Ty::I32, span))
    }

    /// `&v` of a variable that is filled: its address, its size, and whether it is a string. None if that was reported.
    fn read_into(&mut self, written: &ast::Expr) -> Option<(Expr, u64, bool)> {
        let pointer = self.typed(written, None);
        if pointer.ty == Ty::ERROR {
            return None;
        }
        let to = self.pointer(pointer.ty).map(|of| of.to);
        let Some(to) = to.filter(|&to| !self.cx.types.holds_pointer(to)) else {
            let ty = self.ty_name(pointer.ty);
            self.error(pointer.span, ReadInto { ty })
                .help("give the address of a variable: `read(a, &line, sizeof(line))`");
            return None;
        };
        let is_text = self.is_str(to);
        Some((pointer, self.cx.types.size_of(to), is_text))
    }

    /// `ctx.write(value)`
    pub fn seq_write(&mut self, ctx: Expr, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("write", 1..=1, args, span)?;
        self.refuse_name(&args[0], "write");
        let value = self.typed(&args[0].value, None).known()?;
        if value.ty == Ty::VOID || value.ty == Ty::BYTES || self.pointer(value.ty).is_some() {
            let ty = self.ty_name(value.ty);
            let help = if self.pointer(value.ty).is_some() { "write what it points to: `*p`" } else { "write a value" };
            self.error(value.span, NoBytes { ty }).help(help);
            return None;
        }
        let seq = self.sequence(ctx, span);
        Some(Expr::operation(Callee::SeqWrite, vec![seq, value], Ty::VOID, span))
    }
}

impl State<'_, '_> {
    /// The parameter that is the context of an iterator.
    pub fn own_iterator(&mut self) -> Option<Expr> {
        let is_own = |param: &Variable| param.kind == LocalKind::Param && self.is_iterator(param.ty);
        let (param, span) = self.vars.iter().find(|(_, param)| is_own(param)).map(|(id, param)| (id, param.span))?;
        Some(self.read_local(param, span))
    }

    /// `ctx->meta->seq`
    pub fn sequence(&mut self, ctx: Expr, span: Span) -> Expr {
        let named = |name: &str| Ident { name: name.to_owned(), span };
        let meta = self.field_of(ctx, &named("meta"), true, span);
        self.field_of(meta, &named("seq"), true, span)
    }
}

impl Site<'_, '_> {
    /// Whether a type is a pointer to the context of an iterator.
    pub fn is_iterator(&self, ty: Ty) -> bool {
        self.pointer(ty).is_some_and(|pointer| is_kernel_context(&self.cx.types, pointer.to))
    }
}
