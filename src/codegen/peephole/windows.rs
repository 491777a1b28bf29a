//! Applies the table's rewrites to windows: instructions of one block, with others between them that have nothing to do with them.
//!
//! A rewrite uses facts about the point behind it (a register is dead there), or about the point before it (bits are zero), never both, and
//! a round applies those of one kind alone. Rewrites by facts of the first kind change undemanded bits, so that facts of the second kind
//! that were found before do not hold behind them. Several of one kind can be applied at once. Each is proved for all values of its
//! operands, so that it depends on no bit on which the replaced instructions did not depend, and those of the second kind change no
//! value at all. Where an address comes from is a fact for either kind: all bits of an address are demanded.

use super::addresses;
use super::code::{Code, Item};
use super::demand::{self, Demand, LOW};
use super::effects::{Registers, effects};
use super::flow::Flow;
use super::known::{self, Zeros};
use super::table::{Fact, NUMBERS, Number, Pattern, REGISTERS, Register, Rewrite};
use ks_vm::decode::{Op, Slot};
use std::ops::Range;

/// Instructions between those of a window at most.
const LONGEST_GAP: usize = 8;

/// The rewrites of a round, by the opcode of the first instruction.
pub struct Rows<'t> {
    by_opcode: Vec<Vec<&'t Rewrite>>,
    looks_ahead: bool,
}

impl<'t> Rows<'t> {
    /// Those whose facts are about what follows, or the others.
    pub fn new(rewrites: impl Iterator<Item = &'t Rewrite>, looks_ahead: bool) -> Rows<'t> {
        let mut by_opcode = vec![Vec::new(); 256];
        for rewrite in rewrites {
            let is_ahead = rewrite.facts.iter().any(|fact| fact.looks_ahead());
            debug_assert!(!is_ahead || !rewrite.facts.iter().any(|fact| fact.looks_back()), "{}", rewrite.name);
            if let Some(first) = rewrite.from.first().filter(|_| is_ahead == looks_ahead) {
                by_opcode[usize::from(first.opcode)].push(rewrite);
            }
        }
        Rows { by_opcode, looks_ahead }
    }

    fn starting(&self, item: &Item) -> &[&'t Rewrite] {
        &self.by_opcode[usize::from(item.slot.opcode)]
    }
}

/// One round. Returns whether anything changed.
pub fn rewrite(code: &mut Code, rows: &Rows<'_>) -> bool {
    let starts_some = |item: &Item| !item.removed && !rows.starting(item).is_empty();
    if !code.items.iter().any(starts_some) {
        return false;
    }
    let flow = Flow::of(code);
    let facts = Facts::of(code, &flow, rows.looks_ahead);
    let mut changes = false;
    for (number, block) in flow.blocks.iter().enumerate() {
        let order = &flow.order[block.places.clone()];
        if order.iter().any(|&index| starts_some(&code.items[index])) {
            changes |= in_block(code, rows, order, &facts.points(code, order, number));
        }
    }
    changes
}

/// By the blocks; one of the first two is empty.
struct Facts {
    demands: Vec<Demand>,
    zeros: Vec<Zeros>,
    /// The registers that may have addresses of the stack or of a context.
    own: Vec<Registers>,
}

/// By the places in a block: the demand behind the instruction, the zeros before it. One of the two is empty.
struct Points {
    demands: Vec<Demand>,
    zeros: Vec<Zeros>,
    own: Vec<Registers>,
}

impl Facts {
    fn of(code: &Code, flow: &Flow, looks_ahead: bool) -> Facts {
        let demands = if looks_ahead { demand::at_ends(code, flow) } else { Vec::new() };
        let zeros = if looks_ahead { Vec::new() } else { known::at_starts(code, flow) };
        Facts { demands, zeros, own: addresses::at_starts(code, flow) }
    }

    fn points(&self, code: &Code, order: &[usize], block: usize) -> Points {
        let forward = || order.iter().map(|&index| &code.items[index]);
        let mut points = Points { demands: Vec::new(), zeros: Vec::new(), own: Vec::with_capacity(order.len()) };
        if let Some(&(mut demand)) = self.demands.get(block) {
            points.demands = vec![demand; order.len()];
            for (point, item) in points.demands.iter_mut().zip(forward()).rev() {
                *point = demand;
                demand.step(item);
            }
        }
        if let Some(&(mut zeros)) = self.zeros.get(block) {
            for item in forward() {
                points.zeros.push(zeros);
                known::step(&mut zeros, item);
            }
        }
        let mut own = self.own[block];
        for item in forward() {
            points.own.push(own);
            addresses::step(&mut own, item);
        }
        points
    }
}

fn in_block(code: &mut Code, rows: &Rows<'_>, order: &[usize], points: &Points) -> bool {
    let mut changes = false;
    let mut place = 0;
    while place < order.len() {
        let found = rows.starting(&code.items[order[place]]).iter().find_map(|rewrite| {
            let window = Window::find(code, order, place, &rewrite.from)?;
            window.has(&rewrite.facts, points).then_some((window, *rewrite))
        });
        if let Some((window, rewrite)) = found {
            window.replace(code, order, rewrite);
            changes = true;
            // The facts inside are those of what was there.
            place = window.end();
        } else {
            place += 1;
        }
    }
    changes
}

/// The instructions that a rewrite replaces.
struct Window {
    /// Their places in the block's order.
    places: Vec<usize>,
    bound: Bound,
}

/// The values of variables.
#[derive(Default)]
struct Bound {
    registers: [Option<u8>; REGISTERS],
    numbers: [Option<i64>; NUMBERS],
}

impl Window {
    fn find(code: &Code, order: &[usize], start: usize, patterns: &[Pattern]) -> Option<Window> {
        let mut window = Window { places: Vec::with_capacity(patterns.len()), bound: Bound::default() };
        let mut rest = start..order.len().min(start + patterns.len() + LONGEST_GAP);
        for pattern in patterns {
            window.next(code, order, pattern, &mut rest)?;
        }
        window.is_independent(code, order).then_some(window)
    }

