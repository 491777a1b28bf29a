//! Records of ring buffers, and events.

use super::{EINVAL, Part, entries, failed};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;
use crate::memory::What;

/// Helpers for ring buffers and events.
pub const LIST: Part = &[
    ("bpf_ringbuf_output", output),
    ("bpf_ringbuf_reserve", reserve),
    ("bpf_ringbuf_submit", submit),
    ("bpf_ringbuf_discard", discard),
    ("bpf_ringbuf_query", query),
    ("bpf_perf_event_output", event),
];

fn output(vm: &mut Vm, [map, data, size, ..]: [u64; 5]) -> Result<u64, Fault> {
    let number = entries::of_kind(vm, map, uapi::BPF_MAP_TYPE_RINGBUF)?;
    let bytes = vm.input(data, size)?;
    let Some(ring) = vm.maps[number].ring() else { return Err(super::other_kind()) };
    let address = ring.reserve(&mut vm.memory, bytes.len());
    if address == 0 {
        return Ok(failed(uapi::EAGAIN));
    }
    vm.output(address, size)?.copy_from_slice(&bytes);
    end(vm, address, true)?;
    Ok(0)
}

fn reserve(vm: &mut Vm, [map, size, flags, ..]: [u64; 5]) -> Result<u64, Fault> {
    let number = entries::of_kind(vm, map, uapi::BPF_MAP_TYPE_RINGBUF)?;
    match vm.maps[number].ring() {
        Some(ring) if flags == 0 && size < 1 << 30 => Ok(ring.reserve(&mut vm.memory, size as usize)),
        _ => Ok(0),
    }
}

/// Ends the record at an address.
pub fn end(vm: &mut Vm, address: u64, is_sent: bool) -> Result<(), Fault> {
    if let Some((What::Record(map), _)) = vm.memory.region(address)
        && let Some(ring) = vm.maps[map as usize].ring()
        && ring.end(&mut vm.memory, address, is_sent)
    {
        return Ok(());
    }
    let verb = if is_sent { "submitted" } else { "discarded" };
    Err(Fault::wrong(format!("a record is {verb} that is {}", vm.name_of(address))))
}

fn submit(vm: &mut Vm, [record, ..]: [u64; 5]) -> Result<u64, Fault> {
    end(vm, record, true).map(|()| 0)
}

fn discard(vm: &mut Vm, [record, ..]: [u64; 5]) -> Result<u64, Fault> {
    end(vm, record, false).map(|()| 0)
}

fn query(vm: &mut Vm, [map, what, ..]: [u64; 5]) -> Result<u64, Fault> {
    let number = entries::of_kind(vm, map, uapi::BPF_MAP_TYPE_RINGBUF)?;
    Ok(vm.maps[number].ring().map_or(failed(EINVAL), |ring| ring.query(what)))
}

/// The high half of the flags is how many bytes of the packet follow.
fn event(vm: &mut Vm, [_context, map, flags, data, size]: [u64; 5]) -> Result<u64, Fault> {
    let number = entries::of_kind(vm, map, uapi::BPF_MAP_TYPE_PERF_EVENT_ARRAY)?;
    let mut bytes = vm.input(data, size)?;
    let more = (flags >> 32 & 0xf_ffff) as usize;
    if let Some(packet) = &vm.running.packet {
        let Some(rest) = packet.read(&vm.memory, 0, more) else { return Ok(failed(uapi::EFAULT)) };
        bytes.extend_from_slice(rest);
    }
    if !vm.has_process {
        vm.maps[number].send(bytes);
        return Ok(0);
    }
    let index = if flags as u32 == uapi::BPF_F_CURRENT_CPU { 0 } else { flags as u32 };
    let Some(buffer) = vm.maps[number].buffer_at(index) else { return Ok(failed(uapi::ENOENT)) };
    Ok(super::status(vm.events[buffer as usize].send(&bytes)))
}
