//! Packets of `packet { … }`.

/// How many bytes a packet has at most.
pub const KS_PACKET_ROOM: usize = 9216;

/// A value of type `Packet`, of `ir-specs/structs.toml`. Behind `length` all bytes are zero.
#[repr(C)]
pub struct KsPacket {
    pub length: u32,
    pub bytes: [u8; KS_PACKET_ROOM],
}
