//! Variables in which the verifier sees the paths that all iterations took.
//!
//! A counter that some iterations increase has as many values as there are iterations. `mask |= 1 << i`, where only
//! some iterations do it, yields another value for each path through the iterations, and a comparison makes the
//! verifier follow each of them. The verifier knows such a value only if it is computed from nothing but known numbers.

use crate::ir::ops::{KsCall, KsLoad, KsStore};
use crate::ir::{Function, Module, OpId, Opcode, Symbol, Value};
use crate::passes::analysis::root;
use crate::tables::OpTrait;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Where a number is kept: a variable of the function, or what a parameter points to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kept {
    Variable(OpId),
    Pointed(Value),
}

/// How a number depends on what a variable held.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    #[default]
    Nothing,
    /// As a sum, or unchanged: the order in which iterations add does not change the number.
    Sum,
    Other,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Facts {
    from: From,
    /// The verifier does not know it.
    unknown: bool,
}

impl Facts {
    const UNKNOWN: Facts = Facts { from: From::Nothing, unknown: true };

    fn or(self, other: Facts) -> Facts {
        Facts { from: self.from.max(other.from), unknown: self.unknown || other.unknown }
    }
}

/// The search for such variables in a module, with its results so far.
#[derive(Default)]
pub struct PathValues {
    /// Whether functions keep such numbers in the memory that their parameters point to.
    callees: HashMap<Symbol, bool>,
    /// Many loops may write the same variable.
    flows: HashMap<(Symbol, Kept), Rc<Numbers>>,
}

/// Whether the numbers of a variable may be such.
struct Numbers {
    /// The verifier knows them, and they decide something.
    matter: bool,
    /// The values that depend on the variable other than as a sum.
    mixed: HashSet<Value>,
}

impl PathValues {
    /// Whether some ops of a function, which are those of a loop's body, keep such a number outside of themselves.
    pub fn kept(&mut self, module: &Module, func: &Function, ops: &[OpId]) -> bool {
        let inside: HashSet<OpId> = ops.iter().copied().collect();
        let stores = || ops.iter().filter(|&&op| func.ops[op].opcode == Opcode::KsStore);
        let mut asked = HashSet::new();
        for kept in stores().filter_map(|&op| kept_at(func, KsStore::of(&func.ops[op]).place())) {
            let outside = !matches!(kept, Kept::Variable(op) if inside.contains(&op));
            if outside && asked.insert(kept) {
                let numbers = self.numbers(func, kept);
                let stored = |&&op: &&OpId| {
                    let view = KsStore::of(&func.ops[op]);
                    kept_at(func, view.place()) == Some(kept) && numbers.mixed.contains(&view.value())
                };
                if numbers.matter && stores().any(|op| stored(&op)) {
                    return true;
                }
            }
        }
        let calls = ops.iter().filter(|&&op| func.ops[op].opcode == Opcode::KsCall);
        calls.into_iter().any(|&op| self.of_callee(module, KsCall::of(&func.ops[op]).callee()))
    }

    fn numbers(&mut self, func: &Function, kept: Kept) -> Rc<Numbers> {
        let numbers = self.flows.entry((func.name.clone(), kept)).or_insert_with(|| {
            let flow = Flow::of(func, kept);
            let matter = !flow.kept(kept).unknown && flow.decides();
            let mixed = flow.values.iter().filter(|(_, facts)| facts.from == From::Other);
            Rc::new(Numbers { matter, mixed: mixed.map(|(&value, _)| value).collect() })
        });
        Rc::clone(numbers)
    }

    fn of_callee(&mut self, module: &Module, name: &Symbol) -> bool {
        if let Some(&known) = self.callees.get(name) {
            return known;
        }
        let Some(func) = module.func(name) else { return false };
        let kept = self.kept(module, func, &func.walk());
        self.callees.insert(name.clone(), kept);
        kept
    }
}

fn kept_at(func: &Function, place: Value) -> Option<Kept> {
    let op = root(func, place)?;
    let data = &func.ops[op];
    if data.opcode == Opcode::KsVar {
        return Some(Kept::Variable(op));
    }
    let of_param = data.opcode == Opcode::KsDeref && func.def(data.operands[0]).is_none();
    of_param.then(|| Kept::Pointed(data.operands[0]))
}

