//! `print` and `print_raw`.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::{Expr, Print};
use crate::source::Span;

/// For each conversion of a printf format, whether it prints what a pointer points to: `%pI4`, `%pI6`, `%pM`.
fn prints_pointee(format: &[u8]) -> Vec<bool> {
    let mut conversions = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.iter().position(|&c| c == b'%') {
        rest = &rest[at + 1..];
        let letter = rest.iter().position(|c| !b"-+ #0123456789.*hlLjzt".contains(c)).unwrap_or(rest.len());
        let conversion = &rest[letter..];
        if conversion.first() != Some(&b'%') {
            conversions.push(conversion.starts_with(b"pI") || conversion.starts_with(b"pM"));
        }
        rest = conversion.get(1..).unwrap_or_default();
    }
    conversions
}

impl Lowering<'_> {
    pub(super) fn print(&mut self, print: &Print, span: Span) {
        let pointees = prints_pointee(&print.format);
        self.scoped(|this| {
            let mut args = Vec::new();
            for (index, arg) in print.args.iter().enumerate() {
                let pointee = pointees.get(index).copied().unwrap_or(false);
                args.push(this.print_arg(arg, pointee));
            }
            this.at(span).b.ks_print(&args, &print.format, print.newline);
        });
    }

    /// Strings and addresses are passed as places, numbers as values in host order.
    fn print_arg(&mut self, arg: &Expr, pointee: bool) -> Value {
        if self.cx.types.is_aggregate(arg.ty) {
            return self.place(arg);
        }
        if pointee {
            return self.materialise(arg);
        }
        let value = self.scalar(arg);
        self.at(arg.span).host_order(value)
    }
}
