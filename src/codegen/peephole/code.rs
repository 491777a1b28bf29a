//! The code of a section: its instructions, where control enters it and where jumps lead, and its bytes after the rewrites.
//!
//! No rewrite makes code longer, so that an instruction keeps its index: a removed one leaves a gap until the bytes are written.

use super::moved::Places;
use ks_vm::decode::{CALL, CALL_LOCAL, Endian, Insn, LOAD_IMMEDIATE, Op, Slot, one};
use std::collections::BTreeMap;

/// An instruction of one or two slots.
pub struct Item {
    pub slot: Slot,
    /// Of the two slots of an instruction with 64 bits. None: one slot.
    pub wide: Option<i64>,
    pub insn: Insn,
    /// The index of the item that a jump or a call without a relocation leads to.
    pub target: Option<usize>,
    /// The loader relocates it: it stays what it is.
    pub pinned: bool,
    /// The loader puts a number into it that it computes from the kernel's types (CO-RE).
    pub by_types: bool,
    /// Something names the instruction as a place: control enters it other than from the one before.
    pub entered: bool,
    /// It is the first one of a function.
    pub is_function: bool,
    pub removed: bool,
    /// Its first slot in the bytes that were read.
    at: usize,
}

impl Item {
    /// Replaces the instruction by one of a single slot without target.
    pub fn replace(&mut self, slot: Slot, endian: Endian) {
        let Ok(insn) = one(slot, 0, endian) else { crate::bug!("a rewrite yields no instruction: {slot:?}") };
        self.wide = None;
        self.slot = slot;
        self.insn = insn;
    }

    /// Whether control goes on with the next instruction.
    pub fn falls_through(&self) -> bool {
        !matches!(self.insn.op, Op::Jump | Op::Exit)
    }

    /// Whether it is a jump within the function: not a call.
    pub fn is_jump(&self) -> bool {
        matches!(self.insn.op, Op::Jump | Op::Jump64(_) | Op::Jump32(_) | Op::MayGoto)
    }

    fn slots(&self) -> usize {
        if self.wide.is_some() { 2 } else { 1 }
    }
}

/// The instructions of a section.
pub struct Code {
    pub items: Vec<Item>,
    pub endian: Endian,
    /// Slots of the bytes that were read.
    slots: usize,
    /// Where relocations went from one instruction to another: slots of the bytes that were read.
    relocations: BTreeMap<usize, usize>,
}

/// Where each byte of a section lies after the rewrites.
pub struct Moves {
    /// By the slot, and one for the end.
    slots: Vec<usize>,
    /// As in `Code`.
    relocations: BTreeMap<usize, usize>,
}

/// Bytes of a slot.
pub const SLOT: u64 = 8;

impl Moves {
    /// The new offset of the instruction at an offset. A removed instruction has the offset of the next one. None: no instruction is there.
    pub fn offset(&self, old: u64) -> Option<u64> {
        let slot = usize::try_from(old / SLOT).ok().filter(|_| old.is_multiple_of(SLOT))?;
        self.slots.get(slot).map(|&new| new as u64 * SLOT)
    }

    /// The new offset of the instruction that a relocation by CO-RE at an offset is of.
    pub fn relocated(&self, old: u64) -> Option<u64> {
        let to = usize::try_from(old / SLOT).ok().and_then(|slot| self.relocations.get(&slot));
        self.offset(to.map_or(old, |&slot| slot as u64 * SLOT))
    }

    /// The instructions from which on others lie closer to the start than before, as old and new offsets.
    pub fn steps(&self) -> Vec<(u64, u64)> {
        let slots = self.slots.iter().enumerate().map(|(old, &new)| (old, new));
        let mut gap = 0;
        let steps = slots.filter(|(old, new)| std::mem::replace(&mut gap, old - new) != old - new);
        steps.map(|(old, new)| (old as u64 * SLOT, new as u64 * SLOT)).collect()
    }
}

impl Code {
    /// Reads a section. None: it has an instruction that the decoder does not know, or a jump out of it.
    pub fn read(bytes: &[u8], endian: Endian, places: &Places) -> Option<Code> {
        let mut items = Vec::with_capacity(bytes.len() / SLOT as usize);
        let mut at = 0;
        let slot_at = |at: usize| Some(Slot::read(bytes.get(at * SLOT as usize..(at + 1) * SLOT as usize)?, endian));
        let slots = bytes.len() / SLOT as usize;
        while at < slots {
            let slot = slot_at(at)?;
            let item = if slot.opcode == LOAD_IMMEDIATE {
                wide(slot, slot_at(at + 1)?, at)
            } else {
                narrow(slot, at, endian)?
            };
            at += item.slots();
            items.push(item);
        }
        let mut code = Code { items, endian, slots, relocations: BTreeMap::new() };
        for offset in &places.relocated {
            let index = code.index(usize::try_from(offset / SLOT).ok()?)?;
            code.items[index].pinned = true;
        }
        for offset in &places.by_types {
            let index = code.index(usize::try_from(offset / SLOT).ok()?)?;
            code.items[index].by_types = true;
        }
        for offset in &places.entries {
            let index = code.index(usize::try_from(offset / SLOT).ok()?)?;
            code.items[index].entered = true;
            code.items[index].is_function = true;
        }
        code.link()?;
        Some(code)
    }

