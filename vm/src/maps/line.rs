//! Maps without keys: queues, stacks and filters.

use super::{Errno, MapSpec, Store};
use crate::facts::uapi;
use crate::memory::Memory;
use std::collections::{BTreeSet, VecDeque};

/// A queue or a stack.
pub struct Line {
    /// From the next one on.
    values: VecDeque<Vec<u8>>,
    most: usize,
    is_stack: bool,
}

impl Line {
    /// Empty.
    pub fn new(spec: &MapSpec) -> Line {
        Line { values: VecDeque::new(), most: spec.max_entries, is_stack: spec.kind == uapi::BPF_MAP_TYPE_STACK }
    }
}

impl Store for Line {
    fn update(&mut self, _memory: &mut Memory, _key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        self.push(values.first().copied().unwrap_or_default(), flags)
    }

    fn delete(&mut self, _memory: &mut Memory, _key: &[u8]) -> Result<(), Errno> {
        Err(uapi::EINVAL)
    }

    fn push(&mut self, value: &[u8], flags: u64) -> Result<(), Errno> {
        let replaces = flags == uapi::BPF_EXIST.into();
        if !replaces && flags != uapi::BPF_ANY.into() {
            return Err(uapi::EINVAL);
        }
        if self.values.len() >= self.most {
            if !replaces {
                return Err(uapi::E2BIG);
            }
            // The oldest one goes.
            if self.is_stack {
                self.values.pop_back()
            } else {
                self.values.pop_front()
            };
        }
        if self.is_stack {
            self.values.push_front(value.to_vec())
        } else {
            self.values.push_back(value.to_vec())
        }
        Ok(())
    }

    fn peek(&mut self, value: &mut [u8], takes: bool) -> Result<(), Errno> {
        let Some(first) = self.values.front() else {
            value.fill(0);
            return Err(uapi::ENOENT);
        };
        value.copy_from_slice(first);
        if takes {
            self.values.pop_front();
        }
        Ok(())
    }
}

/// A bloom filter, which here never errs.
pub struct Filter {
    values: BTreeSet<Vec<u8>>,
}

impl Filter {
    /// Empty.
    pub fn new() -> Filter {
        Filter { values: BTreeSet::new() }
    }
}

impl Store for Filter {
    fn update(&mut self, _memory: &mut Memory, _key: &[u8], values: &[&[u8]], flags: u64) -> Result<(), Errno> {
        self.push(values.first().copied().unwrap_or_default(), flags)
    }

    fn delete(&mut self, _memory: &mut Memory, _key: &[u8]) -> Result<(), Errno> {
        Err(uapi::EOPNOTSUPP)
    }

    fn push(&mut self, value: &[u8], flags: u64) -> Result<(), Errno> {
        if flags != uapi::BPF_ANY.into() {
            return Err(uapi::EINVAL);
        }
        self.values.insert(value.to_vec());
        Ok(())
    }

    fn peek(&mut self, value: &mut [u8], takes: bool) -> Result<(), Errno> {
        match (takes, self.values.contains(value)) {
            (true, _) => Err(uapi::EOPNOTSUPP),
            (false, true) => Ok(()),
            (false, false) => Err(uapi::ENOENT),
        }
    }
}
