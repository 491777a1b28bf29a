//! Calls of functions in Python: one call of the runtime, and a throw where that fails.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::{Expr, PythonFunction};
use crate::source::Span;
use crate::types::Ty;

impl Lowering<'_> {
    /// Calls a function of Python. The result is put into the place; one of nothing leaves it as it is.
    pub(super) fn python_call(&mut self, function: &PythonFunction, args: &[Expr], place: Value, span: Span) {
        let PythonFunction { module, files, function, forms } = function;
        let mut values = Vec::new();
        for arg in args {
            if arg.ty == Ty::BYTES {
                let view = self.view(arg);
                values.extend(self.at(span).view_argument(view).1);
            } else if self.cx.types.is_aggregate(arg.ty) {
                values.push(self.own_copy(arg));
            } else {
                values.push(self.scalar(arg));
            }
        }
        if !self.reachable {
            return;
        }
        let file = self.cx.recorded_name(span.file).as_bytes().to_vec();
        let line = i128::from(self.cx.sources.line_col(span).line);
        let (module, files, function) = (module.as_bytes(), files.as_bytes(), function.as_bytes());
        let status = self.at(span).b.host_python(
            place,
            &values,
            module,
            files,
            function,
            forms.as_bytes(),
            &file,
            line,
            Ty::I32,
        );
        self.throw_status(status, span);
    }

    /// Likewise, with its result as a value; none for nothing, and for what only a place has.
    pub(super) fn python_value(
        &mut self,
        function: &PythonFunction,
        args: &[Expr],
        ty: Ty,
        span: Span,
    ) -> Option<Value> {
        let nothing = ty == Ty::VOID;
        let place = self.at(span).temporary("result", if nothing { Ty::U8 } else { ty });
        self.python_call(function, args, place, span);
        (!nothing && self.reachable && !self.cx.types.is_aggregate(ty)).then(|| self.load(place))
    }
}