    /// Finds the next instruction, which for the first one is at the first place.
    fn next(&mut self, code: &Code, order: &[usize], pattern: &Pattern, rest: &mut Range<usize>) -> Option<()> {
        let is_first = self.places.is_empty();
        for place in rest.clone() {
            if self.bound.unify(pattern, &code.items[order[place]]) {
                self.places.push(place);
                rest.start = place + 1;
                return Some(());
            }
            if is_first {
                return None;
            }
        }
        None
    }

    /// The place behind the last one.
    fn end(&self) -> usize {
        self.places.last().map_or(0, |last| last + 1)
    }

    /// Whether what is between the instructions can be before or behind all of them.
    fn is_independent(&self, code: &Code, order: &[usize]) -> bool {
        let own = |place: &usize| effects(&code.items[order[*place]]);
        let all = |of: fn(&super::effects::Effects) -> Registers| {
            self.places.iter().fold(Registers::default(), |all, place| all.with(of(&own(place))))
        };
        let (reads, writes) = (all(|effects| effects.reads), all(|effects| effects.writes));
        let touches_memory = self.places.iter().any(|place| own(place).memory);
        let start = self.places.first().copied().unwrap_or(0);
        (start..self.end()).filter(|place| !self.places.contains(place)).all(|place| {
            let between = effects(&code.items[order[place]]);
            let is_apart = !between.writes.meets(reads.with(writes)) && !between.reads.meets(writes);
            is_apart && !(touches_memory && between.memory)
        })
    }

    fn has(&self, facts: &[Fact], points: &Points) -> bool {
        facts.iter().all(|fact| self.has_fact(*fact, points) == Some(true))
    }

    /// None: the fact is of a kind that is not known.
    fn has_fact(&self, fact: Fact, points: &Points) -> Option<bool> {
        let register = |variable: usize| self.bound.registers[variable];
        let demand = || points.demands.get(self.end() - 1);
        let first = *self.places.first()?;
        let zeros = |variable: usize| Some(points.zeros.get(first)?[usize::from(register(variable)?)]);
        match fact {
            Fact::Dead(variable) => Some(!demand()?.read.has(register(variable)?)),
            Fact::Low(variable) => Some(demand()?.bits[usize::from(register(variable)?)] & !LOW == 0),
            Fact::Narrow(variable) => Some(zeros(variable)? & !LOW == !LOW),
            Fact::Zero(variable) => Some(zeros(variable)? == u64::MAX),
            Fact::Elsewhere(variable) => Some(!points.own.get(first)?.has(register(variable)?)),
            Fact::Unsigned(variable) => Some(u32::try_from(self.bound.numbers[variable]?).is_ok()),
        }
    }

    /// A jump stays at the end, everything else is at the beginning.
    fn replace(&self, code: &mut Code, order: &[usize], rewrite: &Rewrite) {
        let items: Vec<usize> = self.places.iter().map(|&place| order[place]).collect();
        let ends_in_jump = items.last().is_some_and(|&last| code.items[last].is_jump());
        let first = if ends_in_jump { items.len() - rewrite.to.len() } else { 0 };
        for (at, &index) in items.iter().enumerate() {
            match at.checked_sub(first).and_then(|at| rewrite.to.get(at)) {
                Some(pattern) => {
                    let slot = self.bound.slot(pattern);
                    code.items[index].replace(slot, code.endian);
                }
                None => code.remove(index),
            }
        }
    }
}

impl Bound {
    /// Whether the instruction is one of the pattern. Binds its variables if so.
    fn unify(&mut self, pattern: &Pattern, item: &Item) -> bool {
        let slot = &item.slot;
        if slot.opcode != pattern.opcode || item.pinned {
            return false;
        }
        let immediate = if item.insn.op == Op::Wide { item.insn.immediate } else { i64::from(slot.immediate) };
        let saved = (self.registers, self.numbers);
        let fits = self.register(pattern.dst, slot.dst)
            && self.register(pattern.src, slot.src)
            && self.number(pattern.immediate, immediate)
            // The offset of a jump is where it leads, that of arithmetic makes another operation of it.
            && (item.is_jump() || self.number(pattern.offset, slot.offset.into()));
        if !fits {
            (self.registers, self.numbers) = saved;
        }
        fits
    }

    /// Different variables are different registers.
    fn register(&mut self, pattern: Register, register: u8) -> bool {
        match pattern {
            Register::Is(number) => number == register,
            Register::Variable(variable) => match self.registers[variable] {
                Some(bound) => bound == register,
                None if self.registers.contains(&Some(register)) => false,
                None => {
                    self.registers[variable] = Some(register);
                    true
                }
            },
        }
    }

    fn number(&mut self, pattern: Number, number: i64) -> bool {
        match pattern {
            Number::Is(constant) => constant == number,
            Number::Variable(variable) => *self.numbers[variable].get_or_insert(number) == number,
        }
    }

    fn slot(&self, pattern: &Pattern) -> Slot {
        let register = |register: Register| match register {
            Register::Is(number) => number,
            Register::Variable(variable) => self.registers[variable].unwrap_or_default(),
        };
        let number = |number: Number| match number {
            Number::Is(constant) => constant,
            Number::Variable(variable) => self.numbers[variable].unwrap_or_default(),
        };
        Slot {
            opcode: pattern.opcode,
            dst: register(pattern.dst),
            src: register(pattern.src),
            offset: number(pattern.offset) as i16,
            immediate: number(pattern.immediate) as i32,
        }
    }
}
