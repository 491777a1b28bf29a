//! User space's hold on programs: `attach`.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::Expr;
use crate::source::Span;
use crate::types::Ty;

impl Lowering<'_> {
    /// `attach(handle, target, flags)`: the target is a string, an interface index, or the attribute's.
    pub(super) fn attach(
        &mut self,
        handle: &Expr,
        target: Option<&Expr>,
        flags: Option<&Expr>,
        result_used: bool,
        span: Span,
    ) -> Value {
        let handle = self.scalar(handle);
        let is_name = target.is_some_and(|t| self.cx.types.is_aggregate(t.ty));
        let target = target.map(|t| if is_name { self.place(t) } else { self.scalar_as(t, Ty::I64) });
        let flags = match flags {
            Some(flags) => self.scalar_as(flags, Ty::U64),
            None => self.at(span).int(0, Ty::U64),
        };
        self.at(span);
        let link = match target {
            None => self.b.host_attach(handle, flags, Ty::LINK),
            Some(name) if is_name => self.b.host_attach_name(handle, name, flags, Ty::LINK),
            Some(index) => self.b.host_attach_index(handle, index, flags, Ty::LINK),
        };
        if !result_used {
            self.b.host_attach_check(link);
        }
        link
    }
}
