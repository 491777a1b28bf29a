//! Checksums of the Internet, with the results of net/core/filter.c.

use super::{EFAULT, EINVAL, Part, failed};
use crate::Vm;
use crate::decode::Endian;
use crate::fault::Fault;

/// Checksums of packets.
pub const LIST: Part = &[
    ("bpf_csum_diff", difference),
    ("bpf_l3_csum_replace", replace_l3),
    ("bpf_l4_csum_replace", replace_l4),
    ("bpf_csum_update", update),
    ("bpf_csum_level", update),
];

/// `BPF_F_…` of `bpf_l4_csum_replace`.
const FIELD: u64 = 0xf;
const MARK_MANGLED_0: u64 = 0x20;
const MARK_ENFORCE: u64 = 0x40;

/// The most bytes that `bpf_csum_diff` takes.
const LONGEST: u64 = 512;

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

fn sum(bytes: &[u8], endian: Endian) -> u64 {
    bytes.chunks(2).map(|pair| endian.number(&[pair[0], pair.get(1).copied().unwrap_or(0)])).sum()
}

/// The folded sum, which kernels before 6.13 do not fold on all machines.
fn difference(vm: &mut Vm, [from, from_size, to, to_size, seed]: [u64; 5]) -> Result<u64, Fault> {
    let (from_size, to_size) = (u64::from(from_size as u32), u64::from(to_size as u32));
    if (from_size | to_size) % 4 != 0 || from_size + to_size > LONGEST {
        return Ok(failed(EINVAL));
    }
    let endian = vm.endian();
    let removed = !fold(sum(&vm.input(from, from_size)?, endian));
    let added = sum(&vm.input(to, to_size)?, endian);
    let removed = if from_size == 0 { 0 } else { removed.into() };
    Ok(fold(added + removed + u64::from(seed as u32)).into())
}

/// The checksum of 16 bits where `from` became `to`, numbers of so many bytes; for 0 bytes `to` is the difference of sums.
fn replaced(old: u16, from: u64, to: u64, size: u64) -> Option<u16> {
    let mask = match size {
        0 | 4 => u64::from(u32::MAX),
        2 => 0xffff,
        _ => return None,
    };
    let removed = if size == 0 { 0 } else { u64::from(!fold(from & mask)) };
    Some(!fold(u64::from(!old) + removed + (to & mask)))
}

fn replace_l3(vm: &mut Vm, [context, offset, from, to, flags]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    if flags & !FIELD != 0 {
        return Ok(failed(EINVAL));
    }
    replace(vm, offset, |old| replaced(old, from, to, flags & FIELD))
}

fn replace_l4(vm: &mut Vm, [context, offset, from, to, flags]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    let keeps_zero = flags & MARK_MANGLED_0 != 0;
    replace(vm, offset, |old| {
        if keeps_zero && flags & MARK_ENFORCE == 0 && old == 0 {
            return Some(0);
        }
        let new = replaced(old, from, to, flags & FIELD)?;
        Some(if keeps_zero && new == 0 { 0xffff } else { new })
    })
}

fn replace(vm: &mut Vm, offset: u64, new: impl FnOnce(u16) -> Option<u16>) -> Result<u64, Fault> {
    let endian = vm.endian();
    let offset = u64::from(offset as u32) as usize;
    let Some(packet) = vm.running.packet.as_mut() else { return Ok(failed(EFAULT)) };
    if offset > 0xffff || !offset.is_multiple_of(2) {
        return Ok(failed(EFAULT));
    }
    let Some(old) = packet.read(&vm.memory, offset, 2) else { return Ok(failed(EFAULT)) };
    let Some(new) = new(endian.number(old) as u16) else { return Ok(failed(EINVAL)) };
    let mut bytes = [0; 2];
    endian.write(new.into(), &mut bytes);
    packet.write(&mut vm.memory, offset, &bytes);
    packet.renew(&mut vm.memory);
    Ok(0)
}

/// What hardware said of a packet's checksum is not kept.
fn update(vm: &mut Vm, [context, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    Ok(0)
}
