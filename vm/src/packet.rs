//! The packet of a run: a buffer with room before and behind it. Programs access one region of it, from the metadata to the end of what is
//! directly accessible; what moves or changes it makes a new region, so that older pointers are wrong, as they are to the verifier.

use crate::facts::uapi;
use crate::memory::{Memory, What};

/// Room before the packet (`XDP_PACKET_HEADROOM`), and behind it about what a driver's page has.
const HEADROOM: usize = 256;
const TAILROOM: usize = 320;

/// The length of an Ethernet header, below which no packet gets.
const SHORTEST: i64 = 14;

/// The packet of a run.
pub struct Packet {
    /// The region of the whole buffer, whose address no program gets.
    buffer: u64,
    room: usize,
    /// The region that programs access.
    view: u64,
    /// Offsets in the buffer.
    meta: usize,
    start: usize,
    end: usize,
    /// Bytes from the start on that are directly accessible.
    linear: usize,
}

impl Packet {
    /// A packet with metadata, which are no longer than the room before it.
    pub(crate) fn new(memory: &mut Memory, bytes: &[u8], meta: &[u8], linear: usize) -> Packet {
        let room = HEADROOM + bytes.len() + TAILROOM;
        let buffer = memory.add(What::Packet, room);
        let (start, end) = (HEADROOM, HEADROOM + bytes.len());
        let mut packet = Packet { buffer, room, view: 0, meta: start, start, end, linear: linear.min(bytes.len()) };
        packet.write(memory, 0, bytes);
        packet.meta = start.saturating_sub(meta.len());
        if let Some(room) = memory.bytes_mut(buffer + packet.meta as u64, meta.len()) {
            room.copy_from_slice(meta);
        }
        packet.look(memory);
        packet
    }

    /// Makes the region that programs access anew.
    fn look(&mut self, memory: &mut Memory) {
        memory.remove(self.view);
        let length = self.start - self.meta + self.linear;
        let at = memory.bytes_mut(self.buffer, self.room).map(|room| room[self.meta..].as_mut_ptr());
        // SAFETY: the buffer has so many bytes there, stays as long as this packet, and `drop_from` removes the view first.
        self.view = at.map_or(0, |at| unsafe { memory.share(What::Packet, at, length) });
    }

    /// Makes pointers to it wrong, as what changes its bytes does.
    pub(crate) fn renew(&mut self, memory: &mut Memory) {
        self.look(memory);
    }

    pub(crate) fn drop_from(self, memory: &mut Memory) {
        memory.remove(self.view);
        memory.remove(self.buffer);
    }

    pub(crate) fn meta<'m>(&self, memory: &'m Memory) -> &'m [u8] {
        memory.bytes(self.buffer + self.meta as u64, self.start - self.meta).unwrap_or_default()
    }

    pub(crate) fn linear(&self) -> usize {
        self.linear
    }

    pub(crate) fn length(&self) -> usize {
        self.end - self.start
    }

    /// The addresses of the metadata, the first byte, and the end of what is accessible.
    pub(crate) fn addresses(&self) -> [u64; 3] {
        let start = self.view + (self.start - self.meta) as u64;
        [self.view, start, start + self.linear as u64]
    }

    /// Bytes of it, wherever they lie; None if it has fewer.
    pub(crate) fn read<'m>(&self, memory: &'m Memory, offset: usize, size: usize) -> Option<&'m [u8]> {
        if offset.checked_add(size)? > self.length() {
            return None;
        }
        memory.bytes(self.buffer + (self.start + offset) as u64, size)
    }

    /// Writes bytes; false if it has fewer.
    pub(crate) fn write(&self, memory: &mut Memory, offset: usize, bytes: &[u8]) -> bool {
        if offset.checked_add(bytes.len()).is_none_or(|end| end > self.length()) {
            return false;
        }
        let room = memory.bytes_mut(self.buffer + (self.start + offset) as u64, bytes.len());
        room.map(|room| room.copy_from_slice(bytes)).is_some()
    }

    /// Moves the start by so many bytes; false if there is no room, or the packet would be shorter than an Ethernet header.
    pub(crate) fn move_start(&mut self, memory: &mut Memory, by: i64) -> bool {
        let (start, meta) = (self.start as i64 + by, (self.start - self.meta) as i64);
        if start - meta < 0 || start > self.end as i64 - SHORTEST || by > self.linear as i64 - SHORTEST {
            return false;
        }
        // The metadata stay before the first byte.
        let kept = memory.bytes(self.buffer + self.meta as u64, meta as usize).map(<[u8]>::to_vec).unwrap_or_default();
        (self.start, self.meta) = (start as usize, (start - meta) as usize);
        if let Some(room) = memory.bytes_mut(self.buffer + self.meta as u64, kept.len()) {
            room.copy_from_slice(&kept);
        }
        self.linear = (self.linear as i64 - by) as usize;
        self.look(memory);
        true
    }

    /// Moves the end by so many bytes; new ones are zero. False if there is no room, or the packet would be too short.
    pub(crate) fn move_end(&mut self, memory: &mut Memory, by: i64) -> bool {
        let end = self.end as i64 + by;
        if end > self.room as i64 || end - (self.start as i64) < SHORTEST {
            return false;
        }
        let was_linear = self.linear == self.length();
        let before = std::mem::replace(&mut self.end, end as usize);
        if let Some(room) =
            self.end.checked_sub(before).and_then(|more| memory.bytes_mut(self.buffer + before as u64, more))
        {
            room.fill(0);
        }
        self.linear = if was_linear { self.length() } else { self.linear.min(self.length()) };
        self.look(memory);
        true
    }

    /// Moves the metadata's start by so many bytes, to at most 32 bytes before the packet and by multiples of 4. Errors are positive
    /// numbers (`bpf_xdp_adjust_meta` of net/core/filter.c).
    pub(crate) fn move_meta(&mut self, memory: &mut Memory, by: i64) -> Result<(), i64> {
        const LONGEST: i64 = 32;
        let meta = self.meta as i64 + by;
        let length = self.start as i64 - meta;
        if meta < 0 || length < 0 {
            return Err(uapi::EINVAL);
        }
        if length > LONGEST || length % 4 != 0 {
            return Err(uapi::EACCES);
        }
        self.meta = meta as usize;
        self.look(memory);
        Ok(())
    }

    /// Makes so many bytes directly accessible; 0 means those that are. False if it has fewer.
    pub(crate) fn pull(&mut self, memory: &mut Memory, size: usize) -> bool {
        if size > self.length() {
            return false;
        }
        self.linear = self.linear.max(size);
        self.look(memory);
        true
    }

    /// Makes room of zeros at an offset, or takes bytes away there; false as for `move_start`.
    pub(crate) fn resize_at(&mut self, memory: &mut Memory, offset: usize, by: i64) -> bool {
        if offset > self.length() || by < 0 && offset + by.unsigned_abs() as usize > self.length() {
            return false;
        }
        let before = self.read(memory, 0, offset).map(<[u8]>::to_vec).unwrap_or_default();
        // The part behind the offset stays where it is: what is before it moves.
        if !self.move_start(memory, -by) {
            return false;
        }
        self.write(memory, 0, &before);
        if by > 0 {
            self.write(memory, offset, &vec![0; by as usize]);
        }
        true
    }
}
