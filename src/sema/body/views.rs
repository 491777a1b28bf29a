//! Views, the type `bytes`: how they are made, their fields and methods, and the uses that are allowed.

use super::exprs::strip;
use super::places::{is_place, root};
use super::pointers::root_local;
use super::value::{Value, cast, error_expr, local};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::NoSuchMethod;
use crate::diag::codes::refused::TextInView;
use crate::diag::codes::types::{MismatchedTypes, NotViewable};
use crate::sema::tree::{Const, Expr, ExprKind, LocalId, Optional, OptionalKind, StmtKind, View};
use crate::source::Span;
use crate::tables::{FieldRole, LONGEST_OF_CHOICES, MethodOwner, ValueMethod, ValueMethodSpec};
use crate::types::{Space, Ty, TyKind};

/// The name of a method as it is written, and the arguments.
type Call<'a> = (&'a Ident, &'a [ast::Arg]);

impl Checker<'_, '_> {
    /// `ctx.bytes(offset, count)`
    pub fn packet_view(&mut self, ctx: LocalId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let context = self.context_spec(self.vars[ctx].ty);
        if context.is_none_or(|context| context.fields.iter().all(|field| field.role != FieldRole::PacketStart)) {
            self.check_args(args);
            let of = "this context, which has no packet".to_owned();
            self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
            return None;
        }
        let (offset, count) = self.view_extent(name, args)?;
        let ctx = self.read_local(ctx, span);
        Some(made(View::Packet { ctx, offset, count }, span))
    }

    /// `view.slice(offset, count)`, `view.read(offset, T)`
    pub fn view_method(&mut self, base: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let base = self.plain_view(base);
        if base.ty == Ty::ERROR {
            self.check_args(args);
            return Some(base);
        }
        match MethodOwner::View.method(&name.name) {
            Some(ValueMethod::Slice) => self.view_part(base, name, args, span),
            Some(ValueMethod::Read) => self.view_read(base, (name, args), span),
            _ => {
                self.check_args(args);
                self.no_value_method(MethodOwner::View, name);
                None
            }
        }
    }

    /// The part of a view that the arguments `offset` and `count` of a method say.
    pub(super) fn view_part(&mut self, view: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let (offset, count) = self.view_extent(name, args)?;
        Some(made(View::Slice { view, offset, count }, span))
    }

    /// The arguments `offset` and `count`; the second is optional.
    fn view_extent(&mut self, name: &Ident, args: &[ast::Arg]) -> Option<(Expr, Option<Expr>)> {
        args.iter().for_each(|arg| self.refuse_name(arg, &name.name));
        let (offset, count) = match args {
            [offset] => (offset, None),
            [offset, count] => (offset, Some(count)),
            [] | [_, _, ..] => {
                self.check_args(args);
                self.wrong_count(&name.name, "1 or 2 arguments", args.len(), name.span).help(format!(
                    "`{}(offset, count)` views so many bytes from there on, all without `count`",
                    name.name
                ));
                return None;
            }
        };
        let offset = self.count_of_bytes(&offset.value);
        let count = count.map(|count| self.count_of_bytes(&count.value));
        Some((offset?, count.map_or(Some(None), |count| count.map(Some))?))
    }

    pub(super) fn count_of_bytes(&mut self, arg: &ast::Expr) -> Option<Expr> {
        let value = self.value(arg, Some(Ty::U32));
        if value.is_error() { None } else { self.offset_number(value) }
    }

    fn view_read(&mut self, base: Expr, (name, args): Call<'_>, span: Span) -> Option<Expr> {
        let [offset, of] = args else {
            self.check_args(&args[..args.len().min(1)]);
            self.wrong_count("read", "2 arguments", args.len(), name.span)
                .help("`b.read(offset, T)` is a copy of the `T` that lies so many bytes into it");
            return None;
        };
        let offset = self.count_of_bytes(&offset.value);
        let of = self.type_argument(&of.value);
        let offset = offset.filter(|_| of != Ty::ERROR)?;
        if !self.consists_of_bytes(of) {
            return Some(self.not_viewable(of, span));
        }
        self.warn_padding(of, span);
        let read = |of| {
            let kind = ExprKind::ViewRead { view: Box::new(base), offset: Box::new(offset) };
            Expr { kind, ty: of, span }
        };
        // Nothing says that the bytes end in a NUL.
        if let TyKind::Str(size) = self.cx.types.kind(of) {
            let text = self.cx.types.array(Ty::CHAR, size.into());
            return Some(cast(read(text), of));
        }
        if self.cx.types.holds(of, &|kind| matches!(kind, TyKind::Str(_))) {
            self.error(span, TextInView {})
                .help("declare the text as an array of `char`, and convert it to a string where it is used");
            return Some(error_expr(span));
        }
        Some(read(of))
    }

