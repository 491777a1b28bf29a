//! Virtual time, and the timers that go off in it.

use crate::Vm;
use crate::fault::Fault;
use crate::memory::{self, What};
use std::collections::BTreeMap;

/// Nanoseconds that each reading of the clock and each run of a program takes.
pub const CALL: u64 = 1_000;

/// Nanoseconds since a boot one second before the machine was made.
pub struct Clock {
    now: u64,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { now: 1_000_000_000 }
    }
}

impl Clock {
    pub(crate) fn pass(&mut self, nanoseconds: u64) {
        self.now = self.now.saturating_add(nanoseconds);
    }

    /// The time, which takes some.
    pub(crate) fn read(&mut self) -> u64 {
        self.pass(CALL);
        self.now
    }
}

/// The timers of programs, by the addresses of their `struct bpf_timer`.
#[derive(Default)]
pub struct Timers {
    known: BTreeMap<u64, Timer>,
    /// How many were started, which orders those of one time.
    started: u64,
}

/// A timer in a map's value.
#[derive(Clone)]
struct Timer {
    /// The address that stands for the map.
    map: u64,
    callback: u64,
    /// When it goes off, and its order.
    due: Option<(u64, u64)>,
}

/// Helpers' results.
const EINVAL: i64 = -crate::facts::uapi::EINVAL;
const EBUSY: i64 = -crate::facts::uapi::EBUSY;

/// `BPF_F_TIMER_ABS`
const ABSOLUTE: u64 = 1;

impl Timers {
    pub(crate) fn init(&mut self, timer: u64, map: u64) -> i64 {
        if self.known.contains_key(&timer) {
            return EBUSY;
        }
        self.known.insert(timer, Timer { map, callback: 0, due: None });
        0
    }

    pub(crate) fn set_callback(&mut self, timer: u64, callback: u64) -> i64 {
        match self.known.get_mut(&timer) {
            Some(timer) => {
                timer.callback = callback;
                0
            }
            None => EINVAL,
        }
    }

    pub(crate) fn start(&mut self, timer: u64, now: u64, nanoseconds: u64, flags: u64) -> i64 {
        let order = self.started;
        match self.known.get_mut(&timer) {
            Some(timer) if timer.callback != 0 => {
                let from = if flags & ABSOLUTE == 0 { now } else { 0 };
                timer.due = Some((from.saturating_add(nanoseconds), order));
                self.started += 1;
                0
            }
            _ => EINVAL,
        }
    }

    /// 1 if the timer was to go off, 0 if not.
    pub(crate) fn cancel(&mut self, timer: u64) -> i64 {
        self.known.get_mut(&timer).map_or(EINVAL, |timer| i64::from(timer.due.take().is_some()))
    }

    fn next(&self) -> Option<(u64, u64)> {
        let due = self.known.iter().filter_map(|(&address, timer)| Some((timer.due?, address)));
        due.min().map(|((time, _), address)| (time, address))
    }
}

impl Vm {
    /// The virtual time, in nanoseconds. Asking takes none.
    pub fn now(&self) -> u64 {
        self.clock.now
    }

    /// When the next timer goes off; None if none is to.
    pub fn next_timer(&self) -> Option<u64> {
        self.timers.next().map(|(time, _)| time)
    }

    /// Lets time pass, as a process does that sleeps. Timers that are due run in order, each at its time.
    pub fn sleep(&mut self, nanoseconds: u64) -> Result<(), Fault> {
        let until = self.clock.now.saturating_add(nanoseconds);
        while let Some((time, address)) = self.timers.next().filter(|(time, _)| *time <= until) {
            self.clock.now = self.clock.now.max(time);
            let Some(timer) = self.timers.known.get_mut(&address) else { break };
            timer.due = None;
            let timer = timer.clone();
            self.go_off(address, &timer)?;
        }
        self.clock.now = self.clock.now.max(until);
        Ok(())
    }

    fn go_off(&mut self, address: u64, timer: &Timer) -> Result<(), Fault> {
        let map = memory::map_at(timer.map).unwrap_or_default();
        let found =
            self.maps.get_mut(map as usize).and_then(|map| map.entry_at(&mut self.memory, memory::split(address).0));
        let Some((key, value)) = found else {
            // The entry went, and its timer with it.
            self.timers.known.remove(&address);
            return Ok(());
        };
        let key = self.memory.add_bytes(What::Key(map), &key);
        let result = self.outermost(|vm| vm.callback(timer.callback, [timer.map, key, value, 0, 0]));
        self.memory.remove(key);
        self.memory.settle();
        result.map(drop)
    }
}
