//! Names of addresses: functions of the kernel, and of processes.

pub mod elf;
pub mod kernel;
pub mod user;

/// `name+0x12`, or the address where it has no name.
pub fn shown(name: Option<(&str, u64)>, address: u64) -> String {
    match name {
        Some((name, offset)) => format!("{name}+{offset:#x}"),
        None => format!("{address:#x}"),
    }
}
