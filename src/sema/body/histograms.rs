//! What is done with histograms: `h.add(x)`, `h.add(key, x, times: n)`, `h.count()`, `h.sum()`, `h.percentile(p)`, `for (low, n in h)`.
//!
//! To user space a histogram is a value, of the type of the map's entries: that of a key as any entry, the one of a map without keys where
//! its map is named.

use super::calls::counted;
use super::map_methods::MapCall;
use super::signatures::{Param, Signature};
use super::value::{all_known, cast, int_expr, number};
use super::variables::LocalKind;
use super::{Checker, Site};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::{ArgumentCount, NamedArgument, NoSuchMethod};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::similar;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, MapId, StmtKind};
use crate::source::Span;
use crate::tables::{KeyRule, MAP_METHODS, MapAccess, MapMethodSpec};
use crate::types::Ty;

/// How often a value counts.
const TIMES: &str = "times";

impl Checker<'_, '_> {
    /// `h.add(x)`; with a key for each histogram `h.add(key, x)`. None if it is wrong, which is reported.
    pub fn histogram_add(&mut self, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, name, args, span, .. } = call;
        let declared = self.env.program.map(map);
        let is_keyed = declared.kind.key == KeyRule::Any;
        let form = match is_keyed {
            true => format!("it is `{}.add(key, x)`; `times: n` counts the value n times", declared.name),
            false => format!("it is `{}.add(x)`; `times: n` counts the value n times", declared.name),
        };
        let (plain, named) = args.split_at(args.iter().take_while(|arg| arg.name.is_none()).count());
        let times = self.times(name, named, &form, span);
        let (key, value) = match plain {
            [key, value] if is_keyed => (Some(key), value),
            [value] if !is_keyed => (None, value),
            _ if times.is_none() => return None,
            _ => {
                plain.iter().for_each(|arg| drop(self.value(&arg.value, None)));
                let takes = if is_keyed { "a key and a value" } else { "a value" };
                self.wrong_count(&name.name, takes, plain.len(), span).help(form.as_str());
                return None;
            }
        };
        let key = match key {
            None => int_expr(0, Ty::U32, span),
            Some(key) => {
                let mut signature = Signature { form, ..Signature::new(&name.name, name.span, vec![Param::Key(map)]) };
                let keys = self.arguments(&mut signature, std::slice::from_ref(key))?;
                all_known(keys)?.pop()?
            }
        };
        let value = self.counted_value(value)?;
        Some(Expr::operation(Callee::HistogramAdd(map), vec![key, value, times?], Ty::VOID, span))
    }

    /// `h.count()` and the like of a histogram as a value. None if it is wrong, which is reported.
    pub fn histogram_method(&mut self, of: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let methods = || MAP_METHODS.iter().filter(|method| method.needs == MapAccess::Buckets);
        let Some(method) = methods().find(|method| method.word() == name.name) else {
            self.check_args(args);
            let near = similar::best(&name.name, methods().map(MapMethodSpec::word));
            let of = "a histogram".to_owned();
            let error = self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
            if let Some(near) = near {
                error.near(name.span, near);
            } else {
                error.help("a histogram has `count()`, `sum()` and `percentile(p)`");
            }
            return None;
        };
        self.histogram_figure(of, method, args, span)
    }

    /// The same of the histogram of a map without keys.
    pub fn only_histogram_method(&mut self, call: MapCall<'_>) -> Option<Expr> {
        let only = self.only_histogram(call.map, call.span);
        self.histogram_figure(only, call.method, call.args, call.span)
    }

    fn histogram_figure(
        &mut self,
        of: Expr,
        method: &'static MapMethodSpec,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        args.iter().for_each(|arg| self.refuse_name(arg, method.word()));
        let values: Vec<Expr> = args.iter().map(|arg| self.typed(&arg.value, None)).collect();
        if args.len() != method.params.len() {
            self.wrong_count(method.word(), counted(method.params.len(), "argument"), args.len(), span)
                .help(method.summary);
            return None;
        }
        let values: Option<Vec<Expr>> = values.into_iter().map(|value| self.percentage(value)).collect();
        let ty = self.table_type(method.result);
        let args = std::iter::once(of).chain(values?).collect();
        Some(Expr::operation(Callee::Histogram(method), args, ty, span))
    }

    /// The number of `h.percentile(p)` as an `f64`. None if it is wrong, which is reported.
    fn percentage(&mut self, value: Expr) -> Option<Expr> {
        let span = value.span;
        if value.ty == Ty::ERROR {
            return None;
        }
        let outside = if let ExprKind::Const(Const::Float(number)) = &value.kind {
            !(0.0..=100.0).contains(number)
        } else {
            number(&value).is_some_and(|number| !(0..=100).contains(&number))
        };
        let is_number = value.ty == Ty::F64 || self.cx.types.as_int(value.ty).is_some();
        if outside || !is_number {
            let found = if is_number { self.text(span).to_owned() } else { self.ty_name(value.ty) };
            let wanted = "a number from 0 to 100".into();
            self.error(span, MismatchedTypes { wanted, found: format!("`{found}`") });
            return None;
        }
        Some(cast(value, Ty::F64))
    }

    /// `for (low, n in h)`
    pub fn for_buckets(&mut self, stmt: &ast::ForStmt, histogram: Expr) -> Option<StmtKind> {
        let [low, count] = stmt.names.as_slice() else {
            let wanted = "for (low, count in histogram)".into();
            self.error(histogram.span, MismatchedTypes { wanted, found: "one name".into() })
                .help("write `_` for the one that is not needed");
            self.declare_unknown(&stmt.names);
            self.unbound_body(&stmt.body);
            return None;
        };
        self.forget_changed(&stmt.body);
        let after = self.flow.clone();
        self.vars.blocks.push();
        let low = self.declare(&low.name, Ty::I64, low.span, LocalKind::LoopVariable);
        let count = self.declare(&count.name, Ty::U64, count.span, LocalKind::LoopVariable);
        let body = self.loop_body(&stmt.body);
        self.flow = after;
        self.join_breaks();
        self.pop_scope();
        Some(StmtKind::ForBuckets { histogram, low, count, body })
    }

    /// `for (low, n in m)` of a map without keys.
    pub fn for_only_buckets(&mut self, stmt: &ast::ForStmt, map: MapId, span: Span) -> Option<StmtKind> {
        if !self.can(map, MapAccess::Buckets, span) {
            self.declare_unknown(&stmt.names);
            self.unbound_body(&stmt.body);
            return None;
        }
        let only = self.only_histogram(map, span);
        self.for_buckets(stmt, only)
    }

    /// The last argument, 1 where there is none. None if it is wrong, which is reported.
    fn times(&mut self, method: &ast::Ident, named: &[ast::Arg], form: &str, span: Span) -> Option<Expr> {
        let values: Vec<Expr> = named.iter().map(|arg| self.coerced(&arg.value, Ty::U64)).collect();
        for (index, arg) in named.iter().enumerate() {
            let name = method.name.clone();
            match &arg.name {
                Some(other) if other.name != TIMES => {
                    self.error(other.span, NamedArgument { name: other.name.clone(), of: name }).help(form);
                }
                Some(_) if index == 0 => continue,
                Some(_) | None => {
                    let (takes, given) = ("`times` alone, and last".to_owned(), "another argument".to_owned());
                    self.error(arg.value.span, ArgumentCount { name, takes, given }).help(form);
                }
            }
            return None;
        }
        all_known(values)?.pop().or_else(|| Some(int_expr(1, Ty::U64, span)))
    }

    /// An integer as 64 bits with the same sign or none.
    fn counted_value(&mut self, arg: &ast::Arg) -> Option<Expr> {
        let value = self.typed(&arg.value, None);
        if value.ty == Ty::ERROR {
            return None;
        }
        let value = self.expr_as_number(value);
        match self.cx.types.as_int(value.ty) {
            Some((_, false)) => Some(cast(value, Ty::U64)),
            Some((_, true)) => Some(cast(value, Ty::I64)),
            None => {
                let found = format!("`{}`", self.ty_name(value.ty));
                self.error(arg.value.span, MismatchedTypes { wanted: "an integer".into(), found });
                None
            }
        }
    }
}

impl Site<'_, '_> {
    /// Whether a map is one histogram.
    pub fn is_only_histogram(&self, map: MapId) -> bool {
        let kind = self.env.program.map(map).kind;
        kind.buckets.is_some() && kind.key == KeyRule::Hidden
    }

    /// The histogram of a map without keys, as it is now.
    fn only_histogram(&self, map: MapId, span: Span) -> Expr {
        let key = Box::new(int_expr(0, Ty::U32, span));
        Expr { kind: ExprKind::MapGet { map, key }, ty: self.env.program.map(map).value, span }
    }
}
