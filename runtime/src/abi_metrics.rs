//! The part of the contract about metrics: the numbers that `--metrics` serves in Prometheus' text.

use super::{KsSteps, KsType};
use std::ffi::{c_char, c_void};

/// What a metric is. `KsMetric::kind`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsMetricKind {
    /// It only rises, until it begins anew.
    Counter = 1,
    Gauge = 2,
    Histogram = 3,
}

/// Where a metric is. `KsMetric::place`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsMetricPlace {
    /// In the values of a map.
    Map = 1,
    /// In a variable that BPF code shares.
    Global = 2,
    /// In a variable of the process.
    Own = 3,
}

/// The metrics of a program that waits in this library.
#[repr(C)]
pub struct KsMetrics {
    /// The symbol `ks_metrics`: what serves them.
    pub server: *const c_void,
    /// Those of one map or variable are neighbours.
    pub list: *const KsMetric,
    pub len: u64,
}

/// A number in the values of a map, in a variable, or a histogram.
#[repr(C)]
pub struct KsMetric {
    /// As Prometheus has it; no other metric has the name, or this one with an ending of those of histograms.
    pub name: *const c_char,
    /// In one line, or null.
    pub docs: *const c_char,
    /// A `KsMetricKind`.
    pub kind: u32,
    /// A `KsMetricPlace`.
    pub place: u32,
    /// Of the map or of the global.
    pub index: u32,
    /// Of the number, or of its bit-field's storage unit: 1, 2, 4 or 8 bytes.
    pub width: u32,
    /// 1: the number is signed.
    pub signed: u32,
    /// Of a bit-field, from the least significant bit of the storage unit as loaded.
    pub shift: u32,
    /// In bits; 0 for a number that is no bit-field.
    pub bits: u32,
    /// In the value, in bytes, with index 0 in all arrays.
    pub offset: u64,
    /// The variable of the process, or null.
    pub address: *const c_void,
    /// Null where there are no keys.
    pub key: *const KsType,
    /// Of a histogram, else null.
    pub steps: *const KsSteps,
    /// The arrays around the number, outermost first.
    pub arrays: *const KsMetricArray,
    pub arrays_len: u64,
}

/// An array around a number.
#[repr(C)]
pub struct KsMetricArray {
    pub length: u64,
    /// Of an element, in bytes.
    pub size: u64,
}
