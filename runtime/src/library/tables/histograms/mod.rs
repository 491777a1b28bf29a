//! Histograms: `h.add(x)` of user space, `print(h)`, `clear(h)`.
//!
//! BPF code counts in an entry for each CPU: the sum of the values, then the counts of the buckets. The kernel takes entries from user space
//! only whole, and a program's additions meanwhile would be lost. So the additions of user space are kept here, and are part of each reading. `buckets.rs` has the
//! buckets, `draw.rs` the lines, and `values.rs` what a program asks of a histogram that it has read.

mod buckets;
pub mod cumulative;
mod draw;
mod values;

use super::columns::Column;
use super::form::Typed;
use super::stacks::{self, Stack};
use super::{json, object};
use crate::abi::{KsSteps, KsType};
use crate::kernel::output::{self, Form as OutputForm};
use crate::kernel::program::{MainThread, text};
use crate::object::maps::access::ks_map_delete;
use crate::object::maps::iter::{self, KsIter, ks_map_clear};
use crate::object::maps::map::{Map, map};
use buckets::{Buckets, Range};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};

/// Histograms by the number of their map and their key.
type Counted = BTreeMap<(u32, Vec<u8>), Counts>;

/// What user space counted.
static OWN: MainThread<RefCell<Counted>> = MainThread::new(RefCell::new(BTreeMap::new()));

/// A histogram: the sum of the values modulo 2^64, and the counts of the buckets.
#[derive(Clone, Default)]
struct Counts {
    sum: u64,
    counts: Vec<u64>,
}

