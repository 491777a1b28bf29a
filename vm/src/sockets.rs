//! Sockets that programs look up (`bpf_sk_lookup_tcp`).

use crate::Vm;
use crate::decode::Width;
use crate::facts;
use crate::memory::What;

/// A socket that listens or is connected.
#[derive(Clone, Default, Debug)]
pub struct Socket {
    /// `IPPROTO_TCP` or `IPPROTO_UDP`
    pub protocol: u32,
    /// The port that it is bound to.
    pub port: u16,
    /// Fields of `struct bpf_sock` with their numbers; the others are zero.
    pub fields: Vec<(String, u64)>,
}

/// Bytes of the tuple of IPv4 (`bpf_sock_tuple`).
const IPV4: u32 = 12;
/// The network namespace of the context (`BPF_F_CURRENT_NETNS`).
const CURRENT_NETNS: i32 = -1;

impl Vm {
    /// The address of a `bpf_sock` for a tuple of addresses and ports; 0 if no socket fits. Sockets are bound to all addresses of IPv4.
    pub(crate) fn socket_for(&mut self, protocol: u32, tuple: u64, size: u64, netns: u64, flags: u64) -> Option<u64> {
        let port = self.memory.bytes(tuple, size as u32 as usize)?.get(10..12)?;
        let port = u16::from_be_bytes([port[0], port[1]]);
        if size as u32 != IPV4 || netns as i32 != CURRENT_NETNS || flags != 0 {
            return Some(0);
        }
        let found = self.sockets.iter().find(|socket| socket.protocol == protocol && socket.port == port);
        let (Some(socket), Some(layout)) = (found.cloned(), facts::layout("bpf_sock")) else { return Some(0) };
        let address = self.memory.add(What::Object, layout.size as usize);
        for (name, number) in &socket.fields {
            let Some(field) = layout.fields.iter().find(|field| field.name == name) else { continue };
            let width = if field.size == 2 { Width::Two } else { Width::Four };
            self.memory.store(address + u64::from(field.offset), width, *number);
        }
        self.memory.protect(address);
        self.memory.retire(address);
        Some(address)
    }
}
