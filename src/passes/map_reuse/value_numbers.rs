//! Value numbers: values and contents of places with the same number are equal.

use crate::ir::ops::{KsCopy, KsDeref, KsLoad, KsStore, KsZero, PacketCtxLoad};
use crate::ir::{Attr, Function, OpData, OpId, Opcode, Path, Value};
use crate::passes::analysis::pointer_uses::{PointerUses, addressed, own_variable};
use crate::tables::OpTrait;
use crate::types::{Space, Ty, Types};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A value number; values and contents that have the same one are certainly equal.
pub type Number = u32;

/// The known contents of places at one point of a function.
#[derive(Clone, Default)]
pub struct Contents {
    places: BTreeMap<Path, Number>,
    /// Fields of contexts, by the context's pointer.
    context: BTreeMap<(Number, i128), Number>,
}

/// So many places are known at one point: what is known is copied at each branch and compared at each join.
const MAX_PLACES: usize = 256;

impl Contents {
    /// Variables that were made first are forgotten first.
    fn hold(&mut self, path: Path, number: Number) {
        if self.places.len() >= MAX_PLACES {
            self.places.pop_first();
        }
        self.places.insert(path, number);
    }

    /// Keeps what both hold.
    pub fn meet(&mut self, other: &Contents) {
        self.places.retain(|path, number| other.places.get(path) == Some(number));
        self.context.retain(|field, number| other.context.get(field) == Some(number));
    }
}

/// The numbers of one function's values.
pub struct Numbers<'f> {
    func: &'f Function,
    types: &'f Types,
    values: HashMap<Value, Number>,
    /// Ops that depend on nothing but their operands.
    computed: HashMap<(Opcode, Vec<Attr>, Vec<Number>, Ty), Number>,
    /// For each pointer's number the first place that was made of it.
    pointees: HashMap<Number, Value>,
    /// What callees do with pointers.
    pointers: &'f PointerUses,
    /// Variables whose addresses are kept somewhere.
    escaped: HashSet<Value>,
    next: Number,
}

