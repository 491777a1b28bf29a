//! Dynamic pointers (`struct bpf_dynptr`): memory with a length that only these functions check.

use super::{EINVAL, Part, entries, failed, rings};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;

/// Helpers and kfuncs for dynamic pointers.
pub const LIST: Part = &[
    ("bpf_dynptr_from_mem", from_memory),
    ("bpf_dynptr_read", read),
    ("bpf_dynptr_write", write),
    ("bpf_dynptr_data", data),
    ("bpf_ringbuf_reserve_dynptr", reserve),
    ("bpf_ringbuf_submit_dynptr", submit),
    ("bpf_ringbuf_discard_dynptr", discard),
    ("bpf_dynptr_from_skb", from_packet),
    ("bpf_dynptr_from_xdp", from_packet),
    ("bpf_dynptr_slice", slice),
    ("bpf_dynptr_slice_rdwr", slice),
    ("bpf_dynptr_adjust", adjust),
    ("bpf_dynptr_is_null", is_null),
    ("bpf_dynptr_is_rdonly", is_read_only),
    ("bpf_dynptr_size", size),
    ("bpf_dynptr_clone", copy),
    ("bpf_user_ringbuf_drain", drain),
];

/// The most records that one call hands over (`BPF_MAX_USER_RINGBUF_SAMPLES`).
const MOST_RECORDS: u32 = 128 << 10;
/// Bytes of the struct.
const SIZE: u64 = 16;
/// The most bytes that one points to (`DYNPTR_MAX_SIZE`).
const MOST: u64 = (1 << 24) - 1;

/// The struct as the machine fills it.
#[derive(Clone, Copy)]
struct Dynptr {
    /// Of memory and records the address, of packets the context.
    base: u64,
    offset: u64,
    size: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Memory,
    Packet,
}

impl Dynptr {
    const NULL: Dynptr = Dynptr { base: 0, offset: 0, size: 0, kind: Kind::Null };

    fn load(vm: &Vm, at: u64) -> Result<Dynptr, Fault> {
        let bytes = vm.input(at, SIZE)?;
        let (endian, number) = (vm.endian(), |range: std::ops::Range<usize>| vm.endian().number(&bytes[range]));
        let packed = endian.number(&bytes[8..12]);
        let kind = match packed >> 24 {
            1 => Kind::Memory,
            2 => Kind::Packet,
            _ => Kind::Null,
        };
        Ok(Dynptr { base: number(0..8), size: packed & MOST, offset: number(12..16), kind })
    }

    fn store(self, vm: &mut Vm, at: u64) -> Result<(), Fault> {
        let endian = vm.endian();
        let room = vm.output(at, SIZE)?;
        endian.write(self.base, &mut room[..8]);
        endian.write(self.size | (self.kind as u64) << 24, &mut room[8..12]);
        endian.write(self.offset, &mut room[12..]);
        Ok(())
    }

    /// An error for bytes that it has not.
    fn check(self, offset: u64, length: u64) -> Result<(), i64> {
        if self.kind == Kind::Null {
            return Err(EINVAL);
        }
        if offset.checked_add(length).is_none_or(|end| end > self.size) { Err(uapi::E2BIG) } else { Ok(()) }
    }

    /// Where bytes of it are, if programs can access them; packets only in what is directly accessible.
    fn address(self, vm: &Vm, offset: u64, length: u64) -> Option<u64> {
        let at = self.offset + offset;
        match self.kind {
            Kind::Null => None,
            Kind::Memory => Some(self.base + at),
            Kind::Packet => {
                let [_, start, end] = vm.running.packet.as_ref()?.addresses();
                (at + length <= end - start).then_some(start + at)
            }
        }
    }

    fn bytes(self, vm: &Vm, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let at = self.offset + offset;
        if self.kind == Kind::Memory {
            return vm.input(self.base + at, length);
        }
        let packet = vm.running.packet.as_ref();
        let bytes = packet.and_then(|packet| packet.read(&vm.memory, at as usize, length as usize));
        bytes.map(<[u8]>::to_vec).ok_or_else(|| Fault::wrong("a dynamic pointer to a packet that is shorter by now"))
    }
}

