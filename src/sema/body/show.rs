//! `show(every: n, m, top: n, by: field, x, …)`: what is printed again and again.

use super::exprs::strip;
use super::value::int_expr;
use super::{Checker, print};
use crate::ast::Arg;
use crate::diag::codes::contexts::{ArgumentCount, NamedArgument, Unprintable};
use crate::sema::tree::{Callee, Expr};
use crate::source::Span;
use crate::types::Ty;

const SHOW: &str = "show";
const EVERY: &str = "every";
/// Milliseconds where the call says none.
const INTERVAL: u64 = 1000;

impl Checker<'_, '_> {
    /// Checks `show`.
    pub fn show(&mut self, args: &[Arg], span: Span) -> Option<Expr> {
        let is_every = |arg: &&Arg| arg.name.as_ref().is_some_and(|name| name.name == EVERY);
        let every = match args.iter().find(is_every) {
            Some(arg) => self.coerced(&arg.value, Ty::U64),
            None => int_expr(INTERVAL.into(), Ty::U64, span),
        };
        let mut checked = vec![every];
        let mut failed = false;
        let mut rest: &[Arg] = args;
        let mut seen = 0;
        while let [first, behind @ ..] = rest {
            if is_every(&first) {
                seen += 1;
                failed |= seen > 1 && self.named_twice(first);
                rest = behind;
                continue;
            }
            let named = behind.iter().take_while(|arg| arg.name.is_some() && !is_every(arg)).count();
            let (of_first, behind) = rest.split_at(named + 1);
            match self.shown(of_first, span) {
                Some(one) => checked.push(one),
                None => failed = true,
            }
            rest = behind;
        }
        if checked.len() == 1 && !failed {
            let takes = "at least one map or value".to_owned();
            self.error(span, ArgumentCount { name: SHOW.into(), takes, given: "none".into() })
                .help("it is `show(every: 1000, map, value, …)`; `top: n` and `by: field` stand behind their map");
            failed = true;
        }
        (!failed).then(|| Expr::operation(Callee::Show, checked, Ty::VOID, span))
    }

    fn named_twice(&mut self, arg: &Arg) -> bool {
        if let Some(name) = &arg.name {
            self.error(name.span, NamedArgument { name: name.name.clone(), of: SHOW.to_owned() })
                .help("it is there already");
        }
        true
    }

    /// A map or a value with the named arguments behind it; none if that was reported. `call` is all of the `show`, so that it is said once
    /// of the call that a side does not have it.
    fn shown(&mut self, args: &[Arg], call: Span) -> Option<Expr> {
        let [first, named @ ..] = args else { return None };
        if first.name.is_none()
            && let Some(map) = self.map_named(&first.value)
        {
            return self.print_map(SHOW, map, args, call);
        }
        let misplaced = first.name.iter().chain(named.iter().filter_map(|arg| arg.name.as_ref()));
        let misplaced: Vec<_> = misplaced.collect();
        for name in &misplaced {
            self.error(name.span, NamedArgument { name: name.name.clone(), of: SHOW.to_owned() }).help(
                "`every: n` are the milliseconds; `top: n` and `by: field` stand behind the map that they are of",
            );
        }
        let heading = print::literal(&first.value).is_some();
        let value = self.printed(&first.value);
        if !misplaced.is_empty() || value.ty == Ty::ERROR {
            return None;
        }
        if !self.has_parts(value.ty) && !self.is_printable(value.ty) {
            let ty = self.ty_name(value.ty);
            self.error(first.value.span, Unprintable { ty }).help("show its parts");
            return None;
        }
        let name = if heading { String::new() } else { self.text(strip(&first.value).span).to_owned() };
        Some(Expr::operation(Callee::PrintValue { name, named: true }, vec![value], Ty::VOID, call))
    }
}
