//! Packets of `packet { … }`: bytes one after the other, lengths, and checksums (RFC 1071).

use crate::abi::{KS_PACKET_ROOM, KsPacket};

/// Headers of IP: the offsets of the addresses in version 4 and 6.
const IP4_ADDRESSES: usize = 12;
const IP6_ADDRESSES: usize = 8;
/// The size of the address of the destination.
const IP4_ADDRESS: usize = 4;
const IP6_ADDRESS: usize = 16;
/// Fields of a routing header (RFC 8200, 4.4).
const ROUTING_SIZE: usize = 1;
const ROUTING_TYPE: usize = 2;
const SEGMENTS_LEFT: usize = 3;
/// A routing header with segments in reverse order, the last one first (RFC 8754).
const SEGMENT_ROUTING: u8 = 4;
const ROUTING_ADDRESSES: usize = 8;

impl KsPacket {
    fn data(&self) -> &[u8] {
        &self.bytes[..(self.length as usize).min(KS_PACKET_ROOM)]
    }

    /// The bytes from an offset on; fewer where the packet ends.
    fn part(&self, start: usize, count: usize) -> &[u8] {
        let rest = self.data().get(start..).unwrap_or(&[]);
        &rest[..count.min(rest.len())]
    }

    fn write(&mut self, at: usize, number: u16) {
        let end = (self.length as usize).min(KS_PACKET_ROOM);
        if let Some(field) = self.bytes[..end].get_mut(at..at + 2) {
            field.copy_from_slice(&number.to_be_bytes());
        }
    }
}

/// The sum of words of 16 bits in network order; of an odd byte at the end it is the upper half.
fn sum(bytes: &[u8]) -> u64 {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u64::from(low));
    bytes.chunks(2).map(word).sum()
}

/// In the arithmetic of one's complement.
fn folded(mut sum: u64) -> u16 {
    while sum > u64::from(u16::MAX) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The sum of the pseudo header of what begins at `start` (RFC 9293, 3.1; RFC 8200, 8.1).
fn pseudo(packet: &KsPacket, start: usize, protocol: u8, version: u8, ip: usize, routing: Option<usize>) -> u64 {
    let length = packet.data().len().saturating_sub(start) as u64;
    let (source, size) =
        if version == 4 { (ip + IP4_ADDRESSES, IP4_ADDRESS) } else { (ip + IP6_ADDRESSES, IP6_ADDRESS) };
    let last = routing.and_then(|routing| final_address(packet, routing)).unwrap_or(source + size);
    let addresses = sum(packet.part(source, size)) + sum(packet.part(last, size));
    addresses + u64::from(protocol) + (length >> 16) + (length & 0xffff)
}

/// Where the last destination of a routing header is; none if no segment is left, or if it has no address.
fn final_address(packet: &KsPacket, routing: usize) -> Option<usize> {
    let field = |at: usize| packet.part(routing + at, 1).first().copied();
    let units = usize::from(field(ROUTING_SIZE)?);
    if field(SEGMENTS_LEFT)? == 0 || units < IP6_ADDRESS / 8 {
        return None;
    }
    if field(ROUTING_TYPE)? == SEGMENT_ROUTING {
        return Some(routing + ROUTING_ADDRESSES);
    }
    Some(routing + ROUTING_ADDRESSES + units / 2 * IP6_ADDRESS - IP6_ADDRESS)
}

/// See abi.rs.
///
/// # Safety
/// `bytes` is readable for `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_packet_append(packet: &mut KsPacket, bytes: *const u8, count: u64, room: u64) -> bool {
    let (begin, count) = (packet.length as usize, count as usize);
    let Some(end) = begin.checked_add(count.max(room as usize)).filter(|end| *end <= KS_PACKET_ROOM) else {
        return false;
    };
    if count > 0 {
        // SAFETY: as the caller promises.
        packet.bytes[begin..begin + count].copy_from_slice(unsafe { std::slice::from_raw_parts(bytes, count) });
    }
    packet.length = end as u32;
    true
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_packet_length(packet: &mut KsPacket, start: u32, at: u32, less: u32) {
    let begin = (start as usize).saturating_add(less as usize);
    let length = packet.data().len().saturating_sub(begin);
    packet.write((start + at) as usize, length as u16);
}

/// The checksum of `count` bytes from `start` on, as many as there are. `ip`, if not the largest number: with the pseudo header of the IP
/// header there, whose final destination is in the routing header at `routing`, if that is not the largest number. `form`: the protocol, the
/// version of IP from bit 8 on, and in bit 16 that no sum is written as zero.
#[unsafe(no_mangle)]
pub extern "C" fn ks_packet_check(
    packet: &mut KsPacket,
    start: u32,
    at: u32,
    count: u32,
    form: u32,
    ip: u32,
    routing: u32,
) {
    let mut total = sum(packet.part(start as usize, count as usize));
    if ip != u32::MAX {
        let routing = (routing != u32::MAX).then_some(routing as usize);
        total += pseudo(packet, start as usize, form as u8, (form >> 8) as u8, ip as usize, routing);
    }
    let check = !folded(total);
    let never_zero = form >> 16 & 1 != 0;
    packet.write((start + at) as usize, if never_zero && check == 0 { u16::MAX } else { check });
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_packet_cut(packet: &mut KsPacket, count: u64) {
    let kept = packet.data().len().min(usize::try_from(count).unwrap_or(usize::MAX));
    packet.bytes[kept..].fill(0);
    packet.length = kept as u32;
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_packet_at(packet: &mut KsPacket, offset: u64, size: u64) -> *mut u8 {
    let length = packet.data().len() as u64;
    if offset.checked_add(size).is_none_or(|end| end > length) {
        return std::ptr::null_mut();
    }
    packet.bytes[offset as usize..].as_mut_ptr()
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_packet_difference(left: &KsPacket, right: &KsPacket) -> u32 {
    let same = std::iter::zip(left.data(), right.data()).take_while(|(left, right)| left == right);
    same.count() as u32
}
