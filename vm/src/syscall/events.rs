//! `perf_event_open(2)`, as far as arrays of events need it.

use super::descriptors::Object;
use super::{Answer, Kernel, user};
use crate::fault::Fault;
use crate::maps::EventBuffer;
use std::os::fd::RawFd;

/// `PERF_TYPE_SOFTWARE` and `PERF_COUNT_SW_BPF_OUTPUT` of include/uapi/linux/perf_event.h
const SOFTWARE: u32 = 1;
const BPF_OUTPUT: u64 = 10;

impl Kernel {
    /// Opens a buffer of events. Other events there are none.
    ///
    /// # Safety
    /// The attribute is a `struct perf_event_attr`.
    pub unsafe fn open_event(&mut self, attribute: *const u8) -> Result<i64, i64> {
        // SAFETY: as the caller promises: the type, the size of the struct, and the event.
        let bytes = unsafe { user::bytes(attribute as u64, 16)? };
        let number = |range: std::ops::Range<usize>| crate::Endian::NATIVE.number(&bytes[range]);
        let answer: Answer = if number(0..4) == u64::from(SOFTWARE) && number(8..16) == BPF_OUTPUT {
            self.vm.events.push(EventBuffer::default());
            let buffer = Object::Event(self.vm.events.len() as u32 - 1);
            self.descriptors.add(buffer, None).map(i64::from).map_err(Into::into)
        } else {
            Err(Fault::lacks("perf events").into())
        };
        self.settle(answer)
    }

    /// Whether a descriptor is a buffer of events.
    pub fn is_event(&self, fd: RawFd) -> bool {
        matches!(self.descriptors.object(fd), Some(Object::Event(_)))
    }

    /// Gives a buffer of events the memory that the process is about to map. False if the descriptor is of something else, or there is no
    /// memory.
    pub fn map_event(&mut self, fd: RawFd, length: usize) -> bool {
        let Some(Object::Event(number)) = self.descriptors.object(fd) else { return false };
        self.vm.events[number as usize].map(fd, length).is_ok()
    }
}