impl<'f> Numbers<'f> {
    /// Starts without numbers; they are given when a value is asked for.
    pub fn of(func: &'f Function, types: &'f Types, pointers: &'f PointerUses) -> Numbers<'f> {
        let escaped = escaped(func, types, pointers);
        let (values, computed, pointees) = (HashMap::new(), HashMap::new(), HashMap::new());
        Numbers { func, types, values, computed, pointees, pointers, escaped, next: 0 }
    }

    fn fresh(&mut self) -> Number {
        self.next += 1;
        self.next
    }

    fn value(&mut self, value: Value) -> Number {
        if let Some(&known) = self.values.get(&value) {
            return known;
        }
        let func = self.func;
        let op = func.def(value).map(|op| &func.ops[op]);
        let number = match op.filter(|data| data.opcode.has(OpTrait::Pure) && data.regions.is_empty()) {
            Some(data) => self.computed(data),
            None => self.fresh(),
        };
        self.values.insert(value, number);
        number
    }

    fn computed(&mut self, data: &OpData) -> Number {
        let operands = data.operands.iter().map(|&operand| self.value(operand)).collect();
        let key = (data.opcode, data.attrs.clone(), operands, self.func.ty(data.results[0]));
        if let Some(&known) = self.computed.get(&key) {
            return known;
        }
        let number = self.fresh();
        self.computed.insert(key, number);
        number
    }

    /// The path of a place whose contents nothing but this function's own writes, and what it calls, can change.
    fn tracked(&mut self, place: Value) -> Option<Path> {
        let mut path = self.path(place);
        let outermost = self.func.def(path.variable).map(|op| &self.func.ops[op]);
        if let Some(data) = outermost.filter(|data| data.opcode == Opcode::KsDeref) {
            let pointer = self.value(KsDeref::of(data).pointer());
            path.variable = *self.pointees.entry(pointer).or_insert(path.variable);
        } else if outermost.is_some_and(|data| data.opcode == Opcode::KsElem) {
            return None;
        }
        matches!(self.space(path.variable)?, Space::Stack | Space::Packet | Space::Ctx).then_some(path)
    }

    /// The path of a place, from the variable if the place is reached by the variable's address.
    fn path(&self, place: Value) -> Path {
        let path = Path::of(self.func, self.types, place);
        let outermost = self.func.def(path.variable).map(|op| &self.func.ops[op]);
        let Some(data) = outermost.filter(|data| data.opcode == Opcode::KsDeref) else { return path };
        match addressed(self.func, self.types, KsDeref::of(data).pointer()) {
            Some(inner) => path.within(&self.path(inner)),
            None => path,
        }
    }

    fn space(&self, value: Value) -> Option<Space> {
        self.types.space(self.func.ty(value))
    }

    /// What a place holds; what is not known yet gets a number.
    pub fn content(&mut self, place: Value, contents: &mut Contents) -> Option<Number> {
        let path = self.tracked(place)?;
        if let Some(&known) = contents.places.get(&path) {
            return Some(known);
        }
        let number = self.fresh();
        contents.hold(path, number);
        Some(number)
    }

    /// Goes on over an op without regions. True: it writes what the place holds already, in a variable whose address nothing keeps.
    pub fn step(&mut self, op: OpId, contents: &mut Contents) -> bool {
        let func = self.func;
        let data = &func.ops[op];
        if data.opcode == Opcode::KsLoad {
            if let Some(number) = self.content(KsLoad::of(data).place(), contents) {
                self.values.insert(data.results[0], number);
            }
            return false;
        }
        if data.opcode == Opcode::PacketCtxLoad {
            let view = PacketCtxLoad::of(data);
            let field = (self.value(view.ctx()), view.field());
            let fresh = self.fresh();
            self.values.insert(data.results[0], *contents.context.entry(field).or_insert(fresh));
            return false;
        }
        let written = if data.opcode == Opcode::KsStore {
            let view = KsStore::of(data);
            Some((view.place(), Some(self.value(view.value()))))
        } else if data.opcode == Opcode::KsCopy {
            let view = KsCopy::of(data);
            Some((view.to(), self.content(view.from(), contents)))
        } else if data.opcode == Opcode::KsZero {
            let place = KsZero::of(data).place();
            let key = (Opcode::KsZero, Vec::new(), Vec::new(), func.ty(place));
            let fresh = self.next + 1;
            let number = *self.computed.entry(key).or_insert(fresh);
            self.next = self.next.max(number);
            Some((place, Some(number)))
        } else {
            None
        };
        let Some((place, Some(number))) = written else {
            self.forget(op, contents);
            return false;
        };
        let Some(path) = self.tracked(place) else {
            self.forget(op, contents);
            return false;
        };
        if contents.places.get(&path) == Some(&number) && self.is_private(path.variable) {
            return true;
        }
        self.forget(op, contents);
        contents.hold(path, number);
        false
    }

    fn is_private(&self, variable: Value) -> bool {
        let own = self.func.def(variable).is_some_and(|op| self.func.ops[op].opcode == Opcode::KsVar);
        own && !self.escaped.contains(&variable)
    }

    /// Forgets what an op may change.
    pub fn forget(&mut self, op: OpId, contents: &mut Contents) {
        let func = self.func;
        let data = &func.ops[op];
        self.forget_spaces(contents, &self.pointers.written(func, self.types, data));
        if self.pointers.changes_context(data) {
            contents.context.clear();
        }
        for (index, &operand) in data.operands.iter().enumerate() {
            if let Some(variable) = own_variable(func, operand)
                && self.pointers.of_operand(func, self.types, data, index).writes
            {
                self.forget_variable(variable, operand, contents);
                if self.escaped.contains(&variable) {
                    // What pointers from elsewhere lead to may be this variable.
                    self.forget_spaces(contents, &BTreeSet::from([Space::Stack]));
                }
            }
        }
    }

    /// Forgets what is written by a place in a variable, or by an address of it.
    fn forget_variable(&self, variable: Value, by: Value, contents: &mut Contents) {
        let place = addressed(self.func, self.types, by).unwrap_or(by);
        let path = self.path(place);
        let part = path.variable == variable;
        contents.places.retain(|held, _| held.variable != variable || (part && !held.overlaps(&path)));
    }

    /// What lies in these spaces, but for variables whose addresses nothing keeps.
    fn forget_spaces(&self, contents: &mut Contents, spaces: &BTreeSet<Space>) {
        if spaces.is_empty() {
            return;
        }
        contents.places.retain(|held, _| {
            let space = self.space(held.variable);
            let inside = spaces.contains(&Space::Any) || space.is_some_and(|space| spaces.contains(&space));
            !inside || self.is_private(held.variable)
        });
    }
}

/// The variables whose addresses may be kept.
fn escaped(func: &Function, types: &Types, pointers: &PointerUses) -> HashSet<Value> {
    let uses = func.uses();
    let variables = func.all_of(Opcode::KsVar).map(|data| data.results[0]);
    variables.filter(|&variable| pointers.of_value(func, types, &uses, variable).keeps).collect()
}
