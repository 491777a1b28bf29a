//! `print` and `print_raw`.

use super::func::Lowering;
use super::scan::may_write;
use crate::ir::Value;
use crate::sema::tree::{Callee, EntryOrder, Expr, ExprKind, MapId};
use crate::source::Span;
use crate::types::{Space, Ty};

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

/// An order of entries as ops have it: a word, and the field of the values.
pub(super) fn order_attributes(by: &EntryOrder) -> (&'static str, &str) {
    match by {
        EntryOrder::Value => ("value", ""),
        EntryOrder::Field(field) => ("field", field),
        EntryOrder::Key => ("key", ""),
    }
}

impl Lowering<'_> {
    pub(super) fn print(
        &mut self,
        format: &[u8],
        newline: bool,
        to_seq: bool,
        args: &[Expr],
        span: Span,
    ) -> Option<Value> {
        self.scoped(|this| match args {
            [seq, args @ ..] if to_seq => {
                let args = this.print_args(format, args);
                let seq = this.scalar(seq);
                this.at(span).b.bpf_seq_print(seq, &args, format, newline);
            }
            args => {
                let args = this.print_args(format, args);
                this.at(span).b.ks_print(&args, format, newline);
            }
        });
        None
    }

    /// `format(…)` into a place.
    pub(super) fn format(&mut self, format: &[u8], args: &[Expr], place: Value, span: Span) {
        self.scoped(|this| {
            let args = this.print_args(format, args);
            this.at(span).b.host_format(place, &args, format);
        });
    }

    fn print_args(&mut self, format: &[u8], args: &[Expr]) -> Vec<Value> {
        let pointees = prints_pointee(format);
        let mut values = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            let pointee = pointees.get(index).copied().unwrap_or(false);
            let changes = args[index + 1..].iter().any(may_write);
            values.push(self.print_arg(arg, pointee, changes));
        }
        values
    }

    /// What is printed whole, which has no value.
    pub(super) fn print_whole(&mut self, callee: &Callee, args: &[Expr], span: Span) -> Option<Value> {
        if let Callee::PrintMap { map, by } = callee {
            let top = self.most_entries(args.first(), span);
            self.print_map(*map, by, top, span);
        } else if let Callee::PrintValue { name, named } = callee {
            self.scoped(|this| {
                let (place, around) = this.printed_value(args);
                this.print_value(name, *named, (place, around), span);
            });
        }
        None
    }

    /// `print(m, top: n, by: field)`
    pub(super) fn print_map(&mut self, map: MapId, by: &EntryOrder, top: Value, span: Span) {
        if self.program.map(map).kind.buckets.is_some() {
            return self.print_histograms(map, top, span);
        }
        let (keys, name) = (self.declared_key(map), self.names.map(map));
        let (order, by) = order_attributes(by);
        self.at(span).b.map_print(top, name, keys, order, by.as_bytes());
    }

    /// The type of a map's keys as it is declared.
    pub(super) fn declared_key(&self, map: MapId) -> Ty {
        let declared = self.program.map(map);
        declared.index.unwrap_or(declared.key)
    }

    /// `top: n`; without it all entries.
    pub(super) fn most_entries(&mut self, top: Option<&Expr>, span: Span) -> Value {
        match top {
            Some(top) => self.scalar(top),
            None => self.at(span).int(u64::MAX.into(), Ty::U64),
        }
    }

    /// The place of the value of `print(x)`, a struct or an array; for a stack that is a field, also that of the struct which has it.
    pub(super) fn printed_value(&mut self, args: &[Expr]) -> (Value, Option<Value>) {
        let [value] = args else { crate::bug!("a value is printed") };
        if let ExprKind::Field { base, field } = &value.kind
            && self.cx.types.stacks_of(value.ty).is_some()
        {
            let around = self.place(base);
            return (self.at(value.span).field_place(around, *field), Some(around));
        }
        (self.print_arg(value, true, false), None)
    }

    /// `print(x)` of a struct, an array or a histogram.
    pub(super) fn print_value(&mut self, name: &str, named: bool, (place, around): (Value, Option<Value>), span: Span) {
        if let Some(steps) = self.program.steps(self.pointee(place).0) {
            return self.print_histogram(name, steps, place, span);
        }
        self.at(span).b.host_print_value(place, around, name.as_bytes(), named.into());
    }

    /// `panic(…)`
    pub(super) fn panic(&mut self, format: &[u8], args: &[Expr], span: Span) {
        let args = self.print_args(format, args);
        if !self.reachable {
            return;
        }
        let file = self.cx.recorded_name(span.file);
        let line = self.cx.sources.line_col(span).line;
        self.at(span).b.ks_panic(&args, format, file.as_bytes(), line.into());
        self.leave();
    }

    /// `ctx.write(value)`
    pub(super) fn seq_write(&mut self, args: &[Expr], span: Span) -> Option<Value> {
        let [seq, value] = args else { crate::bug!("a value is written to a file") };
        self.scoped(|this| {
            let in_place = Self::is_place(value) && this.cx.types.is_aggregate(value.ty);
            let mut place = if in_place { this.place(value) } else { this.materialise(value) };
            // The helper reads no memory of the kernel or an arena.
            if !matches!(this.pointee(place).1, Space::Stack | Space::Global | Space::MapValue | Space::Percpu) {
                place = this.materialise(value);
            }
            let seq = this.scalar(seq);
            this.at(span).b.bpf_seq_write(seq, place);
        });
        None
    }

    /// Strings and addresses are passed as places, numbers as values in host order. Changes by later arguments must not show in this one,
    /// so it is copied then.
    fn print_arg(&mut self, arg: &Expr, pointee: bool, changes: bool) -> Value {
        let is_aggregate = self.cx.types.is_aggregate(arg.ty);
        if is_aggregate && !(changes && Self::is_place(arg)) {
            let place = self.place(arg);
            // The kernel's helpers do not read an arena.
            return if self.pointee(place).1 == Space::Arena { self.materialise(arg) } else { place };
        }
        if is_aggregate || pointee {
            return self.materialise(arg);
        }
        let value = self.scalar(arg);
        self.at(arg.span).host_order(value)
    }
}