    /// `view[index]`
    pub fn view_byte(&mut self, base: Expr, index: &ast::Expr, span: Span) -> Expr {
        let base = self.plain_view(base);
        // A write through a view goes to the viewed memory, so it counts as a read of the variable that holds the view.
        if let Some(view) = local(&base) {
            self.vars[view].read = true;
        }
        match self.count_of_bytes(index).filter(|_| base.ty != Ty::ERROR) {
            Some(index) => {
                let kind = ExprKind::ViewByte { view: Box::new(base), index: Box::new(index) };
                Expr { kind, ty: Ty::U8, span }
            }
            None => error_expr(span),
        }
    }

    /// `ctx.bytes(…)` and `view.slice(…)` where it is tested whether all of it exists; none if it is no such call.
    pub fn view_optional(&mut self, expr: &ast::Expr) -> Option<Optional> {
        let ast::ExprKind::Call { callee, .. } = &strip(expr).kind else { return None };
        let ast::ExprKind::Field { base, name, .. } = &strip(callee).kind else { return None };
        if !self.makes_view(base, name) {
            return None;
        }
        let view = self.typed(expr, None);
        let span = view.span;
        Some(Optional { ty: view.ty, kind: OptionalKind::View(view), span })
    }

    /// `for (i, c in view)`
    pub fn for_view(&mut self, stmt: &ast::ForStmt, view: Expr) -> Option<StmtKind> {
        let Some(value) = stmt.names.last() else { crate::bug!("a loop without a name") };
        let no_index = ast::Ident { name: "_".to_owned(), span: value.span };
        let index = if stmt.names.len() > 1 { &stmt.names[0] } else { &no_index };
        let view = self.plain_view(view);
        self.forget_changed(&stmt.body);
        let after = self.flow.clone();
        self.vars.blocks.push();
        let index = self.declare(&index.name, Ty::U32, index.span, LocalKind::LoopVariable);
        let value = self.declare(&value.name, Ty::U8, value.span, LocalKind::LoopVariable);
        let body = self.loop_body(&stmt.body);
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
        Some(StmtKind::ForView { view, index, value, body })
    }
}

impl State<'_, '_> {
    /// Whether an expression is a `bytes` by its form: a variable, or a view of one.
    fn is_view(&self, expr: &ast::Expr) -> bool {
        if let Some(name) = super::exprs::plain_name(expr) {
            return self.vars.local_of(&name.name).is_some_and(|local| self.vars[local].ty == Ty::BYTES);
        }
        if let ast::ExprKind::Field { base, name, .. } = &strip(expr).kind {
            let record = super::exprs::plain_name(base).and_then(|base| self.vars.local_of(&base.name));
            return record.is_some_and(|record| self.has_tail(record, name));
        }
        let ast::ExprKind::Call { callee, .. } = &strip(expr).kind else { return false };
        let ast::ExprKind::Field { base, name, .. } = &strip(callee).kind else { return false };
        self.makes_view(base, name)
    }

    /// The kind of a value by the form of the expression, if that has methods.
    pub fn receiver_of(&self, base: &ast::Expr) -> Option<MethodOwner> {
        if self.context_named(base).is_some() {
            return Some(MethodOwner::Context);
        }
        self.is_view(base).then_some(MethodOwner::View)
    }

    /// Whether a method with this name yields a view of what `base` is.
    fn makes_view(&self, base: &ast::Expr, name: &Ident) -> bool {
        MethodOwner::Context.method(&name.name) == Some(ValueMethod::Bytes) && self.context_named(base).is_some()
            || MethodOwner::View.method(&name.name) == Some(ValueMethod::Slice) && self.is_view(base)
    }

