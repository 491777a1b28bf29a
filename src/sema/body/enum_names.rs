//! `name(e)`: the name of an enum's variant.

use super::{Checker, Site};
use crate::ast;
use crate::diag::codes::types::MismatchedTypes;
use crate::fold;
use crate::sema::tree::{Callee, Expr};
use crate::source::Span;
use crate::tables;
use crate::types::{EnumId, Ty, TyKind};

impl Checker<'_, '_> {
    /// Checks `name(e)`, which yields a string.
    pub fn enum_name(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let Some(builtin) = tables::builtin("name") else { crate::bug!("no builtin is named `name`") };
        self.takes(builtin.name, 1..=1, args, span)?;
        let [arg] = args else { return None };
        self.refuse_name(arg, builtin.name);
        let value = self.typed(&arg.value, None);
        let TyKind::Enum(of) = self.cx.types.kind(value.ty) else {
            self.no_enum(&value);
            return None;
        };
        let size = self.longest_name(of) + 1;
        let ty = self.cx.types.string(size);
        Some(Expr::operation(Callee::Builtin(builtin), vec![value], ty, span))
    }
}

impl Site<'_, '_> {
    /// The length of the longest text that `name` yields: of a variant's name, or of a number that is no variant.
    fn longest_name(&self, of: EnumId) -> u32 {
        let def = self.cx.types.enum_def(of);
        let (bits, signed) = self.cx.types.as_int(def.repr).unwrap_or((64, true));
        let (least, most) = fold::range(bits, signed);
        let numbers = [least, most].map(|number| number.to_string().len());
        let names = def.variants.iter().map(|variant| variant.name.len());
        names.chain(numbers).max().and_then(|length| u32::try_from(length).ok()).unwrap_or(0)
    }

    fn no_enum(&mut self, value: &Expr) {
        if value.ty == Ty::ERROR {
            return;
        }
        let (found, text) = (self.ty_name(value.ty), self.cast_text(value.span));
        let is_number = self.cx.types.as_int(value.ty).is_some();
        let error = self.error(value.span, MismatchedTypes { wanted: "an enum".into(), found: format!("`{found}`") });
        if is_number {
            error.help(format!("the number is cast to its enum: `name({text} as E)`"));
        }
    }
}
