//! Iterators over numbers (`bpf_iter_num_*` of kernel/bpf/bpf_iter.c).

use super::{EINVAL, Part, failed};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;

/// Kfuncs of the iterator over numbers.
pub const LIST: Part = &[("bpf_iter_num_new", start), ("bpf_iter_num_next", next), ("bpf_iter_num_destroy", end)];

/// The most iterations (`BPF_MAX_LOOPS`).
const MOST: i64 = 8 << 20;

/// `struct bpf_iter_num`: the number before the next one, and the end.
fn write(vm: &mut Vm, iterator: u64, current: i32, end: i32) -> Result<(), Fault> {
    let endian = vm.endian();
    let room = vm.output(iterator, 8)?;
    endian.write(current as u64, &mut room[..4]);
    endian.write(end as u64, &mut room[4..]);
    Ok(())
}

fn start(vm: &mut Vm, [iterator, from, to, ..]: [u64; 5]) -> Result<u64, Fault> {
    let (from, to) = (from as i32, to as i32);
    let count = i64::from(to) - i64::from(from);
    if !(0..=MOST).contains(&count) {
        write(vm, iterator, 0, 0)?;
        return Ok(failed(if count < 0 { EINVAL } else { uapi::E2BIG }));
    }
    write(vm, iterator, from.wrapping_sub(1), to)?;
    Ok(0)
}

/// The address of the number, which is in the iterator itself; 0 at the end.
fn next(vm: &mut Vm, [iterator, ..]: [u64; 5]) -> Result<u64, Fault> {
    let endian = vm.endian();
    let state = vm.input(iterator, 8)?;
    let (current, end) = (endian.number(&state[..4]) as i32, endian.number(&state[4..]) as i32);
    if i64::from(current) + 1 >= i64::from(end) {
        write(vm, iterator, 0, 0)?;
        return Ok(0);
    }
    write(vm, iterator, current + 1, end)?;
    Ok(iterator)
}

fn end(vm: &mut Vm, [iterator, ..]: [u64; 5]) -> Result<u64, Fault> {
    write(vm, iterator, 0, 0)?;
    Ok(0)
}
