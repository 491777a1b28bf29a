//! The numbers of a metric in the values of a map or variable.

use super::text::{label, pair};
use crate::abi::{KsMetric, KsMetricArray, KsMetricPlace};
use crate::kernel::errors::complain;
use crate::kernel::program::{MainThread, array};
use crate::library::tables::{Column, Typed};
use crate::object::globals::ks_global;
use crate::object::maps::iter;
use crate::object::maps::map::{Map, map};
use crate::object::state;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The most entries of a map that are served: those with the largest numbers.
const MOST: usize = 16384;
/// Of larger arrays, elements that are all zero are left out.
const SMALL: u32 = 256;

/// The values of a map or variable: the labels that their keys make, and the bytes of each CPU.
pub type Values = Vec<(String, Parts)>;
type Parts = Vec<Vec<u8>>;

/// The labels of keys.
pub struct Keys {
    /// None where there are no keys.
    typed: Option<Typed>,
    /// The names of the labels of the columns, and of one of this library's.
    names: Vec<String>,
}

impl Keys {
    /// Of a metric whose samples have another label, of this name.
    pub fn of(metric: &KsMetric, own: &str) -> Keys {
        // SAFETY: the descriptor is valid.
        let typed = (!metric.key.is_null()).then(|| unsafe { Typed::new(metric.key) });
        let mut names = vec![own.to_owned()];
        for column in typed.iter().flat_map(|typed| Column::all("key", typed)) {
            names.push(label(&column.name, &names));
        }
        Keys { typed, names }
    }

    /// The labels of each key, in the order of the keys. Keys that look the same, as texts with other bytes behind their end, are one to
    /// Prometheus: theirs are joined.
    pub fn labelled<T>(&self, mut entries: Vec<(Vec<u8>, T)>, join: fn(&mut T, T)) -> Vec<(String, T)> {
        let columns: Vec<Column> = self.typed.iter().flat_map(|typed| Column::all("key", typed)).collect();
        entries.sort_by(|left, right| {
            let orders = columns.iter().map(|column| column.order(&left.0, &right.0));
            orders.fold(Ordering::Equal, Ordering::then)
        });
        let (mut all, mut places): (Vec<(String, T)>, BTreeMap<String, usize>) = (Vec::new(), BTreeMap::new());
        for (key, value) in entries {
            let mut labels = String::new();
            for (column, name) in columns.iter().zip(self.names.iter().skip(1)) {
                pair(&mut labels, name, &column.text(&key));
            }
            if let Some(&place) = places.get(&labels) {
                join(&mut all[place].1, value);
            } else {
                places.insert(labels.clone(), all.len());
                all.push((labels, value));
            }
        }
        all
    }
}

/// The label of the index of an array.
pub const INDEX: &str = "index";

/// The map of a metric; none before it is loaded, or where the program is loaded without it.
pub fn map_of(metric: &KsMetric) -> Option<&'static Map> {
    state::loaded_already()?;
    Some(map(metric.index)).filter(|map| map.fd >= 0)
}

/// The values of what the metric belongs to; none where there are none yet, or the kernel refuses them.
pub fn values(metric: &KsMetric, first: &Number) -> Option<Values> {
    let size = first.end();
    if metric.place == KsMetricPlace::Own as u32 {
        // SAFETY: a variable of the process, which has the number.
        let bytes = unsafe { std::slice::from_raw_parts(metric.address.cast::<u8>(), size) };
        return Some(vec![(String::new(), vec![bytes.to_vec()])]);
    }
    state::loaded_already()?;
    if metric.place == KsMetricPlace::Global as u32 {
        // SAFETY: a variable of the object, which has the number.
        let bytes = unsafe { std::slice::from_raw_parts(ks_global(metric.index), size) };
        return Some(vec![(String::new(), vec![bytes.to_vec()])]);
    }
    let map = map_of(metric)?;
    let mut entries = iter::try_entries(map).ok()?;
    if map.is_array() && map.max_entries > SMALL {
        entries.retain(|(_, stored)| stored.iter().any(|byte| *byte != 0));
    }
    let mut values: Vec<(Vec<u8>, Parts)> =
        entries.into_iter().map(|(key, stored)| (key, parts(map, &stored))).collect();
    if values.len() > MOST {
        tell_once(map, values.len());
        values.sort_by_cached_key(|(_, parts)| std::cmp::Reverse(first.read(parts, 0)));
        values.truncate(MOST);
    }
    Some(Keys::of(metric, INDEX).labelled(values, |all, more| all.extend(more)))
}

