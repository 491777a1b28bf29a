//! What one instruction does.

use super::{Context, Given, Instruction, Interpreter, Stop, load};
use ksc::target::Endian;

/// Bytes of a function's stack.
const STACK: usize = 512;

/// Where an instruction leads to.
enum Next {
    Following,
    To(usize),
    Exit,
}

impl Interpreter {
    /// Runs a function; yields its result.
    pub(super) fn function(&mut self, start: usize, args: [u64; 5]) -> Result<u64, Stop> {
        let stack = self.memory.add(vec![0; STACK]);
        let mut registers = [0u64; 11];
        registers[1..=5].copy_from_slice(&args);
        registers[10] = stack + STACK as u64;
        let mut at = start;
        let result = loop {
            self.left = match self.left.checked_sub(1) {
                Some(left) => left,
                None => break Err(Stop::Error("it takes too long".into())),
            };
            match self.step(&mut registers, at) {
                Ok(Next::Following) => at += 1,
                Ok(Next::To(place)) => at = place,
                Ok(Next::Exit) => break Ok(registers[0]),
                Err(Stop::Error(why)) => break Err(Stop::Error(format!("instruction {at}: {why}"))),
                Err(stop) => break Err(stop),
            }
        };
        self.memory.remove(stack);
        result
    }

    fn step(&mut self, registers: &mut [u64; 11], at: usize) -> Result<Next, Stop> {
        let instruction = *self.code.get(at).ok_or_else(|| "beyond the code".to_owned())?;
        let Instruction { opcode, dst, src, offset, immediate } = instruction;
        let (dst, src) = (usize::from(dst), usize::from(src));
        let jump = |distance: i64| Next::To((at as i64 + 1 + distance) as usize);
        match opcode & 7 {
            0 => {
                let high = self.code.get(at + 1).ok_or_else(|| "half an instruction".to_owned())?.immediate;
                registers[dst] = u64::from(immediate as u32) | u64::from(high as u32) << 32;
                return Ok(Next::To(at + 2));
            }
            1 => {
                let size = size(opcode);
                let loaded = self.load(registers[src].wrapping_add_signed(offset.into()), size)?;
                let shift = 64 - 8 * size;
                let is_signed = opcode & 0xe0 == 0x80;
                registers[dst] = if is_signed { ((loaded << shift) as i64 >> shift) as u64 } else { loaded };
            }
            2 => {
                let to = registers[dst].wrapping_add_signed(offset.into());
                self.memory.store(to, size(opcode), i64::from(immediate) as u64)?;
            }
            3 if opcode & 0xe0 == 0xc0 => self.atomic(registers, instruction)?,
            3 => {
                let to = registers[dst].wrapping_add_signed(offset.into());
                self.memory.store(to, size(opcode), registers[src])?;
            }
            4 | 7 => {
                let operand = if opcode & 8 != 0 { registers[src] } else { i64::from(immediate) as u64 };
                registers[dst] = compute(instruction, self.memory.endian, registers[dst], operand)?;
            }
            _ => {
                let operand = if opcode & 8 != 0 { registers[src] } else { i64::from(immediate) as u64 };
                return match opcode >> 4 {
                    0 if opcode & 7 == 6 => Ok(jump(immediate.into())),
                    0 => Ok(jump(offset.into())),
                    8 => {
                        registers[0] = self.called(registers, at, src as u8, immediate)?;
                        Ok(Next::Following)
                    }
                    9 => Ok(Next::Exit),
                    _ if compare(instruction, registers[dst], operand)? => Ok(jump(offset.into())),
                    _ => Ok(Next::Following),
                };
            }
        }
        Ok(Next::Following)
    }

    fn called(&mut self, registers: &[u64; 11], at: usize, kind: u8, number: i32) -> Result<u64, Stop> {
        let args = [registers[1], registers[2], registers[3], registers[4], registers[5]];
        match kind {
            0 => self.helper(number, args),
            1 => self.function((at as i64 + 1 + i64::from(number)) as usize, args),
            _ => Err(Stop::Error(format!("{} a function of the kernel", super::calls::LACKS))),
        }
    }

    /// Runs a function by its address.
    pub(super) fn callback(&mut self, address: u64, args: [u64; 5]) -> Result<u64, Stop> {
        let start = address.checked_sub(load::CODE).ok_or_else(|| format!("a callback at {address:#x}"))?;
        self.function(start as usize, args)
    }

    /// A load; of pointers to the packet from the context, as the verifier rewrites it.
    fn load(&mut self, address: u64, size: usize) -> Result<u64, String> {
        if let Some(packet) = self.packet.filter(|packet| (packet.at..packet.at + 256).contains(&address)) {
            return context(&packet, address - packet.at, size);
        }
        self.memory.load(address, size)
    }

    fn atomic(&mut self, registers: &mut [u64; 11], instruction: Instruction) -> Result<(), Stop> {
        let Instruction { opcode, dst, src, offset, immediate } = instruction;
        let (size, src) = (size(opcode), usize::from(src));
        let address = registers[usize::from(dst)].wrapping_add_signed(offset.into());
        let old = self.memory.load(address, size)?;
        let operand = registers[src];
        let new = match immediate & !1 {
            0 => old.wrapping_add(operand),
            0x40 => old | operand,
            0x50 => old & operand,
            0xa0 => old ^ operand,
            0xe0 => operand,
            0xf0 => {
                let expected = if size == 4 { u64::from(registers[0] as u32) } else { registers[0] };
                if old == expected { operand } else { old }
            }
            other => return Err(Stop::Error(format!("an atomic operation {other:#x}"))),
        };
        self.memory.store(address, size, new)?;
        match immediate {
            0xf1 => registers[0] = old,
            fetches if fetches & 1 != 0 => registers[src] = old,
            _ => {}
        }
        Ok(())
    }
}

