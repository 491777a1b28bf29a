//! Value numbers: values and contents of places with the same number are equal.

use crate::ir::ops::{KsCopy, KsDeref, KsLoad, KsStore, KsZero, PacketCtxLoad};
use crate::ir::{Attr, Function, OpData, OpId, Opcode, Path, Value};
use crate::passes::analysis::root;
use crate::tables::{OpTrait, OperandKind};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// Variables that pointers may point to.
    escaped: HashSet<Value>,
    next: Number,
}

impl<'f> Numbers<'f> {
    /// Starts without numbers; they are given when a value is asked for.
    pub fn of(func: &'f Function, types: &'f Types) -> Numbers<'f> {
        let escaped = escaped(func, types);
        let (values, computed, pointees) = (HashMap::new(), HashMap::new(), HashMap::new());
        Numbers { func, types, values, computed, pointees, escaped, next: 0 }
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
        let mut path = Path::of(self.func, self.types, place);
        let outermost = self.func.def(path.variable).map(|op| &self.func.ops[op]);
        if let Some(data) = outermost.filter(|data| data.opcode == Opcode::KsDeref) {
            let pointer = self.value(KsDeref::of(data).pointer());
            path.variable = *self.pointees.entry(pointer).or_insert(path.variable);
        } else if outermost.is_some_and(|data| data.opcode == Opcode::KsElem) {
            return None;
        }
        matches!(self.space(path.variable)?, Space::Stack | Space::Packet | Space::Ctx).then_some(path)
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

    /// Goes on over an op without regions.
    pub fn step(&mut self, op: OpId, contents: &mut Contents) {
        let func = self.func;
        let data = &func.ops[op];
        if data.opcode == Opcode::KsLoad {
            if let Some(number) = self.content(KsLoad::of(data).place(), contents) {
                self.values.insert(data.results[0], number);
            }
            return;
        }
        if data.opcode == Opcode::PacketCtxLoad {
            let view = PacketCtxLoad::of(data);
            let field = (self.value(view.ctx()), view.field());
            let fresh = self.fresh();
            self.values.insert(data.results[0], *contents.context.entry(field).or_insert(fresh));
            return;
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
        self.forget(op, contents);
        if let Some((place, Some(number))) = written
            && let Some(path) = self.tracked(place)
        {
            contents.hold(path, number);
        }
    }

    /// Forgets what an op may change.
    pub fn forget(&mut self, op: OpId, contents: &mut Contents) {
        let func = self.func;
        let data = &func.ops[op];
        if data.opcode == Opcode::KsCall || data.opcode.has(OpTrait::ChangesPacket) {
            self.forget_spaces(contents, &[Space::Stack, Space::Packet, Space::Ctx]);
        }
        // Helpers and kernel functions may change fields of the context too.
        if matches!(data.opcode, Opcode::KsCall | Opcode::BpfHelper | Opcode::BpfKfunc | Opcode::PacketCtxStore)
            || data.opcode.has(OpTrait::ChangesPacket)
        {
            contents.context.clear();
        }
        for (index, &operand) in data.operands.iter().enumerate() {
            if data.may_write(index) {
                self.forget_place(operand, contents);
            }
        }
    }

    fn forget_place(&mut self, place: Value, contents: &mut Contents) {
        let Some(space) = self.space(place) else { return };
        let variable = root(self.func, place).filter(|&op| self.func.ops[op].opcode == Opcode::KsVar);
        if let Some(variable) = variable.map(|op| self.func.ops[op].results[0]) {
            let path = Path::of(self.func, self.types, place);
            let part = path.variable == variable;
            contents.places.retain(|held, _| held.variable != variable || (part && !held.overlaps(&path)));
        } else if space == Space::Any {
            self.forget_spaces(contents, &[Space::Stack, Space::Packet, Space::Ctx]);
        } else {
            self.forget_spaces(contents, &[space]);
        }
    }

    /// What lies in these spaces, but for variables that no pointer points to.
    fn forget_spaces(&self, contents: &mut Contents, spaces: &[Space]) {
        contents.places.retain(|held, _| {
            let own = self.func.def(held.variable).is_some_and(|op| self.func.ops[op].opcode == Opcode::KsVar);
            let inside = self.space(held.variable).is_some_and(|space| spaces.contains(&space));
            !inside || (own && !self.escaped.contains(&held.variable))
        });
    }
}

/// The variables that an op makes a pointer to, or hands to code that may keep one.
fn escaped(func: &Function, types: &Types) -> HashSet<Value> {
    let mut escaped = HashSet::new();
    for data in func.all() {
        let points = data.results.iter().any(|&result| matches!(types.kind(func.ty(result)), TyKind::Ptr { .. }));
        // A lookup only reads its key.
        let points = points && data.opcode != Opcode::MapLookup;
        for (index, &operand) in data.operands.iter().enumerate() {
            let specs = data.opcode.spec().operands;
            let kind = specs.get(index).or(specs.last()).map(|spec| spec.kind);
            if (points || !matches!(kind, Some(OperandKind::Place | OperandKind::Out)))
                && let Some(root) = root(func, operand)
                && func.ops[root].opcode == Opcode::KsVar
            {
                escaped.insert(func.ops[root].results[0]);
            }
        }
    }
    escaped
}