fn tell_once(map: &Map, count: usize) {
    static TOLD: MainThread<RefCell<Vec<i32>>> = MainThread::new(RefCell::new(Vec::new()));
    let mut told = TOLD.borrow_mut();
    if !told.contains(&map.fd) {
        told.push(map.fd);
        complain(&format!(
            "metrics: `{}` has {count} entries; the {MOST} with the largest numbers are served",
            map.name
        ));
    }
}

/// The value of each CPU.
fn parts(map: &Map, stored: &[u8]) -> Parts {
    let Some(percpu) = &map.percpu else { return vec![stored.to_vec()] };
    let ranges = (0..percpu.cpus as u32).filter_map(|cpu| percpu.of_cpu(cpu));
    ranges.map(|range| stored[range].to_vec()).collect()
}

/// Where a number is in a value.
pub struct Number {
    offset: usize,
    width: usize,
    signed: bool,
    /// Shift and width of a bit-field.
    bits: Option<(u32, u32)>,
    arrays: &'static [KsMetricArray],
}

impl Number {
    /// The number of a metric that is no histogram.
    pub fn of(metric: &KsMetric) -> Number {
        Number {
            offset: metric.offset as usize,
            width: metric.width as usize,
            signed: metric.signed == 1,
            bits: (metric.bits != 0).then_some((metric.shift, metric.bits)),
            // SAFETY: the descriptor's pointer and length belong together.
            arrays: unsafe { array(metric.arrays, metric.arrays_len) },
        }
    }

    /// How many bytes of a value hold it, those of all elements.
    fn end(&self) -> usize {
        let last = self.arrays.iter().map(|array| (array.length.saturating_sub(1) * array.size) as usize);
        self.offset + last.sum::<usize>() + self.width
    }

    /// The elements: the labels of their indexes, and how many bytes they are behind the first.
    pub fn elements(&self) -> Vec<(String, usize)> {
        let (mut all, mut taken) = (vec![(String::new(), 0)], Vec::new());
        for array in self.arrays {
            let name = label(INDEX, &taken);
            let inner = |(labels, at): (String, usize)| {
                let name = name.clone();
                (0..array.length).map(move |index| {
                    let mut labels = labels.clone();
                    pair(&mut labels, &name, &index.to_string());
                    (labels, at + (index * array.size) as usize)
                })
            };
            all = all.into_iter().flat_map(inner).collect();
            taken.push(name);
        }
        all
    }

    /// The sum over the CPUs, which wraps as the number does.
    pub fn read(&self, parts: &[Vec<u8>], at: usize) -> i128 {
        let place = self.offset + at..self.offset + at + self.width;
        let one = |part: &Vec<u8>| part.get(place.clone()).map_or(0, |bytes| self.bits_of(bytes));
        let sum = parts.iter().map(one).fold(0_u64, u64::wrapping_add);
        let unused = u64::BITS - self.bits.map_or(8 * self.width as u32, |(_, width)| width).clamp(1, u64::BITS);
        let top = sum << unused;
        if self.signed { i128::from(top.cast_signed() >> unused) } else { i128::from(top >> unused) }
    }

    fn bits_of(&self, bytes: &[u8]) -> u64 {
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        let all = if cfg!(target_endian = "big") { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) };
        self.bits.map_or(all, |(shift, width)| all >> shift & (u64::MAX >> (u64::BITS - width.clamp(1, u64::BITS))))
    }
}

#[cfg(test)]
mod tests {
    use super::Number;
    use crate::abi::KsMetricArray;

    #[test]
    fn numbers_are_added_up_over_cpus() {
        let signed = Number { offset: 2, width: 2, signed: true, bits: None, arrays: &[] };
        let parts = |values: &[i16]| values.iter().map(|v| [[7; 2], v.to_ne_bytes()].concat()).collect::<Vec<_>>();
        assert_eq!(signed.read(&parts(&[-5, 3]), 0), -2);
        let unsigned = Number { signed: false, ..signed };
        assert_eq!(unsigned.read(&parts(&[-5, 6]), 0), 1);
        assert_eq!(unsigned.read(&parts(&[-5]), 0), 65531);
        let bits = Number { offset: 0, width: 1, signed: false, bits: Some((4, 3)), arrays: &[] };
        assert_eq!(bits.read(&[vec![0b1101_0110], vec![0b0001_0000]], 0), 6);
    }

    #[test]
    fn elements_have_indexes() {
        let arrays = &[KsMetricArray { length: 2, size: 16 }, KsMetricArray { length: 2, size: 4 }];
        let number = Number { offset: 8, width: 4, signed: false, bits: None, arrays };
        let labels: Vec<(String, usize)> = number.elements();
        assert_eq!(labels[2], ("index=\"1\",index_=\"0\"".to_owned(), 16));
        assert_eq!(labels.len(), 4);
        assert_eq!(number.end(), 8 + 16 + 4 + 4);
    }
}
