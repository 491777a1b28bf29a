//! The values that the kernel hands to a program, as words of its context.

use super::func::Lowering;
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::sema::tree::{Expr, Role};
use crate::source::Span;
use crate::tables::{self, HelperSpec, Params};
use crate::types::{Space, Ty};

impl Lowering<'_> {
    /// The value at one of the places that the program's role lists.
    pub(super) fn given(&mut self, index: usize, ty: Ty) -> Value {
        match self.result_helper(index).filter(|_| self.cx.types.as_int(ty).is_some()) {
            Some(helper) => self.result_of_function(helper, ty),
            None => {
                let ctx = self.b.func.param(0);
                self.b.packet_ctx_load(ctx, index as i128, ty)
            }
        }
    }

    /// The helper for the value, if that is what the function returned: its place in the context follows from the number of parameters, which
    /// may be another one on the kernel that runs. What other programs in cgroups made of the result is not in the context at all.
    fn result_helper(&self, index: usize) -> Option<&'static HelperSpec> {
        let Role::Program(role) = &self.source.role else { return None };
        let Params::Prototype { result_by, bools, .. } = role.spec.params else { return None };
        let helper = tables::helper(result_by.filter(|_| role.result_at == Some(index))?)?;
        let is_bool = bools.zip(role.target.as_deref()).is_some_and(|(bools, target)| bools.contains(&target));
        (!is_bool && self.cx.options.lacks(helper.since).is_none()).then_some(helper)
    }

    fn result_of_function(&mut self, helper: &HelperSpec, ty: Ty) -> Value {
        if helper.args.is_empty() {
            let call = self.b.bpf_helper(&[], &helper.name.into(), &[Ty::I64]);
            let value = self.b.func.ops[call].results[0];
            return self.b.arith_cast(value, ty);
        }
        let ctx = self.b.func.param(0);
        let value = self.stored(helper, &[ctx]);
        let value = self.b.arith_cast(value, ty);
        self.in_range(value, ty)
    }

    /// `arg(n)`
    pub(super) fn function_argument(&mut self, helper: &HelperSpec, args: &[Expr], span: Span) -> Value {
        let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        self.at(span).stored(helper, &values)
    }

    /// What a helper stores at the address that is its last argument, a `u64`; 0 where it fails.
    fn stored(&mut self, helper: &HelperSpec, args: &[Value]) -> Value {
        let place = self.cx.types.place(Ty::U64, Space::Stack);
        let word = self.b.ks_var(b"result", place);
        self.b.ks_zero(word);
        let to = self.address(word);
        let args: Vec<Value> = args.iter().copied().chain([to]).collect();
        self.b.bpf_helper(&args, &helper.name.into(), &[Ty::I64]);
        self.b.ks_load(word, Ty::U64)
    }

    /// Clamps a value that a helper stored to the range of results of the program's type: the verifier accepts no result outside of it, and
    /// knows no
    /// limits of memory that a helper wrote.
    fn in_range(&mut self, value: Value, ty: Ty) -> Value {
        let Role::Program(role) = &self.source.role else { return value };
        let Some((least, most)) = role.form().and_then(|form| form.returns).filter(|(least, most)| least < most) else {
            return value;
        };
        let limits = [(CompareOp::Lt, least), (CompareOp::Gt, most)];
        limits.into_iter().fold(value, |value, (beyond, limit)| {
            let limit = self.int(limit.into(), ty);
            let is_beyond = self.b.arith_cmp(value, limit, beyond.word(), Ty::BOOL);
            self.b.arith_select(is_beyond, limit, value, ty)
        })
    }
}
