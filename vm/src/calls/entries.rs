//! Entries of maps, and loops over them.

use super::{EINVAL, Part, failed, other_kind, status};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;
use crate::memory::{self, What};

/// Helpers for entries of maps.
pub const LIST: Part = &[
    ("bpf_map_lookup_elem", lookup),
    ("bpf_map_update_elem", update),
    ("bpf_map_delete_elem", delete),
    ("bpf_map_lookup_percpu_elem", lookup_on),
    ("bpf_map_push_elem", push),
    ("bpf_map_pop_elem", pop),
    ("bpf_map_peek_elem", peek),
    ("bpf_for_each_map_elem", each),
    ("bpf_loop", repeat),
    ("bpf_spin_lock", lock),
    ("bpf_spin_unlock", unlock),
    ("bpf_kptr_xchg", exchange),
];

/// The most iterations of `bpf_loop` (`BPF_MAX_LOOPS`).
const MOST_LOOPS: u32 = 8 << 20;

fn lookup(vm: &mut Vm, [map, key, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = vm.map_of(map)?.spec().key_size;
    let key = vm.input(key, size as u64)?;
    let number = vm.map_of(map)?.number();
    Ok(vm.maps[number as usize].lookup(&mut vm.memory, &key))
}

fn lookup_on(vm: &mut Vm, [map, key, cpu, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = vm.map_of(map)?.spec().key_size;
    let key = vm.input(key, size as u64)?;
    let number = vm.map_of(map)?.number();
    Ok(vm.maps[number as usize].lookup_on(&mut vm.memory, &key, cpu as u32 as usize))
}

fn update(vm: &mut Vm, [map, key, value, flags, _]: [u64; 5]) -> Result<u64, Fault> {
    let found = vm.map_of(map)?;
    let (number, spec) = (found.number(), found.spec());
    let (key_size, value_size) = (spec.key_size, spec.value_size);
    let (key, value) = (vm.input(key, key_size as u64)?, vm.input(value, value_size as u64)?);
    Ok(status(vm.maps[number as usize].update(&mut vm.memory, &key, &value, flags)))
}

fn delete(vm: &mut Vm, [map, key, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = vm.map_of(map)?.spec().key_size;
    let key = vm.input(key, size as u64)?;
    let number = vm.map_of(map)?.number();
    Ok(status(vm.maps[number as usize].delete(&mut vm.memory, &key)))
}

fn push(vm: &mut Vm, [map, value, flags, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = vm.map_of(map)?.spec().value_size;
    let value = vm.input(value, size as u64)?;
    Ok(status(vm.map_of(map)?.push(&value, flags)))
}

fn next(vm: &mut Vm, map: u64, value: u64, takes: bool) -> Result<u64, Fault> {
    let size = vm.map_of(map)?.spec().value_size as u64;
    // A filter is asked for this value.
    let mut bytes = vm.input(value, size)?;
    let result = vm.map_of(map)?.peek(&mut bytes, takes);
    vm.output(value, size)?.copy_from_slice(&bytes);
    Ok(status(result))
}

fn pop(vm: &mut Vm, [map, value, ..]: [u64; 5]) -> Result<u64, Fault> {
    next(vm, map, value, true)
}

fn peek(vm: &mut Vm, [map, value, ..]: [u64; 5]) -> Result<u64, Fault> {
    next(vm, map, value, false)
}

/// How many entries the callback got. It may delete those that are still to come.
fn each(vm: &mut Vm, [map, callback, data, flags, _]: [u64; 5]) -> Result<u64, Fault> {
    let found = vm.map_of(map)?;
    let (number, keys) = (found.number(), found.keys());
    if flags != 0 {
        return Ok(failed(EINVAL));
    }
    let mut seen = 0;
    for key in keys {
        let value = vm.maps[number as usize].lookup(&mut vm.memory, &key);
        if value == 0 {
            continue;
        }
        seen += 1;
        let key = vm.memory.add_bytes(What::Key(number), &key);
        vm.memory.protect(key);
        let stops = vm.callback(callback, [map, key, value, data, 0])?;
        vm.memory.remove(key);
        if stops != 0 {
            break;
        }
    }
    Ok(seen)
}

fn repeat(vm: &mut Vm, [count, callback, data, flags, _]: [u64; 5]) -> Result<u64, Fault> {
    let count = count as u32;
    if flags != 0 {
        return Ok(failed(EINVAL));
    }
    if count > MOST_LOOPS {
        return Ok(failed(uapi::E2BIG));
    }
    for index in 0..u64::from(count) {
        if vm.callback(callback, [index, data, 0, 0, 0])? != 0 {
            return Ok(index + 1);
        }
    }
    Ok(count.into())
}

/// Nothing else runs, so a lock is only held twice by mistake.
fn lock(vm: &mut Vm, [lock, ..]: [u64; 5]) -> Result<u64, Fault> {
    let held = vm.input(lock, 4)?;
    if held.iter().any(|&byte| byte != 0) {
        return Err(Fault::wrong(format!("a lock that is held already, at {}", vm.name_of(lock))));
    }
    vm.output(lock, 4)?.fill(1);
    Ok(0)
}

fn unlock(vm: &mut Vm, [lock, ..]: [u64; 5]) -> Result<u64, Fault> {
    let held = vm.input(lock, 4)?;
    if held.iter().all(|&byte| byte == 0) {
        return Err(Fault::wrong(format!("a lock that is not held, at {}", vm.name_of(lock))));
    }
    vm.output(lock, 4)?.fill(0);
    Ok(0)
}

fn exchange(vm: &mut Vm, [place, new, ..]: [u64; 5]) -> Result<u64, Fault> {
    let endian = vm.endian();
    let old = endian.number(&vm.input(place, 8)?);
    endian.write(new, vm.output(place, 8)?);
    Ok(old)
}

/// The number of the map at an address, if it is of this kind.
pub fn of_kind(vm: &mut Vm, map: u64, kind: u32) -> Result<usize, Fault> {
    match vm.map_of(map)?.spec().kind == kind {
        true => Ok(memory::map_at(map).unwrap_or_default() as usize),
        false => Err(other_kind()),
    }
}
