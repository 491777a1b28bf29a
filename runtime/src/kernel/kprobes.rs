//! Whether the kernel has probes at its instructions.

use super::errors::Failure;
use std::path::Path;

/// Kernels that have kprobes as perf events say so here.
pub const PMU: &str = "/sys/bus/event_source/devices/kprobe";

/// Whether the kernel has kprobes.
pub fn supported() -> Result<(), Failure> {
    if Path::new(PMU).exists() {
        return Ok(());
    }
    let why = "this kernel has no kprobes\n  help: it needs CONFIG_KPROBES=y and CONFIG_KPROBE_EVENTS=y";
    Err(Failure::new(libc::EOPNOTSUPP, why))
}
