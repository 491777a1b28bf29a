//! What is done with histograms: `h.add(x)`, `h.add(key, x, times: n)`, `print(h)`.

use super::Checker;
use super::map_methods::MapCall;
use super::signatures::{Param, Signature};
use super::value::{all_known, cast, int_expr};
use crate::ast;
use crate::diag::codes::contexts::{ArgumentCount, NamedArgument};
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{Callee, Expr};
use crate::source::Span;
use crate::tables::KeyRule;
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