    /// Reports that values of a kind have no method of this name.
    pub fn no_value_method(&mut self, of: MethodOwner, name: &Ident) {
        let near = crate::diag::similar::best(&name.name, of.methods().map(ValueMethodSpec::word));
        let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of: of.words().into() });
        match near {
            Some(near) => error.near(name.span, near),
            None => error.help(format!("it has {}", of.forms())),
        };
    }

    /// A value as a view of it, for a variable or a parameter: what that writes must not be lost.
    pub fn view_of(&mut self, value: Value) -> Expr {
        let span = value.span();
        if value.ty() == Ty::BYTES {
            return self.plain_view(value.expr);
        }
        let value = self.no_void(value.expr);
        if matches!(root(&value).kind, ExprKind::ConfigField { .. }) {
            self.error(span, NotViewable { what: "a config, which BPF code cannot change,".into() })
                .help("take a copy: `var copy = …`, and view that");
            return error_expr(span);
        }
        if self.is_in_packet(&value) && self.cx.types.size_of(value.ty) > LONGEST_OF_CHOICES {
            let what = format!("a value of the packet of more than {LONGEST_OF_CHOICES} bytes");
            self.error(span, NotViewable { what })
                .help("view the packet where it is: `ctx.packet(offset, n)`, or a copy: `var copy = …`");
            return error_expr(span);
        }
        self.view_of_value(value)
    }

    /// A value as a view of it, for an argument of a builtin that reads it.
    pub(super) fn view_to_read(&mut self, value: Value) -> Expr {
        if value.ty() == Ty::BYTES {
            self.plain_view(value.expr)
        } else {
            let value = self.no_void(value.expr);
            self.view_of_value(value)
        }
    }

    fn view_of_value(&mut self, value: Expr) -> Expr {
        let span = value.span;
        if value.ty == Ty::ERROR {
            return value;
        }
        if self.is_packet(value.ty) {
            return self.whole_packet(value).unwrap_or_else(|| error_expr(span));
        }
        if !self.consists_of_bytes(value.ty) {
            return self.not_viewable(value.ty, span);
        }
        if let Some((what, _)) = self.without_address(&value) {
            self.error(span, NotViewable { what: what.into() }).help("take a copy: `var copy = …`, and view that");
            return error_expr(span);
        }
        if self.may_be_out_of_range(&value) {
            let what = "an element at a variable index, or of what may be absent,".to_owned();
            self.error(span, NotViewable { what }).help("take a copy: `var copy = …`, and view that");
            return error_expr(span);
        }
        if is_place(&value) {
            if let Some(Space::User | Space::Arena | Space::Ctx | Space::BtfTrusted | Space::BtfUntrusted) =
                self.space_of(&value)
            {
                let what = "memory of the kernel, of a process or of an arena".to_owned();
                self.error(span, NotViewable { what }).help("take a copy: `var copy = *p`, and view that");
                return error_expr(span);
            }
            if let Some(local) = root_local(&value) {
                self.vars[local].address_taken = true;
            }
        }
        made(View::Value(value), span)
    }

    /// `len(view)`
    pub fn view_length(&mut self, view: Expr, ty: Ty, span: Span) -> Expr {
        let view = self.plain_view(view);
        if view.ty == Ty::ERROR {
            return view;
        }
        Expr { kind: ExprKind::ViewLen(Box::new(view)), ty, span }
    }

    /// A view to write through: it must view a value that is stored somewhere.
    pub(super) fn view_to_write(&mut self, value: Value) -> Expr {
        let view = self.view_of(value);
        if let ExprKind::View(made) = &view.kind
            && let View::Value(value) = &**made
            && !is_place(value)
        {
            let text = self.text(value.span).to_owned();
            let (span, wanted) = (value.span, "a `bytes`, or a variable".to_owned());
            self.error(span, MismatchedTypes { wanted, found: format!("the value of `{text}`") })
                .help("what is written there would be lost");
            return error_expr(span);
        }
        view
    }

    /// The operands of `==` and `!=` as views, if one is.
    pub fn compared_views(&mut self, left: Value, right: Value) -> (Expr, Expr) {
        (self.view_to_read(left), self.view_to_read(right))
    }
}

impl Site<'_, '_> {
    /// `ctx.len`: how many bytes there are in a view of the whole packet.
    pub fn packet_length(&self, ctx: Expr, span: Span) -> Expr {
        let start = Expr { kind: ExprKind::Const(Const::Int(0)), ty: Ty::U32, span };
        let whole = made(View::Packet { ctx, offset: start, count: None }, span);
        Expr { kind: ExprKind::ViewLen(Box::new(whole)), ty: Ty::U32, span }
    }

    /// Numbers, text, and arrays and structs of these.
    pub(super) fn consists_of_bytes(&self, ty: Ty) -> bool {
        let types = &self.cx.types;
        let opaque = |kind| {
            matches!(
                kind,
                TyKind::Void
                    | TyKind::Ptr { .. }
                    | TyKind::Fn(_)
                    | TyKind::Handle(_)
                    | TyKind::Link
                    | TyKind::Bytes
                    | TyKind::Null
                    | TyKind::Opt(_)
                    | TyKind::Place { .. }
            )
        };
        !types.holds(ty, &opaque) && !types.has_kept(ty)
    }

    pub(super) fn not_viewable(&mut self, ty: Ty, span: Span) -> Expr {
        let pointee = self.pointer(ty).filter(|pointer| self.consists_of_bytes(pointer.to));
        let text = self.text(span).to_owned();
        let what = format!("a `{}`", self.ty_name(ty));
        let error = self.error(span, NotViewable { what });
        if pointee.is_some() {
            error.help(format!("what it points to has bytes: `*{text}`")).fix(span, format!("*{text}"));
        }
        error_expr(span)
    }
}

pub(super) fn made(view: View, span: Span) -> Expr {
    Expr { kind: ExprKind::View(Box::new(view)), ty: Ty::BYTES, span }
}
