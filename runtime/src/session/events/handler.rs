//! The functions that handle records and events, and their arguments.

use std::ffi::c_void;
use std::mem::transmute;
use std::ptr;

/// A function that `ks_on_event` was given.
#[derive(Clone, Copy)]
pub struct Handler {
    call: Call,
    has_tails: bool,
    /// It leaves what it gets as it is, at whatever address.
    in_place: bool,
}

#[derive(Clone, Copy)]
enum Call {
    Yields(Yields),
    YieldsNothing(YieldsNothing),
    TailYields(TailYields),
    TailYieldsNothing(TailYieldsNothing),
}

/// Takes the address of a value; 0 to go on.
pub type Yields = extern "C" fn(*const c_void) -> i32;
type YieldsNothing = extern "C" fn(*const c_void);
/// The bytes after the value, an offset into them and their number.
type TailYields = extern "C" fn(*const c_void, *const c_void, u64, u64) -> i32;
type TailYieldsNothing = extern "C" fn(*const c_void, *const c_void, u64, u64);

/// The bits of the form, see abi.rs.
const YIELDS: u32 = 1;
const TAKES_TAIL: u32 = 2;
const HAS_TAILS: u32 = 4;
const IN_PLACE: u32 = 8;

impl Handler {
    /// # Safety
    /// The address is of a function of that form.
    pub unsafe fn of(address: *const c_void, form: u32) -> Handler {
        // SAFETY: as the caller promises.
        let call = unsafe {
            match (form & TAKES_TAIL != 0, form & YIELDS != 0) {
                (false, true) => Call::Yields(transmute::<*const c_void, Yields>(address)),
                (false, false) => Call::YieldsNothing(transmute::<*const c_void, YieldsNothing>(address)),
                (true, true) => Call::TailYields(transmute::<*const c_void, TailYields>(address)),
                (true, false) => Call::TailYieldsNothing(transmute::<*const c_void, TailYieldsNothing>(address)),
            }
        };
        Handler { call, has_tails: form & HAS_TAILS != 0, in_place: form & IN_PLACE != 0 }
    }

    /// Whether there may be bytes after the value.
    pub fn has_tails(self) -> bool {
        self.has_tails
    }

    /// The function that takes a value where it was sent, without a copy and without bytes behind it.
    pub fn in_place(self) -> Option<Yields> {
        match self.call {
            Call::Yields(handler) if self.in_place && !self.has_tails => Some(handler),
            Call::Yields(_) | Call::YieldsNothing(_) | Call::TailYields(_) | Call::TailYieldsNothing(_) => None,
        }
    }

    /// Calls it with what was sent, whose value has so many bytes, or with a copy of that.
    pub fn call(self, copy: &mut Vec<u64>, size: usize, sent: &[u8]) -> i32 {
        let length = if self.has_tails { sent.len() } else { size };
        let value: *const u8 = if self.in_place { sent.as_ptr() } else { copied(copy, &sent[..length]) };
        let rest = (length - size) as u64;
        // SAFETY: the value has so many bytes.
        let (value, tail): (*const c_void, *const c_void) = unsafe { (value.cast(), value.add(size).cast()) };
        match self.call {
            Call::Yields(handler) => return handler(value),
            Call::TailYields(handler) => return handler(value, tail, 0, rest),
            Call::YieldsNothing(handler) => handler(value),
            Call::TailYieldsNothing(handler) => handler(value, tail, 0, rest),
        }
        0
    }
}

/// The address of a copy.
fn copied(copy: &mut Vec<u64>, sent: &[u8]) -> *const u8 {
    copy.resize(sent.len().div_ceil(8), 0);
    let to: *mut u8 = copy.as_mut_ptr().cast();
    // SAFETY: both have so many bytes, and a vector of its own overlaps nothing.
    unsafe { ptr::copy_nonoverlapping(sent.as_ptr(), to, sent.len()) };
    to
}