    /// The index of the item that begins at a slot.
    fn index(&self, slot: usize) -> Option<usize> {
        self.items.binary_search_by_key(&slot, |item| item.at).ok()
    }

    fn link(&mut self) -> Option<()> {
        for index in 0..self.items.len() {
            let item = &self.items[index];
            let has_target = item.is_jump() || item.insn.op == Op::Call && !item.pinned;
            if has_target {
                let target = self.index(usize::try_from(item.insn.offset).ok()?)?;
                self.items[index].target = Some(target);
                self.items[target].is_function |= !self.items[index].is_jump();
            }
        }
        self.mark_entries();
        Some(())
    }

    /// Marks what jumps and calls lead to, after they changed. Marks stay where jumps no more lead to: functions begin at some.
    pub fn mark_entries(&mut self) {
        for index in 0..self.items.len() {
            let item = &self.items[index];
            if let Some(target) = item.target.filter(|_| !item.removed)
                && let Some(target) = self.from(target)
            {
                self.items[target].entered = true;
            }
        }
    }

    /// The first item from an index on that is not removed.
    pub fn from(&self, index: usize) -> Option<usize> {
        (index..self.items.len()).find(|&index| !self.items[index].removed)
    }

    /// The item that control comes to from a jump, if it is one.
    pub fn target(&self, index: usize) -> Option<usize> {
        self.from(self.items[index].target?)
    }

    /// Removes an item. What entered it enters the next.
    pub fn remove(&mut self, index: usize) {
        self.items[index].removed = true;
        let Item { entered, is_function, .. } = self.items[index];
        if let Some(next) = self.from(index) {
            self.items[next].entered |= entered;
            self.items[next].is_function |= is_function;
        }
    }

    /// Removes an item that the loader relocates by CO-RE: from now on it relocates another one.
    pub fn hand_relocation(&mut self, from: usize, to: usize) {
        let (old, new) = (self.items[from].at, self.items[to].at);
        self.relocations.insert(old, new);
        let item = &mut self.items[to];
        (item.pinned, item.by_types) = (true, true);
        self.remove(from);
    }

    /// Whether a jump of 16 bits can lead from one item to another. The distance in the bytes that were read is the longest.
    pub fn reaches(&self, from: usize, to: usize) -> bool {
        let distance = self.items[to].at as i64 - self.items[from].at as i64 - 1;
        i16::try_from(distance).is_ok()
    }

    /// Where everything lies without what was removed.
    pub fn moves(&self) -> Moves {
        let mut slots = Vec::with_capacity(self.slots + 1);
        let mut new = 0;
        for (index, item) in self.items.iter().enumerate() {
            let end = self.items.get(index + 1).map_or(self.slots, |next| next.at);
            let first = if item.removed { 0 } else { item.slots() };
            // The second slot of an instruction that has become shorter lies where the next one does.
            slots.extend((item.at..end).map(|slot| new + (slot - item.at).min(first)));
            new += first;
        }
        slots.push(new);
        Moves { slots, relocations: self.relocations.clone() }
    }

    /// The bytes without the removed instructions. Calls with relocations are as they were.
    pub fn bytes(&self, moves: &Moves) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.slots * SLOT as usize);
        for item in self.items.iter().filter(|item| !item.removed) {
            let mut slot = item.slot;
            if let Some(target) = item.target {
                let end = bytes.len() as i64 / SLOT as i64 + 1;
                let to = self.items.get(target).map_or(self.slots, |target| target.at);
                set_distance(&mut slot, moves.slots[to] as i64 - end);
            }
            bytes.extend(slot.write(self.endian));
            if let Some(wide) = item.wide {
                let second = Slot { immediate: (wide >> 32) as i32, ..Slot::default() };
                bytes.extend(second.write(self.endian));
            }
        }
        bytes
    }
}

/// A jump of 32 bits, `gotol`.
const LONG_JUMP: u8 = 0x06;

fn set_distance(slot: &mut Slot, distance: i64) {
    if slot.opcode == LONG_JUMP || slot.opcode == CALL && slot.src == CALL_LOCAL {
        slot.immediate = distance as i32;
    } else {
        slot.offset = distance as i16;
    }
}

fn item(slot: Slot, insn: Insn, at: usize) -> Item {
    Item {
        slot,
        wide: None,
        insn,
        target: None,
        pinned: false,
        by_types: false,
        entered: false,
        is_function: false,
        removed: false,
        at,
    }
}

/// Source and offset of such an instruction say what loaders put in; both are kept.
fn wide(slot: Slot, second: Slot, at: usize) -> Item {
    let immediate = i64::from(second.immediate) << 32 | i64::from(slot.immediate as u32);
    let insn = Insn { op: Op::Wide, dst: slot.dst, src: ks_vm::decode::ZERO, offset: 0, immediate };
    let pinned = slot.src != 0;
    Item { wide: Some(immediate), pinned, ..item(slot, insn, at) }
}

fn narrow(slot: Slot, at: usize, endian: Endian) -> Option<Item> {
    Some(item(slot, one(slot, at, endian).ok()?, at))
}