/// See abi.rs.
///
/// # Safety
/// The descriptor is valid, and of the map; `key` is readable for the size of the map's keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_add(
    index: u32,
    steps: *const KsSteps,
    key: *const c_void,
    value: u64,
    is_signed: bool,
    times: u64,
) {
    let map = map(index);
    // SAFETY: as the caller promises.
    let (steps, key) = unsafe { (&*steps, std::slice::from_raw_parts(key.cast::<u8>(), map.key_size)) };
    let bucket = Buckets::new(*steps).of(value, is_signed);
    let mut own = OWN.borrow_mut();
    let counts = own.entry((index, key.to_vec())).or_insert_with(|| Counts::new(map));
    counts.sum = counts.sum.wrapping_add(value.wrapping_mul(times));
    if let Some(count) = counts.counts.get_mut(bucket) {
        *count = count.wrapping_add(times);
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_hist_clear(index: u32) {
    OWN.borrow_mut().retain(|(of, _), _| *of != index);
    ks_map_clear(index);
}

/// See abi.rs.
///
/// # Safety
/// The descriptors are valid, and of the map; `key` is null where there is one histogram.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_print_hist(
    index: u32,
    name: *const c_char,
    key: *const KsType,
    steps: *const KsSteps,
    top: u64,
) {
    // SAFETY: as the caller promises.
    let (buckets, key) = unsafe { (Buckets::new(*steps), (!key.is_null()).then(|| Typed::new(key))) };
    let (mut all, name) = (read(index), text(name));
    let shown = match &key {
        None => shown(name, &buckets, &all.pop().unwrap_or_default().1),
        Some(key) => {
            let (columns, is_empty) = (Column::all("key", key), all.is_empty());
            order(&mut all, &columns, top);
            match output::form() {
                OutputForm::Json => json_of_keys(name, key, &buckets, &all),
                OutputForm::Lines | OutputForm::Folded if is_empty => format!("{name} is empty\n"),
                OutputForm::Lines | OutputForm::Folded => lines_of_keys(name, key, &columns, &buckets, &all),
            }
        }
    };
    output::write(shown.as_bytes());
}

/// One histogram, in the form that is asked for.
fn shown(name: &str, buckets: &Buckets, counts: &Counts) -> String {
    match output::form() {
        OutputForm::Json => json_of_one(name, buckets, counts),
        OutputForm::Lines | OutputForm::Folded if counts.total() == 0 => format!("{name} is empty\n"),
        OutputForm::Lines | OutputForm::Folded => format!("{name}:\n{}\n", draw::lines(buckets, &counts.counts)),
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` is readable for the size of the map's keys, or null; `to` is writable for the size of its values.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_read(index: u32, key: *const c_void, to: *mut c_void) -> bool {
    let map = map(index);
    // SAFETY: as the caller promises.
    let (key, to) = unsafe {
        let key = if key.is_null() {
            vec![0; map.key_size]
        } else {
            std::slice::from_raw_parts(key.cast::<u8>(), map.key_size).to_vec()
        };
        (key, std::slice::from_raw_parts_mut(to.cast::<u8>(), map.value_size))
    };
    let mut stored = vec![0; map.stored_size()];
    let mut counts = Counts::new(map);
    let mut is_there = iter::lookup(map, &key, &mut stored);
    if is_there {
        counts.add_stored(map, &stored);
    }
    if let Some(own) = OWN.borrow().get(&(index, key)) {
        counts.add(own.sum, own.counts.iter().copied());
        is_there = true;
    }
    to.copy_from_slice(&counts.bytes());
    is_there
}

/// See abi.rs.
///
/// # Safety
/// `key` is readable for the size of the map's keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_delete(index: u32, key: *const c_void) -> i32 {
    // SAFETY: as the caller promises.
    let (own, status) = unsafe {
        let bytes = std::slice::from_raw_parts(key.cast::<u8>(), map(index).key_size).to_vec();
        (OWN.borrow_mut().remove(&(index, bytes)), ks_map_delete(index, key))
    };
    if own.is_some() && status == -libc::ENOENT { 0 } else { status }
}

/// See abi.rs.
///
/// # Safety
/// The descriptor is valid, and of the map; `key` is null where no order is asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_hist_iter(index: u32, key: *const KsType, top: u64) -> *mut KsIter {
    let mut all = read(index);
    if !key.is_null() {
        // SAFETY: as the caller promises.
        let key = unsafe { Typed::new(key) };
        order(&mut all, &Column::all("key", &key), top);
    }
    let entries = all.into_iter().map(|(key, counts)| (key, counts.bytes())).collect();
    iter::walk_made(map(index), entries)
}

impl Counts {
    fn new(map: &Map) -> Counts {
        Counts { sum: 0, counts: vec![0; (map.value_size / 8).saturating_sub(1)] }
    }

    /// Adds an entry as the kernel has it for a CPU.
    fn add_entry(&mut self, entry: &[u8]) {
        let mut words = entry.chunks_exact(8).map(|word| word.try_into().map_or(0, u64::from_ne_bytes));
        self.add(words.next().unwrap_or(0), words);
    }

    fn add(&mut self, sum: u64, counts: impl Iterator<Item = u64>) {
        self.sum = self.sum.wrapping_add(sum);
        for (total, count) in self.counts.iter_mut().zip(counts) {
            *total = total.wrapping_add(count);
        }
    }

    /// Adds the entries of all CPUs, as the kernel stores them.
    fn add_stored(&mut self, map: &Map, stored: &[u8]) {
        let percpu = map.percpu.iter();
        let ranges = percpu.flat_map(|percpu| (0..percpu.cpus as u32).filter_map(|cpu| percpu.of_cpu(cpu)));
        ranges.for_each(|range| self.add_entry(&stored[range]));
    }

    /// As an entry of the kernel.
    fn bytes(&self) -> Vec<u8> {
        std::iter::once(&self.sum).chain(&self.counts).flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn total(&self) -> u64 {
        self.counts.iter().fold(0, |total, count| total.wrapping_add(*count))
    }
}

/// All histograms of a map, those of all CPUs and of user space together; of one without keys that one.
fn read(index: u32) -> Vec<(Vec<u8>, Counts)> {
    gathered(index, iter::entries(map(index)))
}

/// The same of the entries of the map.
fn gathered(index: u32, entries: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Vec<u8>, Counts)> {
    let map = map(index);
    let mut all: BTreeMap<Vec<u8>, Counts> = BTreeMap::new();
    for (key, stored) in entries {
        all.entry(key).or_insert_with(|| Counts::new(map)).add_stored(map, &stored);
    }
    for ((of, key), own) in OWN.borrow().iter().filter(|((of, _), _)| *of == index) {
        debug_assert_eq!(*of, index);
        let counts = all.entry(key.clone()).or_insert_with(|| Counts::new(map));
        counts.add(own.sum, own.counts.iter().copied());
    }
    all.into_iter().collect()
}

/// Those with the largest counts first, of equal ones that of the least key.
fn order(all: &mut Vec<(Vec<u8>, Counts)>, columns: &[Column], top: u64) {
    let by_key = |left: &[u8], right: &[u8]| {
        let orders = columns.iter().map(|column| column.order(left, right));
        orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    };
    all.sort_by(|left, right| right.1.total().cmp(&left.1.total()).then_with(|| by_key(&left.0, &right.0)));
    all.truncate(usize::try_from(top).unwrap_or(usize::MAX));
}

/// A head with the key above each histogram, a blank line behind it. The frames of stacks in the key are below the head.
fn lines_of_keys(
    name: &str,
    typed: &Typed,
    columns: &[Column],
    buckets: &Buckets,
    all: &[(Vec<u8>, Counts)],
) -> String {
    stacks::begin(typed);
    let one = |(key, counts): &(Vec<u8>, Counts)| {
        let parts = columns.iter().filter(|column| !column.is_stack());
        let parts: Vec<String> = parts.map(|column| column.text(key)).collect();
        let mut out = if parts.is_empty() { format!("{name}:\n") } else { format!("{name}[{}]:\n", parts.join(", ")) };
        stacks::lines(&mut out, &Stack::all(typed, key, None));
        out.push_str(&draw::lines(buckets, &counts.counts));
        out.push('\n');
        out
    };
    all.iter().map(one).collect()
}

/// `{"name": [{"min": 1, "max": 1, "count": 3}, …]}`
fn json_of_one(name: &str, buckets: &Buckets, counts: &Counts) -> String {
    let mut out = String::new();
    object(&mut out, name, |out| put_buckets(out, buckets, counts));
    out
}

/// `{"name": [{"key": K, "buckets": […]}, …]}`
fn json_of_keys(name: &str, typed: &Typed, buckets: &Buckets, all: &[(Vec<u8>, Counts)]) -> String {
    let mut out = String::new();
    object(&mut out, name, |out| {
        out.push('[');
        for (index, (key, counts)) in all.iter().enumerate() {
            out.push_str(if index == 0 { "{\"key\": " } else { ", {\"key\": " });
            json::put(out, typed, key, None, None);
            out.push_str(", \"buckets\": ");
            put_buckets(out, buckets, counts);
            out.push('}');
        }
        out.push(']');
    });
    out
}

/// From the first bucket with a count to the last. Where a bucket has no end, that is left out.
fn put_buckets(out: &mut String, buckets: &Buckets, counts: &Counts) {
    let one = |bucket: usize| {
        let Range { low, high } = buckets.range(bucket, counts.counts.len());
        let min = low.map_or_else(String::new, |low| format!("\"min\": {low}, "));
        let max = high.map_or_else(String::new, |high| format!("\"max\": {high}, "));
        format!("{{{min}{max}\"count\": {}}}", counts.counts[bucket])
    };
    let all: Vec<String> = buckets.used(&counts.counts).into_iter().map(one).collect();
    out.push('[');
    out.push_str(&all.join(", "));
    out.push(']');
}
