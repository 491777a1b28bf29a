//! Histograms: the buckets of `lhist(low, high, step)`, and what their entries are made of.

use super::Declare;
use super::maps::form;
use crate::ast::{Expr, VarDecl};
use crate::diag::codes::maps::{HistogramSteps, MapTypes};
use crate::diag::codes::shared::CannotPin;
use crate::sema::consts;
use crate::sema::tree::Steps;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{Buckets, MapKindSpec, SizeRule};
use crate::types::{FieldDef, Origin, StructDef, Ty, TyKind};

/// One for each number of bits from 0 to 64, and one below zero.
const POWERS: u64 = 66;
/// As many as bpftrace has at most; a value for each CPU has at most 32 KiB.
const MAX_BUCKETS: i128 = 1000;

impl Declare<'_> {
    /// The numbers of a declaration without those of the buckets, and the buckets.
    pub(super) fn buckets<'e>(
        &mut self,
        cx: &mut Session,
        kind: &'static MapKindSpec,
        numbers: &'e [Expr],
        span: Span,
    ) -> (&'e [Expr], Steps) {
        if kind.buckets != Some(Buckets::Steps) {
            return (numbers, Steps::default());
        }
        let counted = usize::from(kind.size == SizeRule::Entries);
        let (counted, steps) = numbers.split_at(counted.min(numbers.len()));
        let [low, high, step] = steps else {
            cx.error(span, MapTypes { kind: kind.word().to_owned() })
                .help(format!("it is written `var name : {}`", form(kind)));
            return (&[], Steps { low: 0, high: 1, step: 1 });
        };
        let mut number = |written: &Expr| {
            let value = consts::integer(cx, self, written)?;
            let number = i64::try_from(value).ok();
            if number.is_none() {
                not_steps(cx, written.span, "the numbers are `i64`");
            }
            number
        };
        let (low_number, high_number, step_number) = (number(low), number(high), number(step));
        let unknown = Steps { low: 0, high: 1, step: 1 };
        let (Some(low_number), Some(high_number), Some(step_number)) = (low_number, high_number, step_number) else {
            return (counted, unknown);
        };
        let steps = Steps { low: low_number, high: high_number, step: step_number };
        let Some(why) = misfit(steps) else { return (counted, steps) };
        not_steps(cx, Span { hi: step.span.hi, ..low.span }, why);
        (counted, unknown)
    }

    /// The entry of a histogram: the sum of the values, and how many there were in each bucket. Histograms of other buckets have another
    /// type.
    pub(super) fn counts(cx: &mut Session, steps: Steps) -> Ty {
        let buckets = match steps.step {
            0 => POWERS,
            step => (i128::from(steps.high) - i128::from(steps.low)) as u64 / step.cast_unsigned() + 2,
        };
        let name = match steps.step {
            0 => format!("histogram_{buckets}"),
            step => format!("histogram_{}_to_{}_by_{step}", named(steps.low), named(steps.high)),
        };
        let known = cx.types.structs().find(|(_, def)| def.name == name && def.span.is_none()).map(|(id, _)| id);
        if let Some(id) = known {
            return cx.types.intern(TyKind::Struct(id));
        }
        let counts = cx.types.array(Ty::U64, buckets);
        let field = |name: &str, ty, offset| FieldDef { name: name.to_owned(), ty, offset, bits: None, span: None };
        let fields = vec![field("sum", Ty::I64, 0), field("counts", counts, 8)];
        let def = StructDef { name, origin: Origin::User, fields, size: 8 + 8 * buckets, align: 8, span: None };
        let id = cx.types.add_struct(def);
        cx.types.intern(TyKind::Struct(id))
    }
}

/// A number as part of a name.
fn named(number: i64) -> String {
    number.to_string().replace('-', "minus")
}

fn not_steps(cx: &mut Session, span: Span, why: &str) {
    cx.error(span, HistogramSteps { why: why.to_owned() })
        .help("`lhist(0, 1500, 100)` has a bucket for each 100 values from 0 up to 1500, one below, one above");
}

/// Why there are no such buckets.
fn misfit(Steps { low, high, step }: Steps) -> Option<&'static str> {
    let range = i128::from(high) - i128::from(low);
    match () {
        _ if step <= 0 => Some("each is one or more wide"),
        _ if range <= 0 => Some("they end above the lowest value"),
        _ if range % i128::from(step) != 0 => Some("the last one would be cut off"),
        _ if range / i128::from(step) > MAX_BUCKETS => Some("there are 1000 at most"),
        _ => None,
    }
}

/// What user space adds is counted in the process, so that it loses nothing that BPF code counts meanwhile.
pub(super) fn refuse_pin(cx: &mut Session, decl: &VarDecl) {
    if decl.pin {
        let why = "what user space adds to a histogram is in the process".to_owned();
        cx.error(decl.name.span, CannotPin { name: decl.name.name.clone(), why });
    }
}
