//! Programs on socket buffers: which fields of a given `struct __sk_buff` the kernel takes, and how it fills the others for a packet
//! (`bpf_prog_test_run_skb`, `convert___skb_to_skb` and `convert_skb_to___skb` of net/bpf/test_run.c).

use super::Failure;
use super::runs::{ETHERNET, LOOPBACK, number, place, put};
use crate::context::{Input, Output};
use crate::facts::uapi;

const LAYOUT: &str = "__sk_buff";
const SOCKET: &str = "bpf_sock";

/// The fields that may be given, in order.
const GIVEN: [&str; 11] = [
    "mark",
    "priority",
    "ingress_ifindex",
    "ifindex",
    "cb",
    "data_end",
    "tstamp",
    "wire_len",
    "gso_segs",
    "gso_size",
    "hwtstamp",
];
/// The fields that the process gets back, but for `cb`.
const LEFT: [&str; 8] =
    ["mark", "priority", "ingress_ifindex", "ifindex", "tstamp", "wire_len", "gso_segs", "hwtstamp"];

/// Lengths of packets that the kernel would not make (`GSO_LEGACY_MAX_SIZE`, `GSO_MAX_SEGS`).
const LONGEST: u64 = 65536;
const SEGMENTS: u64 = 65535;

/// Protocols of the kernel (linux/if_ether.h), and families of addresses (linux/socket.h).
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const NOVELL: u64 = 1;
const LLC: u64 = 4;
const INET: u64 = 2;
const INET6: u64 = 10;
/// Kinds of packets (linux/if_packet.h).
const HOST: u64 = 0;
const BROADCAST: u64 = 1;
const MULTICAST: u64 = 2;
const OTHER: u64 = 3;
/// The smallest number in place of a length that is a protocol (`ETH_P_802_3_MIN`).
const PROTOCOLS: u16 = 0x600;

/// Whether the kernel runs programs of the type so.
pub fn is_run(prog_type: u32) -> bool {
    has_ethernet(prog_type) || is_of_network(prog_type)
}

/// Whether programs of the type get the Ethernet header.
fn has_ethernet(prog_type: u32) -> bool {
    [uapi::BPF_PROG_TYPE_SCHED_CLS, uapi::BPF_PROG_TYPE_SCHED_ACT].contains(&prog_type)
}

/// How many bytes of a packet programs of the type do not get.
fn hidden(prog_type: u32) -> usize {
    if has_ethernet(prog_type) { 0 } else { ETHERNET }
}

fn is_of_network(prog_type: u32) -> bool {
    [
        uapi::BPF_PROG_TYPE_SOCKET_FILTER,
        uapi::BPF_PROG_TYPE_CGROUP_SKB,
        uapi::BPF_PROG_TYPE_LWT_IN,
        uapi::BPF_PROG_TYPE_LWT_OUT,
        uapi::BPF_PROG_TYPE_LWT_XMIT,
        uapi::BPF_PROG_TYPE_LWT_SEG6LOCAL,
        uapi::BPF_PROG_TYPE_SK_SKB,
    ]
    .contains(&prog_type)
}

/// The context of a run.
pub struct Fields {
    context: Vec<u8>,
    /// The socket of the packet, as `struct bpf_sock`.
    socket: Vec<u8>,
}

impl Fields {
    /// What the programs see of a packet and a given context.
    pub fn of(prog_type: u32, given: &[u8], packet: &[u8]) -> Result<Fields, Failure> {
        let length = (packet.len() - hidden(prog_type)) as u64;
        check(given, length)?;
        let get = |name: &str| number(given, LAYOUT, name);
        let mut context = Vec::new();
        let mut set = |name: &str, number: u64| put(&mut context, LAYOUT, name, number);
        for name in ["mark", "priority", "ingress_ifindex", "tstamp", "gso_segs", "gso_size", "hwtstamp"] {
            set(name, get(name));
        }
        set("ifindex", LOOPBACK);
        set("wire_len", if get("wire_len") == 0 { length } else { get("wire_len") });
        set("pkt_type", kind(packet));
        set("protocol", protocol(packet));
        let socket = socket(packet, &mut context)?;
        if let Some(cb) = place(LAYOUT, "cb").and_then(|(start, end)| given.get(start..end)) {
            fill(&mut context, LAYOUT, "cb", cb);
        }
        Ok(Fields { context, socket })
    }

