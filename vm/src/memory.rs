//! The memory of programs: regions with bounds. An address has the number of a region in its high 32 bits and an offset in the low ones, so
//! that arithmetic on pointers is arithmetic on numbers, and an offset that is wrong by less than 1 GiB never reaches another region.
//! Offsets begin at `BASE`: neither half of a pointer is zero, as programs test pointers for null by their low halves, too.
//! The number of a region that is gone is not used again for a long time, so a pointer to it is wrong and not another pointer.

use crate::decode::{Endian, Width};
use std::collections::VecDeque;

/// What a region is, for messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The frame of a function.
    Stack,
    Context,
    Packet,
    /// A value of the map of this number.
    Value(u32),
    /// A key of the map of this number.
    Key(u32),
    /// A record of the ring buffer of this number.
    Record(u32),
    /// An object of the kernel.
    Object,
    /// An object of the kernel whose fields the machine has not.
    Opaque,
    /// What the process that embeds the machine gave.
    Given,
}

struct Region {
    start: *mut u8,
    /// 0 if nothing may be accessed.
    length: u32,
    /// The number with which it was made: the place, and how often that was used.
    number: u32,
    /// 0 where the programs only read.
    writable: u32,
    what: What,
    /// How many words of 8 bytes are to be freed; 0 if another one owns them.
    owned: usize,
}

/// Low bits of a number: the place among the regions. The others count the uses of that place, except the highest.
const PLACES: u32 = 0x3f_ffff;
const USE: u32 = PLACES + 1;
const USES: u32 = 0x7fff_ffff;

/// The numbers from here on are those of no region: code, then maps.
const CODE: u32 = 0x8000_0000;
const MAPS: u32 = 0xc000_0000;

/// The low half of the address of a region's first byte.
const BASE: u32 = 0x4000_0000;

/// Errors of `Memory` say nothing: `wrong` does.
pub type Access<T> = Option<T>;

/// All regions of a machine.
pub struct Memory {
    endian: Endian,
    regions: Vec<Region>,
    /// Places, from the one that is unused for the longest time.
    free: VecDeque<u32>,
    /// Regions that go at the end of the run, as what the kernel frees after a grace period.
    retired: Vec<u64>,
}

// SAFETY: the regions are owned by the memory, or by maps of the same machine, which moves with it.
unsafe impl Send for Memory {}

impl Memory {
    /// Without regions.
    pub fn new(endian: Endian) -> Memory {
        // Addresses of the first place are null and near it.
        let null =
            Region { start: std::ptr::null_mut(), length: 0, number: 0, writable: 0, what: What::Given, owned: 0 };
        Memory { endian, regions: vec![null], free: VecDeque::new(), retired: Vec::new() }
    }

    /// The byte order of the numbers in it.
    pub fn endian(&self) -> Endian {
        self.endian
    }

    /// The address of a new region of zeros, aligned to 8 bytes.
    pub fn add(&mut self, what: What, length: usize) -> u64 {
        let words = length.div_ceil(8).max(1);
        let start = Box::into_raw(vec![0u64; words].into_boxed_slice()).cast::<u8>();
        self.insert(Region { start, length: length as u32, number: 0, writable: 1, what, owned: words })
    }

    /// The address of a new region with these bytes.
    pub fn add_bytes(&mut self, what: What, bytes: &[u8]) -> u64 {
        let address = self.add(what, bytes.len());
        if let Some(room) = self.bytes_mut(address, bytes.len()) {
            room.copy_from_slice(bytes);
        }
        address
    }

    /// The address of a new region over memory that another one owns.
    ///
    /// # Safety
    /// The memory is valid for reads and writes until `remove` got the address, and only reached through raw pointers.
    pub unsafe fn share(&mut self, what: What, start: *mut u8, length: usize) -> u64 {
        self.insert(Region { start, length: length as u32, number: 0, writable: 1, what, owned: 0 })
    }

