//! What `--metrics` serves, by the names that Prometheus knows it by.

use super::tables;
use crate::codegen::abi::{KsMetric, KsMetricArray, KsMetricKind, KsMetricPlace, KsMetrics};
use crate::codegen::llvm::module::ModuleGen;
use crate::ir::MetricDecl;
use crate::ir::metrics::{Number, numbers};
use crate::types::Ty;
use inkwell::values::{BasicValueEnum, StructValue};
use std::collections::BTreeSet;

const _: () = assert!(size_of::<KsMetrics>() == 24 && size_of::<KsMetric>() == 96 && size_of::<KsMetricArray>() == 16);

/// The ending of the names of counters, by Prometheus' conventions.
const TOTAL: &str = "_total";
/// The endings of the series of a histogram.
const OF_HISTOGRAM: [&str; 3] = ["_bucket", "_count", "_sum"];

/// The `KsMetrics`, or null without any.
pub fn metrics<'c>(g: &mut ModuleGen<'_, 'c>) -> BasicValueEnum<'c> {
    let module = g.ir;
    let mut names = Names(BTreeSet::new());
    let mut list = Vec::new();
    for decl in &module.metrics {
        let Some(place) = place(g, decl) else { continue };
        let source = g.cx.source_name(&decl.of);
        // Variables that passes make have two between the name of a map and what they count.
        let first = format!("{}_{source}", module.name).replace("__", "_");
        if decl.steps.is_some() {
            let name = names.take(&first, &OF_HISTOGRAM);
            list.push(metric(g, decl, &place, (&name, &decl.docs, KsMetricKind::Histogram), None));
        }
        for (number, said) in std::iter::zip(numbers(&g.cx.types, place.value), &decl.numbers) {
            let fields = number.path.iter().map(|field| format!("_{field}"));
            let name = first.clone() + &fields.collect::<String>();
            let ending = if said.grows && !name.ends_with(TOTAL) { TOTAL } else { "" };
            let name = names.take(&(name + ending), &[]);
            let docs = if said.docs.is_empty() { &decl.docs } else { &said.docs };
            let kind = if said.grows { KsMetricKind::Counter } else { KsMetricKind::Gauge };
            list.push(metric(g, decl, &place, (&name, docs, kind), Some(&number)));
        }
    }
    if list.is_empty() {
        return g.build.null().into();
    }
    let mut record = vec![g.external("ks_metrics")];
    record.extend(g.list("ks.metrics", &list));
    g.constant("ks.metrics.all", g.record(&record).into(), 8).into()
}

/// The names given so far: letters, digits and `_`, each once.
struct Names(BTreeSet<String>);

impl Names {
    /// A name like this one that no metric has, by itself or with one of the endings.
    fn take(&mut self, wanted: &str, endings: &[&str]) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut name: String = wanted.chars().map(|c| if is_word(c) { c } else { '_' }).collect();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            name.insert(0, '_');
        }
        let with = |name: &str| -> Vec<String> {
            std::iter::once(name.to_owned()).chain(endings.iter().map(|ending| format!("{name}{ending}"))).collect()
        };
        while with(&name).iter().any(|name| self.0.contains(name)) {
            name.push('_');
        }
        self.0.extend(with(&name));
        name
    }
}

/// Where the values of a map or variable are, and their type.
struct Place<'c> {
    kind: KsMetricPlace,
    index: usize,
    /// Of a variable of the process.
    address: BasicValueEnum<'c>,
    value: Ty,
}

/// None for what neither side of the program has.
fn place<'c>(g: &ModuleGen<'_, 'c>, decl: &MetricDecl) -> Option<Place<'c>> {
    let null = g.build.null().into();
    if let Some((index, map)) = super::maps(g.ir).enumerate().find(|(_, map)| map.name == decl.of) {
        return Some(Place { kind: KsMetricPlace::Map, index, address: null, value: map.value });
    }
    let global = g.ir.global(&decl.of)?;
    let shared = super::shared_globals(g.ir).position(|shared| shared.name == decl.of);
    Some(match shared {
        Some(index) => Place { kind: KsMetricPlace::Global, index, address: null, value: global.ty },
        None => {
            let address = (*g.data.get(&decl.of)?).into();
            Place { kind: KsMetricPlace::Own, index: 0, address, value: global.ty }
        }
    })
}

/// The `KsMetric` of a number, or without one of a histogram.
fn metric<'c>(
    g: &mut ModuleGen<'_, 'c>,
    decl: &MetricDecl,
    place: &Place<'c>,
    (name, docs, kind): (&str, &str, KsMetricKind),
    number: Option<&Number>,
) -> StructValue<'c> {
    let null = g.build.null();
    let (name, docs) = (g.text(Some(name)), g.text(Some(docs).filter(|docs| !docs.is_empty())));
    let key = if decl.key == Ty::VOID { null } else { tables::type_of(g, decl.key) };
    let steps = decl.steps.map_or(null, |steps| tables::steps(g, steps));
    let stored = number.map_or(Ty::U64, |number| number.bits.map_or(number.ty, |bits| bits.unit));
    let signed = number.is_some_and(|number| g.is_signed(number.ty));
    let bits = number.and_then(|number| number.bits);
    let (shift, width) = bits.map_or((0, 0), |bits| (g.cx.types.shift(bits).into(), bits.width.into()));
    let size = g.cx.types.size_of(stored) as u32;
    let arrays = number.map_or(&[][..], |number| &number.arrays);
    let arrays: Vec<_> = arrays.iter().map(|&(length, size)| g.record(&[g.u64(length), g.u64(size)])).collect();
    let mut fields = vec![name, docs];
    let numbers = [kind as u32, place.kind as u32, place.index as u32, size, u32::from(signed), shift, width];
    fields.extend(numbers.map(|number| g.u32(number)));
    fields.extend([g.u64(number.map_or(0, |number| number.offset)), place.address, key.into(), steps.into()]);
    fields.extend(g.list("ks.metric.arrays", &arrays));
    g.record(&fields)
}
