//! Objects of the kernel: the task that runs the test, and its cgroup. They have addresses, by which storages know them, and no fields.

use super::{Part, failed, status};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;
use crate::memory::{self, What};

/// Helpers and kfuncs for tasks, cgroups, storages and stack traces.
pub const LIST: Part = &[
    ("bpf_get_current_task", task),
    ("bpf_get_current_task_btf", task),
    ("bpf_task_acquire", acquire),
    ("bpf_task_release", nothing),
    ("bpf_task_from_pid", task_of),
    ("bpf_get_current_cgroup_id", cgroup_id),
    ("bpf_get_current_ancestor_cgroup_id", ancestor_id),
    ("bpf_cgroup_from_id", cgroup_of),
    ("bpf_cgroup_acquire", acquire),
    ("bpf_cgroup_release", nothing),
    ("bpf_task_storage_get", storage),
    ("bpf_task_storage_delete", storage_delete),
    ("bpf_sk_storage_get", storage),
    ("bpf_sk_storage_delete", storage_delete),
    ("bpf_inode_storage_get", storage),
    ("bpf_inode_storage_delete", storage_delete),
    ("bpf_cgrp_storage_get", storage),
    ("bpf_cgrp_storage_delete", storage_delete),
    ("bpf_get_stackid", stack_id),
    ("bpf_get_stack", empty_stack),
    ("bpf_get_task_stack", empty_stack),
];

/// The cgroup of the test: the root of the tree.
const CGROUP: u64 = 1;

/// Objects that are there as long as the machine; 0 until a program asks for them.
#[derive(Default)]
pub struct Objects {
    task: u64,
    cgroup: u64,
}

impl Vm {
    /// The address of the task that the process is.
    fn task(&mut self) -> u64 {
        if self.objects.task == 0 {
            self.objects.task = self.memory.add(What::Opaque, 0);
        }
        self.objects.task
    }

    fn cgroup(&mut self) -> u64 {
        if self.objects.cgroup == 0 {
            self.objects.cgroup = self.memory.add(What::Opaque, 0);
        }
        self.objects.cgroup
    }

    /// The key of an object in storages: of the task its number, as processes have it.
    fn key_of(&mut self, object: u64) -> Result<[u8; 8], Fault> {
        let number = match object {
            task if task == self.objects.task => std::process::id().into(),
            object => {
                self.memory.region(object).ok_or_else(|| self.wrong_access("lookup", object, 1))?;
                memory::split(object).0
            }
        };
        let mut key = [0; 8];
        self.endian().write(number, &mut key);
        Ok(key)
    }
}

fn task(vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.task())
}

/// There are no other tasks.
fn task_of(vm: &mut Vm, [number, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(if number as u32 == std::process::id() { vm.task() } else { 0 })
}

fn acquire(_vm: &mut Vm, [object, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(object)
}

fn nothing(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(0)
}

fn cgroup_id(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(CGROUP)
}

fn ancestor_id(_vm: &mut Vm, [level, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(if level as i32 == 0 { CGROUP } else { 0 })
}

fn cgroup_of(vm: &mut Vm, [id, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(if id == CGROUP { vm.cgroup() } else { 0 })
}

/// `bpf_*_storage_get(map, object, value, flags)`: the address of the object's value, which is made if the flag asks for it.
fn storage(vm: &mut Vm, [map, object, value, flags, _]: [u64; 5]) -> Result<u64, Fault> {
    if object == 0 || flags & !u64::from(uapi::BPF_LOCAL_STORAGE_GET_F_CREATE) != 0 {
        return Ok(0);
    }
    let key = vm.key_of(object)?;
    let found = vm.map_of(map)?;
    let (number, size) = (found.number() as usize, found.spec().value_size);
    let there = vm.maps[number].lookup(&mut vm.memory, &key);
    if there != 0 || flags == 0 {
        return Ok(there);
    }
    let first = if value == 0 { vec![0; size] } else { vm.input(value, size as u64)? };
    match vm.maps[number].update(&mut vm.memory, &key, &first, uapi::BPF_NOEXIST.into()) {
        Ok(()) => Ok(vm.maps[number].lookup(&mut vm.memory, &key)),
        Err(_) => Ok(0),
    }
}

fn storage_delete(vm: &mut Vm, [map, object, ..]: [u64; 5]) -> Result<u64, Fault> {
    if object == 0 {
        return Ok(failed(uapi::EINVAL));
    }
    let key = vm.key_of(object)?;
    let number = vm.map_of(map)?.number() as usize;
    Ok(status(vm.maps[number].delete(&mut vm.memory, &key)))
}

/// Programs that run by themselves are called by nobody: all have one stack, without frames.
fn stack_id(vm: &mut Vm, [_, map, ..]: [u64; 5]) -> Result<u64, Fault> {
    let found = vm.map_of(map)?;
    let (number, size) = (found.number() as usize, found.spec().value_size);
    let written = vm.maps[number].update(&mut vm.memory, &[0; 4], &vec![0; size], uapi::BPF_ANY.into());
    Ok(status(written))
}

fn empty_stack(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(0)
}
