//! Named arguments of `attach`, which are set before it.

use crate::abi::KsOption;
use crate::kernel::errors::Failure;
use crate::kernel::program::MainThread;
use std::cell::Cell;

/// The options of one attachment.
#[derive(Clone, Copy, Default)]
pub struct Options {
    pub pid: Option<i32>,
    pub cookie: Option<u64>,
}

static NEXT: MainThread<Cell<Options>> = MainThread::new(Cell::new(Options { pid: None, cookie: None }));

/// The options that were set since the last attachment.
pub fn take() -> Options {
    NEXT.take()
}

impl Options {
    /// The process, which `pid: 0` says is this one; all without it.
    pub fn pid(&self) -> Result<i32, Failure> {
        match self.pid {
            None | Some(-1) => Ok(0),
            Some(0) => Ok(i32::try_from(std::process::id()).unwrap_or(0)),
            Some(pid) if pid > 0 => Ok(pid),
            Some(pid) => Err(Failure::new(libc::ESRCH, format!("no process has the number {pid}"))),
        }
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_attach_option(option: u32, value: u64) {
    let mut next = NEXT.get();
    if option == KsOption::Pid as u32 {
        next.pid = Some(value as i32);
    } else if option == KsOption::Cookie as u32 {
        next.cookie = Some(value);
    }
    NEXT.set(next);
}
