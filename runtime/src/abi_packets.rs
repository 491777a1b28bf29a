//! Packets of `packet { … }`.
//!
//! Of the layer `library`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_packet_append` | `bool (KsPacket *packet, const void *bytes, uint64_t count, uint64_t room)`: the bytes, then zeros up to `room`
//! bytes; false, and nothing is added, where the packet has no room for them |
//! | `ks_packet_length` | `void (KsPacket *packet, uint32_t start, uint32_t at, uint32_t less)`: writes the number of bytes from `start + less`
//! to the end into 16 bits in network order at `start + at` |
//! | `ks_packet_check` | `void (KsPacket *packet, uint32_t start, uint32_t at, uint32_t count, uint32_t form, uint32_t ip, uint32_t
//! routing)`: writes a checksum to `start + at`; library/packets.rs says of what |
//! | `ks_packet_cut` | `void (KsPacket *packet, uint64_t count)`: keeps the first bytes |
//! | `ks_packet_difference` | `uint32_t (const KsPacket *left, const KsPacket *right)`: the first byte that differs, or that only one has |
//! | `ks_packet_at` | `void *(KsPacket *packet, uint64_t offset, uint64_t size)`: null where the packet has not all of these bytes |

/// How many bytes a packet has at most.
pub const KS_PACKET_ROOM: usize = 9216;

/// A value of type `Packet`, of `ir-specs/structs.toml`. Behind `length` all bytes are zero.
#[repr(C)]
pub struct KsPacket {
    pub length: u32,
    pub bytes: [u8; KS_PACKET_ROOM],
}
