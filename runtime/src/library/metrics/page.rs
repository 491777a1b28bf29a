//! The page of metrics: those of a map are read together, so that they belong to one time.

use super::samples::{Keys, Number, Values, map_of, values};
use super::text::{head, pair, sample};
use crate::abi::{KsMetric, KsMetricKind};
use crate::kernel::program::{self, text};
use crate::library::tables::histograms::cumulative::{Cumulative, cumulative};

/// The label of the upper bound of a bucket.
const BOUND: &str = "le";

/// The text of all metrics.
pub fn page() -> String {
    let mut out = String::new();
    let all = program::metrics_list();
    let is_same = |left: &KsMetric, right: &KsMetric| {
        (left.place, left.index, left.address) == (right.place, right.index, right.address)
    };
    for group in all.chunk_by(is_same) {
        let [first, ..] = group else { continue };
        if first.kind == KsMetricKind::Histogram as u32 {
            histograms(&mut out, first);
        } else if let Some(values) = values(first, &Number::of(first)) {
            group.iter().for_each(|metric| numbers(&mut out, metric, &values));
        }
    }
    out
}

fn numbers(out: &mut String, metric: &KsMetric, values: &Values) {
    let (name, number) = (text(metric.name), Number::of(metric));
    let kind = if metric.kind == KsMetricKind::Counter as u32 { "counter" } else { "gauge" };
    head(out, name, text(metric.docs), kind);
    let elements = number.elements();
    for (labels, parts) in values {
        for (index, at) in &elements {
            let labels: Vec<&str> =
                [labels, index].into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            sample(out, name, &labels.join(","), number.read(parts, *at));
        }
    }
}

fn histograms(out: &mut String, metric: &KsMetric) {
    let (name, keys) = (text(metric.name), Keys::of(metric, BOUND));
    if map_of(metric).is_none() {
        return;
    }
    // SAFETY: the descriptor of a histogram has its buckets.
    let Ok(all) = cumulative(metric.index, unsafe { *metric.steps }) else { return };
    head(out, name, text(metric.docs), "histogram");
    let all = keys.labelled(all.into_iter().map(|one| (one.key.clone(), one)).collect(), Cumulative::add);
    // A bucket of what is below all others is left out while no histogram has it, as that of negative times.
    let is_shown = |(bound, count): &(i128, u64)| *bound >= 0 || *count > 0;
    let has_lowest = all.iter().any(|(_, one)| one.buckets.first().is_some_and(is_shown));
    for (labels, one) in &all {
        for (bound, count) in one.buckets.iter().skip(usize::from(!has_lowest)) {
            bucket(out, name, labels, &bound.to_string(), *count);
        }
        bucket(out, name, labels, "+Inf", one.count);
        sample(out, &format!("{name}_sum"), labels, one.sum);
        sample(out, &format!("{name}_count"), labels, one.count.into());
    }
}

fn bucket(out: &mut String, name: &str, labels: &str, bound: &str, count: u64) {
    let mut labels = labels.to_owned();
    pair(&mut labels, BOUND, bound);
    sample(out, &format!("{name}_bucket"), &labels, count.into());
}
