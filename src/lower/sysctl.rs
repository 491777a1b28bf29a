//! Settings of the kernel, `@sysctl var`: a call of the runtime for each access, and a throw where that fails.

use super::func::{Dest, Lowering, ir_type};
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::sema::tree::{CompoundOp, Expr, GlobalId};
use crate::source::Span;
use crate::types::Ty;

impl Lowering<'_> {
    /// Reads a setting into a place of its type.
    pub(super) fn read_setting(&mut self, setting: GlobalId, place: Value, span: Span) {
        let (path, file, line) = self.access(setting, span);
        let status = self.at(span).b.host_sysctl_read(place, &path, &file, line, Ty::I32);
        self.throw_status(status, span);
    }

    /// `setting = value`, `setting op= value`. An operator reads the setting after its operand is evaluated.
    pub(super) fn assign_setting(
        &mut self,
        setting: GlobalId,
        written: &Expr,
        (op, value): (Option<CompoundOp>, &Expr),
        span: Span,
    ) {
        let ty = ir_type(&mut self.cx.types, written.ty);
        let place = self.at(span).temporary("setting", ty);
        match op {
            None => self.write(value, place),
            Some(_) if self.cx.types.is_aggregate(ty) => {
                self.read_setting(setting, place, written.span);
                self.append_to(place, value, span);
            }
            Some(op) => {
                let value = self.scalar(value);
                self.read_setting(setting, place, written.span);
                self.update(place, written, op, value, span);
            }
        }
        if !self.reachable {
            return;
        }
        let (path, file, line) = self.access(setting, written.span);
        let status = self.at(written.span).b.host_sysctl_write(place, &path, &file, line, Ty::I32);
        self.throw_status(status, written.span);
    }

    /// The path of the setting, and the place in the text that a failure is reported at.
    fn access(&self, setting: GlobalId, span: Span) -> (Vec<u8>, Vec<u8>, i128) {
        let setting = self.program.global(setting);
        let Some(path) = &setting.path else { crate::bug!("the setting `{}` has no path", setting.name) };
        let file = self.cx.recorded_name(span.file);
        let line = self.cx.sources.line_col(span).line;
        (path.clone().into_bytes(), file.as_bytes().to_vec(), line.into())
    }

    /// Throws an errno of the runtime unless it is 0.
    pub(super) fn throw_status(&mut self, status: Value, span: Span) {
        let zero = self.at(span).int(0, Ty::I32);
        let failed = self.compare(CompareOp::Ne, status, zero);
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.at(span).throw_value(status, span);
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(failed, &[], vec![then, otherwise]);
    }
}
