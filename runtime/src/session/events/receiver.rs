//! Who takes what BPF code sends through a map.

use super::handler::Handler;
use crate::abi::KsMap;
use crate::kernel::errors::complain;
use crate::kernel::program::text;
use ks_hot::Taker;
use std::cell::{Cell, RefCell};

/// A map, and its handler.
pub struct Receiver {
    pub name: &'static str,
    pub handler: Cell<Option<Handler>>,
    /// The value that its handler gets: aligned for anything.
    value: RefCell<Vec<u64>>,
    /// In bytes.
    size: usize,
}

impl Receiver {
    /// Without a handler.
    pub fn of(descriptor: &KsMap) -> Receiver {
        let size = descriptor.value_size as usize;
        Receiver { name: text(descriptor.name), handler: Cell::new(None), value: RefCell::new(Vec::new()), size }
    }

    /// Hands over a value that BPF code sent, whose buffer has room for so many bytes of it. Yields the handler's result.
    pub fn take(&self, sent: &[u8], room: fn(usize) -> usize) -> i32 {
        let has_tails = self.handler.get().is_some_and(Handler::has_tails);
        let fits = if has_tails { sent.len() >= self.size } else { sent.len() == room(self.size) };
        match (self.handler.get(), self.value.try_borrow_mut()) {
            _ if !fits => self.misfit(sent.len()),
            (Some(handler), Ok(mut value)) => handler.call(&mut value, self.size, sent),
            // A value is taken only by `dispatch`, which has found a handler, and which does not nest.
            (None, _) | (_, Err(_)) => 0,
        }
    }

    /// Hands itself, or its handler, to `read` as the taker of a ring buffer's records.
    pub fn with_taker<R>(&self, read: impl FnOnce(&Taker) -> R) -> R {
        match self.handler.get().and_then(Handler::in_place) {
            Some(handler) => read(&Taker::InPlace { handler, size: self.size }),
            None => read(&Taker::Any(&|sent| self.take(sent, |size| size))),
        }
    }

    /// The error of a value of so many bytes. A pinned map may have come from a program with another type of values; the kernel does not know
    /// that type.
    pub fn misfit(&self, sent: usize) -> i32 {
        let (name, size) = (self.name, self.size);
        complain(&format!("dispatch: what was sent through `{name}` has {sent} bytes, and its values have {size}"));
        -libc::EBADMSG
    }
}
