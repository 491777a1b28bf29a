//! The helpers that generated programs call (`enum bpf_func_id` of include/uapi/linux/bpf.h), with the results of kernel/bpf/helpers.c and
//! net/core/filter.c.

use super::maps::{ENOENT, Map};
use super::{Interpreter, Stop, load};
use differential::sockets::{FIELDS, PORT};
use ksc::tables::CONTEXTS;
use ksc::target::Endian;

/// The first words of the error for a helper that the interpreter lacks.
pub const LACKS: &str = "the interpreter lacks";

const EFAULT: i64 = -14;

/// The most iterations of `bpf_loop` (BPF_MAX_LOOPS).
const MOST_LOOPS: u64 = 8 << 20;
const E2BIG: i64 = -7;
const EAGAIN: i64 = -11;

impl Interpreter {
    pub(super) fn helper(&mut self, number: i32, args: [u64; 5]) -> Result<u64, Stop> {
        let [first, second, third, fourth, fifth] = args;
        let result = match number {
            1 | 2 | 3 | 87..=89 => self.on_map(number, args)?,
            9 | 190 => self.store_packet(second, third, fourth)?,
            12 => return self.tail_call(second, third as u32),
            26 | 189 => {
                let found = self.load_packet(second, third, fourth)?;
                if found != 0 && number == 26 {
                    self.memory.bytes(third, fourth as usize)?.fill(0);
                }
                found
            }
            39 => 0,
            130 => {
                let bytes = self.memory.copy(second, third as usize)?;
                let (map, memory) = (self.maps.get_mut(map_number(first)?).ok_or_else(no_map)?, &mut self.memory);
                match map.reserve(memory, bytes.len()) {
                    0 => EAGAIN,
                    address => {
                        map.submit(address);
                        memory.bytes(address, bytes.len())?.copy_from_slice(&bytes);
                        0
                    }
                }
            }
            131 => {
                let map = self.maps.get_mut(map_number(first)?).ok_or_else(no_map)?;
                return Ok(map.reserve(&mut self.memory, second as usize));
            }
            132 => {
                let _ = self.maps.iter_mut().any(|map| map.submit(first));
                0
            }
            133 => 0,
            84 | 99 => return Ok(self.lookup_socket(second, third, fourth, fifth)?),
            86 => 0,
            // The same socket.
            95 => return Ok(first),
            164 => self.each_entry(first, second, third)?,
            181 => self.repeat(first as u32, second, third)?,
            188 => self.packet.map_or(0, |packet| packet.length as i64),
            other => return Err(Stop::Error(format!("{LACKS} helper {other} of {first:#x} {fifth:#x}"))),
        };
        Ok(result as u64)
    }

    fn on_map(&mut self, number: i32, [map, key, value, flags, _]: [u64; 5]) -> Result<i64, Stop> {
        let endian = self.memory.endian;
        let memory = &mut self.memory;
        let map: &mut Map = self.maps.get_mut(map_number(map)?).ok_or_else(no_map)?;
        let (key_size, size) = (map.of.key, map.of.value);
        Ok(match number {
            1 => map.lookup(&memory.copy(key, key_size)?, endian) as i64,
            2 => {
                let (key, value) = (memory.copy(key, key_size)?, memory.copy(value, size)?);
                map.update(memory, &key, value, flags)
            }
            3 => map.delete(&memory.copy(key, key_size)?, endian),
            87 => map.push(memory.copy(key, size)?),
            _ => match map.next(number == 88) {
                Some(found) => {
                    memory.bytes(key, size)?.copy_from_slice(&found);
                    0
                }
                None => {
                    memory.bytes(key, size)?.fill(0);
                    ENOENT
                }
            },
        })
    }

    fn tail_call(&mut self, map: u64, index: u32) -> Result<u64, Stop> {
        let map = self.maps.get(map_number(map)?).ok_or_else(no_map)?;
        match map.entries.get(index as usize) {
            Some((_, program)) => Err(Stop::TailCall(*program as usize)),
            None => Ok(ENOENT as u64),
        }
    }

    /// The address of bytes of the packet, if it has all of them.
    fn of_packet(&self, offset: u64, size: u64) -> Option<u64> {
        let (offset, size) = (u64::from(offset as u32), u64::from(size as u32));
        let packet = self.packet.filter(|packet| offset + size <= packet.length as u64)?;
        Some(packet.start + offset)
    }

    fn load_packet(&mut self, offset: u64, to: u64, size: u64) -> Result<i64, Stop> {
        let Some(from) = self.of_packet(offset, size) else { return Ok(EFAULT) };
        let bytes = self.memory.copy(from, size as usize)?;
        self.memory.bytes(to, bytes.len())?.copy_from_slice(&bytes);
        Ok(0)
    }

    fn store_packet(&mut self, offset: u64, from: u64, size: u64) -> Result<i64, Stop> {
        let Some(to) = self.of_packet(offset, size) else { return Ok(EFAULT) };
        let bytes = self.memory.copy(from, size as usize)?;
        self.memory.bytes(to, bytes.len())?.copy_from_slice(&bytes);
        Ok(0)
    }

    /// `bpf_sk_lookup_tcp`: the address of the socket that listens (see the sockets of the library); 0 for other tuples.
    fn lookup_socket(&mut self, tuple: u64, size: u64, netns: u64, flags: u64) -> Result<u64, String> {
        const IPV4: u32 = 12;
        const CURRENT_NETNS: i32 = -1;
        let port = Endian::Big.number(&self.memory.copy(tuple + 10, 2)?);
        if size as u32 != IPV4 || port != u64::from(PORT) || netns as i32 != CURRENT_NETNS || flags != 0 {
            return Ok(0);
        }
        let socket = CONTEXTS.iter().find(|context| context.name == "bpf_sock").ok_or("no sockets")?;
        let address = self.memory.add(vec![0; socket.size as usize]);
        for (name, number) in FIELDS {
            let field = socket.fields.iter().find(|field| field.name == name).ok_or("a field of a socket")?;
            self.memory.store(address + field.offset, 4, number as u64)?;
        }
        Ok(address)
    }

    /// `bpf_for_each_map_elem`: how many entries there were up to the last one that the callback got.
    fn each_entry(&mut self, map: u64, callback: u64, data: u64) -> Result<i64, Stop> {
        let number = map_number(map)?;
        let entries = self.maps.get(number).ok_or_else(no_map)?.entries.clone();
        let mut seen = 0;
        for (key, value) in entries {
            let is_there = self.maps[number].entries.iter().any(|entry| entry.1 == value);
            if !is_there {
                continue;
            }
            seen += 1;
            let key = self.memory.add(key);
            let stops = self.callback(callback, [map, key, value, data, 0])?;
            self.memory.remove(key);
            if stops != 0 {
                break;
            }
        }
        Ok(seen)
    }

    /// `bpf_loop`: how many iterations there were.
    fn repeat(&mut self, count: u32, callback: u64, data: u64) -> Result<i64, Stop> {
        if u64::from(count) > MOST_LOOPS {
            return Ok(E2BIG);
        }
        for index in 0..u64::from(count) {
            if self.callback(callback, [index, data, 0, 0, 0])? != 0 {
                return Ok(index as i64 + 1);
            }
        }
        Ok(count.into())
    }
}

fn map_number(address: u64) -> Result<usize, Stop> {
    address
        .checked_sub(load::MAPS)
        .map(|number| number as usize)
        .ok_or_else(|| Stop::Error(format!("no map at {address:#x}")))
}

fn no_map() -> Stop {
    Stop::Error("no map".into())
}