fn size(opcode: u8) -> usize {
    match opcode & 0x18 {
        0 => 4,
        8 => 2,
        0x10 => 1,
        _ => 8,
    }
}

/// Fields of `xdp_md` and `__sk_buff`.
fn context(packet: &Given, offset: u64, size: usize) -> Result<u64, String> {
    let (start, end) = (packet.start, packet.start + packet.linear as u64);
    match (packet.context, offset, size) {
        (Context::Xdp, 0 | 8, 4) | (Context::Socket, 76, 4) => Ok(start),
        (Context::Xdp, 4, 4) | (Context::Socket, 80, 4) => Ok(end),
        (Context::Socket, 0, 4) => Ok(packet.length as u64),
        _ => Err(format!("{} {size} bytes of a context at {offset}", super::calls::LACKS)),
    }
}

fn compute(instruction: Instruction, endian: Endian, left: u64, right: u64) -> Result<u64, String> {
    let is_wide = instruction.opcode & 7 == 7;
    if instruction.opcode >> 4 == 0xd {
        return swap(instruction, endian, left);
    }
    let signed = instruction.offset != 0;
    if !is_wide {
        let (l, r) = (left as u32, right as u32);
        let result = match instruction.opcode >> 4 {
            0 => l.wrapping_add(r),
            1 => l.wrapping_sub(r),
            2 => l.wrapping_mul(r),
            3 if signed => {
                if r == 0 {
                    0
                } else {
                    (l as i32).wrapping_div(r as i32) as u32
                }
            }
            3 => l.checked_div(r).unwrap_or(0),
            4 => l | r,
            5 => l & r,
            6 => l << (r & 31),
            7 => l >> (r & 31),
            8 => l.wrapping_neg(),
            9 if signed => {
                if r == 0 {
                    l
                } else {
                    (l as i32).wrapping_rem(r as i32) as u32
                }
            }
            9 => l.checked_rem(r).unwrap_or(l),
            0xa => l ^ r,
            0xb => extended(right, instruction.offset) as u32,
            0xc => (l as i32 >> (r & 31)) as u32,
            other => return Err(format!("an operation {other}")),
        };
        return Ok(result.into());
    }
    let (l, r) = (left, right);
    Ok(match instruction.opcode >> 4 {
        0 => l.wrapping_add(r),
        1 => l.wrapping_sub(r),
        2 => l.wrapping_mul(r),
        3 if signed => {
            if r == 0 {
                0
            } else {
                (l as i64).wrapping_div(r as i64) as u64
            }
        }
        3 => l.checked_div(r).unwrap_or(0),
        4 => l | r,
        5 => l & r,
        6 => l << (r & 63),
        7 => l >> (r & 63),
        8 => l.wrapping_neg(),
        9 if signed => {
            if r == 0 {
                l
            } else {
                (l as i64).wrapping_rem(r as i64) as u64
            }
        }
        9 => l.checked_rem(r).unwrap_or(l),
        0xa => l ^ r,
        0xb => extended(r, instruction.offset),
        0xc => (l as i64 >> (r & 63)) as u64,
        other => return Err(format!("an operation {other}")),
    })
}

/// The low bits of a number, sign-extended; all of them for 0.
fn extended(number: u64, bits: i16) -> u64 {
    match bits {
        8 => number as i8 as u64,
        16 => number as i16 as u64,
        32 => number as i32 as u64,
        _ => number,
    }
}

fn swap(instruction: Instruction, endian: Endian, number: u64) -> Result<u64, String> {
    let is_unconditional = instruction.opcode & 7 == 7;
    let to = if instruction.opcode & 8 != 0 { Endian::Big } else { Endian::Little };
    let swaps = is_unconditional || to != endian;
    match instruction.immediate {
        16 => Ok(if swaps { (number as u16).swap_bytes() } else { number as u16 }.into()),
        32 => Ok(if swaps { (number as u32).swap_bytes() } else { number as u32 }.into()),
        64 => Ok(if swaps { number.swap_bytes() } else { number }),
        other => Err(format!("a swap of {other} bits")),
    }
}

fn compare(instruction: Instruction, left: u64, right: u64) -> Result<bool, String> {
    let is_wide = instruction.opcode & 7 == 5;
    let (l, r) = if is_wide { (left, right) } else { ((left as u32).into(), (right as u32).into()) };
    let signed = |number: u64| if is_wide { number as i64 } else { (number as i32).into() };
    let (sl, sr) = (signed(l), signed(r));
    Ok(match instruction.opcode >> 4 {
        1 => l == r,
        2 => l > r,
        3 => l >= r,
        4 => l & r != 0,
        5 => l != r,
        6 => sl > sr,
        7 => sl >= sr,
        0xa => l < r,
        0xb => l <= r,
        0xc => sl < sr,
        0xd => sl <= sr,
        other => return Err(format!("a jump {other}")),
    })
}
