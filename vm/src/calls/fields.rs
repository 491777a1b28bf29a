//! Helpers that change how a socket buffer is described: its tag of a VLAN, its kind, its hash.

use super::{EFAULT, EINVAL, Part, failed};
use crate::Vm;
use crate::fault::Fault;

/// Helpers for descriptions of packets.
pub const LIST: Part = &[
    ("bpf_skb_vlan_push", push_tag),
    ("bpf_skb_vlan_pop", pop_tag),
    ("bpf_skb_change_type", change_type),
    ("bpf_set_hash", set_hash),
    ("bpf_set_hash_invalid", forget_hash),
    ("bpf_get_hash_recalc", hash),
    ("bpf_skb_load_bytes_relative", load_relative),
    ("bpf_get_socket_cookie", first),
    ("bpf_get_netns_cookie", first),
    ("bpf_get_attach_cookie", none),
];

/// Where the protocol of a packet is, and what a tag of a VLAN puts before it: `ETH_P_8021Q` or `ETH_P_8021AD`, and its number.
const PROTOCOL: usize = 12;
const TAG: usize = 4;
const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
/// `PACKET_OTHERHOST`
const LAST_TYPE: u64 = 3;
/// `BPF_HDR_START_NET`
const FROM_NETWORK: u32 = 1;

/// A number as the kernel has it in a packet, from the register of a program, or back.
fn network(number: u16) -> u16 {
    number.to_be()
}

/// `skb_vlan_push` of net/core/skbuff.c: the tag is kept beside the packet, and one that is there already goes into it.
fn push_tag(vm: &mut Vm, [context, protocol, number, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    let given = network(protocol as u16);
    let protocol = if [VLAN, SERVICE_VLAN].contains(&given) { given } else { VLAN };
    if vm.field("vlan_present") != 0 {
        let (outer, tag) = (network(vm.field("vlan_proto") as u16), vm.field("vlan_tci") as u16);
        let bytes = [outer.to_be_bytes(), tag.to_be_bytes()].concat();
        let Some(packet) = vm.running.packet.as_mut() else { return Ok(failed(EINVAL)) };
        if !packet.resize_at(&mut vm.memory, PROTOCOL, TAG as i64) {
            return Ok(failed(EFAULT));
        }
        packet.write(&mut vm.memory, PROTOCOL, &bytes);
        vm.set_field("protocol", network(outer).into());
    }
    put_tag(vm, protocol, number as u16);
    renewed(vm)
}

/// `skb_vlan_pop`: the tag beside the packet goes, or else one in it; then the next one in it is kept beside it.
fn pop_tag(vm: &mut Vm, [context, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    if vm.field("vlan_present") != 0 {
        for name in ["vlan_present", "vlan_tci", "vlan_proto"] {
            vm.set_field(name, 0);
        }
    } else if take_tag(vm).is_none() {
        return renewed(vm);
    }
    if let Some((protocol, number)) = take_tag(vm) {
        put_tag(vm, protocol, number);
    }
    renewed(vm)
}

fn put_tag(vm: &mut Vm, protocol: u16, number: u16) {
    vm.set_field("vlan_present", 1);
    vm.set_field("vlan_tci", number.into());
    vm.set_field("vlan_proto", network(protocol).into());
}

/// Removes the first tag of the packet's bytes: its protocol and number. None if it has none.
fn take_tag(vm: &mut Vm) -> Option<(u16, u16)> {
    let packet = vm.running.packet.as_mut()?;
    let bytes = packet.read(&vm.memory, PROTOCOL, TAG + 2)?;
    let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (protocol, number, behind) = (word(0), word(2), word(4));
    if ![VLAN, SERVICE_VLAN].contains(&protocol) || !packet.resize_at(&mut vm.memory, PROTOCOL, -(TAG as i64)) {
        return None;
    }
    vm.set_field("protocol", network(behind).into());
    Some((protocol, number))
}

/// Success of a helper after which older pointers to the packet are wrong.
fn renewed(vm: &mut Vm) -> Result<u64, Fault> {
    if let Some(packet) = vm.running.packet.as_mut() {
        packet.renew(&mut vm.memory);
    }
    Ok(0)
}

fn change_type(vm: &mut Vm, [context, kind, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    let kind = u64::from(kind as u32);
    if kind > LAST_TYPE || vm.field("pkt_type") > LAST_TYPE {
        return Ok(failed(EINVAL));
    }
    vm.set_field("pkt_type", kind);
    Ok(0)
}

fn set_hash(vm: &mut Vm, [context, hash, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    vm.set_field("hash", u64::from(hash as u32));
    Ok(0)
}

fn forget_hash(vm: &mut Vm, [context, ..]: [u64; 5]) -> Result<u64, Fault> {
    set_hash(vm, [context, 0, 0, 0, 0])
}

/// The hash that the program has set: packets have none otherwise.
fn hash(vm: &mut Vm, [context, ..]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    Ok(vm.field("hash"))
}

fn load_relative(vm: &mut Vm, [context, offset, to, size, start]: [u64; 5]) -> Result<u64, Fault> {
    vm.demand_context(context)?;
    let begin = match (start as u32 == FROM_NETWORK, vm.has_ethernet()) {
        (true, true) => PROTOCOL + 2,
        (true, false) | (false, true) => 0,
        (false, false) => return Err(Fault::lacks("Ethernet headers of programs that do not get them")),
    };
    let size = u64::from(size as u32);
    let offset = begin + offset as u32 as usize;
    let bytes = vm.running.packet.as_ref().and_then(|packet| packet.read(&vm.memory, offset, size as usize));
    let bytes = bytes.map(<[u8]>::to_vec);
    let room = vm.output(to, size)?;
    match bytes {
        Some(bytes) => {
            room.copy_from_slice(&bytes);
            Ok(0)
        }
        None => {
            room.fill(0);
            Ok(failed(EFAULT))
        }
    }
}

/// The number of the only socket or namespace.
fn first(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(1)
}

/// Programs that run by themselves are attached by nobody.
fn none(_vm: &mut Vm, _args: [u64; 5]) -> Result<u64, Fault> {
    Ok(0)
}
