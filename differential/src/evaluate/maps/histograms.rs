//! Histograms, on the model of maps: entries of a sum and of the counts of buckets.

use super::Machine;
use crate::evaluate::value::{self, Value};
use crate::evaluate::{Run, Stop};
use ksc::sema::tree::{Block, Expr, LocalId, MapId, Steps};

/// Where values below zero are, of powers of two.
const NEGATIVE: usize = 65;

impl<'a> Machine<'a> {
    /// `h.add(key, x, times: n)`; a value of a key that finds no room is not counted.
    pub(in crate::evaluate) fn histogram_add(&mut self, map: MapId, args: &'a [Expr]) -> Run<Value> {
        let [key, value, times] = args else { panic!("a value, its key and how often it counts") };
        let key = self.key(map, key)?;
        let (value, times) = (self.value(value)?.number(), self.value(times)?.number());
        let declared = self.program.map(map);
        let bucket = bucket(declared.steps, value);
        let zero = value::zero(self.types, declared.value);
        let (model, slots) = self.model(map)?;
        let bytes = key.1.clone();
        if model.find(&bytes).is_none() {
            model.update(slots, key, zero, 1);
        }
        let Some(slot) = model.find(&bytes) else { return Ok(Value::Void) };
        let Value::Struct(parts) = slots.at(slot) else { panic!("the entry of a histogram is a struct") };
        let [Value::Int(sum), Value::Array(counts)] = parts.as_mut_slice() else { panic!("a sum and counts") };
        *sum = i128::from((*sum + value * times) as i64);
        counts[bucket] = Value::Int(i128::from((counts[bucket].number() + times) as u64));
        Ok(Value::Void)
    }

    /// `h.count()`, `h.sum()`
    pub(in crate::evaluate) fn histogram_figure(&mut self, name: &str, args: &'a [Expr]) -> Run<Value> {
        let [histogram] = args else { return Err(Stop::Unknown("a percentile")) };
        let (sum, counts) = parts(self.value(histogram)?);
        match name {
            "count" => Ok(Value::Int(i128::from(counts.iter().sum::<i128>() as u64))),
            "sum" => Ok(Value::Int(sum)),
            _ => Err(Stop::Unknown("what is asked of a histogram")),
        }
    }

    /// `for (low, n in h)`
    pub(in crate::evaluate) fn buckets(
        &mut self,
        histogram: &'a Expr,
        (low, count): (LocalId, LocalId),
        body: &'a Block,
    ) -> Run<()> {
        let Some(steps) = self.program.steps(histogram.ty) else { panic!("a histogram has buckets") };
        let (_, counts) = parts(self.value(histogram)?);
        let mut all: Vec<(i128, i128)> = (0..counts.len()).map(|at| (least(steps, at), counts[at])).collect();
        all.sort_unstable();
        let used = |&(_, count): &(i128, i128)| count != 0;
        let Some((first, last)) = all.iter().position(used).zip(all.iter().rposition(used)) else { return Ok(()) };
        for (least, counted) in all.drain(first..=last) {
            *self.object(low)? = Value::Int(least);
            *self.object(count)? = Value::Int(counted);
            if !self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }
}

fn parts(histogram: Value) -> (i128, Vec<i128>) {
    let Value::Struct(parts) = histogram else { panic!("a histogram is a struct") };
    let Ok([sum, Value::Array(counts)]) = <[Value; 2]>::try_from(parts) else { panic!("a sum and counts") };
    (sum.number(), counts.iter().map(Value::number).collect())
}

/// The bucket whose values one is.
fn bucket(Steps { low, high, step }: Steps, value: i128) -> usize {
    let (low, high, step) = (i128::from(low), i128::from(high), i128::from(step));
    if step == 0 {
        return if value < 0 { NEGATIVE } else { (0..64).take_while(|bits| value >> bits != 0).count() };
    }
    let all = (high - low) / step;
    (0..=all).find(|at| value < low + at * step).unwrap_or(all + 1) as usize
}

/// The least value of a bucket, as far as an `i64` goes.
fn least(Steps { low, step, .. }: Steps, at: usize) -> i128 {
    let least = match (step, at) {
        (0, NEGATIVE) => i128::MIN,
        (0, 0) => 0,
        (0, at) => 1 << (at - 1),
        (_, 0) => i128::MIN,
        (step, at) => i128::from(low) + (at as i128 - 1) * i128::from(step),
    };
    least.clamp(i64::MIN.into(), i64::MAX.into())
}