    fn insert(&mut self, mut region: Region) -> u64 {
        let place = match self.free.pop_front() {
            Some(place) => {
                let next = (self.regions[place as usize].number + USE) & USES;
                region.number = next;
                self.regions[place as usize] = region;
                return at(next, 0);
            }
            None => self.regions.len() as u32,
        };
        assert!(place < PLACES, "more than {PLACES} regions of memory");
        region.number = place;
        self.regions.push(region);
        at(place, 0)
    }

    /// Forgets the region at an address; one that is gone already is left alone.
    pub fn remove(&mut self, address: u64) {
        let Some(region) = self.region_mut(address) else { return };
        free(region);
        (region.start, region.length, region.owned) = (std::ptr::null_mut(), 0, 0);
        let place = region.number & PLACES;
        // The number that addresses of it have is no longer that of the place.
        region.number = (region.number + USE) & USES;
        self.free.push_back(place);
    }

    /// Forgets the region at an address when the run ends.
    pub fn retire(&mut self, address: u64) {
        self.retired.push(address);
    }

    /// Forgets the retired regions.
    pub fn settle(&mut self) {
        for address in std::mem::take(&mut self.retired) {
            self.remove(address);
        }
    }

    /// Programs only read the region at an address from here on.
    pub fn protect(&mut self, address: u64) {
        if let Some(region) = self.region_mut(address) {
            region.writable = 0;
        }
    }

    /// Makes a region as long as this; it must have had that length once.
    pub fn resize(&mut self, address: u64, length: usize) {
        if let Some(region) = self.region_mut(address) {
            region.length = length as u32;
        }
    }

    /// Makes a region as long as this, and all zeros; it must have had that length once.
    pub fn open(&mut self, address: u64, length: usize) {
        let Some(region) = self.region_mut(address) else { return };
        region.length = length as u32;
        // SAFETY: the region had so many bytes, which its memory keeps.
        unsafe { region.start.write_bytes(0, length) };
    }

    /// The kind of the region at an address, and its length; None if there is none.
    pub fn region(&self, address: u64) -> Option<(What, usize)> {
        let number = (address >> 32) as u32;
        let region = self.regions.get((number & PLACES) as usize)?;
        (region.number == number && number != 0).then_some((region.what, region.length as usize))
    }

    fn region_mut(&mut self, address: u64) -> Option<&mut Region> {
        let number = (address >> 32) as u32;
        let region = self.regions.get_mut((number & PLACES) as usize)?;
        (region.number == number && number != 0).then_some(region)
    }

    /// Where bytes are in this process.
    #[inline(always)]
    fn locate(&self, address: u64, size: u64, write: u32) -> Access<*mut u8> {
        let number = (address >> 32) as u32;
        let region = self.regions.get((number & PLACES) as usize)?;
        let (offset, length) = (u64::from((address as u32).wrapping_sub(BASE)), u64::from(region.length));
        // Helpers get sizes from programs: a sum may overflow.
        if region.number != number || size > length || offset > length - size || write > region.writable {
            return None;
        }
        // SAFETY: the offset is within the region.
        Some(unsafe { region.start.add(offset as usize) })
    }

    /// The unsigned number at an address.
    #[inline(always)]
    pub fn load(&self, address: u64, width: Width) -> Access<u64> {
        let at = self.locate(address, width.bytes().into(), 0)?;
        let swaps = self.endian != Endian::NATIVE;
        // SAFETY: so many bytes are readable; they need no alignment.
        unsafe {
            Some(match (width, swaps) {
                (Width::One, _) => at.read().into(),
                (Width::Two, false) => at.cast::<u16>().read_unaligned().into(),
                (Width::Four, false) => at.cast::<u32>().read_unaligned().into(),
                (Width::Eight, false) => at.cast::<u64>().read_unaligned(),
                (Width::Two, true) => at.cast::<u16>().read_unaligned().swap_bytes().into(),
                (Width::Four, true) => at.cast::<u32>().read_unaligned().swap_bytes().into(),
                (Width::Eight, true) => at.cast::<u64>().read_unaligned().swap_bytes(),
            })
        }
    }

