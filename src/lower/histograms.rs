//! Histograms: counting in them, and what user space reads of them.

use super::func::{Dest, Lowering};
use super::scan::may_write;
use crate::ir::{Attr, Opcode, Value};
use crate::sema::tree::{Block, Expr, LocalId, MapId, Steps};
use crate::source::Span;
use crate::tables::{KeyRule, MapMethodSpec};
use crate::types::{Space, Ty};

impl Lowering<'_> {
    /// `h.add(key, x, times: n)`
    pub(super) fn histogram_add(&mut self, map: MapId, args: &[Expr], span: Span) {
        let [key, value, times] = args else { crate::bug!("a value, its key and how often it counts") };
        self.scoped(|this| {
            let key = this.operand_place(key, "key", !may_write(value) && !may_write(times));
            let (value, times) = (this.scalar(value), this.scalar(times));
            let name = this.names.map(map);
            let [low, high, step] = numbers(this.program.map(map).steps);
            this.at(span).b.map_add(key, value, times, name, low, high, step);
        });
    }

    /// `h.percentile(p)` and the like.
    pub(super) fn histogram_figure(&mut self, method: &MapMethodSpec, args: &[Expr], ty: Ty, span: Span) -> Value {
        let Some(opcode) = method.op.and_then(Opcode::from_name) else { crate::bug!("`{}` is no op", method.name) };
        let [histogram, others @ ..] = args else { crate::bug!("`{}` is of a histogram", method.name) };
        let attrs = numbers(self.buckets_of(histogram.ty)).map(Attr::Int).to_vec();
        self.scoped(|this| {
            let changes = others.iter().any(may_write);
            let mut operands = vec![this.histogram(histogram, changes)];
            operands.extend(others.iter().map(|other| this.scalar(other)));
            let op = this.at(span).b.insert(opcode, operands, attrs, &[ty], Vec::new(), Vec::new());
            this.b.result(op)
        })
    }

    /// `for (low, n in h)`
    pub(super) fn for_buckets(&mut self, histogram: &Expr, (low, count): (LocalId, LocalId), body: &Block, span: Span) {
        let [first, end, step] = numbers(self.buckets_of(histogram.ty));
        // What the body does to the histogram is not seen.
        let histogram = self.histogram(histogram, true);
        let place = self.cx.types.place(Ty::U32, Space::Stack);
        let position = self.at(span).b.ks_var(b"position", place);
        self.b.ks_zero(position);
        let (low, count) = (self.declare(low), self.declare(count));
        let more = self.iteration(&[], Dest::Value(Ty::BOOL), |this, _| {
            let at = this.at(span).b.ks_load(position, Ty::U32);
            let next = this.b.host_hist_next(histogram, at, low, count, first, end, step, Ty::U32);
            this.b.ks_store(position, next);
            let behind = this.int(0, Ty::U32);
            Some(this.b.arith_cmp(next, behind, "ne", Ty::BOOL))
        });
        let body = self.iteration(&[], Dest::Nothing, |this, _| this.loop_body(body));
        self.at(span).b.ks_while(vec![more, body]);
    }

    /// `print(h)` of a histogram as a value.
    pub(super) fn print_histogram(&mut self, name: &str, steps: Steps, place: Value, span: Span) {
        let [low, high, step] = numbers(steps);
        self.at(span).b.host_print_hist(place, name.as_bytes(), low, high, step);
    }

    /// `print(m)` of a map of histograms.
    pub(super) fn print_histograms(&mut self, map: MapId, top: Value, span: Span) {
        let (keys, name) = (self.declared_key(map), self.names.map(map));
        let [low, high, step] = numbers(self.program.map(map).steps);
        self.at(span).b.map_print_hist(top, name, keys, low, high, step);
    }

    /// Reads the histogram of a map without keys; false for other maps.
    pub(super) fn copy_only_histogram(&mut self, map: MapId, to: Value, span: Span) -> bool {
        let kind = self.program.map(map).kind;
        let is_only = kind.buckets.is_some() && kind.key == KeyRule::Hidden;
        if is_only {
            let name = self.names.map(map);
            self.at(span).b.map_copy_hist(to, name);
        }
        is_only
    }

    /// A place with a histogram; a copy, if what is a variable changes meanwhile.
    fn histogram(&mut self, expr: &Expr, changes: bool) -> Value {
        if Self::is_place(expr) && !changes { self.place(expr) } else { self.materialise(expr) }
    }

    /// The buckets of a histogram, by its type.
    fn buckets_of(&self, ty: Ty) -> Steps {
        self.program.steps(ty).unwrap_or_else(|| crate::bug!("a histogram has buckets"))
    }
}

fn numbers(Steps { low, high, step }: Steps) -> [i128; 3] {
    [low, high, step].map(i128::from)
}