fn from_memory(vm: &mut Vm, [memory, length, flags, to, _]: [u64; 5]) -> Result<u64, Fault> {
    let length = u64::from(length as u32);
    let error = if length > MOST { uapi::E2BIG } else { EINVAL };
    if length > MOST || flags != 0 {
        Dynptr::NULL.store(vm, to)?;
        return Ok(failed(error));
    }
    vm.input(memory, length)?;
    Dynptr { base: memory, offset: 0, size: length, kind: Kind::Memory }.store(vm, to)?;
    Ok(0)
}

fn from_packet(vm: &mut Vm, [context, flags, to, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    let length = vm.running.packet.as_ref().map(|packet| packet.length() as u64);
    let found = length.filter(|&length| flags == 0 && length <= MOST);
    let made = found.map_or(Dynptr::NULL, |size| Dynptr { base: context, offset: 0, size, kind: Kind::Packet });
    made.store(vm, to)?;
    Ok(if made.kind == Kind::Null { failed(EINVAL) } else { 0 })
}

fn read(vm: &mut Vm, [to, length, from, offset, flags]: [u64; 5]) -> Result<u64, Fault> {
    let (from, length, offset) = (Dynptr::load(vm, from)?, u64::from(length as u32), u64::from(offset as u32));
    if flags != 0 {
        return Ok(failed(EINVAL));
    }
    if let Err(error) = from.check(offset, length) {
        return Ok(failed(error));
    }
    let bytes = from.bytes(vm, offset, length)?;
    vm.output(to, length)?.copy_from_slice(&bytes);
    Ok(0)
}

fn write(vm: &mut Vm, [to, offset, from, length, flags]: [u64; 5]) -> Result<u64, Fault> {
    let (to, length, offset) = (Dynptr::load(vm, to)?, u64::from(length as u32), u64::from(offset as u32));
    if let Err(error) = to.check(offset, length) {
        return Ok(failed(error));
    }
    let bytes = vm.input(from, length)?;
    match to.kind {
        Kind::Memory if flags != 0 => return Ok(failed(EINVAL)),
        Kind::Memory | Kind::Null => vm.output(to.base + to.offset + offset, length)?.copy_from_slice(&bytes),
        Kind::Packet => {
            let stays = vm.is_xdp();
            let Some(packet) = vm.running.packet.as_mut() else { return Ok(failed(EINVAL)) };
            packet.write(&mut vm.memory, (to.offset + offset) as usize, &bytes);
            if !stays {
                packet.renew(&mut vm.memory);
            }
        }
    }
    Ok(0)
}

fn data(vm: &mut Vm, [from, offset, length, ..]: [u64; 5]) -> Result<u64, Fault> {
    let (from, offset, length) = (Dynptr::load(vm, from)?, u64::from(offset as u32), u64::from(length as u32));
    let is_memory = from.kind == Kind::Memory && from.check(offset, length).is_ok();
    Ok(from.address(vm, offset, length).filter(|_| is_memory).unwrap_or(0))
}

fn reserve(vm: &mut Vm, [map, size, flags, to, _]: [u64; 5]) -> Result<u64, Fault> {
    let number = entries::of_kind(vm, map, uapi::BPF_MAP_TYPE_RINGBUF)?;
    let size = u64::from(size as u32);
    let room = match vm.maps[number].ring() {
        Some(ring) if flags == 0 && size <= MOST => ring.reserve(&mut vm.memory, size as usize),
        _ => 0,
    };
    let made = if room == 0 { Dynptr::NULL } else { Dynptr { base: room, offset: 0, size, kind: Kind::Memory } };
    made.store(vm, to)?;
    Ok(if room == 0 { failed(EINVAL) } else { 0 })
}

fn end(vm: &mut Vm, at: u64, is_sent: bool) -> Result<u64, Fault> {
    let record = Dynptr::load(vm, at)?;
    Dynptr::NULL.store(vm, at)?;
    // A record that was not reserved is ended without effect.
    if record.kind == Kind::Memory {
        rings::end(vm, record.base, is_sent)?;
    }
    Ok(0)
}

fn submit(vm: &mut Vm, [record, ..]: [u64; 5]) -> Result<u64, Fault> {
    end(vm, record, true)
}

fn discard(vm: &mut Vm, [record, ..]: [u64; 5]) -> Result<u64, Fault> {
    end(vm, record, false)
}

/// The bytes where they are, or copied into the buffer.
fn slice(vm: &mut Vm, [from, offset, buffer, length, _]: [u64; 5]) -> Result<u64, Fault> {
    let (from, offset, length) = (Dynptr::load(vm, from)?, u64::from(offset as u32), u64::from(length as u32));
    if from.check(offset, length).is_err() {
        return Ok(0);
    }
    if let Some(address) = from.address(vm, offset, length) {
        return Ok(address);
    }
    if buffer == 0 {
        return Ok(0);
    }
    let bytes = from.bytes(vm, offset, length)?;
    vm.output(buffer, length)?.copy_from_slice(&bytes);
    Ok(buffer)
}

fn adjust(vm: &mut Vm, [at, start, end, ..]: [u64; 5]) -> Result<u64, Fault> {
    let (mut dynptr, start, end) = (Dynptr::load(vm, at)?, u64::from(start as u32), u64::from(end as u32));
    if dynptr.kind == Kind::Null || start > end {
        return Ok(failed(EINVAL));
    }
    if start > dynptr.size || end > dynptr.size {
        return Ok(failed(uapi::ERANGE));
    }
    (dynptr.offset, dynptr.size) = (dynptr.offset + start, end - start);
    dynptr.store(vm, at)?;
    Ok(0)
}

fn is_null(vm: &mut Vm, [at, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(u64::from(Dynptr::load(vm, at)?.kind == Kind::Null))
}

/// Programs of the types here write to all that they point to.
fn is_read_only(vm: &mut Vm, [at, ..]: [u64; 5]) -> Result<u64, Fault> {
    Dynptr::load(vm, at)?;
    Ok(0)
}

fn size(vm: &mut Vm, [at, ..]: [u64; 5]) -> Result<u64, Fault> {
    let dynptr = Dynptr::load(vm, at)?;
    Ok(if dynptr.kind == Kind::Null { failed(EINVAL) } else { dynptr.size })
}

fn copy(vm: &mut Vm, [from, to, ..]: [u64; 5]) -> Result<u64, Fault> {
    let dynptr = Dynptr::load(vm, from)?;
    dynptr.store(vm, to)?;
    Ok(if dynptr.kind == Kind::Null { failed(EINVAL) } else { 0 })
}

/// `bpf_user_ringbuf_drain(map, callback, data, flags)`: how many records the callback got, which ends the loop by yielding 1.
fn drain(vm: &mut Vm, [map, callback, data, ..]: [u64; 5]) -> Result<u64, Fault> {
    let number = entries::of_kind(vm, map, uapi::BPF_MAP_TYPE_USER_RINGBUF)?;
    let mut taken = 0;
    for _ in 0..MOST_RECORDS {
        let Some(ring) = vm.maps[number].ring() else { return Err(super::other_kind()) };
        let (record, size, behind) = match ring.next_of_user(&mut vm.memory) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(uapi::ENODATA) => break,
            Err(error) => return Ok(failed(error)),
        };
        let pointer = vm.memory.add(crate::memory::What::Given, SIZE as usize);
        Dynptr { base: record, offset: 0, size, kind: Kind::Memory }.store(vm, pointer)?;
        let stops = vm.callback(callback, [pointer, data, 0, 0, 0])?;
        vm.memory.remove(pointer);
        vm.memory.remove(record);
        if let Some(ring) = vm.maps[number].ring() {
            ring.skip_to(behind);
        }
        taken += 1;
        if stops != 0 {
            break;
        }
    }
    Ok(taken)
}
