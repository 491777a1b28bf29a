//! `test(…)`, and what a test tells the runtime.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::{Callee, Const, Expr};
use crate::source::Span;
use crate::types::Ty;

impl Lowering<'_> {
    /// Runs a program; the place takes the result. The runtime gets the place in the source, the handle, the number of runs, the form of the run,
    /// the input by its memory, and the context by its memory.
    pub(super) fn test_run(&mut self, (has_input, has_context): (bool, bool), args: &[Expr], place: Value, span: Span) {
        self.scoped(|this| {
            let [handle, repeat, form, rest @ ..] = args else { crate::bug!("a test run has a program") };
            let mut values = vec![this.scalar(handle), this.scalar(repeat), this.scalar(form)];
            let (input, context) = rest.split_at(usize::from(has_input));
            match input {
                [view] if view.ty == Ty::BYTES => {
                    let view = this.view(view);
                    let [start, offset, length] = this.at(span).view_argument(view).1;
                    values.extend([start, this.cast(offset, Ty::U32), this.cast(length, Ty::U32)]);
                }
                [zeros] => {
                    let nothing = this.no_memory(span);
                    values.extend([nothing, this.int(0, Ty::U32)]);
                    values.push(this.scalar_as(zeros, Ty::U32));
                }
                _ => {
                    let nothing = this.no_memory(span);
                    values.extend([nothing, this.int(0, Ty::U32), this.int(0, Ty::U32)]);
                }
            }
            match context {
                [context] if has_context => {
                    let memory = this.pointed_to(context);
                    values.push(this.at(span).address(memory));
                    let size = this.cx.types.size_of(context.ty);
                    values.push(this.int(size.into(), Ty::U64));
                }
                _ => {
                    let nothing = this.no_memory(span);
                    values.extend([nothing, this.int(0, Ty::U64)]);
                }
            }
            let here = this.here(span);
            values.splice(0..0, here);
            this.at(span).b.host_fill(place, &values, &"ks_test".into());
        });
        self.may_exit();
    }

    /// What a test tells the runtime, or asks it.
    pub(super) fn test_step(&mut self, callee: &Callee, args: &[Expr], span: Span) -> Option<Value> {
        let mut values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        if let Callee::TestReturn = callee {
            let here = self.here(span);
            values.splice(0..0, here);
        }
        let function = if let Callee::TestSelected = callee {
            "ks_test_selected"
        } else if let Callee::TestReturn = callee {
            "ks_test_return"
        } else {
            "ks_test_end"
        };
        let op = self.at(span).b.host_call(&values, &function.into(), &[Ty::I32]);
        self.b.first_result(op)
    }

    /// The file, as a C string, and the line.
    fn here(&mut self, span: Span) -> [Value; 2] {
        let mut file = self.cx.recorded_name(span.file).into_bytes();
        file.push(0);
        let ty = self.cx.types.string(u32::try_from(file.len()).unwrap_or(u32::MAX));
        file.pop();
        let name = self.at(span).string(&Const::Str(file), ty);
        let name = self.address(name);
        let line = self.cx.sources.line_col(span).line;
        [name, self.int(line.into(), Ty::U32)]
    }

    fn no_memory(&mut self, span: Span) -> Value {
        let ty = self.cx.types.ptr(Ty::U8, crate::types::Space::Any, true);
        self.at(span).b.ks_null(ty)
    }
}
