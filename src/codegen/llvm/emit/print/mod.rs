//! `ks.print`: the kernel's trace pipe in BPF code, the runtime in user space.

pub mod bpf;
pub mod histograms;
pub mod host;
pub mod whole;