    /// What the run of a program gets. Packets have so many bytes in one piece at most.
    pub fn input(&self, prog_type: u32, packet: &[u8], linear: usize) -> Input {
        let hidden = hidden(prog_type);
        Input {
            packet: Some(packet[hidden..].to_vec()),
            linear: Some(packet.len().min(linear) - hidden),
            context: self.context.clone(),
            ..Input::default()
        }
    }

    /// The socket of the packet.
    pub fn socket(&self) -> &[u8] {
        &self.socket
    }

    /// The packet and the context as the process gets them.
    pub fn left(&self, prog_type: u32, mut given: Vec<u8>, output: &Output) -> (Vec<u8>, Vec<u8>) {
        // The header that the programs do not get is zeros afterwards.
        let packet = [&vec![0; hidden(prog_type)], &output.packet[..]].concat();
        if given.is_empty() {
            return (packet, given);
        }
        for name in LEFT {
            if place(LAYOUT, name).is_some_and(|(_, end)| end <= given.len()) {
                put(&mut given, LAYOUT, name, number(&output.context, LAYOUT, name));
            }
        }
        if let Some((start, end)) = place(LAYOUT, "cb")
            && end <= given.len()
        {
            given[start..end].copy_from_slice(&output.context[start..end]);
        }
        (packet, given)
    }
}

/// Refuses what the kernel does not take of a context.
fn check(given: &[u8], length: u64) -> Result<(), Failure> {
    let mut others = given.to_vec();
    for (start, end) in GIVEN.iter().filter_map(|name| place(LAYOUT, name)) {
        if let Some(field) = others.get_mut(start..end) {
            field.fill(0);
        }
    }
    let get = |name: &str| number(given, LAYOUT, name);
    let wire = get("wire_len");
    let is_wrong_wire = wire != 0 && (wire < length || wire > LONGEST);
    if others.iter().any(|byte| *byte != 0) || is_wrong_wire || get("gso_segs") > SEGMENTS {
        return Err(uapi::EINVAL.into());
    }
    if get("ifindex") > LOOPBACK {
        return Err(uapi::ENODEV.into());
    }
    Ok(())
}

/// The kind of a packet by its destination: to this host, to all, to a group, to another host (`eth_skb_pkt_type`). The address of `lo` is zeros.
fn kind(packet: &[u8]) -> u64 {
    match &packet[..6] {
        [0, 0, 0, 0, 0, 0] => HOST,
        [255, 255, 255, 255, 255, 255] => BROADCAST,
        [first, ..] if first & 1 == 1 => MULTICAST,
        _ => OTHER,
    }
}

/// `skb->protocol`, in the byte order of networks (`eth_type_trans`).
fn protocol(packet: &[u8]) -> u64 {
    let written = u16::from_be_bytes([packet[12], packet[13]]);
    let found = match packet.get(14..16) {
        _ if written >= PROTOCOLS => u64::from(written),
        Some([255, 255]) => NOVELL,
        _ => LLC,
    };
    u64::from((found as u16).to_be())
}

/// The socket of a packet, with the addresses that it has, which the context shows too. A packet that is shorter than its header is refused.
fn socket(packet: &[u8], context: &mut Vec<u8>) -> Result<Vec<u8>, Failure> {
    let mut socket = vec![0; crate::facts::layout(SOCKET).map_or(0, |layout| layout.size as usize)];
    let protocol = u16::from_be_bytes([packet[12], packet[13]]);
    let (family, names, addresses) = match (protocol, packet.len() - ETHERNET) {
        (IPV4, 20..) => (INET, [("local_ip4", "src_ip4"), ("remote_ip4", "dst_ip4")], [26..30, 30..34]),
        (IPV6, 40..) => (INET6, [("local_ip6", "src_ip6"), ("remote_ip6", "dst_ip6")], [22..38, 38..54]),
        (IPV4 | IPV6, _) => return Err(uapi::EINVAL.into()),
        _ => return Ok(socket),
    };
    put(context, LAYOUT, "family", family);
    put(&mut socket, SOCKET, "family", family);
    for ((shown, own), address) in names.into_iter().zip(addresses) {
        fill(context, LAYOUT, shown, &packet[address.clone()]);
        fill(&mut socket, SOCKET, own, &packet[address]);
    }
    Ok(socket)
}

/// Puts bytes into a field, as `put` does with numbers.
fn fill(context: &mut Vec<u8>, layout: &str, field: &str, bytes: &[u8]) {
    let Some((start, end)) = place(layout, field) else { return };
    context.resize(context.len().max(end), 0);
    context[start..end].copy_from_slice(bytes);
}
