//! Packets: their bytes, their bounds, where they go.

use super::{EFAULT, EINVAL, Part, entries, failed, status};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;
use crate::packet::Packet;

/// Helpers for packets.
pub const LIST: Part = &[
    ("bpf_skb_load_bytes", load_or_clear),
    ("bpf_skb_store_bytes", store),
    ("bpf_skb_pull_data", pull),
    ("bpf_xdp_load_bytes", load),
    ("bpf_xdp_store_bytes", store),
    ("bpf_xdp_get_buff_len", length),
    ("bpf_xdp_adjust_head", adjust_head),
    ("bpf_xdp_adjust_tail", adjust_tail),
    ("bpf_xdp_adjust_meta", adjust_meta),
    ("bpf_skb_change_tail", change_tail),
    ("bpf_skb_change_head", change_head),
    ("bpf_skb_adjust_room", adjust_room),
    ("bpf_redirect", redirect),
    ("bpf_redirect_peer", redirect),
    ("bpf_redirect_map", redirect_map),
];

const ETHERNET: usize = 14;
/// `XDP_REDIRECT` and `XDP_ABORTED`, `TC_ACT_REDIRECT`
const XDP_REDIRECT: u64 = 4;
const TC_REDIRECT: u64 = 7;
/// `BPF_ADJ_ROOM_MAC`
const ROOM_MAC: u32 = 1;

impl Vm {
    /// The packet, with the context that a helper got for it.
    fn packet_of(&mut self, context: u64) -> Result<&mut Packet, Fault> {
        self.demand_context(context)?;
        self.running.packet.as_mut().ok_or_else(|| Fault::wrong("a helper for packets in a run without one"))
    }

    /// Changes the bounds of the packet.
    fn change(
        &mut self,
        context: u64,
        change: impl FnOnce(&mut Packet, &mut crate::memory::Memory) -> Result<(), i64>,
    ) -> Result<u64, Fault> {
        self.packet_of(context)?;
        let Some(packet) = self.running.packet.as_mut() else { return Ok(failed(EINVAL)) };
        Ok(status(change(packet, &mut self.memory)))
    }
}

fn invalid(done: bool) -> Result<(), i64> {
    if done { Ok(()) } else { Err(EINVAL) }
}

fn load(vm: &mut Vm, [context, offset, to, size, _]: [u64; 5]) -> Result<u64, Fault> {
    let size = u64::from(size as u32);
    vm.packet_of(context)?;
    let packet = vm.running.packet.as_ref();
    let bytes =
        packet.and_then(|packet| packet.read(&vm.memory, offset as u32 as usize, size as usize)).map(<[u8]>::to_vec);
    let room = vm.output(to, size)?;
    match bytes {
        Some(bytes) => {
            room.copy_from_slice(&bytes);
            Ok(0)
        }
        None => Ok(failed(EFAULT)),
    }
}

fn load_or_clear(vm: &mut Vm, args: [u64; 5]) -> Result<u64, Fault> {
    let result = load(vm, args)?;
    if result != 0 {
        let [_, _, to, size, _] = args;
        vm.output(to, u64::from(size as u32))?.fill(0);
    }
    Ok(result)
}

/// Pointers to the packet of an XDP program stay valid (`bpf_helper_changes_pkt_data` of net/core/filter.c).
fn store(vm: &mut Vm, [context, offset, from, size, _flags]: [u64; 5]) -> Result<u64, Fault> {
    let bytes = vm.input(from, u64::from(size as u32))?;
    let stays = vm.is_xdp();
    vm.change(context, |packet, memory| {
        let done = packet.write(memory, offset as u32 as usize, &bytes);
        if !stays {
            packet.renew(memory);
        }
        if done { Ok(()) } else { Err(EFAULT) }
    })
}

fn pull(vm: &mut Vm, [context, size, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(
        context,
        |packet, memory| if packet.pull(memory, size as u32 as usize) { Ok(()) } else { Err(uapi::ENOMEM) },
    )
}

fn length(vm: &mut Vm, [context, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(vm.packet_of(context)?.length() as u64)
}

fn adjust_head(vm: &mut Vm, [context, by, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(context, |packet, memory| invalid(packet.move_start(memory, (by as i32).into())))
}

fn adjust_tail(vm: &mut Vm, [context, by, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(context, |packet, memory| invalid(packet.move_end(memory, (by as i32).into())))
}

fn adjust_meta(vm: &mut Vm, [context, by, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(context, |packet, memory| packet.move_meta(memory, (by as i32).into()))
}

fn change_tail(vm: &mut Vm, [context, length, flags, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(context, |packet, memory| {
        let by = i64::from(length as u32) - packet.length() as i64;
        invalid(flags == 0 && packet.move_end(memory, by))
    })
}

fn change_head(vm: &mut Vm, [context, room, flags, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(context, |packet, memory| {
        let room = i64::from(room as u32);
        let done = flags == 0 && packet.move_start(memory, -room);
        packet.write(memory, 0, &vec![0; if done { room as usize } else { 0 }]);
        invalid(done)
    })
}

/// `bpf_skb_adjust_room`: adds or removes bytes behind the Ethernet or the IP header. The machine has no segment lengths to change.
fn adjust_room(vm: &mut Vm, [context, by, mode, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.change(context, |packet, memory| {
        let header = packet.read(memory, ETHERNET - 2, 2).map(|kind| (kind[0], kind[1]));
        let offset = match header {
            _ if mode as u32 == ROOM_MAC => ETHERNET,
            Some((0x08, 0x00)) => ETHERNET + 20,
            Some((0x86, 0xdd)) => ETHERNET + 40,
            _ => return Err(uapi::EOPNOTSUPP),
        };
        invalid(packet.resize_at(memory, offset, (by as i32).into()))
    })
}

/// What the program returns to have its packet sent elsewhere.
fn redirected(vm: &mut Vm, to: u64) -> u64 {
    vm.running.redirect = Some(to);
    let (xdp, tc) = (XDP_REDIRECT, TC_REDIRECT);
    if vm.is_xdp() { xdp } else { tc }
}

fn redirect(vm: &mut Vm, [device, ..]: [u64; 5]) -> Result<u64, Fault> {
    Ok(redirected(vm, device as u32 as u64))
}

/// The low bits of the flags are what the program returns where the key has no entry.
fn redirect_map(vm: &mut Vm, [map, key, flags, ..]: [u64; 5]) -> Result<u64, Fault> {
    const ACTION: u64 = 3;
    let kinds = [
        uapi::BPF_MAP_TYPE_DEVMAP,
        uapi::BPF_MAP_TYPE_DEVMAP_HASH,
        uapi::BPF_MAP_TYPE_CPUMAP,
        uapi::BPF_MAP_TYPE_XSKMAP,
    ];
    let kind = vm.map_of(map)?.spec().kind;
    if !kinds.contains(&kind) {
        return Err(super::other_kind());
    }
    let number = entries::of_kind(vm, map, kind)?;
    let mut bytes = [0; 4];
    vm.endian().write(key, &mut bytes);
    let found = vm.maps[number].lookup(&mut vm.memory, &bytes);
    if found == 0 {
        return Ok(flags & ACTION);
    }
    Ok(redirected(vm, found))
}