fn is_element(func: &Function, place: Value) -> bool {
    let Some(op) = func.def(place) else { return false };
    let data = &func.ops[op];
    data.opcode == Opcode::KsElem || (data.opcode == Opcode::KsField && is_element(func, data.operands[0]))
}

/// Where a number that was kept goes to in a function.
struct Flow<'f> {
    func: &'f Function,
    ops: Vec<OpId>,
    subject: Kept,
    values: HashMap<Value, Facts>,
    held: HashMap<Kept, Facts>,
}

impl Flow<'_> {
    fn of(func: &Function, subject: Kept) -> Flow<'_> {
        let params = func.blocks[func.entry()].args.iter().map(|&param| (param, Facts::UNKNOWN));
        let mut flow = Flow { func, ops: func.walk(), subject, values: params.collect(), held: HashMap::new() };
        for at in 0..flow.ops.len() {
            let written: Vec<Kept> = flow.written(flow.ops[at]).collect();
            flow.held.extend(written.into_iter().map(|kept| (kept, Facts::default())));
        }
        while flow.step() {}
        flow
    }

    fn value(&self, value: Value) -> Facts {
        self.values.get(&value).copied().unwrap_or_default()
    }

    fn kept(&self, kept: Kept) -> Facts {
        self.held.get(&kept).copied().unwrap_or_default()
    }

    fn written(&self, op: OpId) -> impl Iterator<Item = Kept> {
        let data = &self.func.ops[op];
        let writes = data.operands.iter().enumerate().filter(|&(index, _)| data.may_write(index));
        writes.filter_map(|(_, &place)| kept_at(self.func, place))
    }

    /// Whether anything new came.
    fn step(&mut self) -> bool {
        let mut changed = false;
        for at in 0..self.ops.len() {
            let op = self.ops[at];
            let data = &self.func.ops[op];
            for (index, &result) in data.results.iter().enumerate() {
                let (old, new) = (self.value(result), self.result(op, index));
                changed |= old.or(new) != old;
                self.values.insert(result, old.or(new));
            }
            for kept in self.written(op).collect::<Vec<_>>() {
                let new = if data.opcode == Opcode::KsStore {
                    self.value(KsStore::of(data).value())
                } else if data.opcode == Opcode::KsZero {
                    Facts::default()
                } else {
                    Facts::UNKNOWN
                };
                let old = self.kept(kept);
                changed |= old.or(new) != old;
                self.held.insert(kept, old.or(new));
            }
        }
        changed
    }

    fn result(&self, op: OpId, index: usize) -> Facts {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsLoad {
            let place = KsLoad::of(data).place();
            let Some(kept) = kept_at(self.func, place).filter(|_| !is_element(self.func, place)) else {
                return Facts::UNKNOWN;
            };
            let from = if kept == self.subject { From::Sum } else { From::Nothing };
            // Memory that a function only reads through a pointer is data.
            let only_read = Facts { from: From::Nothing, unknown: matches!(kept, Kept::Pointed(_)) };
            return self.held.get(&kept).copied().unwrap_or(only_read).or(Facts { from, unknown: false });
        }
        if matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch) {
            let ends =
                data.regions.iter().filter_map(|&inner| self.func.blocks[self.func.only_block(inner)].ops.last());
            let yields = ends.filter_map(|&end| self.func.ops[end].operands.get(index));
            return yields.fold(Facts::default(), |facts, &value| facts.or(self.value(value)));
        }
        if !data.opcode.has(OpTrait::Pure) {
            return Facts::UNKNOWN;
        }
        let facts = data.operands.iter().fold(Facts::default(), |facts, &operand| facts.or(self.value(operand)));
        let sums = [Opcode::ArithAdd, Opcode::ArithSub, Opcode::ArithCast, Opcode::ArithSelect];
        let mixes = facts.from == From::Sum && !sums.contains(&data.opcode);
        if mixes { Facts { from: From::Other, ..facts } } else { facts }
    }

    /// Whether the number decides anything, here or, as far as this function shows, elsewhere.
    fn decides(&self) -> bool {
        let deciding = [Opcode::ArithCmp, Opcode::KsMatch, Opcode::KsReturn, Opcode::KsCall];
        self.ops.iter().map(|&op| &self.func.ops[op]).any(|data| {
            deciding.contains(&data.opcode) && data.operands.iter().any(|&o| self.value(o).from > From::Nothing)
        })
    }
}