    /// Stores the low bytes of a number.
    #[inline(always)]
    pub fn store(&mut self, address: u64, width: Width, number: u64) -> Access<()> {
        let at = self.locate(address, width.bytes().into(), 1)?;
        let swaps = self.endian != Endian::NATIVE;
        // SAFETY: so many bytes are writable; they need no alignment.
        unsafe {
            match (width, swaps) {
                (Width::One, _) => at.write(number as u8),
                (Width::Two, false) => at.cast::<u16>().write_unaligned(number as u16),
                (Width::Four, false) => at.cast::<u32>().write_unaligned(number as u32),
                (Width::Eight, false) => at.cast::<u64>().write_unaligned(number),
                (Width::Two, true) => at.cast::<u16>().write_unaligned((number as u16).swap_bytes()),
                (Width::Four, true) => at.cast::<u32>().write_unaligned((number as u32).swap_bytes()),
                (Width::Eight, true) => at.cast::<u64>().write_unaligned(number.swap_bytes()),
            }
        }
        Some(())
    }

    /// The bytes at an address.
    pub fn bytes(&self, address: u64, size: usize) -> Access<&[u8]> {
        if size == 0 {
            return Some(&[]);
        }
        let at = self.locate(address, size as u64, 0)?;
        // SAFETY: so many bytes are readable, and the machine is borrowed.
        Some(unsafe { std::slice::from_raw_parts(at, size) })
    }

    /// The bytes at an address, also where programs only read.
    pub fn bytes_mut(&mut self, address: u64, size: usize) -> Access<&mut [u8]> {
        if size == 0 {
            return Some(&mut []);
        }
        let at = self.locate(address, size as u64, 0)?;
        // SAFETY: so many bytes are writable, and the machine is borrowed mutably.
        Some(unsafe { std::slice::from_raw_parts_mut(at, size) })
    }

    /// Whether a program may write so many bytes at an address.
    pub fn is_writable(&self, address: u64, size: usize) -> bool {
        size == 0 || self.locate(address, size as u64, 1).is_some()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.regions.iter().for_each(free);
    }
}

fn free(region: &Region) {
    if region.owned > 0 {
        let words = std::ptr::slice_from_raw_parts_mut(region.start.cast::<u64>(), region.owned);
        // SAFETY: `add` made it as a box of so many words, and nothing else frees it.
        drop(unsafe { Box::from_raw(words) });
    }
}

fn at(number: u32, offset: u32) -> u64 {
    u64::from(number) << 32 | u64::from(BASE + offset)
}

/// The address at which the region of an address begins, and the offset in it.
pub fn split(address: u64) -> (u64, i64) {
    (address >> 32 << 32 | u64::from(BASE), i64::from(address as u32) - i64::from(BASE))
}

/// The address of the slot of a program's function.
pub fn of_code(program: u32, slot: u32) -> u64 {
    at(CODE | program, slot)
}

/// The program and slot of the address of a function.
pub fn code_at(address: u64) -> Option<(u32, u32)> {
    let number = (address >> 32) as u32;
    (CODE..MAPS).contains(&number).then_some((number & !CODE, (address as u32).wrapping_sub(BASE)))
}

/// The address that stands for a map itself.
pub fn of_map(map: u32) -> u64 {
    at(MAPS | map, 0)
}

/// The number of the map that an address stands for.
pub fn map_at(address: u64) -> Option<u32> {
    let number = (address >> 32) as u32;
    (number >= MAPS && address as u32 == BASE).then_some(number & !MAPS)
}

#[cfg(test)]
mod tests {
    use super::{Endian, Memory, What};

    #[test]
    fn sizes_that_overflow_are_outside() {
        let mut memory = Memory::new(Endian::NATIVE);
        let address = memory.add(What::Given, 16);
        assert_eq!(memory.bytes(address + 8, 8).map(<[u8]>::len), Some(8));
        for size in [9, 17, usize::MAX, usize::MAX - 7] {
            assert!(memory.bytes(address + 8, size).is_none(), "{size}");
        }
        assert!(memory.bytes(address + 17, 0).is_some() && memory.bytes(address - 1, 1).is_none());
    }
}
